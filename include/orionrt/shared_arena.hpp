// Several graphs in one arena, with state that outlives a run; one plan for many threads.
//
//   | states | lane 0: the largest of its graphs | lane 1 | ... | scratch |
//
// Graphs of one lane run one at a time and lie over each other; graphs of different lanes may run at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "orionrt/arena.hpp"
#include "orionrt/export.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/scratch.hpp"

namespace orionrt {

// States of one key (a KV cache, what an RNN remembers) lie at one place in all graphs: the size is that of the
// largest, and whoever runs at the same time takes turns.
struct StateKey {
  int tensor_id = 0;  // a tensor of role kState
  std::string key;
};

struct SharedGraph {
  Graph graph;
  int lane = 0;
  std::vector<StateKey> states = {};  // a state without a key is the graph's own; it outlives a run all the same
};

struct SharedPlanOptions {
  std::size_t alignment = kArenaAlignment;  // bytes, a power of two: the least that a tensor gets
  std::string policy = "auto";
  PlanOptions planning = {};  // of each graph by itself
};

// Where the tensors of one graph lie: offsets of a plan from a base of one's own. A value; the plan and the memory
// outlive it. No locks, no heap, no system calls; for any number of threads.
class ORIONRT_API TensorView {
 public:
  TensorView() = default;

  // As TensorPool::Allocate.
  TensorHandle Allocate(int tensor_id) const noexcept {
    const auto index = static_cast<std::size_t>(static_cast<unsigned>(tensor_id));
    if (__builtin_expect(index < size_, 1)) {
      const std::int64_t offset = offsets_[index];
      if (__builtin_expect(offset >= 0, 1)) return {base_ + offset, bytes_[index]};
    }
    return FindSparse(tensor_id);
  }
  void* GetPtr(int tensor_id) const noexcept { return Allocate(tensor_id).ptr; }

  // As TensorPool::Workspace.
  TensorHandle Workspace(int op_id) const noexcept { return Find(workspaces_, workspaces_size_, op_id); }

 private:
  friend class SharedPlan;
  struct Sparse {
    int id;
    std::int64_t offset;
    std::size_t bytes;
  };
  [[gnu::cold]] TensorHandle FindSparse(int tensor_id) const noexcept { return Find(sparse_, sparse_size_, tensor_id); }
  TensorHandle Find(const Sparse* sorted, std::size_t count, int id) const noexcept;

  std::byte* base_ = nullptr;
  std::size_t size_ = 0;                   // of the next two, by id, where ids are dense
  const std::int64_t* offsets_ = nullptr;  // -1: no such tensor
  const std::size_t* bytes_ = nullptr;
  const Sparse* sparse_ = nullptr;  // sorted by id, where they are not
  std::size_t sparse_size_ = 0;
  const Sparse* workspaces_ = nullptr;  // sorted by id of op
  std::size_t workspaces_size_ = 0;
};

// Immutable. Made once, on any thread, and shared by as many as like, each with memory of its own or one SharedArena.
class ORIONRT_API SharedPlan {
 public:
  // Plans each graph without its states, and puts the lanes beside each other in order of their numbers. Throws Error:
  // what ReusePlanner::Run throws; kBadInput for a key given to what is no state, or twice in a graph.
  static std::shared_ptr<const SharedPlan> Make(std::vector<SharedGraph> graphs, const SharedPlanOptions& options = {});

  // Bytes of memory, from the first state to the last lane's end: exactly. The sum over the lanes of their largest
  // graph, the states, and what aligns one to another.
  std::size_t required_bytes() const noexcept { return required_bytes_; }
  std::size_t state_bytes() const noexcept { return state_bytes_; }        // of these, at the front
  std::size_t base_alignment() const noexcept { return base_alignment_; }  // that the memory has to have
  std::size_t metadata_bytes() const noexcept;                             // the tables, outside that memory

  int graph_count() const noexcept { return static_cast<int>(parts_.size()); }
  const Graph& graph(int i) const { return parts_.at(static_cast<std::size_t>(i)).graph; }
  const Plan& plan(int i) const { return parts_.at(static_cast<std::size_t>(i)).plan; }  // states not among its buffers

  // `base` (required_bytes() long, aligned to base_alignment()) as graph `i` sees it. Checks neither; the first graph
  // when there is but one.
  TensorView View(void* base, int i = 0) const noexcept;

 private:
  struct Part {
    Graph graph;
    int lane = 0;
    Plan plan;
    std::vector<std::int64_t> offsets;
    std::vector<std::size_t> bytes;
    std::vector<TensorView::Sparse> sparse;
    std::vector<TensorView::Sparse> workspaces;
  };
  struct Cursor;
  using Offsets = std::vector<std::vector<std::int64_t>>;  // per graph and tensor, from the base
  SharedPlan() = default;
  void PlaceLanes(const SharedPlanOptions& options, Cursor& cursor, Offsets& offsets);
  static void MakeTable(Part& part, const std::vector<std::int64_t>& offsets);

  std::vector<Part> parts_;
  std::size_t required_bytes_ = 0;
  std::size_t state_bytes_ = 0;
  std::size_t base_alignment_ = 1;
};

struct SharedArenaOptions {
  std::size_t scratch_bytes = 0;    // beside the plan, at least
  std::size_t scratch_block = 256;  // bytes, a power of two: the least that scratch gets
  PoolLog log = {};                 // not called under a lock of the caller's; one call at a time
};

// Bytes that an arena needs for the plan and that much scratch: exactly.
ORIONRT_API std::size_t RequiredBytes(const SharedPlan& plan, const SharedArenaOptions& options = {});

// The memory of a SharedPlan, and scratch beside it. Not movable: views point into it. Views and scratch are for any
// number of threads; scratch takes a lock, views take none.
class ORIONRT_API SharedArena {
 public:
  // Host memory of RequiredBytes, or memory of the caller's, all of whose rest is scratch. States start as zeros.
  // Throws Error: kOutOfMemory, kInfeasible when the memory is too small, kMisuse when its base is too little aligned,
  // or for a plan that is null.
  explicit SharedArena(std::shared_ptr<const SharedPlan> plan, const SharedArenaOptions& options = {});
  SharedArena(std::shared_ptr<const SharedPlan> plan, Arena arena, const SharedArenaOptions& options = {});

  TensorView View(int graph = 0) const noexcept { return plan_->View(arena_.base(), graph); }

  // Forgets what was remembered: zeros in all states. No graph runs meanwhile. Nothing happens to memory that is not
  // the host's to write; its states start as whatever is there.
  void ClearStates() noexcept;

  // For requests and shapes that no plan knows; {nullptr, 0} when there is no place. No heap, and no system call but
  // to wait for another thread. A block is aligned to its size rounded up to a power of two, up to scratch_block or
  // kArenaAlignment, whichever is larger.
  TensorHandle AllocateScratch(std::size_t bytes) noexcept;
  FreeStatus FreeScratch(TensorHandle scratch) noexcept;

  PoolStats stats() const noexcept;
  const SharedPlan& plan() const noexcept { return *plan_; }
  std::size_t capacity() const noexcept { return arena_.bytes(); }
  std::size_t metadata_bytes() const noexcept;  // outside the arena, without the plan's

 private:
  std::shared_ptr<const SharedPlan> plan_;
  Arena arena_;
  std::int64_t scratch_begin_;
  mutable std::mutex mutex_;  // of scratch_
  Scratch scratch_;
};

}  // namespace orionrt
