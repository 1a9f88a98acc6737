// Figures of a plan: padding, fragmentation, utilisation, bytes by class at the peak; by one sweep over time.
#include <algorithm>
#include <queue>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/wide.hpp"
#include "orionrt/plan.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "plan/rectangles.hpp"

namespace orionrt {
namespace {

// Positions in the order of `key`, which lies in [first, first + steps]. By counting, unless the steps are sparse: a
// million buffers are planned in a second, and their figures must not take another.
template <typename Key>
std::vector<int> SortedBy(const std::vector<PlacedRectangle>& placed, std::int64_t first, std::int64_t steps, Key key) {
  std::vector<int> order(placed.size());
  const int count = static_cast<int>(placed.size());
  if (steps / 8 > count) {
    for (int i = 0; i < count; ++i) order[At(i)] = i;
    std::sort(order.begin(), order.end(), [&](int a, int b) { return key(placed[At(a)]) < key(placed[At(b)]); });
    return order;
  }
  std::vector<int> before(static_cast<std::size_t>(steps) + 2, 0);
  for (const PlacedRectangle& r : placed) ++before[At(key(r) - first + 1)];
  for (std::size_t t = 1; t < before.size(); ++t) before[t] += before[t - 1];
  for (int i = 0; i < count; ++i) order[At(before[At(key(placed[At(i)]) - first)]++)] = i;
  return order;
}

// Walks the times at which something begins or ends. A heap by address gives the highest byte alive; what is dead
// stays in it until it comes up. Only sums and largest values leave this function, so it does not matter in which order
// equals come.
void Sweep(const std::vector<PlacedRectangle>& placed, std::int64_t first, std::int64_t steps, Metrics& metrics) {
  const std::vector<int> births = SortedBy(placed, first, steps, [](const PlacedRectangle& r) { return r.lower; });
  const std::vector<int> deaths = SortedBy(placed, first, steps, [](const PlacedRectangle& r) { return r.upper; });
  std::priority_queue<std::pair<std::int64_t, std::int64_t>> highest;  // end in bytes, upper
  Wide hole_steps = 0;
  Wide live_steps = 0;
  std::int64_t live = 0;
  std::int64_t peak = 0;  // less than peak_bytes where no part holds the last bytes of the highest buffer
  std::size_t ended = 0;  // how many of `deaths` have come
  std::size_t born = 0;
  const auto next_change = [&] {
    return std::min(born < births.size() ? placed[At(births[born])].lower : INT64_MAX, placed[At(deaths[ended])].upper);
  };
  while (ended < deaths.size()) {
    const std::int64_t now = next_change();
    for (; ended < deaths.size() && placed[At(deaths[ended])].upper == now; ++ended) {
      live -= placed[At(deaths[ended])].end - placed[At(deaths[ended])].begin;
    }
    for (; born < births.size() && placed[At(births[born])].lower == now; ++born) {
      const PlacedRectangle& r = placed[At(births[born])];
      live += r.end - r.begin;
      highest.emplace(r.end, r.upper);
    }
    while (!highest.empty() && highest.top().second <= now) highest.pop();
    if (highest.empty()) continue;
    const std::int64_t top = highest.top().first;
    const std::int64_t next = next_change();
    hole_steps += static_cast<Wide>(top - live) * (next - now);
    live_steps += static_cast<Wide>(live) * (next - now);
    metrics.max_live_bytes = std::max(metrics.max_live_bytes, live);
    if (top - live > metrics.max_holes_bytes) {
      metrics.max_holes_bytes = top - live;
      metrics.max_holes_step = now;
    }
    if (top > peak || (top == peak && live > metrics.live_at_peak_bytes)) {
      peak = top;
      metrics.live_at_peak_bytes = live;
      metrics.peak_step = now;
    }
  }
  metrics.mean_holes_bytes = static_cast<std::int64_t>(hole_steps / steps);
  const Wide area = static_cast<Wide>(metrics.peak_bytes) * steps;
  const bool large = area >> 100 > 0;  // at most 2^125: divided before it would overflow
  if (area > 0) {
    metrics.utilisation_ppm =
        static_cast<std::int64_t>(large ? live_steps / (area / 1000000) : live_steps * 1000000 / area);
  }
}

// What alignment costs between neighbours in address order at the peak, whose sum with the other holes is known.
void MeasurePeak(const Problem& problem, const Plan& plan, const std::vector<PlacedRectangle>& placed,
                 Metrics& metrics) {
  std::vector<PlacedRectangle> alive;
  for (const PlacedRectangle& p : placed) {
    if (p.lower <= metrics.peak_step && metrics.peak_step < p.upper) alive.push_back(p);
  }
  std::sort(alive.begin(), alive.end(),
            [](const PlacedRectangle& a, const PlacedRectangle& b) { return a.begin < b.begin; });
  for (std::size_t i = 1; i < alive.size(); ++i) {
    const int buffer = alive[i].buffer;
    if (alive[i].begin != plan.offsets[At(buffer)]) continue;  // a part further up is not aligned
    metrics.padding_at_peak_bytes += -alive[i - 1].end & (problem.buffers[At(buffer)].alignment - 1);
  }
  metrics.fragmentation_at_peak_bytes = metrics.peak_bytes - metrics.live_at_peak_bytes - metrics.padding_at_peak_bytes;
}

// Of a problem without a table of spaces.
Metrics MeasureArena(const Problem& problem, const Plan& plan, const std::vector<BufferClass>& classes,
                     const Steps& steps) {
  Metrics metrics;
  metrics.peak_bytes = PeakOf(problem, plan.offsets);
  metrics.no_reuse_bytes = NoReuseBytes(problem);
  std::vector<PlacedRectangle> placed;
  placed.reserve(problem.buffers.size());
  ForEachPlaced(problem, plan.offsets, [&](const PlacedRectangle& r) { placed.push_back(r); });
  metrics.peak_step = steps.first;
  metrics.max_holes_step = metrics.peak_step;
  if (!placed.empty()) Sweep(placed, steps.first, steps.count, metrics);
  MeasurePeak(problem, plan, placed, metrics);
  const auto class_of = [&](int i) -> ClassMetrics& {
    return metrics.classes[At(static_cast<int>(classes.empty() ? BufferClass::kOther : classes[At(i)]))];
  };
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    class_of(i).bytes += problem.buffers[At(i)].size;
    ++class_of(i).count;
  }
  for (const PlacedRectangle& p : placed) {
    const bool at_peak = p.lower <= metrics.peak_step && metrics.peak_step < p.upper;
    if (at_peak) class_of(p.buffer).bytes_at_peak += p.end - p.begin;
  }
  return metrics;
}

}  // namespace

const char* BufferClassName(BufferClass kind) {
  constexpr const char* kNames[kBufferClasses] = {"input", "output", "state", "activation", "workspace", "other"};
  return kNames[static_cast<int>(kind)];
}

std::int64_t NoReuseBytes(const Problem& problem) {
  std::int64_t bytes = 0;
  for (const Buffer& b : problem.buffers) {
    if (b.size > 0) bytes = RoundUp(bytes, b.alignment) + b.size;
  }
  return bytes;
}

Metrics MeasurePlan(const Problem& problem, const Plan& plan, const std::vector<BufferClass>& classes, int space) {
  if (problem.clocks.streams > 0) return MeasurePlan(InOneExecution(problem), plan, classes, space);
  if (!problem.spaces.empty()) {
    const SpaceView view = ViewSpace(problem, plan, space);
    std::vector<BufferClass> theirs;
    for (const int i : view.buffers) {
      if (!classes.empty()) theirs.push_back(classes[At(i)]);
    }
    return MeasureArena(view.problem, view.plan, theirs, StepsOf(problem));
  }
  return space == 0 ? MeasureArena(problem, plan, classes, StepsOf(problem)) : Metrics();
}

}  // namespace orionrt
