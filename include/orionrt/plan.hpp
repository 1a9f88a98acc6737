// Where everything goes, how good that is, whether it is right, and its figures.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// Why no plan of the problem can have a lower peak than the bound.
enum class BoundKind {
  kLiveBytes,    // the buffers alive at one step need that many bytes, alignment padding included
  kFixedOffset,  // a buffer with a fixed offset ends there
  kRefutation,   // a search over every placement of the witness buffers found none below
  kBufferSize,   // a buffer has that size, though at no step it has a byte in all of it
};

struct Certificate {
  std::int64_t lower_bound_bytes = 0;
  BoundKind bound_kind = BoundKind::kLiveBytes;
  bool proven_optimal = false;    // peak_bytes == lower_bound_bytes
  std::int64_t witness_step = 0;  // a step at which the bound is reached
  std::vector<int> witness;       // indices of the buffers that force the bound, ascending
  std::int64_t search_nodes = 0;  // of a refutation: the nodes of the search
};

// What one space holds. The certificate is about these buffers in this space: no packing of them is lower.
struct SpaceFigures {
  std::int64_t peak_bytes = 0;  // max over its buffers of offset + size rounded up to its granularity
  Certificate certificate;
};

enum class SpillReason {
  kTooLarge,  // larger than the space, or than what the space takes as one buffer
  kNoRoom,    // at `step` the space has `room_bytes` left, and the buffer needs more
  kNoHole,    // room at every step, but nowhere in one piece throughout its life
};

// A buffer that does not lie where it would best.
struct Spill {
  int buffer = 0;
  int from = 0;  // the space that it would rather be in: the first that it may live in
  int to = 0;    // the one that it is in
  SpillReason reason = SpillReason::kNoRoom;
  std::int64_t step = 0;        // of its life: the one at which least is left in `from`
  std::int64_t room_bytes = 0;  // what is left there and then
  std::int64_t cost = 0;        // SpillCost
};

// With a table of spaces: who lies where, and what that costs. Empty without.
struct SpacePlan {
  std::vector<int> space_of;          // per buffer the index of its space
  std::vector<SpaceFigures> figures;  // per space
  std::vector<Spill> spills;          // by buffer
  std::int64_t spill_cost = 0;        // sum over the spills
  std::int64_t spill_cost_bound = 0;  // no plan can have a lower one; equal: the choice is proven the cheapest
};

struct Plan {
  std::vector<std::int64_t> offsets;  // bytes, one per buffer of the problem, from the first byte of its space
  std::int64_t peak_bytes = 0;        // max over buffers of offset + size; not rounded. With spaces: sum of their peaks
  Certificate certificate;            // of peak_bytes; with several spaces, whoever lies where
  SpacePlan spaces;
  std::string policy;              // the policy that made it; for `auto`, `auto` and its winner: "auto:first_fit"
  std::uint64_t problem_hash = 0;  // HashProblem of the problem that it holds for
  bool time_limited = false;       // a wall-clock limit shaped the result: it may differ on another machine
  bool interrupted = false;        // an observer stopped planning before it was done: the best plan until then
  // Of `auto`, unless it is proven optimal: the policies of one pass that it did not try, for want of budget or because
  // it was stopped. Than all others of them the plan is no worse.
  std::vector<std::string> policies_not_run;
  std::int64_t work = 0;  // what planning did, in entries looked at, about a nanosecond each; 0: not counted
};

// Max over buffers that are not empty of offset + size; 2^63 - 1 where that overflows. O(n).
ORIONRT_API std::int64_t PeakOf(const Problem& problem, const std::vector<std::int64_t>& offsets);

// The peak of one space of the problem's table, as SpaceFigures has it. O(n).
ORIONRT_API std::int64_t PeakOf(const Problem& problem, const Plan& plan, int space);

// Bytes that the arena of space number `space` needs for this plan, its base being aligned to the largest alignment
// planned for: the peak, exactly. Without a table of spaces there is number 0 alone; 0 for a space that there is not.
ORIONRT_API std::size_t RequiredBytes(const Plan& plan, int space = 0);

// The space of buffer `i`; 0 without spaces.
ORIONRT_API int SpaceOf(const Plan& plan, int i);

// What lies in one space as a problem and a plan without spaces: sizes are rounded up and alignments raised as there.
// With the ids and names. Of a valid plan, or one that `Validate` finds fault with other than kCount. O(n).
struct SpaceView {
  Problem problem;
  Plan plan;
  std::vector<int> buffers;  // their indices in the whole
};
ORIONRT_API SpaceView ViewSpace(const Problem& problem, const Plan& plan, int space);

