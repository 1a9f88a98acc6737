// A bug that planned memory makes silent, and the guard that names its culprit: op "late" keeps a pointer to a tensor
// whose bytes have gone to somebody else, and writes through it.
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "orionrt/orionrt.hpp"

using namespace orionrt;

namespace {

// A chain of four ops: tensor 1 is dead once op 1 has read it, and tensor 3 takes its bytes.
Graph MakeChain() {
  std::vector<OpNode> ops = {{0, {0}, {1}}, {1, {1}, {2}}, {2, {2}, {3}}, {3, {3}, {4}}};
  const char* const names[] = {"first", "second", "third", "late"};
  for (std::size_t i = 0; i < ops.size(); ++i) ops[i].name = names[i];
  std::vector<TensorDesc> tensors = {{0, 1024}, {1, 1024}, {2, 1024}, {3, 1024}, {4, 1024}};
  for (TensorDesc& tensor : tensors) tensor.name = "t" + std::to_string(tensor.id);
  tensors[4].roles = TensorRole::kOutput;
  return {std::move(ops), std::move(tensors)};
}

void Run(TensorPool& pool) {
  std::memset(pool.GetPtr(0), 1, 1024);
  void* kept = nullptr;
  for (const OpNode& op : pool.graph().ops()) {
    pool.BeginOp(op.id);
    const TensorHandle output = pool.Allocate(op.outputs[0]);
    std::memset(output.ptr, op.id + 2, output.bytes);
    if (op.id == 0) kept = output.ptr;            // the bug, first half: kept longer than tensor 1 lives
    if (op.id == 3) std::memset(kept, 0xEE, 16);  // the second half
    pool.EndOp();
  }
  pool.EndRun();
}

}  // namespace

int main() try {
  int culprit = -1;
  PoolOptions options;
  options.guard = GuardOptions();
  options.guard->report = [&](const GuardReport& report) {
    std::printf("%s\n", report.message.c_str());
    culprit = report.op;
  };
  TensorPool pool(64 * 1024, options);
  pool.RegisterGraph(MakeChain());
  pool.FinalizePlan();
  Run(pool);
  return culprit == 3 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "find_the_bug: %s\n", error.what());
  return 1;
}
