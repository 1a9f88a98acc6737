#include "plan/placing/placing.hpp"

#include <algorithm>
#include <utility>

#include "base/index.hpp"

namespace orionrt {
namespace {

// In nanoseconds, measured on lives uniform up to 1/500 to 1/4 of the time, 200 to 100,000 buffers.
constexpr std::int64_t kPlacerCost = 14;    // of a fit, for every buffer alive, and
constexpr std::int64_t kPlacerLevel = 100;  // for every level of its tree
constexpr std::int64_t kNoteCost = 200;     // of noting a buffer in a window

// Rectangles alive over all sections, on average. Lives of more than four times the median count as that: what is
// alive nearly throughout lies in a Placer as a few full unions, which cost nothing.
std::int64_t MeanAlive(const Shapes& shapes) {
  std::vector<int> lengths;
  for (const Rectangle& rectangle : shapes.rectangles) lengths.push_back(rectangle.span.length());
  if (lengths.empty()) return 0;
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  const std::int64_t most = 4 * std::int64_t{*middle};
  std::int64_t total = 0;
  for (const int length : lengths) total += std::min<std::int64_t>(length, most);
  return total / shapes.sections();
}

std::size_t LevelOf(const std::vector<int>& strides, int length) {
  return strides.size() > 1 && length <= strides[1] ? 1 : 0;
}

}  // namespace

// What a pass takes with windows of such strides: a question looks at about half of its list, which is sorted by
// address, and half a nanosecond is what an entry takes.
std::int64_t Placing::WorkWith(const std::vector<int>& strides) const {
  const auto n = static_cast<std::int64_t>(shapes_.rectangles.size());
  std::int64_t work = 0;
  for (const Span span : shapes_.extents) {
    if (span.length() == 0) continue;
    const int stride = strides[LevelOf(strides, span.length())];
    work += (n * 2 * stride / shapes_.sections() + mean_alive_) / 4;
    for (const int other : strides) work += kNoteCost * (span.length() / other + 2);
  }
  return work;
}

// One level, of the longest life, or two where that takes less.
Placing::Placing(const Problem& problem, const Shapes& shapes)
    : shapes_(shapes), lives_(shapes), mean_alive_(MeanAlive(shapes)) {
  cost_of_fit_ = kPlacerCost * mean_alive_;
  for (std::size_t n = shapes.rectangles.size(); n > 1; n /= 2) cost_of_fit_ += kPlacerLevel;
  work_of_pass_ = cost_of_fit_ * static_cast<std::int64_t>(shapes.rectangles.size());
  int longest = 0;
  for (const Span span : shapes.extents) longest = std::max(longest, span.length());
  std::vector<int> strides;
  const auto consider = [&](std::vector<int> candidate) {
    const std::int64_t work = WorkWith(candidate);
    if (work >= work_of_pass_) return;
    work_of_pass_ = work;
    strides = std::move(candidate);
  };
  if (longest > 0) consider({longest});
  for (int stride = longest / 2; stride > 0; stride /= 2) consider({longest, stride});
  if (strides.empty()) {
    placer_.emplace(problem, shapes);
    return;
  }
  for (const Span span : shapes.extents)
    level_of_.push_back(static_cast<std::uint8_t>(LevelOf(strides, span.length())));
  for (const int stride : strides) {
    Level level;
    level.stride = stride;
    for (int w = 0; w <= shapes.sections() / stride; ++w) level.windows.emplace_back(problem, lives_);
    levels_.push_back(std::move(level));
  }
}

// Asks the list of the buffer's window, and counts what it looked at.
template <typename Fit>
std::int64_t Placing::Ask(int buffer, Fit fit) {
  const auto i = static_cast<std::size_t>(buffer);
  Level& level = levels_[level_of_[i]];
  List& list = level.windows[At(shapes_.extents[i].first / level.stride)];
  const std::int64_t before = list.work();
  const std::int64_t offset = fit(list);
  work_ += list.work() - before;
  return offset;
}

std::int64_t Placing::LowestFit(int buffer) {
  if (!placer_) return Ask(buffer, [buffer](List& list) { return list.LowestFit(buffer); });
  work_ += cost_of_fit_;
  return placer_->LowestFit(buffer);
}

std::int64_t Placing::TightestFit(int buffer) {
  if (!placer_) return Ask(buffer, [buffer](List& list) { return list.TightestFit(buffer); });
  work_ += 2 * cost_of_fit_;
  return placer_->TightestFit(buffer);
}

void Placing::Place(int buffer, std::int64_t offset) {
  if (placer_) {
    placer_->Place(buffer, offset);
    return;
  }
  const Span span = shapes_.extents[At(buffer)];
  if (span.length() == 0) return;
  for (Level& level : levels_) {
    const int last = (span.last - 1) / level.stride;
    for (int w = std::max(0, span.first / level.stride - 1); w <= last; ++w) {
      level.windows[At(w)].Place(buffer, offset);
      work_ += kNoteCost;
    }
  }
}

void Placing::Clear() {
  if (placer_) placer_->Clear();
  for (Level& level : levels_) {
    for (List& list : level.windows) list.Clear();
  }
}

}  // namespace orionrt
