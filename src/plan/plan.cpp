#include "orionrt/plan.hpp"

#include <algorithm>

#include "base/checked.hpp"

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

const char* BoundKindName(BoundKind kind) {
  switch (kind) {
    case BoundKind::kLiveBytes:
      return "live_bytes";
    case BoundKind::kFixedOffset:
      return "fixed_offset";
    case BoundKind::kRefutation:
      return "refutation";
  }
  return "unknown";
}

}  // namespace orionrt
