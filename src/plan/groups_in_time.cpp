#include "plan/groups_in_time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>

#include "base/index.hpp"

namespace orionrt {

std::vector<std::vector<int>> GroupsInTime(const Problem& problem) {
  std::vector<int> by_birth;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    if (problem.buffers[At(i)].size > 0) by_birth.push_back(i);
  }
  std::stable_sort(by_birth.begin(), by_birth.end(),
                   [&](int a, int b) { return problem.buffers[At(a)].lower < problem.buffers[At(b)].lower; });
  std::vector<std::vector<int>> groups;
  std::int64_t end = INT64_MIN;
  for (const int i : by_birth) {
    if (problem.buffers[At(i)].lower >= end) groups.emplace_back();
    groups.back().push_back(i);
    end = std::max(end, problem.buffers[At(i)].upper);
  }
  const auto key = [&](int i) {
    const Buffer& b = problem.buffers[At(i)];
    return std::make_tuple(b.lower, b.upper, -b.size, -b.alignment, b.fixed_offset, i);
  };
  for (std::vector<int>& group : groups) {
    if (problem.parts.empty()) {
      std::sort(group.begin(), group.end(), [&](int a, int b) { return key(a) < key(b); });
    } else {
      std::sort(group.begin(), group.end());
    }
  }
  return groups;
}

}  // namespace orionrt
