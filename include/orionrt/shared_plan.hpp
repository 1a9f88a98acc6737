// Several graphs in one arena, with state that outlives a run; one plan for many threads.
//
//   | states | lane 0: the largest of its graphs | lane 1 | ... | scratch |
//
// Graphs of one lane run one at a time and lie over each other; graphs of different lanes may run at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/tensor_pool.hpp"

namespace orionrt {

class Scratch;

// States of one key (a KV cache, what an RNN remembers) lie at one place in all graphs: the size is that of the
// largest, and whoever runs at the same time takes turns.
struct StateKey {
  int tensor_id = 0;  // a tensor of role TensorRole::kState
  std::string key;
};

struct SharedGraph {
  Graph graph;
  int lane = 0;
  std::vector<StateKey> states = {};     // a state without a key is the graph's own; it outlives a run all the same
  std::vector<NestedGraph> bodies = {};  // of its control-flow ops
  // Made elsewhere, over the spaces of the options: judged, and not planned anew. States that it places leave their
  // bytes unused, as a state lies with the others; one that is external in it (SharedPlan::assignment) takes none.
  std::optional<Assignment> assignment = {};
};

struct SharedPlanOptions {
  std::size_t alignment = kArenaAlignment;  // bytes, a power of two: the least that a tensor gets
  std::string policy = "auto";
  PlanOptions planning = {};  // of each graph by itself
  Transforms transforms = {};
  // Several arenas, the best first (docs/spaces.md); none: one without limits. A lane takes what those before it leave
  // of a space. States lie in the first space that their tensor names, or else in the last.
  std::vector<Space> spaces = {};
};

// Immutable. Made once, on any thread, and shared by as many as like, each with memory of its own or one SharedArena.
class ORIONRT_API SharedPlan {
 public:
  // Plans each graph without its states, unless it brings an assignment, and puts the lanes beside each other in order
  // of their numbers. Throws Error: what ReusePlanner::Run throws; kBadInput for a key given to what is no state, or
  // twice in a graph, and for an assignment that CheckAssignment finds fault with, or that is over other spaces.
  static std::shared_ptr<const SharedPlan> Make(std::vector<SharedGraph> graphs, const SharedPlanOptions& options = {});

  // Bytes of memory, from the first state to the last lane's end: exactly. The sum over the lanes of their largest
  // graph, the states, and what aligns one to another. Of one space; 0 for one that there is not.
  std::size_t required_bytes(int space = 0) const noexcept { return InSpace(required_bytes_, space); }
  std::size_t state_bytes(int space = 0) const noexcept {
    return InSpace(state_bytes_, space);
  }  // of these, at the front
  std::size_t base_alignment(int space = 0) const noexcept {
    return InSpace(base_alignment_, space);
  }  // of its first byte
  int space_count() const noexcept { return static_cast<int>(required_bytes_.size()); }
  std::size_t metadata_bytes() const noexcept;  // the tables, outside that memory

  int graph_count() const noexcept { return static_cast<int>(graphs_.size()); }
  const Graph& graph(int i) const { return graphs_.at(static_cast<std::size_t>(i)).graph; }  // as given
  // Of the graph by itself, from the first byte of its lane; its states are external. What a file carries: a SharedPlan
  // made of the same graphs with these assignments is the same.
  const Assignment& assignment(int i) const { return graphs_.at(static_cast<std::size_t>(i)).assignment; }
  // As it was planned here, states not among its buffers; empty for an assignment that was brought along.
  const Plan& plan(int i) const { return graphs_.at(static_cast<std::size_t>(i)).plan; }

  // `base` (required_bytes() long, aligned to base_alignment()) as graph `i` sees it. Checks neither; the first graph
  // when there is but one. Where there are several spaces, a base of each: the array outlives the view.
  TensorView View(void* base, int i = 0) const noexcept;
  TensorView View(std::byte* const* bases, int i) const noexcept;

 private:
  struct PlannedGraph {
    Graph graph;
    std::vector<NestedGraph> bodies;
    int lane = 0;
    Assignment assignment;
    Plan plan;
    PlaceTable table;
  };
  struct Cursor;
  struct State;
  using Cursors = std::vector<Cursor>;  // per space
  SharedPlan() = default;
  static std::size_t InSpace(const std::vector<std::size_t>& list, int space) noexcept {
    const auto i = static_cast<std::size_t>(static_cast<unsigned>(space));
    return i < list.size() ? list[i] : 0;
  }
  static void Judge(const SharedGraph& shared, std::size_t g, const SharedPlanOptions& options);
  static void PlanGraph(PlannedGraph& entry, const SharedPlanOptions& options, const Cursors& cursors);
  static std::vector<State> PlaceStates(const std::vector<SharedGraph>& graphs, const SharedPlanOptions& options,
                                        Cursors& cursors);
  void PlaceLane(const std::vector<std::size_t>& lane, const SharedPlanOptions& options,
                 const std::vector<State>& states, const std::vector<char>& brought, Cursors& cursors);

