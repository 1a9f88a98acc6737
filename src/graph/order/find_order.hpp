// An execution order of lower peak.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/order/order_model.hpp"

namespace orionrt {

struct OrderOptions {
  // How many ops the searches may try in all; one is of the order of 100 ns. Counted, so that the answer does not
  // depend on the machine.
  std::int64_t steps = 4'000'000;
  int runners_up = 4;  // how many other orders to keep
};

struct OrderResult {
  std::vector<int> order;              // ops of the model, in the order in which they run
  std::int64_t peak_bytes = 0;         // the most alive at any op in that order
  std::int64_t lower_bound_bytes = 0;  // no order has less
  bool proven_optimal = false;         // the two are equal
  // Other orders by peak, ties as found, for whoever judges by what a plan makes of them.
  std::vector<std::vector<int>> runners_up;
};

// Never worse than the given order 0..n-1. The optimum where the exact search ends within the steps (docs/order.md says
// when it does); else the best of list schedules and of exact searches in windows, with a bound. Deterministic. O((ops
// + uses) log ops) beyond the steps.
OrderResult FindOrder(const OrderModel& model, const OrderOptions& options = {});

}  // namespace orionrt
