// TensorPool: start here. From a graph to the addresses of its tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "orionrt/arena.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/export.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/guard.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/scratch.hpp"
#include "orionrt/tensor_view.hpp"
#include "orionrt/transform.hpp"

namespace orionrt {

class Guard;
struct GuardLayout;

struct PoolOptions {
  std::size_t alignment = kArenaAlignment;  // bytes, a power of two: the least that a tensor gets
  std::size_t scratch_block = 4096;         // bytes, a power of two: the least that scratch gets; above 64 GiB more
  std::optional<GuardOptions> guard = {};   // finds the culprit; costs nothing when absent
  PoolLog log = {};                         // told of what is taken and refused; costs nothing when absent
  // What tensors may share, and the ops' order, as far as policy "auto" at effort fast finds it worth while. Ops then
  // run in the order of graph(); those in assignment().vanished_ids write nothing, and may be left out.
  Transforms transforms = {};
};

// One of several memories: what planning knows of it, and its bytes. A space without a capacity gets the arena's; one
// with a capacity (as a plan made elsewhere was told) needs an arena that has it.
struct SpaceMemory {
  Space space;
  Arena arena;
};

// Bytes that an arena needs for this plan, its base being aligned to the largest alignment planned for: the peak,
// exactly. What the pool itself takes is outside the arena: TensorPool::metadata_bytes.
ORIONRT_API std::size_t RequiredBytes(const Plan& plan);

// The same for a pool with a guard, which needs more, its tensors being laid out anew; without one, those of the
// assignment's only arena. The assignment is one that CheckAssignment takes.
ORIONRT_API std::size_t RequiredBytes(const Graph& graph, const Assignment& assignment, const PoolOptions& options);

// RegisterGraph, then FinalizePlan or LoadPlan, then Allocate for every tensor as the ops come to it.
//
// After the plan is finalized Allocate, Release and GetPtr compute nothing: they look up a table. They never throw,
// lock, take heap memory or call the system, and may be called from several threads. With a guard they do all of that
// but throw. Everything else throws Error unless it says noexcept, and is for one thread at a time. A program that only
// registers and loads links neither policies nor transforms of the static library: FinalizePlan alone needs them.
class ORIONRT_API TensorPool {
 public:
  // Takes the arena now: host memory of `capacity` bytes, or the caller's own, which must outlive the pool.
  explicit TensorPool(std::size_t capacity, PoolOptions options = {});
  TensorPool(void* memory, std::size_t bytes, PoolOptions options = {});
  explicit TensorPool(Arena arena, PoolOptions options = {});
  // Several memories, the best first: tensors say by TensorDesc::spaces in which of them they may live, and what does
  // not fit a fast one goes to the next (docs/spaces.md). Throws Error (kMisuse): none given, an arena smaller than its
  // pool's capacity, or a guard, which watches one memory.
  explicit TensorPool(std::vector<SpaceMemory> memories, PoolOptions options = {});
  // `other` then has no memory and knows no tensor: it answers like a pool without a plan, finds no place for scratch,
  // and cannot plan (kMisuse), until another is moved into it.
  TensorPool(TensorPool&& other) noexcept;
  TensorPool& operator=(TensorPool&& other) noexcept;
  ~TensorPool();

  // Checks the graph. Replaces an earlier graph, and its plan. Throws Error (kBadInput).
  void RegisterGraph(std::vector<OpNode> ops, std::vector<TensorDesc> tensors);
  void RegisterGraph(Graph graph) { RegisterModel(std::move(graph), {}); }
  // With the bodies of its control-flow ops, which are planned and served with it.
  void RegisterModel(Graph graph, std::vector<NestedGraph> bodies);

  // Applies PoolOptions::transforms, plans the registered graph and takes its place in the arena. Throws Error:
  // kMisuse without a graph, or when the arena's base is less aligned than a tensor wants; kBadInput for names of
  // spaces that there are not; kInfeasible or kLimit when the arena is too small, with the bytes short, the step, and
  // the largest tensors alive there; kInfeasible when scratch is in the way, or when the guard needs more than there
  // is.
  void FinalizePlan(std::string_view policy = "auto", const PlanOptions& options = {});
  void FinalizePlan(const ReusePlanner& planner, const PlanOptions& options = {});

