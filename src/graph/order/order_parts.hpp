// Parts of an order model that can be searched on their own, and bounds over all orders.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/order/order_model.hpp"

namespace orionrt {

// The ops order[first..last) when those before them have run and those behind have not; op i of the result is
// order[first + i]. Its peak is that of these steps. What lives throughout is one piece, given and kept. O(model).
OrderModel PartOfOrder(const OrderModel& model, const std::vector<int>& order, int first, int last);

// The places k, ascending, 0 and the number of ops among them, where every order has run the ops 0..k-1 after k steps:
// each op behind such a place waits for each before it. O(ops + edges).
std::vector<int> PlacesThatAllOrdersPass(const OrderModel& model);

// The most that any op finds alive in every order: its own inputs, outputs and workspace less what it could claim, what
// is given and kept, and what an op before it produces and one behind it needs. Where there are too many ops to tell
// before from behind, only the first two. O(ops * pieces / 64) up to a few thousand ops, else O(uses).
std::int64_t UnavoidableBytes(const OrderModel& model);

}  // namespace orionrt
