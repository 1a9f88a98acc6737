// TensorPool: start here. From a graph to the addresses of its tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/buddy.hpp"
#include "orionrt/config.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"

namespace orionrt {

class Guard;

struct TensorHandle {
  void* ptr = nullptr;
  std::size_t bytes = 0;
};

struct PoolStats {
  std::int64_t capacity = 0;          // bytes of the arena; so are all of these
  std::int64_t planned_bytes = 0;     // in regions of plans, as they need them
  std::int64_t scratch_bytes = 0;     // in scratch, as it was asked for
  std::int64_t used_bytes = 0;        // both, in whole blocks of the buddy
  std::int64_t high_water_bytes = 0;  // the most that used_bytes has been
  std::int64_t largest_free_bytes = 0;
  std::int64_t allocations = 0;  // alive: regions and scratch
  std::int64_t refused = 0;      // scratch requests so far that found no place

  std::int64_t requested_bytes() const { return planned_bytes + scratch_bytes; }
  std::int64_t free_bytes() const { return capacity - used_bytes; }
  // Internal waste: what rounding up to blocks and powers of two takes.
  std::int64_t waste_bytes() const { return used_bytes - requested_bytes(); }
  // Of what is free, the share outside the largest block: 0 when whole, near 1 when in crumbs.
  double external_fragmentation() const {
    return free_bytes() == 0 ? 0 : 1 - static_cast<double>(largest_free_bytes) / static_cast<double>(free_bytes());
  }
};

enum class PoolEvent {
  kArenaTaken,
  kPlanInstalled,
  kTensorSpilled,  // to this memory, from one that it would rather be in
  kScratchAllocated,
  kScratchFreed,
  kScratchRefused,
};

// Told what happens and of how many bytes. Must not throw, nor call the pool. Look-ups of planned tensors are not told.
using PoolLog = std::function<void(PoolEvent, std::int64_t bytes)>;

// "arena_taken", "plan_installed", "tensor_spilled", "scratch_allocated", "scratch_freed", "scratch_refused".
ORIONRT_API const char* PoolEventName(PoolEvent event);

// Finding the culprit: what a TensorPool checks while ops run when PoolOptions::guard asks for it. docs/runtime.md.

enum class GuardFault {
  kDead,       // touched, or asked for, a tensor whose life has ended
  kUnborn,     // ... or whose life has not begun
  kUnlisted,   // ... or that is alive, but is neither input nor output of the op
  kReadOnly,   // wrote to an input
  kOverrun,    // touched bytes past the end of a tensor
  kStray,      // touched bytes where no tensor lies
  kOrder,      // an op out of the planned order, or of another graph
  kUnordered,  // of several streams: a wait that was not reported, or what no reported order keeps apart
};

// One violation. Ids are those of the graph, -1 where there is none.
struct GuardReport {
  GuardFault fault = GuardFault::kStray;
  int op = -1;        // that ran; -1: none did, the caller is at fault, or one of `candidates`
  int tensor = -1;    // that was touched, or overrun
  int other = -1;     // kDead: the tensor that takes its bytes in the plan; kOverrun: the one that lies behind;
                      // kUnordered: the one whose bytes are taken too early
  int other_op = -1;  // kUnordered: the op that should have been waited for
  std::vector<int> candidates = {};  // the ops that ran then, where several did and any may be at fault
  std::int64_t first = 0;            // first byte at fault: from the start of `tensor`, or of the region (kStray)
  std::int64_t bytes = 0;  // from the first byte that changed to the last; 0 when asked for, 1 when caught in the act
  std::string message;  // op 17 "Conv_3" read tensor 12 "relu_2", dead since step 15, overwritten by tensor 30 "conv_4"
};

// A graph on several streams (orionrt/streams.hpp): ops begin and end while others run, and the engine reports events
// and waits as they happen (TensorPool::Record, Wait). What then holds:
// - Order: every wait that the graph names, and every use and every reuse of bytes in the plan, is judged by the order
//   that was reported, whether or not it went well this time.
// - Contents: a byte is compared while no op that is open may write it; several open ops are all named as candidates.
// - Fills and canaries: 0xFB when a tensor's first op begins, 0xDE when the last that uses it has ended, and never on
//   bytes of what is alive. With canaries or the quarantine every buffer has bytes of its own (as with no_reuse).
// - `pages` is refused (kUnsupported) and `poison` does nothing: what they close others may be using. To find reads,
//   run the ops one after another, from a graph on one stream.
//
// Switches of the guard; they work together. Guarded runs may allocate and are slow: when an op begins and when it ends
// all bytes of the plan are compared with a copy of them (with `pages`, those in reach only), so the guard takes the
// region's size once more from the heap. Where canaries or the quarantine are on, tensors lie by a plan of the guard's
// own, which needs a larger arena: GuardedBytes, or `guard_bytes()` of the pool, tells how large.
struct GuardOptions {
  // Every tensor its own bytes: a stale pointer never meets a live tensor. Refused (kUnsupported), like `pages`, where
  // some must share: views, and what Transform has made lie in others.
  bool no_reuse = false;
  bool fill = true;               // a tensor's bytes are overwritten when it is born (0xFB) and when it dies (0xDE)
  std::size_t canary_bytes = 64;  // 0xCA behind every tensor; up to 2^30
  // For so many ops after its death nothing else lies in a tensor's bytes, so that what a pointer kept too long writes
  // is told from what the op writes; up to the end of the run. Not those that tensors of one buffer share. The arena
  // is then about 1.9 times the plan (docs/runtime.md); 0: none.
  int quarantine_ops = 4;
  bool contents = true;  // every byte that the op has no right to write stays as it is; false: canaries only
  // While an op runs only its inputs (readable) and outputs can be touched at all: each tensor lies on its own pages,
  // with one behind it that nothing may touch. Implies no_reuse. POSIX; refused (kUnsupported) elsewhere.
  bool pages = false;
  bool poison = true;  // the same by AddressSanitizer, where the library is compiled with it; no effect otherwise
  // Called with every violation, from the thread at fault, not under a lock; it must not call the pool, nor throw. With
  // `pages` it may be called from a signal handler. When it returns, execution goes on. Empty: prints to stderr and
  // aborts.
  std::function<void(const GuardReport&)> report;
};

class TensorView;

// What look-ups need of an assignment, and of those of its bodies; immutable. Made once and shared by any number of
// views, threads and arenas.
class ORIONRT_API PlaceTable {
 public:
  PlaceTable() = default;
  explicit PlaceTable(const Assignment& assignment);  // O(n log n)

