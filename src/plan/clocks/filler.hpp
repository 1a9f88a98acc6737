// Finds holes for buffers beside what is placed, in steps or in clocks, whichever a problem has.
#pragma once

#include <cstdint>
#include <optional>

#include "plan/clocks/clock_lives.hpp"
#include "plan/clocks/conflicts.hpp"
#include "plan/clocks/precedence.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "plan/placing/address_list.hpp"
#include "plan/placing/placer.hpp"

namespace orionrt {

class Filler {
 public:
  // Keeps a reference to the problem.
  explicit Filler(const Problem& problem) : problem_(problem) {
    if (NeedsStreams(problem)) {
      clocked_.emplace(problem);
    } else {
      steps_.emplace(problem);
    }
  }
  Filler(const Filler&) = delete;
  Filler& operator=(const Filler&) = delete;

  // As Placer's: kNoFit where it would end above `limit`.
  std::int64_t LowestFit(int buffer, std::int64_t limit) {
    if (steps_) return steps_->placer.LowestFit(buffer, limit);
    const std::int64_t offset = clocked_->list.LowestFit(buffer);
    return offset > limit - problem_.buffers[static_cast<std::size_t>(buffer)].size ? kNoFit : offset;
  }

  void Place(int buffer, std::int64_t offset) {
    steps_ ? steps_->placer.Place(buffer, offset) : clocked_->list.Place(buffer, offset);
  }

 private:
  struct InSteps {
    explicit InSteps(const Problem& problem) : shapes(problem), placer(problem, shapes) {}
    Shapes shapes;
    Placer placer;
  };
  struct InClocks {
    explicit InClocks(const Problem& given)
        : problem(WithClocks(given)),
          order(problem),
          conflicts(problem, order),
          lives(problem, order, conflicts),
          list(problem, lives) {}
    Problem problem;
    Precedence order;
    Conflicts conflicts;
    ClockLives lives;
    AddressList<ClockLives> list;
  };

  const Problem& problem_;
  std::optional<InSteps> steps_;
  std::optional<InClocks> clocked_;
};

}  // namespace orionrt
