// An order model laid out for searching, forwards or backwards in time.
//
// Run backwards, a graph is again one: ops wait for their readers, and a buffer appears with the first of its
// users that is taken away and goes with its producer. So each search is written once and works from both ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/index.hpp"
#include "graph/order/order_model.hpp"

namespace orionrt {

// Lists of different lengths, one behind the other.
template <typename T>
struct OrderRows {
  struct Row {
    const T* first;
    const T* last;
    const T* begin() const { return first; }
    const T* end() const { return last; }
    std::size_t size() const { return static_cast<std::size_t>(last - first); }
    bool empty() const { return first == last; }
  };
  std::vector<std::size_t> starts = {0};
  std::vector<T> items;

  void Close() { starts.push_back(items.size()); }
  Row operator[](int row) const { return {items.data() + starts[At(row)], items.data() + starts[At(row + 1)]}; }
};

using OpSet = const std::uint64_t*;  // of the ops that have run, in the direction of the space; bit i: op i
inline bool Has(OpSet set, int op) { return (set[op >> 6] >> (op & 63) & 1) != 0; }

struct OrderStep {
  std::int64_t at = 0;     // bytes alive while the op runs
  std::int64_t after = 0;  // and once it has
};

// Members are filled by the constructor and constant afterwards. Backwards, op i is op ops - 1 - i of the model, so
// that the given order runs upwards in both directions.
class OrderSpace {
 public:
  OrderSpace(const OrderModel& model, bool backwards);

  int ops = 0;
  int words = 0;  // of an OpSet
  bool backwards = false;
  std::int64_t start_bytes = 0;  // alive before any op has run
  std::int64_t first_extra = 0;  // what the first op to run finds and nobody needs; forwards only
  OrderRows<int> before;         // per op: those that must have run
  OrderRows<int> behind;         // per op: those that wait for it

  // Buffers with several users, for which it depends on the set of ops that have run who is the last, or the first.
  struct Shared {
    std::int64_t bytes = 0;
    int users = 0;  // row in `users`
  };
  std::vector<Shared> shared;
  OrderRows<int> users;
  OrderRows<int> shared_of;  // per op: the shared buffers that it uses
  struct Claim {
    int first = 0, last = 0;  // in `claim_buffers`: those which nobody else may need any more
    int output = 0, input = 0;
    std::int64_t saved_bytes = 0;
  };
  std::vector<int> claim_buffers;    // shared buffers
  OrderRows<Claim> claims;           // per op
  std::vector<std::int64_t> need;    // per op: what it adds while it runs, shared buffers and claims apart
  std::vector<std::int64_t> growth;  // per op: what it adds for good, shared buffers apart
  // Per op: the most that another op may no longer claim when this one runs before it; 0 forwards, where running
  // earlier only frees.
  std::vector<std::int64_t> claim_loss;

  // What running `op` on top of `done`, with `live` bytes there, comes to. O(users of its inputs).
  OrderStep Step(int op, OpSet done, std::int64_t live, bool first) const {
    return StepWith(op, live, first, [&](int buffer) { return OthersSettled(buffer, op, done); });
  }
  // `settled(buffer)`: forwards, all users but `op` have run; backwards, none of them has.
  template <typename Settled>
  OrderStep StepWith(int op, std::int64_t live, bool first, Settled settled) const {
    OrderStep step{live + need[At(op)] + (first ? first_extra : 0), live + growth[At(op)]};
    for (const int buffer : shared_of[op]) {
      if (!settled(buffer)) continue;
      step.at += backwards ? shared[At(buffer)].bytes : 0;
      step.after += backwards ? shared[At(buffer)].bytes : -shared[At(buffer)].bytes;
    }
    if (!claims[op].empty()) {
      open_claims_.clear();
      for (const Claim& claim : claims[op]) {
        bool holds = true;
        for (int i = claim.first; holds && i < claim.last; ++i) holds = settled(claim_buffers[At(i)]);
        if (holds) open_claims_.push_back(&claim);
      }
      step.at -= Saved(open_claims_);
    }
    return step;
  }
  bool Ready(int op, OpSet done) const {
    for (const int earlier : before[op]) {
      if (!Has(done, earlier)) return false;
    }
    return true;
  }
  bool OthersSettled(int buffer, int op, OpSet done) const {
    for (const int user : users[shared[At(buffer)].users]) {
      if (user != op && Has(done, user) == backwards) return false;
    }
    return true;
  }

 private:
  int Place(int op) const { return backwards ? ops - 1 - op : op; }
  void AddEdges(const OrderModel& model);
  void AddBuffers(const OrderModel& model);
  void AddClaims(const OrderModel& model);
  void AddLosses();
  static std::int64_t Saved(const std::vector<const Claim*>& claims);

  std::vector<int> shared_buffer_;                 // buffer of the model -> shared buffer, or -1
  mutable std::vector<const Claim*> open_claims_;  // scratch; a space serves one thread
};

// The bytes alive at each op when they run in `order` (ops of the model; the space is forwards). O(uses).
std::vector<std::int64_t> BytesInOrder(const OrderSpace& space, const std::vector<int>& order);

}  // namespace orionrt
