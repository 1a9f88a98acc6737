// Several spaces: who lies where. docs/spaces.md has the definitions and the formulas.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/hash.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
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
    const bool named = !problem_.allowed_spaces.empty() && !problem_.allowed_spaces[buffer].empty();
    return named ? problem_.allowed_spaces[buffer] : all_;
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

// What one space knows of a buffer when it asks which have to spill.
struct Resident {
  std::int64_t cost = 0;  // of spilling it
  bool pinned = false;    // it cannot
};

struct SpillChoice {
  std::vector<bool> spilled;  // per buffer of the problem
  bool covers = true;         // false: with all spilled that can, still more is alive at some step than the space holds
  std::int64_t cost = 0;      // of the spilled buffers
  std::int64_t bound = 0;     // no choice costs less, whatever the packing
};

// Chooses which buffers spill from a space so that at no step more than `capacity` bytes are alive in it, at little
// cost. `problem` is one of ProblemIn, with a resident per buffer. O(n log n) and a flow over at most some hundred
// sections; up to 4,096 buffers, as many times that as the effort says.
SpillChoice ChooseSpills(const Problem& problem, const std::vector<Resident>& residents, std::int64_t capacity,
                         Effort effort);

// Places one problem without spaces and fills in peak and certificate; options.capacity says what it should fit, if it
// can, but a plan above it is returned, too.
using PackOne = std::function<Plan(const Problem&, const PlanOptions&)>;

// A checked problem with spaces. Throws Error (kInfeasible, kLimit) when something has no place. The caller fills in
// policy and hash.
Plan PlanSpaces(const Problem& problem, const PlanOptions& options, const PackOne& pack);

}  // namespace orionrt