  // The same with an assignment made elsewhere, with the transforms, spaces and bodies that it was made with; nothing
  // is searched. Judged by CheckAssignment; throws Error (kBadInput) when it was made for another graph, breaks it, or
  // is over other spaces than the pool has, otherwise as FinalizePlan does.
  void LoadPlan(Assignment assignment);

  // The place of a tensor; {nullptr, 0} for an id that the graph does not have, and before the plan is finalized.
  // An empty tensor has an address and 0 bytes.
  TensorHandle Allocate(int tensor_id) const noexcept {
    const auto index = static_cast<std::size_t>(static_cast<unsigned>(tensor_id));
    if (index >= table_ids_) return FindSlow(tensor_id);
    return {reinterpret_cast<void*>(table_[index]), table_[table_ids_ + index]};
  }
  void* GetPtr(int tensor_id) const noexcept { return Allocate(tensor_id).ptr; }

  // Where a tensor is that whoever runs the graph holds (kHeld): Allocate and addresses() give {nullptr, 0} until then.
  // `memory` is that of its root, with room for all of it, and its views lie in it; nullptr takes it back. Not while
  // the graph runs. Throws Error (kMisuse): no plan, no such tensor, one that lies in an arena, or a view.
  void BindExternal(int tensor_id, void* memory);

  // The scratch that an op, by id, may use while it runs (OpNode::workspace_bytes); {nullptr, 0} when it asked for
  // none. O(log ops).
  TensorHandle Workspace(int op_id) const noexcept;

  // A planned tensor needs no release: its bytes are someone else's as soon as its lifetime ends.
  void Release(int) const noexcept {}

  // The tensors of a body of a control-flow op, which lie where they may while that op runs; knows none where there is
  // no such body. For one that runs now: the view is void when another plan is installed. A guard does not watch it.
  TensorView Body(int op_id, std::string_view attribute) const noexcept {
    return bodies_table_ != nullptr ? TensorView(*bodies_table_, bases_.data()).Body(op_id, attribute) : TensorView();
  }

  // The addresses of all tensors by their positions in graph().tensors(), for engines that want nothing in between;
  // null where a tensor is held elsewhere, and before the plan is finalized. Valid until another plan is installed.
  void* const* addresses() const noexcept { return addresses_.data(); }

  // Tell the guard where execution is; nothing at all without one. BeginOp takes the id of the op that now starts and
  // ends the one before; EndOp ends it too, so that what the caller does between ops is not blamed on one. EndRun comes
  // before the next run's inputs are written; outputs stay readable until that run begins. All ops of a run begin on
  // one thread, but for those of several streams.
  void BeginOp(int op_id) noexcept {
    if (guard_ != nullptr) GuardBegin(op_id);
  }
  void EndOp() noexcept {
    if (guard_ != nullptr) GuardEnd(false);
  }
  void EndRun() noexcept {
    if (guard_ != nullptr) GuardEnd(true);
  }

  // Of a graph on several streams the guard is told of order too, as it comes about; nothing at all on one. Ops of
  // several streams may be open at once: BeginOp ends only the one before on its own stream, and EndOp takes the id.
  // One thread at a time reports. Record: an event is recorded behind the op, on its stream; it covers what has ended
  // there, and what that had waited for. Wait: what begins on the stream from now on comes behind that event. Events of
  // ops that have vanished are recorded and waited for all the same. EndRun ends what is open, and forgets all events.
  void EndOp(int op_id) noexcept {
    if (guard_ != nullptr) GuardEndOne(op_id);
  }
  void Record(int op_id) noexcept {
    if (guard_ != nullptr) GuardRecord(op_id);
  }
  void Wait(int stream, int op_id) noexcept {
    if (guard_ != nullptr) GuardWait(stream, op_id);
  }

  // Memory beside the plan, of sizes that no plan knows: dynamic shapes, the scratch of a request. Served by a buddy
  // from what the plan leaves of the arena; no heap memory, no system call. {nullptr, 0} when there is no place.
  // `memory`: which of several; one that the pool does not have has no place, and nothing to free (kForeign). What is
  // not scratch of that memory, with the bytes asked for, is refused: a planned tensor above all.
  TensorHandle AllocateScratch(std::size_t bytes, int memory = 0) noexcept {
    return Has(memory) ? memories_[static_cast<std::size_t>(memory)].scratch.Allocate(bytes) : TensorHandle{};
  }
  FreeStatus FreeScratch(TensorHandle scratch, int memory = 0) noexcept {
    return Has(memory) ? memories_[static_cast<std::size_t>(memory)].scratch.Free(scratch) : FreeStatus::kForeign;
  }

