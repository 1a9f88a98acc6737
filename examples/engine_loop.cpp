// A whole engine in a hundred lines: three kernels, a graph, and tensors that lie where a plan puts them.
// docs/embed.md walks through it. The answer is compared with that of an engine that shares no bytes.
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <utility>
#include <vector>

#include "orionrt/orionrt.hpp"

using namespace orionrt;

namespace {

constexpr std::size_t kWidth = 256;  // floats in every tensor

// What the engine knows of an op and the planner need not: the code that computes it.
using Kernel = std::function<void(const std::vector<const float*>& inputs, float* output)>;

struct Model {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
  std::vector<Kernel> kernels;  // by id of op
};

int AddTensor(Model& model, unsigned roles = 0) {
  TensorDesc tensor;
  tensor.id = static_cast<int>(model.tensors.size());
  tensor.bytes = kWidth * sizeof(float);
  tensor.roles = roles;
  model.tensors.push_back(tensor);
  return tensor.id;
}

// `in_place`: the kernel computes each element from those at the same place, so its output may lie on an input.
void AddOp(Model& model, const char* type, std::vector<int> inputs, int output, Kernel kernel, bool in_place) {
  OpNode op;
  op.id = static_cast<int>(model.ops.size());
  op.type = type;
  if (in_place) op.aliases = {{AliasKind::kSameIndex, 0, 0, 0}};
  op.inputs = std::move(inputs);
  op.outputs = {output};
  model.ops.push_back(op);
  model.kernels.push_back(std::move(kernel));
}

void Mix(const std::vector<const float*>& inputs, float* output) {  // stands for a matrix product
  for (std::size_t i = 0; i < kWidth; ++i) output[i] = inputs[0][i] * 0.5F - inputs[0][(i * 7 + 3) % kWidth] * 0.25F;
}

void Relu(const std::vector<const float*>& inputs, float* output) {
  for (std::size_t i = 0; i < kWidth; ++i) output[i] = inputs[0][i] > 0 ? inputs[0][i] : 0;
}

void Add(const std::vector<const float*>& inputs, float* output) {
  for (std::size_t i = 0; i < kWidth; ++i) output[i] = inputs[0][i] + inputs[1][i];
}

// Residual blocks: each computes x + Relu(Mix(x)).
Model MakeModel(int blocks) {
  Model model;
  int x = AddTensor(model, TensorRole::kInput);
  for (int block = 0; block < blocks; ++block) {
    const int hidden = AddTensor(model), active = AddTensor(model);
    const int sum = AddTensor(model, block + 1 == blocks ? TensorRole::kOutput : 0U);
    AddOp(model, "Mix", {x}, hidden, Mix, false);
    AddOp(model, "Relu", {hidden}, active, Relu, true);
    AddOp(model, "Add", {active, x}, sum, Add, true);
    x = sum;
  }
  return model;
}

// The loop: every op in the order of the plan, its operands where the plan puts them. Nothing is allocated by OrionRT.
void Run(TensorPool& pool, const Model& model) {
  std::vector<const float*> inputs;
  for (const OpNode& op : pool.graph().ops()) {
    pool.BeginOp(op.id);  // tells a guard which op runs; does nothing where there is none
    inputs.clear();
    for (const int id : op.inputs) inputs.push_back(static_cast<const float*>(pool.GetPtr(id)));
    auto* const output = static_cast<float*>(pool.GetPtr(op.outputs[0]));
    model.kernels[static_cast<std::size_t>(op.id)](inputs, output);
    pool.EndOp();
  }
  pool.EndRun();
}

std::vector<float> Answer(TensorPool& pool, const Model& model) {
  auto* const given = static_cast<float*>(pool.GetPtr(0));
  for (std::size_t i = 0; i < kWidth; ++i) given[i] = static_cast<float>(i % 17) - 8;
  Run(pool, model);
  const TensorHandle output = pool.Allocate(model.tensors.back().id);
  std::vector<float> answer(kWidth);
  std::memcpy(answer.data(), output.ptr, output.bytes);
  return answer;
}

std::vector<float> Try(const Model& model, const char* what, const char* policy, bool in_place) {
  PoolOptions options;
  options.transforms.in_place = in_place;
  TensorPool pool(std::size_t{1} << 20, options);
  pool.RegisterGraph(model.ops, model.tensors);
  pool.FinalizePlan(policy);
  std::printf("%-22s %6zu bytes\n", what, pool.peak_bytes());
  return Answer(pool, model);
}

}  // namespace

int main() try {
  const Model model = MakeModel(6);
  const std::vector<float> expected = Try(model, "bytes of its own each", "no_reuse", false);
  const bool right =
      Try(model, "planned", "auto", false) == expected && Try(model, "planned, in place", "auto", true) == expected;
  std::printf(right ? "the same answer\n" : "another answer\n");
  return right ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "engine_loop: %s\n", error.what());
  return 1;
}
