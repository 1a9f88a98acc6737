#include "plan/clocks/first_fits.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "plan/clocks/antichain.hpp"

namespace orionrt {
namespace {

// Classes by octave, each in so many equal steps.
std::int64_t ClassOf(std::int64_t size, std::int64_t steps) {
  int octave = 0;
  while (size >> (octave + 1) != 0) ++octave;
  return octave * steps + ((size - (std::int64_t{1} << octave)) >> std::max(0, octave - 20)) * steps /
                              std::max<std::int64_t>(1, (std::int64_t{1} << octave) >> std::max(0, octave - 20));
}

std::int64_t Area(std::int64_t size, int length) {
  std::int64_t area = 0;
  return CheckedMul(size, std::int64_t{length}, &area) ? area : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

FirstFits::FirstFits(const Problem& problem, const Precedence& order, std::int64_t bound)
    : problem_(problem), order_(order), bound_(bound), facts_(problem.buffers.size()) {
  for (int r = 0; r < order.count(); ++r) {
    const Precedence::Span span = order.Serial(r);
    Facts& facts = facts_[At(order.rectangles()[At(r)].buffer)];
    facts.begin = facts.length == 0 ? span.lower : std::min(facts.begin, span.lower);
    facts.end = std::max(facts.end, span.upper);
    facts.length = facts.end - facts.begin;
  }
  for (int i = 0; i < static_cast<int>(facts_.size()); ++i) {
    if (facts_[At(i)].length > 0) buffers_.push_back(i);
  }
}

const char* FirstFits::Name(int order) {
  constexpr const char* kNames[kOrders] = {"class_begin", "size",     "class_end", "octave_begin",
                                           "area",        "pressure", "begin"};
  return kNames[order];
}

std::vector<WheelItem> FirstFits::Items() const {
  std::vector<std::int64_t> load;
  for (const int i : buffers_) {
    const Facts& facts = facts_[At(i)];
    if (load.size() <= At(facts.end)) load.resize(At(facts.end) + 1, 0);
    load[At(facts.begin)] += problem_.buffers[At(i)].size;
    load[At(facts.end)] -= problem_.buffers[At(i)].size;
  }
  std::partial_sum(load.begin(), load.end(), load.begin());
  const auto worst = static_cast<int>(std::max_element(load.begin(), load.end()) - load.begin());
  std::vector<WheelItem> items;
  for (const int i : buffers_) {
    const Facts& facts = facts_[At(i)];
    if (problem_.buffers[At(i)].fixed_offset != kFree) continue;
    const int distance = std::max({0, facts.begin - worst, worst - facts.end + 1});
    items.push_back({i, problem_.buffers[At(i)].size, distance, facts.length, facts.begin, facts.end,
                     problem_.buffers[At(i)].alignment});
  }
  return items;
}

std::vector<int> FirstFits::Sorted(int order) {
  if (order == kPressure) FindPressure();
  std::vector<std::pair<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>, int>> keys;
  for (const int i : buffers_) {
    const Facts& facts = facts_[At(i)];
    const std::int64_t size = problem_.buffers[At(i)].size, begin = facts.begin, end = -facts.end;
    std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t> key;
    switch (order) {
      case kClassBegin:
        key = {-ClassOf(size, 4), begin, -size, end};
        break;
      case kSize:
        key = {-size, begin, end, 0};
        break;
      case kClassEnd:
        key = {-ClassOf(size, 4), end, -size, begin};
        break;
      case kOctaveBegin:
        key = {-ClassOf(size, 1), begin, -size, end};
        break;
      case kArea:
        key = {-Area(size, facts.length), begin, -size, end};
        break;
      case kPressure:
        key = {-facts.pressure, begin, -size, end};
        break;
      default:
        key = {begin, -size, end, 0};
        break;
    }
    keys.emplace_back(key, i);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<int> sorted;
  for (const auto& [key, i] : keys) sorted.push_back(i);
  return sorted;
}

void FirstFits::FindPressure() {
  std::vector<std::int64_t> sizes, around(At(order_.count()));
  for (const Precedence::Rectangle& r : order_.rectangles()) sizes.push_back(r.end - r.begin);
  for (const int r : HeaviestAntichain(order_, sizes).rectangles) {
    facts_[At(order_.rectangles()[At(r)].buffer)].pressure = bound_;
  }
  for (int r = 0; r < order_.count(); ++r) {
    std::int64_t& pressure = facts_[At(order_.rectangles()[At(r)].buffer)].pressure;
    if (pressure >= bound_) continue;
    for (int other = 0; other < order_.count(); ++other) {
      around[At(other)] = other == r || order_.Conflict(r, other) ? sizes[At(other)] : 0;
    }
    pressure = std::max(pressure, HeaviestAntichain(order_, around).weight);
  }
}

}  // namespace orionrt