// The strongest bound known without search: live bytes, with the padding that alignment forces, and fixed offsets.
// Rounding all sizes up to the alignment would be no bound: the topmost buffer needs no padding. With several spaces, a
// bound of the sum of their peaks: live bytes without padding. O(n log n).
ORIONRT_API Certificate LowerBound(const Problem& problem);

// "live_bytes", "fixed_offset", "refutation"; "too_large", "no_room", "no_hole".
ORIONRT_API const char* BoundKindName(BoundKind kind);
ORIONRT_API const char* SpillReasonName(SpillReason reason);

struct Violation {
  enum class Kind {
    kCount,        // the plan places another number of buffers than there are
    kOffset,       // an offset is negative, misaligned, not the fixed one, or ends past 63 bits
    kSpace,        // a buffer is in a space that there is not, that it may not live in, or that is too small for it
    kOverlap,      // two buffers alive together share bytes of one space
    kPeak,         // the stated peak, of a space or the whole, is not the highest end of a buffer
    kSpill,        // the stated cost of spills is not what the buffers' spaces make it, or is below its bound
    kCertificate,  // the stated bound is above the peak, or "proven optimal" does not follow from it
  };
  Kind kind = Kind::kCount;
  int first = -1;  // buffers at fault, or -1
  int second = -1;
  std::int64_t step = 0;  // of an overlap: a step at which both are alive, and the bytes [begin, end) that they share
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::string message;  // all of this in words
};

// The first fault found, in order of kind and then of steps; nothing when the plan is good. Sweeps the steps and keeps
// the live rectangles in a tree ordered by address: O(n log n) for n parts.
[[nodiscard]] ORIONRT_API std::optional<Violation> Validate(const Problem& problem, const Plan& plan);

// What a buffer is to its graph. The first that applies, in the order state, input, output, workspace, activation.
enum class BufferClass { kInput, kOutput, kState, kActivation, kWorkspace, kOther };
inline constexpr int kBufferClasses = 6;

// "input", "output", "state", "activation", "workspace"; "other" for buffers that came without a graph.
ORIONRT_API const char* BufferClassName(BufferClass kind);

struct ClassMetrics {
  std::int64_t count = 0;          // buffers, empty ones included
  std::int64_t bytes = 0;          // the sum of their sizes
  std::int64_t bytes_at_peak = 0;  // of these, alive at Metrics::peak_step
};

// Of the buffers of one space. All bytes, unless said otherwise. Steps count from the first at which one of them is
// alive to the last.
//
// On several streams (Problem::clocks) there is no one order of steps. The steps are then those of one execution: the
// begins of all buffers, from 0, in an order in which the streams may advance. Whatever is alive together there really
// is, so none of these figures is negative or above the peak; another execution may have more alive.
struct Metrics {
  std::int64_t peak_bytes = 0;
  std::int64_t no_reuse_bytes = 0;  // NoReuseBytes
  std::int64_t max_live_bytes = 0;  // at any step
  // The step at which a buffer reaches the peak; of several the one with the most bytes alive, then the first.
  std::int64_t peak_step = 0;
  // peak_bytes at that step are: alive, lost to alignment between neighbours, or in holes that nothing forces.
  std::int64_t live_at_peak_bytes = 0;
  std::int64_t padding_at_peak_bytes = 0;
  std::int64_t fragmentation_at_peak_bytes = 0;
  // Holes: below the highest byte alive at a step, but not alive; padding is among them.
  std::int64_t max_holes_bytes = 0;
  std::int64_t max_holes_step = 0;
  std::int64_t mean_holes_bytes = 0;  // over the steps, rounded down
  std::int64_t utilisation_ppm = 0;   // millionths of peak x steps at which a byte is alive
  std::array<ClassMetrics, kBufferClasses> classes = {};
};

// The bytes that every buffer needs in a place of its own, aligned, in the order of the problem. O(n).
ORIONRT_API std::int64_t NoReuseBytes(const Problem& problem);

// `classes`: one per buffer, or none: then all are kOther. `space`: of the problem's table; sizes count as rounded up
// there. Without a table there is number 0. The plan must be one that Validate
// takes. O(n log n), and 60 bytes of memory a buffer.
ORIONRT_API Metrics MeasurePlan(const Problem& problem, const Plan& plan, const std::vector<BufferClass>& classes = {},
                                int space = 0);

}  // namespace orionrt
