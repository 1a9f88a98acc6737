// What moved the peak from one plan to another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {

// One buffer's share in the change of the most bytes alive.
struct PeakCause {
  enum class Kind {
    kNew,          // the old plan has no such buffer
    kGone,         // the new one has none
    kResized,      // alive at both peaks, with another size, or other parts of it
    kLivesLonger,  // not alive at the old peak; its life has grown
    kLivesShorter,
    kPeakMoved,  // its life is as long as it was, but the peak is at another step
  };
  Kind kind = Kind::kNew;
  std::string label;           // the name, or the id of a buffer without
  std::int64_t bytes = 0;      // added to the peak, negative where taken off
  std::int64_t steps = 0;      // by how many steps its life has grown
  std::int64_t old_bytes = 0;  // its size; 0 where there is none
  std::int64_t new_bytes = 0;
};

struct PlanDiff {
  struct Side {
    std::string source;
    std::int64_t peak_bytes = 0;
    std::int64_t lower_bound_bytes = 0;
    bool proven_optimal = false;
    std::int64_t nested_bytes = 0;  // of control-flow bodies, on top of the peak
    std::int64_t live_bytes = 0;    // the most alive at once, without padding
    std::int64_t live_step = 0;     // the first step at which they are
    std::int64_t buffers = 0;
    int streams = 0;  // Clocks::streams; where there are some, steps are those of one execution
  };
  Side before;
  Side after;
  std::vector<PeakCause> causes;  // largest first; their bytes add up to the change of live_bytes

  // What an arena needs: peak and bodies.
  std::int64_t Growth() const {
    return after.peak_bytes + after.nested_bytes - before.peak_bytes - before.nested_bytes;
  }
  // The change that live bytes do not tell: gaps, padding, bodies.
  std::int64_t Packing() const { return Growth() - (after.live_bytes - before.live_bytes); }
};

// Buffers are matched by name; by id where a name is missing or stands twice. O(n log n).
ORIONRT_API PlanDiff DiffPlans(const PlanFile& before, const PlanFile& after);

// "t44 now lives 4 steps longer", without the bytes.
ORIONRT_API std::string DescribeCause(const PeakCause& cause);

// For a terminal, and for a pull request (GitHub-flavoured Markdown). Names cannot break either. End with a line break.
ORIONRT_API std::string DescribeDiff(const PlanDiff& diff);
ORIONRT_API std::string DiffToMarkdown(const PlanDiff& diff);

}  // namespace orionrt
