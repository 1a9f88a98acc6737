#include "io/tflite/tflite_order.hpp"

#include <functional>
#include <queue>

namespace orionrt::tflite_import {
namespace {

// Walks back along ops that could not be placed until one comes again: that one is on a cycle.
void FindCycle(const std::vector<std::vector<int>>& dependencies, const std::vector<int>& waiting, Order& order) {
  std::vector<bool> seen(dependencies.size(), false);
  int at = 0;
  while (waiting[at] == 0) ++at;
  for (;;) {
    int next = -1;
    for (int before : dependencies[at]) {
      if (next < 0 && waiting[before] > 0) next = before;
    }
    if (seen[at]) {
      order.stuck = at;
      order.waits_for = next;
      return;
    }
    seen[at] = true;
    at = next;
  }
}

}  // namespace

Order SortOps(const std::vector<std::vector<int>>& dependencies) {
  const int count = static_cast<int>(dependencies.size());
  std::vector<int> waiting(dependencies.size(), 0);
  std::vector<std::vector<int>> readers(dependencies.size());
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int op = 0; op < count; ++op) {
    for (int before : dependencies[op]) readers[before].push_back(op);
    waiting[op] = static_cast<int>(dependencies[op].size());
    if (waiting[op] == 0) ready.push(op);
  }
  Order order;
  while (!ready.empty()) {
    const int next = ready.top();
    ready.pop();
    order.ops.push_back(next);
    for (int reader : readers[next]) {
      if (--waiting[reader] == 0) ready.push(reader);
    }
  }
  if (order.ops.size() != dependencies.size()) FindCycle(dependencies, waiting, order);
  return order;
}

}  // namespace orionrt::tflite_import
