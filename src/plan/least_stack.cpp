#include "plan/least_stack.hpp"

#include <algorithm>
#include <cstddef>
#include <random>

#include "base/index.hpp"
#include "orionrt/plan.hpp"
#include "plan/clique_first.hpp"
#include "plan/fixed.hpp"
#include "plan/least_padding.hpp"
#include "plan/lower_bound.hpp"
#include "plan/placing/placer.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kWorkOfPlacing = 160;  // a buffer, where there are few
constexpr std::int64_t kShareOfDraws = 2;     // of all work: half, at the most
constexpr CliqueFirst::Patience kPatienceOfDraw{12, 1, 1, 0};

// The buffers that hold bytes where most are alive, ascending.
std::vector<int> AliveAtWorst(const Problem& problem, const Shapes& shapes) {
  const std::vector<std::int64_t> bounds = SectionBounds(problem, shapes);
  const auto worst = static_cast<int>(std::max_element(bounds.begin(), bounds.end()) - bounds.begin());
  std::vector<int> alive;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const bool is_alive = std::any_of(shapes.begin(i), shapes.end(i), [&](const Rectangle& it) {
      return it.span.first <= worst && worst < it.span.last;
    });
    if (is_alive) alive.push_back(i);
  }
  return alive;
}

bool Meet(const Shapes& shapes, int a, int b) {
  return std::any_of(shapes.begin(a), shapes.end(a), [&](const Rectangle& x) {
    return std::any_of(shapes.begin(b), shapes.end(b), [&](const Rectangle& y) { return Overlap(x.span, y.span); });
  });
}

// Whether they lie on top of each other in any plan, each with all of its bytes.
bool AreStacked(const Problem& problem, const Shapes& shapes, const std::vector<int>& buffers) {
  if (buffers.size() < 2 || buffers.size() > LeastPadding::kMost) return false;
  for (const int a : buffers) {
    if (problem.buffers[At(a)].alignment > LeastPadding::kMostAlignment) return false;
    const bool is_whole = std::all_of(shapes.begin(a), shapes.end(a), [&](const Rectangle& it) {
      return it.begin == 0 && it.end == problem.buffers[At(a)].size;
    });
    if (!is_whole) return false;
    for (const int b : buffers) {
      if (b != a && !Meet(shapes, a, b)) return false;
    }
  }
  return true;
}

}  // namespace

LeastStack PackOnLeastStack(const Problem& problem, const std::vector<int>& witness, std::int64_t bound,
                            std::int64_t peak, std::int64_t& work, Watch& watch) {
  LeastStack result;
  if (HasFixed(problem)) return result;
  const Shapes shapes(problem);
  std::vector<int> buffers = witness;
  if (!AreStacked(problem, shapes, buffers)) buffers = AliveAtWorst(problem, shapes);
  if (!AreStacked(problem, shapes, buffers)) return result;
  const std::int64_t steps = LeastPadding::WorkOf(buffers.size()), most_on_draws = work / kShareOfDraws;
  if (steps > work) return result;
  watch.Enter("least_stack");
  CliqueFirst packer(problem, buffers, kWorkOfPlacing, watch);
  std::vector<LeastPadding::Item> items;
  for (const int i : packer.clique()) items.push_back({problem.buffers[At(i)].size, problem.buffers[At(i)].alignment});
  const LeastPadding orders(items);
  watch.Spend(steps);
  work -= steps;
  result.bound = orders.least_height();
  result.buffers = buffers;
  std::mt19937_64 random(1);
  const std::int64_t least = std::max(bound, result.bound);
  const std::int64_t draws = std::min(work, most_on_draws), last = work - draws;
  const auto draw = static_cast<std::int64_t>(buffers.size() * (2 * buffers.size() + At(kWorkOfPlacing)));
  for (std::int64_t above = 0; least + above < peak && work > last; above = std::max<std::int64_t>(1, 2 * above)) {
    if (!orders.CanDraw(least + above)) break;
    const std::int64_t end = std::max(last, work - draws / (above == 0 ? 2 : 8));
    while (work > end && !watch.IsOver()) {
      const std::int64_t before = packer.steps();
      const bool fits = packer.PackAround(orders.Draw(least + above, random), kPatienceOfDraw, least + above);
      watch.Spend(draw);
      work -= draw + kWorkOfPlacing * (packer.steps() - before);
      if (!fits) continue;
      result.offsets = packer.offsets();
      result.peak = PeakOf(problem, result.offsets);
      return result;
    }
    if (watch.IsOver()) break;
  }
  return result;
}

}  // namespace orionrt
