// How much the exact search has done, counted so that the count is the same on every machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace orionrt {

// What the loops that dominate look at, and what one look costs in units of work. A unit is about a nanosecond of one
// core. Nodes are no measure of time: one costs a microsecond where few buffers are alive, and a millisecond where
// thousands are.
enum class Look : std::int64_t {
  kMember = 1,     // an unplaced buffer of a section
  kSection = 1,    // a section of a life, or of a stretch that is walked over
  kSlot = 4,       // a section of a life whose list of members changes
  kLift = 4,       // a floor or a head
  kChange = 4,     // a change undone
  kChoice = 10,    // a section scored
  kHashed = 4,     // a section in a key
  kNode = 50,      // a node, but for all of the above
  kRanked = 100,   // a buffer sorted into an order
  kLaid = 8,       // a buffer in a section of a model or an empty state
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
  using Clock = std::chrono::steady_clock;

  // The only thing that makes a result depend on the machine; none by default.
  void SetDeadline(Clock::time_point deadline) { deadline_ = deadline; }

  void Add(Look look, std::int64_t times) { spent_.work += static_cast<std::int64_t>(look) * times; }
  void AddNode() {
    ++spent_.nodes;
    Add(Look::kNode, 1);
  }
  const ExactQuota& spent() const { return spent_; }

  // Where the meter will stand once `quota` is spent.
  ExactQuota After(const ExactQuota& quota) const { return {spent_.nodes + quota.nodes, spent_.work + quota.work}; }

  // Whichever of the two comes first, or the deadline.
  bool IsPast(const ExactQuota& end) {
    LookAtClock();
    return spent_.nodes >= end.nodes || spent_.work >= end.work || expired_;
  }
  bool expired() const { return expired_; }

 private:
  // Once a millisecond or so.
  void LookAtClock() {
    constexpr std::int64_t kInterval = 1'000'000;  // units of work
    if (!deadline_ || spent_.work < next_look_) return;
    next_look_ = spent_.work + kInterval;
    expired_ |= Clock::now() >= *deadline_;
  }

  ExactQuota spent_;
  std::optional<Clock::time_point> deadline_;
  std::int64_t next_look_ = 0;
  bool expired_ = false;
};

}  // namespace orionrt
