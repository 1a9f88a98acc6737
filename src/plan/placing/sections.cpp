#include "plan/placing/sections.hpp"

#include <algorithm>

#include "base/index.hpp"

namespace orionrt {
namespace {

bool Alive(const Life& life) { return life.lower < life.upper; }

// The times that occur, as small numbers: by subtraction where they are dense, else by rank.
class TimeScale {
 public:
  explicit TimeScale(const std::vector<Life>& lives) {
    std::int64_t low = INT64_MAX, high = INT64_MIN;
    for (const Life& life : lives) {
      if (!Alive(life)) continue;
      low = std::min(low, life.lower);
      high = std::max(high, life.upper);
    }
    if (low > high) return;
    const auto range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    base_ = low;
    if (range <= 8 * lives.size() + 1024) {
      count_ = static_cast<std::size_t>(range) + 1;
      return;
    }
    times_.reserve(2 * lives.size());
    for (const Life& life : lives) {
      if (!Alive(life)) continue;
      times_.push_back(life.lower);
      times_.push_back(life.upper);
    }
    std::sort(times_.begin(), times_.end());
    times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
    count_ = times_.size();
  }

  std::size_t count() const { return count_; }
  std::size_t Rank(std::int64_t time) const {
    if (times_.empty()) return static_cast<std::size_t>(time - base_);
    return static_cast<std::size_t>(std::lower_bound(times_.begin(), times_.end(), time) - times_.begin());
  }
  std::int64_t Time(std::size_t rank) const {
    return times_.empty() ? base_ + static_cast<std::int64_t>(rank) : times_[rank];
  }

 private:
  std::int64_t base_ = 0;
  std::size_t count_ = 0;
  std::vector<std::int64_t> times_;  // empty: time = base_ + rank
};

}  // namespace

Sections MakeSections(const std::vector<Life>& lives) {
  Sections result;
  result.spans.resize(lives.size());
  const TimeScale scale(lives);
  constexpr unsigned char kBirth = 1, kDeath = 2;
  std::vector<unsigned char> events(scale.count(), 0);
  for (std::size_t i = 0; i < lives.size(); ++i) {  // ranks are kept in the spans until they become sections
    if (!Alive(lives[i])) continue;
    const std::size_t lower = scale.Rank(lives[i].lower), upper = scale.Rank(lives[i].upper);
    events[lower] |= kBirth;
    events[upper] |= kDeath;
    result.spans[i] = {static_cast<int>(lower), static_cast<int>(upper)};
  }
  // At one time deaths come before births: lifetimes are half-open.
  std::vector<int> section(scale.count());
  int closed = 0;
  bool open = false;
  for (std::size_t t = 0; t < events.size(); ++t) {
    if ((events[t] & kDeath) && open) {
      ++closed;
      open = false;
    }
    section[t] = closed;
    if (events[t] & kBirth) {
      if (!open) result.steps.push_back(0);
      result.steps.back() = scale.Time(t);
      open = true;
    }
  }
  for (std::size_t i = 0; i < lives.size(); ++i) {
    if (!Alive(lives[i])) continue;
    Span& span = result.spans[i];
    span = {section[At(span.first)], section[At(span.last)]};
  }
  return result;
}

}  // namespace orionrt
