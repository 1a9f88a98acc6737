// The classic greedy policies: one order, one rule of fit. O(n log n) in practice, memory O(n): see
// placing/placed_set.hpp.
#include <vector>

#include "plan/clocks/stream_plan.hpp"
#include "plan/placing/orders.hpp"
#include "plan/placing/placer.hpp"
#include "plan/policies.hpp"

namespace orionrt {
namespace {

enum class Fit { kLowest, kTightest };

Plan PlanGreedy(const Problem& problem, Key key, Fit fit) {
  if (NeedsStreams(problem)) {
    const StreamOrderKey order = key == Key::kEarly ? StreamOrderKey::kBegin : StreamOrderKey::kSize;
    return PlaceOnStreams(problem, order, fit == Fit::kTightest);
  }
  const Shapes shapes(problem);
  Placer placer(problem, shapes);
  const Orders orders(problem, shapes, {});
  std::vector<int> movable = orders.movable();
  orders.Sort(movable, key);
  Plan plan;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const std::int64_t fixed = problem.buffers[i].fixed_offset;
    plan.offsets.push_back(fixed == kFree ? 0 : fixed);
    if (fixed != kFree) placer.Place(i, fixed);
  }
  for (const int i : movable) {
    plan.offsets[i] = fit == Fit::kLowest ? placer.LowestFit(i) : placer.TightestFit(i);
    placer.Place(i, plan.offsets[i]);
  }
  return plan;
}

}  // namespace

Plan PlanFirstFit(const Problem& problem, const PlanOptions&) { return PlanGreedy(problem, Key::kEarly, Fit::kLowest); }
Plan PlanGreedyBySize(const Problem& problem, const PlanOptions&) {
  return PlanGreedy(problem, Key::kSizeEarly, Fit::kLowest);
}
Plan PlanBestFit(const Problem& problem, const PlanOptions&) {
  return PlanGreedy(problem, Key::kSizeEarly, Fit::kTightest);
}

}  // namespace orionrt
