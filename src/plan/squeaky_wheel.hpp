// First-fit over and over, in an order that learns: what ended too high comes earlier in the next pass ("squeaky wheel
// optimization", Joslin and Clements, JAIR 10, 1999). It starts from an order that suits problems in which hundreds
// are alive at once: by classes of size, the largest first, and within a class outward from the worst moment, so that
// what is about as large lies in columns, each of which is filled without a break from that moment on.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "orionrt/plan.hpp"
#include "orionrt/problem.hpp"
#include "plan/placing/address_list.hpp"
#include "plan/placing/placer.hpp"
#include "plan/watch.hpp"

namespace orionrt {

// A buffer as the wheel sees it.
struct WheelItem {
  int buffer = 0;
  std::int64_t size = 0;      // bytes, > 0
  std::int64_t distance = 0;  // of its life from the worst moment: 0 if it is alive then
  std::int64_t length = 0;    // of its life
  std::int64_t begin = 0;     // of its life; for ties, as are
  std::int64_t end = 0;
  std::int64_t alignment = 1;
};

// All buffers that may move, in sections; the worst moment is the first of those with most bytes. O(rectangles).
std::vector<WheelItem> WheelItems(const Problem& problem, const Shapes& shapes);

// The orders of the passes. Deterministic, and without regard to the numbering of buffers but for twins. O(n log n) a
// pass.
class SqueakyWheel {
 public:
  explicit SqueakyWheel(std::vector<WheelItem> items);

  // The order of the next pass.
  const std::vector<int>& Next();

  // What the pass gave, per buffer of the problem: what ends above `target`, or within a fiftieth of it, comes half an
  // octave of size earlier. After a hundred passes without a new best it starts anew, with other classes.
  void Learn(const Problem& problem, const std::vector<std::int64_t>& offsets, std::int64_t target);

 private:
  void Restart();

  std::vector<WheelItem> items_;   // ranked: within a class they stay in this order
  std::vector<std::int64_t> log_;  // per item its size in 64ths of an octave
  std::vector<std::int64_t> rise_;
  std::vector<std::pair<std::int64_t, int>> keys_;
  std::vector<int> order_;
  std::size_t setting_ = 0;
  std::int64_t best_ = INT64_MAX;  // peak since the last restart
  int since_best_ = 0;
};

// Passes until the peak is at most `target`, the work is spent, or the watch over; a first one in any case. `placing`
// is an AddressList, or whatever has LowestFit, Place, Clear and work(). `work` falls by what was looked at. Replaces
// `offsets` (which may be empty) where a lower peak than `peak` is found; true if so.
template <typename Placing>
bool TurnWheel(const Problem& problem, SqueakyWheel& wheel, Placing& placing, std::int64_t target, Watch& watch,
               std::int64_t& work, std::vector<std::int64_t>& offsets, std::int64_t& peak) {
  bool better = false;
  watch.Enter("squeaky_wheel");
  for (bool first = offsets.empty(); first || (peak > target && work > 0 && !watch.IsOver()); first = false) {
    const std::int64_t before = placing.work();
    std::vector<std::int64_t> placed = PlaceInOrder(problem, placing, wheel.Next());
    wheel.Learn(problem, placed, target);
    const std::int64_t spent = placing.work() - before + 32 * static_cast<std::int64_t>(problem.buffers.size());
    work -= spent;
    watch.Spend(spent);
    const std::int64_t reached = PeakOf(problem, placed);
    if (!offsets.empty() && reached >= peak) continue;
    offsets = std::move(placed);
    peak = reached;
    better = true;
    watch.Reach(peak);
  }
  return better;
}

}  // namespace orionrt
