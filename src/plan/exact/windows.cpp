#include "plan/exact/windows.hpp"

#include <algorithm>

#include "plan/exact/exact_turns.hpp"

namespace orionrt {
namespace {

constexpr int kWindowDeadBits = 14;

}  // namespace

std::vector<int> BuffersOf(const ExactModel& model) {
  std::vector<int> buffers = model.original;
  std::sort(buffers.begin(), buffers.end());
  buffers.erase(std::unique(buffers.begin(), buffers.end()), buffers.end());
  return buffers;
}

std::vector<int> RefuteByWindow(const ExactModel& model, std::int64_t capacity, const ExactQuota& budget,
                                WorkMeter& work) {
  const ExactQuota limit = work.After(budget);
  for (int width = 2; width < 2 * model.section_count; width *= 2) {
    for (int begin = 0; begin < model.section_count; begin += width / 2) {
      const int end = std::min(begin + width, model.section_count);
      const ExactModel window = ClipExactModel(model, begin, end, work);
      ExactTurns turns(window, false, kWindowDeadBits, 0, work);
      const Outcome outcome = turns.Try(capacity, {8 * std::int64_t{window.row_count}, limit.work - work.spent().work});
      if (outcome == Outcome::kRefuted) return BuffersOf(window);
      if (work.IsPast(limit)) return {};
      if (end == model.section_count) break;
    }
  }
  return {};
}

}  // namespace orionrt
