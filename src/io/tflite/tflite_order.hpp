// The order in which ops run.
#pragma once

#include <vector>

namespace orionrt::tflite_import {

struct Order {
  std::vector<int> ops;  // indices, in execution order
  int stuck = -1;        // if not all could be placed: an op on a cycle,
  int waits_for = -1;    // and the one on the cycle whose result it reads
};

// dependencies[i]: the ops that must run before op i; the same one may be there twice. The order of the file if it
// runs; otherwise at each step the earliest op in the file whose inputs exist. O(ops log ops + dependencies).
Order SortOps(const std::vector<std::vector<int>>& dependencies);

}  // namespace orionrt::tflite_import
