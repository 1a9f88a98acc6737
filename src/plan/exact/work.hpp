// How much the exact search has done, counted so that the count is the same on every machine.
#pragma once

#include <cstdint>

#include "plan/watch.hpp"

namespace orionrt {

// What the loops that dominate look at, and what one look costs in units of work. A unit is about a nanosecond of one
// core. Nodes are no measure of time: one costs a microsecond where few buffers are alive, and a millisecond where
// thousands are.
enum class Look : std::int64_t {
  kUnplaced = 1,   // an unplaced buffer of a section
  kSection = 1,    // a section of a life, or of a stretch that is walked over
  kSlot = 4,       // a section of a life whose list of unplaced rows changes
  kLift = 4,       // a floor or a head
  kChange = 4,     // a change undone
  kChoice = 10,    // a section scored
  kInChain = 6,    // a row or a section where chains are looked for
  kHashed = 4,     // a section in a key
  kNode = 50,      // a node, but for all of the above
  kRanked = 100,   // a buffer sorted into an order
  kLaid = 8,       // a buffer in a section of a model or an empty state
  kStacked = 4,    // an item on top of a set of others
  kWindow = 5000,  // a window, but for all of the above
};

struct ExactQuota {
  std::int64_t nodes = 0;
  std::int64_t work = 0;  // units

  ExactQuota operator*(std::int64_t factor) const { return {nodes * factor, work * factor}; }
  ExactQuota operator/(std::int64_t divisor) const { return {nodes / divisor, work / divisor}; }
};

// One for all that a question takes: its model, its searches, its windows.
class WorkMeter {
 public:
  // `watch`: told what is spent, and may end it; null: nobody.
  explicit WorkMeter(Watch* watch = nullptr) : watch_(watch) {}

  void Add(Look look, std::int64_t times) { spent_.work += static_cast<std::int64_t>(look) * times; }
  void AddNode() {
    ++spent_.nodes;
    Add(Look::kNode, 1);
  }
  const ExactQuota& spent() const { return spent_; }

  // Where the meter will stand once `quota` is spent.
  ExactQuota After(const ExactQuota& quota) const { return {spent_.nodes + quota.nodes, spent_.work + quota.work}; }

  // Whichever of the two comes first, or the end of the watch, which is asked once a millisecond or so.
  bool IsPast(const ExactQuota& end) {
    constexpr std::int64_t kInterval = 1'000'000;  // units of work
    if (spent_.work >= reported_ + kInterval) Report();
    return spent_.nodes >= end.nodes || spent_.work >= end.work || over_;
  }

  // Tells the watch what it does not know of yet.
  void Report() {
    if (watch_ == nullptr) return;
    watch_->Spend(spent_.work - reported_);
    reported_ = spent_.work;
    over_ = watch_->IsOver();
  }

 private:
  Watch* watch_;
  ExactQuota spent_;
  std::int64_t reported_ = 0;  // work
  bool over_ = false;
};

}  // namespace orionrt
