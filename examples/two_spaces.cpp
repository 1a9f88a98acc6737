// Two memories, a small fast one and a large slow one: planning decides which tensors lie where, at the least cost, and
// says why each of the others had to go. The fast memory is a buffer of the caller's.
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "orionrt/orionrt.hpp"

using namespace orionrt;

namespace {

constexpr std::size_t kFastBytes = 96 * 1024;
alignas(64) std::byte fast_memory[kFastBytes];

// A chain of ops whose tensors have these sizes; the first is given, the last is the result.
Graph MakeChain(const std::vector<std::size_t>& kib) {
  std::vector<TensorDesc> tensors;
  std::vector<OpNode> ops;
  for (std::size_t i = 0; i < kib.size(); ++i) {
    TensorDesc tensor;
    tensor.id = static_cast<int>(i);
    tensor.bytes = kib[i] * 1024;
    tensor.name = "t" + std::to_string(i);
    tensors.push_back(tensor);
    if (i > 0) ops.push_back({tensor.id, {tensor.id - 1}, {tensor.id}});
  }
  tensors.back().roles = TensorRole::kOutput;
  return {std::move(ops), std::move(tensors)};
}

}  // namespace

int main() try {
  Space sram, dram;
  sram.name = "sram", sram.capacity = kFastBytes;
  dram.name = "dram";
  std::vector<SpaceMemory> memories;  // the best first; what does not fit one goes to the next
  memories.push_back({sram, Arena::Borrow(fast_memory, kFastBytes)});
  memories.push_back({dram, Arena::Host(std::size_t{1} << 20)});
  TensorPool pool(std::move(memories));
  pool.RegisterGraph(MakeChain({16, 64, 48, 40, 56, 24, 8}));
  pool.FinalizePlan();

  const Assignment& assignment = pool.assignment();
  bool served = true;
  for (const Place& place : assignment.tensors) {
    const auto space = static_cast<std::size_t>(place.space);
    std::printf("t%d: %4lld KiB in %s\n", place.id, static_cast<long long>(place.bytes / 1024),
                assignment.spaces[space].name.c_str());
    const auto* const at = static_cast<const std::byte*>(pool.GetPtr(place.id));
    const bool in_fast = at >= fast_memory && at < fast_memory + kFastBytes;
    served = served && in_fast == (place.space == 0);
  }
  const SpacePlan& plan = pool.plan().spaces;
  for (const Spill& spill : plan.spills) {
    std::printf("t%d is not in sram: %s\n", spill.buffer, SpillReasonName(spill.reason));
  }
  std::printf("cost of that %lld, no choice costs less than %lld\n", static_cast<long long>(plan.spill_cost),
              static_cast<long long>(plan.spill_cost_bound));
  return served && plan.spill_cost == plan.spill_cost_bound ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "two_spaces: %s\n", error.what());
  return 1;
}
