// The classic greedy policies: one order, one rule of fit. O(n log n) in practice, memory O(n): see placed_set.hpp.
#include <vector>

#include "plan/orders.hpp"
#include "plan/placer.hpp"
#include "plan/policies.hpp"

namespace orionrt {
namespace {

enum class Fit { kLowest, kTightest };

Plan PlanGreedy(const Problem& problem, Key key, Fit fit) {
  Placer placer(problem);
  placer.PlaceFixed();
  Plan plan;
  for (const Buffer& b : problem.buffers) plan.offsets.push_back(b.fixed_offset == kFree ? 0 : b.fixed_offset);
  const Orders orders(problem, placer.shapes());
  std::vector<int> movable = orders.movable();
  orders.Sort(movable, key);
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
