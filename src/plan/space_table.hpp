// The table of memory spaces of a problem, and what a problem looks like from inside one of them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/hash.hpp"
#include "base/index.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// What CheckProblem asks of the table of spaces and of what refers to it. O(n x spaces).
void CheckSpaces(const Problem& problem);

// Adds the table, and what the buffers say of it, to a hash of the problem.
void HashSpaces(const Problem& problem, Hasher& hash);

// Per space how much one byte of traffic costs.
std::vector<std::int64_t> SpaceCosts(const Problem& problem);

// The spaces that a buffer may live in, the best first. The table's order where it names none.
class Preferences {
 public:
  explicit Preferences(const Problem& problem);
  const std::vector<int>& Of(int buffer) const {
    const bool named = !problem_.allowed_spaces.empty() && !problem_.allowed_spaces[At(buffer)].empty();
    return named ? problem_.allowed_spaces[At(buffer)] : all_;
  }

 private:
  const Problem& problem_;
  std::vector<int> all_;
};

// Bytes that a buffer takes in a space: its size, rounded up to the granularity.
std::int64_t BytesIn(const Space& space, const Buffer& buffer);

// Whether a space could hold the buffer if it were empty.
bool CanHold(const Space& space, const Buffer& buffer);

// `buffers` (ascending) as they lie in a space: a problem without spaces, ids and names.
Problem ProblemIn(const Problem& problem, const std::vector<int>& buffers, const Space& space);

}  // namespace orionrt
