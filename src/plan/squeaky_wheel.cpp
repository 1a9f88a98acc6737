#include "plan/squeaky_wheel.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <tuple>

#include "base/index.hpp"

namespace orionrt {
namespace {

// These numbers were found on lives that are uniform up to a twentieth to a half of the time and uniform sizes, 500 to
// 20,000 buffers, seeds 1 to 4 (docs/planning.md); scripts/measure_number.py shows what others would give.
constexpr std::int64_t kOctave = 64;
constexpr std::int64_t kRise = kOctave / 2;
constexpr int kPatience = 100;
constexpr std::int64_t kBlamed = 50;  // what ends within this part of the target is blamed too

// Sizes are sorted into classes `width` 64ths of an octave wide, the first of which begins at `phase`.
struct Setting {
  std::int64_t width, phase;
};
constexpr Setting kSettings[] = {{32, 0}, {43, 0}, {64, 0}, {26, 0}, {32, 16}, {43, 21}, {64, 32}, {21, 5}};

// The binary logarithm in 64ths, interpolated linearly between powers of two.
std::int64_t LogOf(std::int64_t size) {
  int octave = 0;
  while (size >> (octave + 1) != 0) ++octave;
  const std::int64_t power = std::int64_t{1} << octave, rest = size - power;
  const std::int64_t part = octave <= 56 ? rest * kOctave / power : (rest >> 6) / (power >> 12);
  return octave * kOctave + part;
}

}  // namespace

std::vector<WheelItem> WheelItems(const Problem& problem, const Shapes& shapes) {
  std::vector<std::int64_t> load(static_cast<std::size_t>(shapes.sections()) + 1, 0);
  for (const Rectangle& r : shapes.rectangles) {
    load[At(r.span.first)] += r.end - r.begin;
    load[At(r.span.last)] -= r.end - r.begin;
  }
  std::partial_sum(load.begin(), load.end(), load.begin());
  const auto worst = static_cast<int>(std::max_element(load.begin(), load.end()) - load.begin());
  std::vector<WheelItem> items;
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Span span = shapes.extents[i];
    if (span.length() == 0 || problem.buffers[i].fixed_offset != kFree) continue;
    const int distance = std::max({0, span.first - worst, worst - span.last + 1});
    const Buffer& buffer = problem.buffers[i];
    items.push_back(
        {static_cast<int>(i), buffer.size, distance, span.length(), buffer.lower, buffer.upper, buffer.alignment});
  }
  return items;
}

SqueakyWheel::SqueakyWheel(std::vector<WheelItem> items) : items_(std::move(items)) {
  std::sort(items_.begin(), items_.end(), [](const WheelItem& a, const WheelItem& b) {
    return std::make_tuple(a.distance, -a.length, a.begin, -a.size, -a.end, -a.alignment, a.buffer) <
           std::make_tuple(b.distance, -b.length, b.begin, -b.size, -b.end, -b.alignment, b.buffer);
  });
  for (const WheelItem& item : items_) log_.push_back(LogOf(item.size));
  keys_.resize(items_.size());
  order_.resize(items_.size());
  Restart();
}

void SqueakyWheel::Restart() {
  rise_.assign(items_.size(), 0);
  best_ = INT64_MAX;
  since_best_ = 0;
}

const std::vector<int>& SqueakyWheel::Next() {
  const Setting& setting = kSettings[setting_ % std::size(kSettings)];
  const auto turn = static_cast<std::int64_t>(setting_ / std::size(kSettings));
  const std::int64_t phase = setting.phase + 9 * turn;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    keys_[i] = {-((log_[i] + rise_[i] + phase) / setting.width), static_cast<int>(i)};
  }
  std::sort(keys_.begin(), keys_.end());
  for (std::size_t i = 0; i < items_.size(); ++i) order_[i] = items_[At(keys_[i].second)].buffer;
  return order_;
}

void SqueakyWheel::Learn(const Problem& problem, const std::vector<std::int64_t>& offsets, std::int64_t target) {
  const std::int64_t high = target - target / kBlamed;
  std::int64_t peak = 0;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const auto buffer = static_cast<std::size_t>(items_[i].buffer);
    const std::int64_t top = offsets[buffer] + problem.buffers[buffer].size;
    peak = std::max(peak, top);
    if (top > high) rise_[i] += kRise;
  }
  ++since_best_;
  if (peak < best_) {
    best_ = peak;
    since_best_ = 0;
  }
  if (since_best_ < kPatience) return;
  ++setting_;
  Restart();
}

}  // namespace orionrt