  bool finalized() const noexcept { return finalized_; }
  int memory_count() const noexcept { return static_cast<int>(memories_.size()); }
  std::size_t capacity() const noexcept;    // of all memories together; so is the next
  std::size_t peak_bytes() const noexcept;  // with the guard's share
  std::size_t guard_bytes() const noexcept { return peak_bytes() - required_bytes_; }  // on top of the plan
  std::size_t metadata_bytes() const noexcept;  // tables and books outside the arena; not the graph and plan kept
  // The same of a pool, without a guard, whose arenas are as large as the assignment needs.
  static std::size_t MetadataBytes(const Assignment& assignment);
  // Its ops in the order of the plan, once there is one; as registered until then.
  const Graph& graph() const noexcept { return ordered_ ? *ordered_ : graph_; }
  // Where everything lies, as without a guard: the order, ops that need not run, outputs in place, places.
  const Assignment& assignment() const noexcept { return assignment_; }
  // Its certificate, as FinalizePlan made it; empty for an assignment that was loaded.
  const Plan& plan() const noexcept { return plan_; }
  PoolStats stats(int memory = 0) const noexcept {  // zeros for a memory that the pool does not have
    return Has(memory) ? memories_[static_cast<std::size_t>(memory)].scratch.stats() : PoolStats{};
  }

 private:
  struct SparseHandle {
    int id;
    TensorHandle handle;
  };
  // One arena. All of it is the scratch's: the plan's region is an allocation of it too.
  struct Memory {
    Memory(Arena taken, const PoolOptions& options);
    std::byte* region_base() const noexcept;
    Arena arena;
    Scratch scratch;
    std::int64_t region = kNoSpace;
    std::int64_t region_bytes = 0;
  };
  // What a plan asks of one memory.
  struct Demand {
    std::int64_t bytes = 0;
    std::int64_t alignment = 1;
  };

  bool Has(int memory) const noexcept { return memory >= 0 && memory < memory_count(); }
  void CheckRegistered() const;
  std::vector<Demand> DemandsOf(const Assignment& assignment) const;
  void CheckDemands(const std::vector<Demand>& demands) const;
  void Install(Assignment assignment, Plan plan);
  void MovePlaces(const GuardLayout& layout, std::vector<std::byte*>& places) const;
  void MakeTables(const std::vector<std::byte*>& places);
  void SetAddress(int index, void* address);
  std::byte* PlaceOf(const Place& place) const;
  static TensorHandle Find(const std::vector<SparseHandle>& sorted, int id) noexcept;
  void TakeRegions(const std::vector<Demand>& demands);
  void Clear() noexcept;
  [[gnu::cold]] TensorHandle FindSlow(int tensor_id) const noexcept;
  void GuardBegin(int op_id) noexcept;
  void GuardEnd(bool run) noexcept;
  void GuardEndOne(int op_id) noexcept;
  void GuardRecord(int op_id) noexcept;
  void GuardWait(int stream, int op_id) noexcept;

  // By id, where ids are dense and there is no guard: all addresses, and behind them all bytes. So an address costs one
  // scaled load, its bytes one more, and nothing when nobody looks at them.
  std::size_t table_ids_ = 0;
  const std::uintptr_t* table_ = nullptr;
  std::vector<std::uintptr_t> table_memory_;
  std::vector<SparseHandle> sparse_;      // sorted by id, where ids are not dense
  std::vector<SparseHandle> workspaces_;  // sorted by id of op

  PoolOptions options_;
  std::vector<Memory> memories_;
  std::vector<Space> spaces_;  // what planning is told of them; empty for one
  Graph graph_;                // as registered
  std::vector<NestedGraph> bodies_;
  std::optional<Graph> ordered_;  // where the plan's order is another
  Assignment assignment_;
  Plan plan_;
  std::size_t required_bytes_ = 0;            // of all memories together, without a guard
  std::vector<void*> addresses_;              // per tensor of graph()
  std::vector<std::byte*> bases_;             // per memory, of its region
  std::unique_ptr<PlaceTable> bodies_table_;  // where there are bodies
  bool registered_ = false;
  bool finalized_ = false;
  std::unique_ptr<Guard> guard_;  // after the arenas: it opens what it closed before they go
};

}  // namespace orionrt
