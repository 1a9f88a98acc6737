// What a search for an execution order needs to know of a graph: which ops wait for which, and which bytes live from
// when to when. Ops are named by their positions in the given order, buffers by theirs in OrderModel::buffers.
#pragma once

#include <cstdint>
#include <vector>

namespace orionrt {

// Bytes that live and die together: a tensor, or a part of one. They are there before an op when the producer has run
// and somebody still needs them; a produced buffer without users is there at its producer only, a given one without
// users before anything else runs.
struct OrderBuffer {
  std::int64_t bytes = 0;
  int producer = -1;       // the op that writes it; -1: given from outside, there from the start
  std::vector<int> users;  // the ops that need it, ascending, each once, without the producer
  bool kept = false;       // there to the end
};

// An op may write an output over an input. It saves the bytes while it runs, if nobody needs them afterwards.
struct OrderClaim {
  std::vector<int> dying;  // buffers: the claim holds when all their users but this op have run
  int output = 0;          // position among the op's outputs: one claim for each
  int input = 0;           // and one for each input
  std::int64_t saved_bytes = 0;
};

// The bytes alive at an op are those alive before it, the buffers that it produces, and its workspace, less the most
// that claims, one for each output and one for each input, save.
struct OrderModel {
  std::vector<std::vector<int>> before;  // per op: ops that must have run, ascending, all with lower positions
  std::vector<OrderBuffer> buffers;
  std::vector<std::int64_t> workspace;          // per op, bytes
  std::vector<std::vector<OrderClaim>> claims;  // per op; empty: nothing is done in place
};

}  // namespace orionrt