  std::size_t metadata_bytes() const noexcept;

 private:
  friend class TensorView;
  struct Entry {
    int id;
    int space;
    std::int64_t offset;
    std::size_t bytes;
  };
  struct Body {
    int op_id;
    std::string attribute;
    std::vector<PlaceTable> table;  // one
  };

  // Where ids are dense and all lie in one space, `space_`, by id: offsets, -1 for what has no place, and bytes.
  int space_ = 0;
  std::vector<std::int64_t> offsets_;
  std::vector<std::size_t> bytes_;
  std::vector<Entry> sparse_;      // otherwise, ascending by id
  std::vector<Entry> workspaces_;  // ascending by id of op
  std::vector<Body> bodies_;
};

// The tensors of one graph in one place of memory. A value; the table and the memory outlive it. No locks, no heap, no
// system calls; for any number of threads. A view that was made of nothing knows no tensor.
class ORIONRT_API TensorView {
 public:
  TensorView() = default;

  // `bases`: per space of the assignment the address of its first byte, aligned and as long as it says; the array
  // outlives the view where the places lie in several spaces. Checks neither.
  TensorView(const PlaceTable& table, std::byte* const* bases) noexcept;

  // Where they lie in one space, or in none.
  TensorView(const PlaceTable& table, std::byte* base) noexcept;

  // The place of a tensor; {nullptr, 0} for an id that the graph does not have, and for what is held elsewhere. An
  // empty tensor has an address and 0 bytes.
  TensorHandle Allocate(int tensor_id) const noexcept {
    const auto index = static_cast<std::size_t>(static_cast<unsigned>(tensor_id));
    if (__builtin_expect(index < size_, 1)) {
      const std::int64_t offset = offsets_[index];
      if (__builtin_expect(offset >= 0, 1)) return {base_ + offset, bytes_[index]};
    }
    return FindSparse(tensor_id);
  }
  void* GetPtr(int tensor_id) const noexcept { return Allocate(tensor_id).ptr; }

  // The scratch that an op, by id, may use while it runs; {nullptr, 0} when it asked for none. O(log ops).
  TensorHandle Workspace(int op_id) const noexcept;

