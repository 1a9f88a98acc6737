// The classic greedy policies: buffers in one order, each placed by one rule of fit. O(n log n) in practice where few
// are alive at once, O(n^2) of small steps where many are; memory O(n): see placing/placing.hpp.
#include <vector>

#include "plan/clocks/stream_plan.hpp"
#include "plan/placing/placing.hpp"
#include "plan/placing/sort_keys.hpp"
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
  Placing placing(problem, shapes);
  const SortKeys sort_keys(problem, shapes, {});
  std::vector<int> movable = sort_keys.movable();
  sort_keys.Sort(movable, key);
  Plan plan;
  plan.offsets = PlaceInOrder(problem, placing, movable, fit == Fit::kTightest);
  plan.work = placing.work();
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
