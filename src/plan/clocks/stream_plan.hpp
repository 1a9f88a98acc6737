// Plans on several streams, and wherever pairs are to be kept apart.
//
// A problem falls apart, and its parts do in turn: in parallel, where every buffer of one part conflicts with every one
// of another, and the parts are stacked; in series, where every buffer of one is over before every one of the other,
// and they take the same bytes. (Comparability graphs decompose so, along the connected components of the graph and of
// its complement.) What remains in one line of execution, an interval order, is planned as such, with all that `auto`
// has. The rest is general: first-fit in several orders, lanes, and then Displacer, within a budget of steps; and an
// exact search where few buffers are left.
//
//   stacked                    in series          general
//     +---------+                                    b1 ──▶ b2
//     | P  ...  |               P  ───▶  Q               ╲
//     +---------+               the same bytes       a1 ──▶ a2
//     | Q  ...  |
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"
#include "plan/clocks/precedence.hpp"

namespace orionrt {

// Whether a problem is one for PlanStreams: it has clocks, or pairs kept apart.
inline bool NeedsStreams(const Problem& problem) { return problem.clocks.streams > 0 || !problem.apart.empty(); }

// The policies. Deterministic; effort is counted in entries of lists looked at.
Plan PlanStreams(const Problem& problem, const PlanOptions& options);
Plan PlanStreamsExact(const Problem& problem, const PlanOptions& options);

// One pass: largest first, or in the order of begins; at the lowest offset, or in the tightest gap.
enum class StreamOrderKey { kBegin, kSize };
Plan PlaceOnStreams(const Problem& problem, StreamOrderKey key, bool tightest);

// The bound with clocks: the heaviest antichain, padding of one common alignment included, and fixed offsets.
// `order` is that of the problem.
Certificate StreamBound(const Problem& problem, const Precedence& order);

// Steps as clocks of one stream, where there are no others: for whoever knows clocks alone.
Problem WithClocks(const Problem& problem);

// The problem for whoever knows no clocks and no pairs: lives are widened, also so that pairs meet.
Problem WithoutClocks(const Problem& problem);

// Lives in the steps of one execution: what is alive together there conflicts, and what conflicts need not be. For
// bounds of load, figures and pictures; no plan of it is one of the problem. Without clocks lives stay as they are.
ORIONRT_API Problem InOneExecution(Problem problem);

}  // namespace orionrt
