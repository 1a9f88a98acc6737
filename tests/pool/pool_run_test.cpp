// Graphs executed in simulation: every tensor is filled with a pattern of its own when it is written, and must still
// hold it whenever it is read. What a wrong lifetime or a wrong place would break, this sees without knowing of either.
#include <gtest/gtest.h>

#include <map>

#include "orionrt/orionrt.hpp"
#include "random_graph.hpp"

namespace orionrt::pool_run_test {
namespace {

class Execution {
 public:
  Execution(const TensorPool& pool, const tests::RandomGraph& graph) : pool_(pool), graph_(graph) {}

  void Run() {
    std::map<int, bool> produced;
    for (const OpNode& op : graph_.ops) {
      for (const int id : op.outputs) produced[id] = true;
    }
    for (const TensorDesc& tensor : graph_.tensors) {
      if (!produced[tensor.id]) Fill(tensor.id);  // given from outside
    }
    for (const OpNode& op : graph_.ops) {
      for (const int id : op.outputs) Fill(id);  // outputs exist before inputs are gone
      for (const int id : op.outputs) Verify(id, op);
      for (const int id : op.inputs) Verify(id, op);
    }
    for (const TensorDesc& tensor : graph_.tensors) {
      if ((tensor.roles & (TensorRole::kOutput | TensorRole::kState)) != 0) Verify(tensor.id, {-1, {}, {}});
    }
  }

 private:
  static unsigned char Pattern(int id, std::size_t i) {
    return static_cast<unsigned char>((static_cast<std::size_t>(id) * 2654435761u + i * 97) >> 3);
  }

  void Fill(int id) {
    const TensorHandle handle = pool_.Allocate(id);
    auto* const bytes = static_cast<unsigned char*>(handle.ptr);
    for (std::size_t i = 0; i < handle.bytes; ++i) bytes[i] = Pattern(id, i);
  }

  void Verify(int id, const OpNode& op) const {
    const TensorHandle handle = pool_.Allocate(id);
    const auto* const bytes = static_cast<const unsigned char*>(handle.ptr);
    for (std::size_t i = 0; i < handle.bytes; ++i) {
      ASSERT_EQ(bytes[i], Pattern(id, i)) << "tensor " << id << " byte " << i << " when op " << op.id << " looks";
    }
  }

  const TensorPool& pool_;
  const tests::RandomGraph& graph_;
};

class PoolRun : public testing::TestWithParam<std::string> {};

TEST_P(PoolRun, NoTensorIsOverwrittenWhileItIsAlive) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    tests::Random random(seed);
    const tests::RandomGraph made =
        tests::MakeRandomGraph(random, static_cast<int>(random.Between(0, 80)), seed % 3 == 0);
    const Graph graph(made.ops, made.tensors);
    const Plan plan = ReusePlanner(GetParam()).Run(MakeProblem(graph, GraphLiveness(graph), kArenaAlignment).problem);
    const Arena memory = Arena::Host(RequiredBytes(plan), 4096);
    TensorPool pool(memory.base(), memory.bytes());
    pool.RegisterGraph(graph);
    pool.FinalizePlan(GetParam());
    Execution(pool, made).Run();
    if (HasFailure()) return;
  }
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Policy& policy : Policies()) names.push_back(policy.name);
  return names;
}
std::string ParamName(const testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(Policies, PoolRun, testing::ValuesIn(Names()), ParamName);

}  // namespace
}  // namespace orionrt::pool_run_test
