// Places buffers one by one, in sections, by whichever structure takes less: a Placer, or lists by address of what is
// placed, each for a window of time. Exactly the same offsets come from both.
//
//   a level        [---------|---------]                    Every level cuts time into windows of two strides that
//   of windows               [---------|---------]          overlap by one. A life no longer than a stride lies in the
//                                      [---------|----...   window that begins last before it, so a question looks at
//   a buffer             <------->                          one list; what is placed is noted in all that it touches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/placing/address_list.hpp"
#include "plan/placing/placer.hpp"
#include "plan/placing/step_lives.hpp"

namespace orionrt {

class Placing {
 public:
  // Keeps references to both. O(n log sections).
  Placing(const Problem& problem, const Shapes& shapes);
  Placing(const Placing&) = delete;
  Placing& operator=(const Placing&) = delete;

  // As Placer's and AddressList's.
  std::int64_t LowestFit(int buffer);
  std::int64_t TightestFit(int buffer);
  void Place(int buffer, std::int64_t offset);
  void Clear();

  // Entries looked at so far, about a nanosecond each; of a Placer an estimate. Deterministic.
  std::int64_t work() const { return work_; }

  std::int64_t mean_alive() const { return mean_alive_; }  // rectangles; without the excess of very long lives

  // What a fit takes a Placer, and a pass over all buffers this one, about, in the same unit.
  std::int64_t cost_of_placer() const { return cost_of_fit_; }
  std::int64_t work_of_pass() const { return work_of_pass_; }

 private:
  using List = AddressList<StepLives>;
  struct Level {
    int stride = 1;  // sections
    std::vector<List> windows;
  };

  std::int64_t WorkWith(const std::vector<int>& strides) const;
  template <typename Fit>
  std::int64_t Ask(int buffer, Fit fit);

  const Shapes& shapes_;
  StepLives lives_;
  std::vector<Level> levels_;           // the longest strides first; none where there is a Placer
  std::vector<std::uint8_t> level_of_;  // per buffer
  std::optional<Placer> placer_;
  std::int64_t mean_alive_ = 0;
  std::int64_t cost_of_fit_ = 0;  // of the Placer
  std::int64_t work_of_pass_ = 0;
  std::int64_t work_ = 0;
};

}  // namespace orionrt
