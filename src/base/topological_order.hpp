// The one topological sort: of ops of graphs on several streams, and of nodes of model files.
#pragma once

#include <vector>

#include "orionrt/config.hpp"

namespace orionrt {

struct TopologicalOrder {
  std::vector<int> order;        // what could be placed, in running order
  std::vector<int> waiting_for;  // per item how many of those before it were not placed
  // Where not all could be placed: an item on a cycle, and the first of those before it that is on that cycle too.
  int on_cycle = -1;
  int waits_for = -1;
};

// `before[i]`: what must run before item i; the same one may be there twice. At each step the first item of the list
// that may run, so a list that runs as it stands stays as it is. O(items log items + entries of `before`).
ORIONRT_API TopologicalOrder SortTopologically(const std::vector<std::vector<int>>& before);

}  // namespace orionrt
