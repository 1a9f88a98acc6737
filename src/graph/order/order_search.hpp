// The exact search for an order of least peak, from one end of a graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <queue>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "graph/order/order_space.hpp"

namespace orionrt {

// Walks the sets of ops that may have run (downsets), under a budget of bytes that rises only when every set in reach
// has been walked: each budget left behind is refuted, so the first one that reaches the end is the least peak.
//
// The number of downsets is exponential in the width, so most of the work is in not walking them. Live bytes f are a
// submodular function of the downset: f(S | T) + f(S & T) <= f(S) + f(T). So if Y can be reached from S within the
// budget and no downset between the two has fewer bytes than Y, whatever can be done from S can be done by way of Y:
// run Y's ops first, then the rest as before; nothing that runs later meets more bytes than it did. Three uses of this:
// - a chain of ops, each made ready by the one before, that ends no higher than it started runs at once (hills and
//   valleys: Liu, SIAM J. Alg. Disc. Meth. 8, 1987);
// - a set in reach, no higher than the root of the search and lowest of all sets between (a minimum cut tells), becomes
//   the root, and everything else is forgotten;
// - the same backwards in time. There, running an op earlier may take a claim from another: it must free as much.
class OrderSearch {
 public:
  // Starts at `budget`, known to be no higher than the least peak.
  OrderSearch(const OrderSpace& space, std::int64_t budget);

  enum class State { kDone, kRefuted, kOpen };
  // Goes on until the end is reached (kDone: the least peak is budget()), the budget is `enough` or more (kRefuted: no
  // order has less), or `steps` more ops have been tried, or memory for sets has run out (kOpen). `budget`: known by
  // now to be no higher than the least peak.
  State Run(std::int64_t budget, std::int64_t enough, std::int64_t steps);
  bool is_full() const;  // of sets

  // Instead: keeps the `width` sets of fewest live bytes among those of equal size, and never raises the budget.
  // Whether the end is reached; nothing is proven if it is not.
  bool RunBeam(int width, std::int64_t steps);

  std::int64_t budget() const { return budget_; }                   // no order has less
  std::int64_t steps() const { return steps_; }                     // tried so far
  const std::vector<int>& first_ops() const { return first_ops_; }  // some order of least peak begins with these

 private:
  struct Node {
    std::int64_t live = 0;
    std::uint64_t hash = 0;
    int parent = -1;
    int size = 0;  // ops that have run
    std::size_t path = 0,
                ready = 0;  // places in paths_ and ready_: the ops run since the parent, those that may be next
    int path_count = 0, ready_count = 0;
  };
  // The set that is being changed.
  struct Scratch {
    std::vector<std::uint64_t> done;
    std::vector<int> ready;  // ascending
    std::vector<int> ran;    // since the node that it began as
    std::int64_t live = 0;
    std::uint64_t hash = 0;
    int size = 0;
  };
  struct Blocked {
    std::int64_t at = 0;
    int node = 0;
    int op = 0;
    bool operator>(const Blocked& other) const {
      return at != other.at ? at > other.at : node != other.node ? node > other.node : op > other.op;
    }
  };
  struct Open {
    std::int64_t live = 0;
    int size = 0;
    int node = 0;
    bool operator>(const Open& other) const {
      return live != other.live ? live > other.live : size != other.size ? size < other.size : node > other.node;
    }
  };

  OpSet SetOf(int node) const { return bits_.data() + static_cast<std::size_t>(node) * At(space_.words); }
  OrderStep Try(int op, const Scratch& from);
  void Load(int node);
  void RunOp(int op, std::int64_t live_after);
  void RunFreeMoves();
  bool RunChain(int op);
  bool RunModule(int op, int depth);
  bool RunModules(int node);
  std::vector<int> ReadySince(const Scratch& before) const;
  bool Expand(int node);
  void AddChild(int node, int op, std::int64_t live_after);
  int Insert(int parent, bool* is_new);
  bool MayCommit(int node) const;
  void Commit(int node);
  void Start();
  void Raise(std::int64_t budget);
  void Grow();

  const OrderSpace& space_;
  std::int64_t budget_;
  std::int64_t steps_ = 0;
  std::vector<int> first_ops_;
  std::vector<std::uint64_t> keys_;    // per op, for hashing sets
  std::vector<std::int64_t> deepest_;  // per op: no chain that begins with it changes the live bytes by less
  Scratch root_;
  Scratch scratch_;
  std::vector<Node> nodes_;
  std::vector<std::uint64_t> bits_;
  std::vector<int> paths_;
  std::vector<int> ready_;
  std::vector<int> table_;  // open addressing: node, or -1
  std::vector<int> chain_;
  std::int64_t module_steps_ = 0;  // left for the module that is being tried
  std::priority_queue<Open, std::vector<Open>, std::greater<Open>> open_;
  std::priority_queue<Blocked, std::vector<Blocked>, std::greater<Blocked>> blocked_;
};

// The fewest live bytes of any downset between `low` and `high`, both included, less those of `low`. One minimum cut
// over the ops between.
std::int64_t LowestBetween(const OrderSpace& space, OpSet low, OpSet high);

}  // namespace orionrt
