// Where a buffer displaces the least of what is placed: what Repair and Displacer do again and again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orionrt {

// The lowest of the offsets, with the end at most at `target`, at which a buffer displaces the least weight: it begins
// where something ends, or ends where something begins. `begins` and `ends`: the edges (with the address `at`) of all
// that it may not lie over, each sorted by address; `weight_of(edge)`: what it costs to displace whose edge it is. 0
// where the buffer is larger than the target. O(edges).
template <typename Edge, typename WeightOf>
std::int64_t CheapestOffset(const std::vector<Edge>& begins, const std::vector<Edge>& ends, std::int64_t size,
                            std::int64_t alignment, std::int64_t target, WeightOf weight_of) {
  const std::int64_t mask = -alignment, last = (target - size) & mask;
  std::int64_t best = 0, best_weight = INT64_MAX, weight = 0;
  const Edge *begun = begins.data(), *const all_begun = begun + begins.size();  // passed by the buffer's end
  const Edge *ended = ends.data(), *const all_ended = ended + ends.size();      // and by its begin
  const auto try_offset = [&](std::int64_t offset) {
    for (; begun != all_begun && begun->at < offset + size; ++begun) weight += weight_of(*begun);
    for (; ended != all_ended && ended->at <= offset; ++ended) weight -= weight_of(*ended);
    if (weight >= best_weight) return;
    best_weight = weight;
    best = offset;
  };
  try_offset(0);
  const Edge *e = ends.data(), *b = begins.data();
  while (best_weight > 0) {
    const std::int64_t after = e != all_ended ? (e->at - mask - 1) & mask : INT64_MAX;
    const std::int64_t before = b != all_begun ? (b->at - size) & mask : INT64_MAX;
    const std::int64_t offset = std::min(after, before);
    if (offset > last) break;
    const bool is_after = after <= before;
    e += is_after ? 1 : 0;
    b += is_after ? 0 : 1;
    if (offset > 0) try_offset(offset);
  }
  if (best_weight > 0 && last >= 0) try_offset(last);
  return best;
}

}  // namespace orionrt
