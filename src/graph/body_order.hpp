// What a search for an execution order has to know of a graph some of whose tensors lie in one body.
#pragma once

#include "graph/bodies.hpp"
#include "graph/order/order_model.hpp"

namespace orionrt {

// A piece is what lies between two ends of windows in a body: one op writes it, and all members that show it need it.
// As MakeOrderModel of the graph alone, but for views and parts that are bound. The peak of an order is that of live
// bytes, padding left out; claims may be more than ClaimInPlace makes of them, never less, so bounds hold. O(ops + uses
// log uses + members of each piece).
OrderModel MakeBodyOrderModel(const Graph& graph, const Bodies& bodies, bool in_place);

}  // namespace orionrt