  std::vector<PlannedGraph> graphs_;
  std::vector<std::size_t> required_bytes_;  // per space; so are the next two
  std::vector<std::size_t> state_bytes_;
  std::vector<std::size_t> base_alignment_;
};

struct SharedArenaOptions {
  std::size_t scratch_bytes = 0;    // beside the plan, at least
  std::size_t scratch_block = 256;  // bytes, a power of two: the least that scratch gets
  PoolLog log = {};                 // not called under a lock of the caller's; one call at a time
};

// Bytes that the arena of the plan's last space needs for the plan and that much scratch: exactly.
ORIONRT_API std::size_t SharedArenaBytes(const SharedPlan& plan, const SharedArenaOptions& options = {});

// The memory of a SharedPlan, and scratch beside it. Not movable: views point into it. Views and scratch are for any
// number of threads; scratch takes a lock, views take none.
class ORIONRT_API SharedArena {
 public:
  // Host memory of SharedArenaBytes, or memory of the caller's, all of whose rest is scratch. States start as zeros.
  // Throws Error: kOutOfMemory, kInfeasible when the memory is too small, kMisuse when its base is too little aligned,
  // or for a plan that is null.
  explicit SharedArena(std::shared_ptr<const SharedPlan> plan, const SharedArenaOptions& options = {});
  SharedArena(std::shared_ptr<const SharedPlan> plan, Arena arena, const SharedArenaOptions& options = {});
  // The same with an arena a space of the plan; scratch lies behind the plan in the last.
  SharedArena(std::shared_ptr<const SharedPlan> plan, std::vector<Arena> arenas,
              const SharedArenaOptions& options = {});
  ~SharedArena();

  TensorView View(int graph = 0) const noexcept { return plan_->View(bases_.data(), graph); }

  // Forgets what was remembered: zeros in all states. No graph runs meanwhile. Nothing happens to memory that is not
  // the host's to write; its states start as whatever is there.
  void ClearStates() noexcept;

  // For requests and shapes that no plan knows; {nullptr, 0} when there is no place. No heap, and no system call but
  // to wait for another thread. A block is aligned to its size rounded up to a power of two, up to scratch_block or
  // kArenaAlignment, whichever is larger.
  TensorHandle AllocateScratch(std::size_t bytes) noexcept;
  FreeStatus FreeScratch(TensorHandle scratch) noexcept;

  PoolStats stats() const noexcept;  // of the last space's arena, which has the scratch
  const SharedPlan& plan() const noexcept { return *plan_; }
  std::size_t capacity() const noexcept;        // of all its arenas
  std::size_t metadata_bytes() const noexcept;  // outside the arena, without the plan's

 private:
  std::shared_ptr<const SharedPlan> plan_;
  std::vector<Arena> arenas_;  // per space
  std::vector<std::byte*> bases_;
  std::int64_t scratch_begin_;  // in the last of them
  mutable std::mutex mutex_;    // of scratch_
  std::unique_ptr<Scratch> scratch_;
};

using Dims = std::vector<std::int64_t>;  // sizes of the dimensions that vary, in an order of the caller's

struct PlanCacheStats {
  std::int64_t plans_made = 0;
  std::int64_t hits = 0;     // of Get
  std::int64_t misses = 0;   // of Get: no prepared bucket covers
  std::int64_t evicted = 0;  // plans dropped for being least recently used
  std::size_t kept = 0;      // now
};

// For any number of threads. Plans are shared: an evicted one lives on with who has it.
class ORIONRT_API PlanCache {
 public:
  // The graph for these dimensions; called with those of a bucket, by one thread at a time. May throw.
  using Builder = std::function<Graph(const Dims&)>;

  // `buckets` has for each dimension the sizes to plan for, ascending and above 0; `most_plans` (> 0) bounds what is
  // kept. Throws Error (kMisuse).
  PlanCache(Builder builder, std::vector<std::vector<std::int64_t>> buckets, std::size_t most_plans,
            SharedPlanOptions options = {});

  // The least bucket that covers `dims`. Throws Error (kMisuse) for another number of dimensions, or one that no bucket
  // covers. O(log buckets) a dimension.
  Dims BucketOf(const Dims& dims) const;

  // The plan of the bucket of `dims`, made now if need be: slow, off the hot path, on any thread; while one plans,
  // others that must plan wait. A bucket is planned once as long as it is kept. Throws what BucketOf, the builder and
  // the planner throw; then nothing has changed.
  std::shared_ptr<const SharedPlan> Prepare(const Dims& dims);

  // Of the prepared plans whose bucket covers `dims`, the one that needs the fewest bytes (of equals, the least bucket
  // in lexicographic order); null when there is none. Never plans, never waits for who plans. O(plans kept).
  std::shared_ptr<const SharedPlan> Get(const Dims& dims) noexcept;

  PlanCacheStats stats() const noexcept;
  std::size_t metadata_bytes() const noexcept;  // of the cache and the plans that it keeps

 private:
  struct Entry {
    Dims bucket;
    std::shared_ptr<const SharedPlan> plan;
    std::uint64_t used = 0;  // the tick of its last use
  };
  std::shared_ptr<const SharedPlan> Find(const Dims& bucket);
  void Add(Entry entry);

  const Builder builder_;
  const std::vector<std::vector<std::int64_t>> buckets_;
  const std::size_t most_plans_;
  const SharedPlanOptions options_;
  std::mutex planning_;         // held while a plan is made; before mutex_
  mutable std::mutex mutex_;    // of all below; held briefly
  std::vector<Entry> entries_;  // sorted by bucket
  std::uint64_t tick_ = 0;
  PlanCacheStats stats_;
};

}  // namespace orionrt
