#include "plan/peaks.hpp"

#include <algorithm>

#include "plan/lower_bound.hpp"
#include "plan/rectangles.hpp"

namespace orionrt {
namespace {

// Per section the step at which the first of what is alive there is gone.
std::vector<std::int64_t> EndsOf(const Problem& problem, const Shapes& shapes) {
  std::vector<std::int64_t> ends(shapes.steps.size(), INT64_MAX);
  const std::vector<std::int64_t> at_zero(problem.buffers.size(), 0);
  ForEachPlaced(problem, at_zero, [&](const PlacedRectangle& r) {
    if (r.lower >= r.upper) return;
    const auto next = std::upper_bound(shapes.steps.begin(), shapes.steps.end(), r.upper - 1);
    std::int64_t& end = ends[static_cast<std::size_t>(next - shapes.steps.begin()) - 1];
    end = std::min(end, r.upper);
  });
  return ends;
}

}  // namespace

std::vector<StepSpan> PeakSpans(Problem problem) {
  problem.spaces.clear();
  problem.allowed_spaces.clear();
  problem.uses.clear();
  for (Buffer& buffer : problem.buffers) buffer.fixed_offset = kFree;
  const Shapes shapes(problem);
  const std::vector<std::int64_t> bounds = SectionBounds(problem, shapes);
  std::vector<StepSpan> spans;
  if (bounds.empty()) return spans;
  const std::int64_t most = *std::max_element(bounds.begin(), bounds.end());
  const std::vector<std::int64_t> ends = EndsOf(problem, shapes);
  for (std::size_t s = 0; s < bounds.size(); ++s) {
    if (bounds[s] == most) spans.push_back({shapes.steps[s], ends[s] - 1});
  }
  return spans;
}

}  // namespace orionrt
