// What somebody may have meant who wrote a name that there is not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace orionrt {

// Of changes, additions, omissions and swaps of neighbours: the optimal string alignment distance.
inline std::size_t LetterDistance(const std::string& a, const std::string& b) {
  const std::size_t columns = b.size() + 1;
  std::vector<std::size_t> cost((a.size() + 1) * columns);
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      std::size_t& here = cost[i * columns + j];
      if (i == 0 || j == 0) {
        here = i + j;
        continue;
      }
      here = std::min({cost[(i - 1) * columns + j] + 1, cost[i * columns + j - 1] + 1,
                       cost[(i - 1) * columns + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) here = std::min(here, cost[(i - 2) * columns + j - 2] + 1);
    }
  }
  return cost.back();
}

// "; did you mean plan?": the known name that takes the fewest letters to change, add, leave out or swap, where those
// are no more than a third of it; the first of several. Empty where there is none. O(letters of both, per name).
inline std::string DidYouMean(const std::string& given, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest = 64;  // letters; what is longer is no slip of the finger
  if (given.size() > kLongest) return "";
  const std::string* nearest = nullptr;
  std::size_t least = 0;
  for (const std::string& name : known) {
    const std::size_t distance = LetterDistance(given, name);
    if (distance * 3 > name.size() || (nearest != nullptr && distance >= least)) continue;
    nearest = &name;
    least = distance;
  }
  return nearest == nullptr ? "" : "; did you mean " + *nearest + "?";
}

}  // namespace orionrt
