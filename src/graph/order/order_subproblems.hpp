// Subproblems of an order model, which can be searched on their own, and bounds over all orders.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/order/order_space.hpp"

namespace orionrt {

// The ops order[first..last) when those before them have run and those behind have not; op i of the result is
// order[first + i]. Its peak is that of these steps. What lives throughout is one buffer, given and kept. O(model).
OrderModel SubproblemOf(const OrderModel& model, const std::vector<int>& order, int first, int last);

// The places k, ascending, 0 and the number of ops among them, where every order has run the ops 0..k-1 after k steps:
// each op behind such a place waits for each before it. O(ops + edges).
std::vector<int> PlacesThatAllOrdersPass(const OrderSpace& space);

// A bound over all orders: the most that any op finds alive in the order that is best for it alone. With up to a few
// thousand ops, that is the fewest bytes of any set of ops that may run before it (a minimum cut), with its outputs and
// workspace, less what it could claim; the ops that find most alive in `bytes` (of some order, per op) are asked first,
// and those that find no more there than the bound so far, not at all. With more ops, what it reads and writes itself
// and what is given and kept. Cuts take from `*steps`, and none is made when they have run out. O(uses)
// beyond that.
std::int64_t UnavoidableBytes(const OrderModel& model, const std::vector<std::int64_t>& bytes, std::int64_t* steps);

}  // namespace orionrt
