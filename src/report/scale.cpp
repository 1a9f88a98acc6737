#include "report/scale.hpp"

#include <algorithm>

#include "base/index.hpp"
#include "base/text.hpp"

namespace orionrt {

std::vector<Tick> ByteTicks(std::int64_t top, int most) {
  constexpr const char* kUnits[] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  std::int64_t step = 1;
  while (top / step > most) step *= 2;
  int unit = 0;
  while (unit < 6 && step >> (10 * unit + 8) > 0) ++unit;
  std::vector<Tick> ticks = {{0, "0"}};
  for (std::int64_t value = step; value <= top; value += step) {
    const std::int64_t quarters = (value >> (10 * unit)) * 4 + (unit > 0 ? value >> (10 * unit - 2) & 3 : 0);
    constexpr const char* kQuarters[] = {"", ".25", ".5", ".75"};
    ticks.push_back({value, std::to_string(quarters / 4) + kQuarters[quarters % 4] + kUnits[unit]});
    if (value > INT64_MAX - step) break;
  }
  return ticks;
}

std::vector<Tick> StepTicks(std::int64_t first, std::int64_t count, int most) {
  std::int64_t step = 1;
  for (int k = 0; count / step > most; ++k) step = k % 3 == 1 ? step / 2 * 5 : step * 2;
  const std::int64_t past = first % step;
  std::vector<Tick> ticks;
  for (std::int64_t value = past == 0 ? first : first - past + (past > 0 ? step : 0); value <= first + count;
       value += step) {
    ticks.push_back({value, FormatThousands(value)});
  }
  return ticks;
}

std::vector<std::int64_t> MostAlive(const Problem& problem, const Steps& steps, int columns) {
  std::vector<std::pair<std::int64_t, std::int64_t>> events;
  ForEachPlaced(problem, std::vector<std::int64_t>(problem.buffers.size(), 0), [&](const PlacedRectangle& r) {
    events.push_back({r.lower, r.end - r.begin});
    events.push_back({r.upper, r.begin - r.end});
  });
  std::sort(events.begin(), events.end());  // at a step, those that end come first
  std::vector<std::int64_t> most(At(columns), 0);
  std::int64_t live = 0;
  for (std::size_t i = 0; i < events.size();) {
    const std::int64_t now = events[i].first;
    for (; i < events.size() && events[i].first == now; ++i) live += events[i].second;
    if (i == events.size()) break;
    const auto column = [&](std::int64_t step) {
      return static_cast<int>(Scaled(step - steps.first, columns, steps.count));
    };
    const int begin = std::min(column(now), columns - 1);
    const int end = std::max(begin + 1, column(events[i].first));
    for (int x = begin; x < end; ++x) most[At(x)] = std::max(most[At(x)], live);
  }
  return most;
}

}  // namespace orionrt
