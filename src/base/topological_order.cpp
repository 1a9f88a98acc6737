// Owes its callers one order for one list, on every machine: ties go to what stands first in the list.
#include "base/topological_order.hpp"

#include <algorithm>
#include <functional>
#include <queue>

#include "base/index.hpp"

namespace orionrt {
namespace {

// Walks back along items that were not placed until one comes again: that one is on a cycle.
void FindCycle(const std::vector<std::vector<int>>& before, TopologicalOrder& sorted) {
  const auto waits = [&](int item) { return sorted.waiting_for[At(item)] > 0; };
  const auto first_waiting = [&](int item) {
    return *std::find_if(before[At(item)].begin(), before[At(item)].end(), waits);
  };
  int at = 0;
  while (!waits(at)) ++at;
  for (std::vector<bool> seen(before.size(), false); !seen[At(at)]; at = first_waiting(at)) seen[At(at)] = true;
  sorted.on_cycle = at;
  sorted.waits_for = first_waiting(at);
}

}  // namespace

TopologicalOrder SortTopologically(const std::vector<std::vector<int>>& before) {
  TopologicalOrder sorted;
  std::vector<std::vector<int>> behind(before.size());
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int i = 0; i < static_cast<int>(before.size()); ++i) {
    for (const int previous : before[At(i)]) behind[At(previous)].push_back(i);
    sorted.waiting_for.push_back(static_cast<int>(before[At(i)].size()));
    if (before[At(i)].empty()) ready.push(i);
  }
  while (!ready.empty()) {
    sorted.order.push_back(ready.top());
    ready.pop();
    for (const int next : behind[At(sorted.order.back())]) {
      if (--sorted.waiting_for[At(next)] == 0) ready.push(next);
    }
  }
  if (sorted.order.size() < before.size()) FindCycle(before, sorted);
  return sorted;
}

}  // namespace orionrt
