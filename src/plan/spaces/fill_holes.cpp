// Holes of a space, and who fits into them.
#include <algorithm>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/wide.hpp"
#include "plan/clocks/filler.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "plan/load_tree.hpp"
#include "plan/placing/placer.hpp"
#include "plan/spaces/residency.hpp"

namespace orionrt {
namespace {

// The spilled buffers that are small enough for what is left at every step of their lives; the others go to `hopeless`.
std::vector<int> WithRoom(const Residency& residency, int p, const Packing& packing, std::vector<int>* hopeless) {
  std::vector<int> all = packing.buffers;
  all.insert(all.end(), packing.spilled.begin(), packing.spilled.end());
  std::sort(all.begin(), all.end());
  const Problem subproblem = InOneExecution(ProblemIn(residency.problem(), all, residency.space(p)));
  const Shapes shapes(subproblem);
  LoadTree loads(std::max(1, shapes.sections()));
  const auto in = [&](int i) { return std::binary_search(packing.buffers.begin(), packing.buffers.end(), i); };
  for (int k = 0; k < static_cast<int>(all.size()); ++k) {
    if (!in(all[At(k)])) continue;
    for (const Rectangle* r = shapes.begin(k); r != shapes.end(k); ++r) loads.Add(r->span, r->end - r->begin);
  }
  std::vector<int> roomy;
  for (int k = 0; k < static_cast<int>(all.size()); ++k) {
    if (in(all[At(k)])) continue;
    const bool fits = std::all_of(shapes.begin(k), shapes.end(k), [&](const Rectangle& r) {
      return r.end - r.begin <= residency.Capacity(p) - loads.Max(r.span).bytes;
    });
    (fits ? roomy : *hopeless).push_back(all[At(k)]);
  }
  return roomy;
}

Packing FillInOrder(const Residency& residency, int p, const Packing& packing, const std::vector<int>& order) {
  std::vector<int> all = packing.buffers;
  all.insert(all.end(), order.begin(), order.end());
  std::sort(all.begin(), all.end());
  const auto position = [&](int i) {
    return static_cast<int>(std::lower_bound(all.begin(), all.end(), i) - all.begin());
  };
  const Problem subproblem = ProblemIn(residency.problem(), all, residency.space(p));
  Filler placer(subproblem);
  std::vector<std::int64_t> offset(all.size(), -1);
  for (std::size_t k = 0; k < packing.buffers.size(); ++k) {
    const int at = position(packing.buffers[k]);
    offset[At(at)] = packing.offsets[k];
    placer.Place(at, offset[At(at)]);
  }
  Packing result;
  for (const int i : order) {
    const int at = position(i);
    const std::int64_t fit = placer.LowestFit(at, residency.Capacity(p));
    if (fit == kNoFit) {
      result.spilled.push_back(i);
      continue;
    }
    offset[At(at)] = fit;
    placer.Place(at, fit);
  }
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (offset[k] < 0) continue;
    result.buffers.push_back(all[k]);
    result.offsets.push_back(offset[k]);
  }
  return result;
}

}  // namespace

std::int64_t CostOfSpilled(const Residency& residency, const Packing& packing) {
  std::int64_t sum = 0;
  for (const int i : packing.spilled) sum += residency.CostOfSpilling(i);
  return sum;
}

Packing Fill(const Residency& residency, int p, const Packing& packing) {
  Packing base = packing;
  std::vector<int> hopeless;
  base.spilled = WithRoom(residency, p, packing, &hopeless);
  if (base.spilled.empty()) return packing;
  std::vector<int> by_cost = base.spilled;
  std::sort(by_cost.begin(), by_cost.end());
  std::stable_sort(by_cost.begin(), by_cost.end(),
                   [&](int a, int b) { return residency.CostOfSpilling(a) > residency.CostOfSpilling(b); });
  const auto life = [&](int i) -> Wide {
    return residency.problem().buffers[At(i)].upper - residency.problem().buffers[At(i)].lower;
  };
  std::vector<int> by_density = by_cost, by_area = by_cost;
  std::stable_sort(by_density.begin(), by_density.end(), [&](int a, int b) {
    return residency.Uses(a) * life(b) > residency.Uses(b) * life(a);
  });  // bytes are in both
  std::stable_sort(by_area.begin(), by_area.end(), [&](int a, int b) {
    return residency.problem().buffers[At(a)].size * life(a) > residency.problem().buffers[At(b)].size * life(b);
  });
  Packing best;
  std::int64_t least = -1;
  for (const std::vector<int>& order : {by_cost, by_density, by_area}) {
    Packing filled = FillInOrder(residency, p, base, order);
    const std::int64_t cost = CostOfSpilled(residency, filled);
    if (least >= 0 && cost >= least) continue;
    least = cost;
    best = std::move(filled);
  }
  best.spilled.insert(best.spilled.end(), hopeless.begin(), hopeless.end());
  return best;
}

void ListSpills(const Residency& residency, int p, std::vector<Spill>& spills) {
  std::vector<int> all;
  for (int i = 0; i < residency.size(); ++i) {
    if (residency.SpaceAt(i) == p || residency.Allowed(i)[0] == p) all.push_back(i);
  }
  const Problem subproblem = InOneExecution(ProblemIn(residency.problem(), all, residency.space(p)));
  const Shapes shapes(subproblem);
  LoadTree loads(std::max(1, shapes.sections()));
  for (int k = 0; k < static_cast<int>(all.size()); ++k) {
    if (residency.SpaceAt(all[At(k)]) != p) continue;
    for (const Rectangle* r = shapes.begin(k); r != shapes.end(k); ++r) loads.Add(r->span, r->end - r->begin);
  }
  for (int k = 0; k < static_cast<int>(all.size()); ++k) {
    const int i = all[At(k)];
    if (residency.SpaceAt(i) == p) continue;
    Spill spill{i,
                p,
                residency.SpaceAt(i),
                SpillReason::kTooLarge,
                residency.problem().buffers[At(i)].lower,
                0,
                residency.CostAt(i, residency.RankNow(i))};
    spill.room_bytes = std::min(residency.Capacity(p), LimitOf(residency.space(p).largest));
    if (CanHold(residency.space(p), residency.problem().buffers[At(i)]) && shapes.extents[At(k)].length() > 0) {
      const LoadTree::Peak peak = loads.Max(shapes.extents[At(k)]);
      spill.room_bytes = residency.Capacity(p) - peak.bytes;
      spill.step = shapes.steps[At(peak.section)];
      spill.reason = spill.room_bytes < subproblem.buffers[At(k)].size ? SpillReason::kNoRoom : SpillReason::kNoHole;
    }
    spills.push_back(spill);
  }
}

}  // namespace orionrt
