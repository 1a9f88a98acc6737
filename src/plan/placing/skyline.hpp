// The coarse way to place many short buffers where room is plenty: each on top of all that is placed during its life,
// with no search for gaps. An array of tops per section is all it needs.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/placing/placer.hpp"

namespace orionrt {

class Skyline {
 public:
  // Sections `window` with `placed` at `offsets` (per buffer of the problem); what sticks out is clipped. O(k log k).
  // REQUIRES: each of `placed` is alive in a section of the window; one that lies wholly behind it would be painted
  // outside the array.
  Skyline(const Problem& problem, const Shapes& shapes, Span window, const std::vector<int>& placed,
          const std::vector<std::int64_t>& offsets);

  // Puts a buffer on top, in O(sections of its life). False, and nothing placed, if it would end above `limit`.
  // REQUIRES: it is alive in no section outside the window.
  [[nodiscard]] bool Put(int buffer, std::int64_t limit, std::int64_t& offset);

 private:
  const Problem& problem_;
  const Shapes& shapes_;
  const int first_;                 // of the window
  std::vector<std::int64_t> tops_;  // per section of it
};

}  // namespace orionrt
