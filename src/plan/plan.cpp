// What is asked of any plan: its peak, the bytes that it takes, names of its kinds.
#include "orionrt/plan.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "base/index.hpp"

namespace orionrt {

std::int64_t PeakOf(const Problem& problem, const std::vector<std::int64_t>& offsets) {
  std::int64_t peak = 0;
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    std::int64_t end = 0;
    if (!CheckedAdd(offsets[i], problem.buffers[i].size, &end)) end = kMaxBytes;  // no plan; Validate will say so
    if (problem.buffers[i].size > 0) peak = std::max(peak, end);
  }
  return peak;
}

std::int64_t PeakOf(const Problem& problem, const Plan& plan, int space) {
  return ViewSpace(problem, plan, space).plan.peak_bytes;
}

std::size_t RequiredBytes(const Plan& plan, int space) {
  if (plan.spaces.figures.empty()) return space == 0 ? SizeOrMost(plan.peak_bytes) : 0;
  const bool known = space >= 0 && space < static_cast<int>(plan.spaces.figures.size());
  return known ? SizeOrMost(plan.spaces.figures[At(space)].peak_bytes) : 0;
}

int SpaceOf(const Plan& plan, int i) { return plan.spaces.space_of.empty() ? 0 : plan.spaces.space_of[At(i)]; }

const char* BoundKindName(BoundKind kind) {
  switch (kind) {
    case BoundKind::kLiveBytes:
      return "live_bytes";
    case BoundKind::kFixedOffset:
      return "fixed_offset";
    case BoundKind::kRefutation:
      return "refutation";
    case BoundKind::kBufferSize:
      return "buffer_size";
  }
  return "unknown";
}

const char* SpillReasonName(SpillReason reason) {
  switch (reason) {
    case SpillReason::kTooLarge:
      return "too_large";
    case SpillReason::kNoRoom:
      return "no_room";
    case SpillReason::kNoHole:
      return "no_hole";
  }
  return "unknown";
}

}  // namespace orionrt
