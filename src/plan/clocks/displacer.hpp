// Lowers the peak of a plan made with clocks, as plan/repair.hpp does for one stream: what ends above the target is
// taken out, the hardest first it goes back in where it displaces least, and what it displaces is taken out in turn and
// grows harder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/clocks/conflicts.hpp"

namespace orionrt {

class Displacer {
 public:
  // Buffers as wholes, none of them fixed: two conflict if any rectangles of theirs do. Keeps references to all.
  Displacer(const Problem& problem, const Precedence& order, Conflicts& conflicts);

  // What it costs to displace a buffer: its size, or the square of it, times its life; and after so many times twice
  // what it would have grown to.
  struct Costs {
    bool squared = true;
    int times = 4;
  };

  // Looks for a plan with peak <= target near `offsets` (per buffer, a plan of the buffers as wholes). True if found,
  // and `offsets` hold it; else they stay as they are. `work`, in entries of lists looked at, falls by the effort.
  bool Lower(std::vector<std::int64_t>& offsets, std::int64_t target, const Costs& costs, std::int64_t& work);

 private:
  struct Edge {  // where a buffer begins or ends
    std::int64_t at;
    int key, buffer;
  };
  static bool Below(const Edge& a, const Edge& b);
  bool Easier(int a, int b) const;
  const std::uint8_t* Row(int buffer);
  void Gather(const std::vector<Edge>& edges, const std::uint8_t* row, std::vector<Edge>& found);
  void TakeOut(int buffer);
  void PutIn(int buffer, std::int64_t offset);
  void DisplaceAt(int buffer, std::int64_t offset);

  const Problem& problem_;
  Conflicts& conflicts_;
  std::vector<int> first_of_buffer_;  // rectangles; one more at the end
  bool several_;                      // some buffer has several rectangles: rows are by buffer, else by slot
  std::vector<std::uint8_t> row_;
  std::vector<std::int64_t> offsets_, weights_, lengths_;  // per buffer
  std::vector<int> times_;                                 // displaced so far
  std::vector<Edge> begins_, ends_;                        // of all that is in, sorted
  std::vector<Edge> gathered_;                             // more than are in use
  std::vector<Edge> near_begins_, near_ends_;              // of what conflicts with the one that is placed
  std::vector<int> out_;                                   // a heap, the hardest first
  Costs costs_;
  std::int64_t work_ = 0;
};

}  // namespace orionrt
