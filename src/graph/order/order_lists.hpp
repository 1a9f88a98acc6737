// Orders made in one pass: what a search starts from, and all that very large graphs get.
#pragma once

#include <vector>

#include "graph/order/order_space.hpp"

namespace orionrt {

// Distinct orders, as ops of the model: list schedules and post-orders, from either end of the graph, in a fixed
// sequence. O((ops + uses) log ops) each, and as much again per user where many ops wait for one buffer.
std::vector<std::vector<int>> MakeListOrders(const OrderSpace& forwards, const OrderSpace& backwards);

}  // namespace orionrt