  // The tensors of a body of a control-flow op, which lie where they may while that op runs. O(bodies).
  TensorView Body(int op_id, std::string_view attribute) const noexcept;

 private:
  [[gnu::cold]] TensorHandle FindSparse(int tensor_id) const noexcept;
  TensorHandle Find(const std::vector<PlaceTable::Entry>& sorted, int id) const noexcept;

  std::byte* base_ = nullptr;  // of the space that the next three are about
  std::size_t size_ = 0;       // of the next two
  const std::int64_t* offsets_ = nullptr;
  const std::size_t* bytes_ = nullptr;
  const PlaceTable* table_ = nullptr;
  std::byte* const* bases_ = nullptr;  // null: all lies in one space, from base_ on
};

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

// Bytes that the only arena of a pool with these options needs: with a guard more than RequiredBytes of the assignment,
// as tensors are laid out anew; without one the same. The assignment is one that CheckAssignment takes.
ORIONRT_API std::size_t GuardedBytes(const Graph& graph, const Assignment& assignment, const PoolOptions& options);

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

  // Where a tensor is that whoever runs the graph holds (TensorRole::kHeld): Allocate and addresses() give {nullptr, 0}
  // until then. `memory` is that of its root, with room for all of it, and its views lie in it; nullptr takes it back.
  // Not while the graph runs. Throws Error (kMisuse): no plan, no such tensor, one that lies in an arena, or a view.
  void BindExternal(int tensor_id, void* memory);

  // The scratch that an op, by id, may use while it runs (OpNode::workspace_bytes); {nullptr, 0} when it asked for
  // none. O(log ops).
  TensorHandle Workspace(int op_id) const noexcept;

  // A planned tensor needs no release: its bytes are someone else's as soon as its lifetime ends.
  void Release(int) const noexcept {}

  // The tensors of a body of a control-flow op, which lie where they may while that op runs; knows none where there is
  // no such body. For one that runs now: the view is void when another plan is installed. A guard does not watch it.
  TensorView Body(int op_id, std::string_view attribute) const noexcept;

  // The addresses of all tensors by their positions in graph().tensors(), for engines that want nothing in between;
  // null where a tensor is held elsewhere, and before the plan is finalized. Valid until another plan is installed.
  void* const* addresses() const noexcept;

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
  TensorHandle AllocateScratch(std::size_t bytes, int memory = 0) noexcept;
  FreeStatus FreeScratch(TensorHandle scratch, int memory = 0) noexcept;

  bool finalized() const noexcept;
  int memory_count() const noexcept;
  std::size_t capacity() const noexcept;        // of all memories together; so is the next
  std::size_t peak_bytes() const noexcept;      // with the guard's share
  std::size_t guard_bytes() const noexcept;     // of these, on top of the plan
  std::size_t metadata_bytes() const noexcept;  // tables and books outside the arena; not the graph and plan kept
  // The same of a pool, without a guard, whose arenas are as large as the assignment needs.
  static std::size_t MetadataBytes(const Assignment& assignment);
  // Its ops in the order of the plan, once there is one; as registered until then.
  const Graph& graph() const noexcept;
  // Where everything lies, as without a guard: the order, ops that need not run, outputs in place, places.
  const Assignment& assignment() const noexcept;
  // Its certificate, as FinalizePlan made it; empty for an assignment that was loaded.
  const Plan& plan() const noexcept;
  PoolStats stats(int memory = 0) const noexcept;  // zeros for a memory that the pool does not have

 private:
  struct State;  // src/pool/pool_state.hpp
  class Shown;

  const State& state() const noexcept;  // that of a pool that has nothing, where this one was moved from
  State& state();
  [[gnu::cold]] TensorHandle FindSlow(int tensor_id) const noexcept;
  void GuardBegin(int op_id) noexcept;
  void GuardEnd(bool run) noexcept;
  void GuardEndOne(int op_id) noexcept;
  void GuardRecord(int op_id) noexcept;
  void GuardWait(int stream, int op_id) noexcept;

  // The state's, for look-ups. By id, where ids are dense and there is no guard: all addresses, and behind them all
  // bytes. So an address costs one scaled load, its bytes one more, and nothing when nobody looks at them.
  std::size_t table_ids_ = 0;
  const std::uintptr_t* table_ = nullptr;
  Guard* guard_ = nullptr;
  std::unique_ptr<State> state_;  // null in a pool that was moved from
};

}  // namespace orionrt
