#include "plan/part_union.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <tuple>
#include <utility>

namespace orionrt {
namespace {

using Spans = std::vector<std::pair<std::int64_t, std::int64_t>>;  // of steps: ascending, apart

// The steps at which one of the spans is alive; those that touch become one.
Spans Union(const std::multiset<std::pair<std::int64_t, std::int64_t>>& spans) {
  Spans all;
  for (const auto& [lower, upper] : spans) {
    if (all.empty() || lower > all.back().second) {
      all.emplace_back(lower, upper);
    } else {
      all.back().second = std::max(all.back().second, upper);
    }
  }
  return all;
}

}  // namespace

//  bytes                         Between two ends of windows the rectangles are the same: a segment. Its parts are the
//    |      +--- c -------+      steps at which one of them is alive; a part grows over the segments that follow for
//    |  +- b ---------+   |      as long as they have one of the same steps.
//    |  |   +---------+---+
//    +--+----------------------> steps
std::vector<Part> UnionOf(const std::vector<Part>& rectangles) {
  std::vector<std::int64_t> ends;
  std::vector<std::pair<std::int64_t, const Part*>> coming, going;
  for (const Part& rectangle : rectangles) {
    ends.insert(ends.end(), {rectangle.begin, rectangle.end});
    coming.emplace_back(rectangle.begin, &rectangle);
    going.emplace_back(rectangle.end, &rectangle);
  }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  const auto by_bytes = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::sort(coming.begin(), coming.end(), by_bytes);
  std::sort(going.begin(), going.end(), by_bytes);

  std::vector<Part> parts, open;  // open: those of the segment before, by their steps
  std::multiset<std::pair<std::int64_t, std::int64_t>> here;
  std::size_t in = 0, out = 0;
  for (std::size_t s = 0; s + 1 < ends.size(); ++s) {
    for (; out < going.size() && going[out].first <= ends[s]; ++out) {
      here.erase(here.find({going[out].second->lower, going[out].second->upper}));
    }
    for (; in < coming.size() && coming[in].first <= ends[s]; ++in) {
      here.emplace(coming[in].second->lower, coming[in].second->upper);
    }
    std::vector<Part> now;
    for (const auto& [lower, upper] : Union(here)) {
      now.push_back({rectangles.front().buffer, lower, upper, ends[s], ends[s + 1]});
    }
    for (const Part& before : open) {
      const auto same = std::find_if(now.begin(), now.end(), [&](const Part& part) {
        return part.lower == before.lower && part.upper == before.upper;
      });
      if (same == now.end()) {
        parts.push_back(before);
      } else {
        same->begin = before.begin;
      }
    }
    open = std::move(now);
  }
  parts.insert(parts.end(), open.begin(), open.end());
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return std::tie(a.lower, a.begin) < std::tie(b.lower, b.begin); });
  return parts;
}

}  // namespace orionrt
