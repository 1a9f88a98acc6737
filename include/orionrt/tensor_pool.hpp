// TensorPool: start here. From a graph to the addresses of its tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "orionrt/arena.hpp"
#include "orionrt/buddy.hpp"
#include "orionrt/export.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/liveness.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"

namespace orionrt {

struct TensorHandle {
  void* ptr = nullptr;
  std::size_t bytes = 0;
};

// Bytes that an arena needs for this plan, its base being aligned to the largest alignment planned for: the peak,
// exactly.
ORIONRT_API std::size_t RequiredBytes(const Plan& plan);

struct PoolOptions {
  std::size_t alignment = kArenaAlignment;  // bytes, a power of two: the least that a tensor gets
};

// RegisterGraph, then FinalizePlan or LoadPlan, then Allocate for every tensor as the ops come to it.
//
// After the plan is finalized Allocate, Release and GetPtr compute nothing: they look up a table. They never throw,
// lock, take heap memory or call the system, and may be called from several threads. Everything before that throws
// Error and is for one thread.
class ORIONRT_API TensorPool {
 public:
  // Takes the arena now: host memory of `capacity` bytes, or the caller's own, which must outlive the pool.
  explicit TensorPool(std::size_t capacity, PoolOptions options = {});
  TensorPool(void* memory, std::size_t bytes, PoolOptions options = {});
  explicit TensorPool(Arena arena, PoolOptions options = {});

  // Checks the graph and computes lifetimes. Replaces an earlier graph, and its plan. Throws Error (kBadInput).
  void RegisterGraph(std::vector<OpNode> ops, std::vector<TensorDesc> tensors);
  void RegisterGraph(Graph graph);

  // Plans the registered graph and takes its place in the arena. Throws Error: kMisuse without a graph, or when the
  // arena's base is less aligned than a tensor wants; kInfeasible or kLimit when the arena is too small, with the bytes
  // short, the step, and the largest tensors alive there.
  void FinalizePlan(std::string_view policy = "auto", const PlanOptions& options = {});
  void FinalizePlan(const ReusePlanner& planner, const PlanOptions& options = {});

  // The same with a plan made elsewhere. Validated; throws Error (kBadInput) when it was made for another graph or
  // alignment.
  void LoadPlan(const Plan& plan);

  // The place of a tensor; {nullptr, 0} for an id that the graph does not have, and before the plan is finalized.
  // An empty tensor has an address and 0 bytes.
  TensorHandle Allocate(int tensor_id) const noexcept {
    const auto index = static_cast<std::size_t>(static_cast<unsigned>(tensor_id));
    if (index < dense_.size()) return dense_[index];
    return sparse_.empty() ? TensorHandle{} : FindSparse(tensor_id);
  }
  void* GetPtr(int tensor_id) const noexcept { return Allocate(tensor_id).ptr; }

  // A planned tensor needs no release: its bytes are someone else's as soon as its lifetime ends.
  void Release(int) const noexcept {}

  bool finalized() const noexcept { return finalized_; }
  std::size_t capacity() const noexcept { return arena_.bytes(); }
  std::size_t peak_bytes() const noexcept { return RequiredBytes(plan_); }
  const Graph& graph() const noexcept { return graph_; }
  const Problem& problem() const noexcept { return bound_.problem; }
  const Plan& plan() const noexcept { return plan_; }
  BuddyStats stats() const noexcept { return buddy_.stats(); }

 private:
  struct SparseHandle {
    int id;
    TensorHandle handle;
  };

  void CheckBase() const;
  void Install(Plan plan);
  void Clear() noexcept;
  TensorHandle FindSparse(int tensor_id) const noexcept;

  Arena arena_;
  PoolOptions options_;
  BuddyAllocator buddy_;  // hands out the regions of the arena
  std::int64_t region_ = kNoSpace;
  Graph graph_;
  BoundProblem bound_;
  Plan plan_;
  bool registered_ = false;
  bool finalized_ = false;
  std::vector<TensorHandle> dense_;   // by id
  std::vector<SparseHandle> sparse_;  // sorted by id, where ids are not dense
};

}  // namespace orionrt
