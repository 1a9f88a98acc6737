// Which ops stand at the peak only because nobody says that their kernels may write in place. Internal to the report.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/lowering.hpp"

namespace orionrt {

// A graph with whole types of ops allowed to write in place, as --assume-in-place allows it, and transformed.
struct AssumedTypes {
  std::vector<std::string> types;  // ascending
  int ops = 0;                     // of these types, that then write in place
  int other_ops = 0;               // that write in place without any assumption
  Lowered lowered;
};

// At first what `transforms`, and in-place, make of the graph without any assumption (no types); then, as long as types
// are found that may be all that keeps the peak up, with these too, and so on. `transforms` of order are left out: ops
// stay as they are listed. Types of kernels that cannot work in place (MixesElements) are never assumed. Not for
// several streams. At most five rounds of O(n log n).
std::vector<AssumedTypes> AssumeTypes(const Graph& graph, Transforms transforms, std::int64_t alignment);

}  // namespace orionrt
