// Random valid graphs.
#pragma once

#include <vector>

#include "orionrt/graph.hpp"
#include "random.hpp"

namespace orionrt::tests {

struct RandomGraph {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
};

// `n` ops; some take their step only; every kind of tensor occurs. Sparse ids lie far apart.
inline RandomGraph MakeRandomGraph(Random& random, int n, bool sparse) {
  RandomGraph graph;
  const int stride = sparse ? 100003 : 1;
  const auto add = [&](unsigned roles) {
    TensorDesc tensor;
    tensor.id = static_cast<int>(graph.tensors.size()) * stride;
    tensor.bytes = random.OneIn(10) ? 0 : static_cast<std::size_t>(random.Between(1, 3000));
    tensor.alignment = random.OneIn(5) ? std::size_t{1} << random.Below(9) : 0;
    tensor.roles = roles;
    graph.tensors.push_back(tensor);
    return tensor.id;
  };
  for (int i = 0; i < 3; ++i) add(TensorRole::kInput);
  add(TensorRole::kInput | TensorRole::kOutput);
  add(TensorRole::kState);
  for (int step = 0; step < n; ++step) {
    OpNode op;
    op.id = (n - step) * stride;  // not the position
    const auto known = static_cast<std::int64_t>(graph.tensors.size());
    for (std::int64_t k = random.Below(4); k > 0; --k) {
      const std::int64_t recent = random.OneIn(4) ? known : std::min<std::int64_t>(known, 6);
      op.inputs.push_back(graph.tensors[static_cast<std::size_t>(known - 1 - random.Below(recent))].id);
    }
    if (!op.inputs.empty() && random.OneIn(6)) op.inputs.push_back(op.inputs[0]);
    for (std::int64_t k = random.Below(4); k > 0; --k)
      op.outputs.push_back(add(random.OneIn(12) ? TensorRole::kOutput : 0u));
    graph.ops.push_back(op);
  }
  return graph;
}

}  // namespace orionrt::tests
