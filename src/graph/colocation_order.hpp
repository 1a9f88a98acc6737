// What a search for an execution order has to know of a graph some of whose tensors lie in one group.
#pragma once

#include <vector>

#include "graph/colocations.hpp"
#include "graph/order/order_model.hpp"
#include "orionrt/config.hpp"

namespace orionrt {

// A buffer is what lies between two ends of windows in a group: one op writes it, and all members that show it need it.
// Ops with effects (has_effects, no outputs, or a state among their tensors) keep their order among themselves. With
// `in_place`, what OpNode::aliases allow an output to lie on (kSameIndex, kStreaming, kReadsFirst), where an op
// produced the input and nothing keeps it. The peak of an order is that of live bytes, padding left out; claims may be
// more than ClaimInPlace makes of them, never less, so bounds hold. O(ops + uses log uses + members of each buffer).
OrderModel MakeOrderModel(const Graph& graph, const Colocations& colocations, bool in_place);

// Per op (positions, ascending) those that have run before it in any order, whatever is shared: who writes what it
// reads and what that is a view of, `after`, and of ops with effects the one before. Those
// that are waited for only by way of others may be missing. O((ops + uses) log uses).
ORIONRT_API std::vector<std::vector<int>> OpsBefore(const Graph& graph);

}  // namespace orionrt
