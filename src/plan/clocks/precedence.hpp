// Which rectangles of a problem with clocks are over before which. The begins are covered by chains, along which clocks
// only grow; all that a rectangle comes before on a chain is then a suffix of it, and a question is one comparison.
//
//   chain 0   o───o───o───o───o          `first` of a rectangle: per chain, where the begins that it is over before
//   chain 1     o──────o────o───o        set in. a is over before b iff first(a, chain of b) <= position of b.
//
// The begins of what runs on k streams make k chains, as each lies on one of them; how many are found is `chains()`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"

namespace orionrt {

class Precedence {
 public:
  // A buffer without parts is one rectangle, else each of its parts is; what has no bytes has none.
  struct Rectangle {
    int buffer = 0;
    std::int64_t begin = 0, end = 0;                       // bytes from the buffer's offset
    const std::int64_t *clock = nullptr, *over = nullptr;  // its life, in the problem's clocks
  };

  // Keeps pointers into the problem's clocks. Throws Error (kUnsupported) where the begins need so many chains that the
  // tables would not fit: clocks of no program on 64 streams. O(n log n x streams x chains).
  explicit Precedence(const Problem& problem);

  int count() const { return static_cast<int>(rectangles_.size()); }
  int chains() const { return static_cast<int>(lengths_.size()); }
  int length(int chain) const { return lengths_[static_cast<std::size_t>(chain)]; }  // distinct begins
  const std::vector<Rectangle>& rectangles() const { return rectangles_; }
  int chain(int r) const { return chain_[static_cast<std::size_t>(r)]; }
  int position(int r) const { return position_[static_cast<std::size_t>(r)]; }
  const int* first(int r) const {
    return first_.data() + static_cast<std::size_t>(r) * static_cast<std::size_t>(chains());
  }

  bool IsBefore(int a, int b) const { return first(a)[chain(b)] <= position(b); }
  bool Conflict(int a, int b) const { return !IsBefore(a, b) && !IsBefore(b, a); }

  // Of a begin, by its place on the chains: where those at or behind it set in, per chain.
  const int* reach(int chain, int position) const {
    return reach_.data() + static_cast<std::size_t>(start_[static_cast<std::size_t>(chain)] + position) *
                               static_cast<std::size_t>(chains());
  }
  // The number of a begin among all: chain by chain.
  int node(int chain, int position) const { return start_[static_cast<std::size_t>(chain)] + position; }
  int nodes() const { return static_cast<int>(rank_of_.size()); }
  // Of a begin, by its number: its position in one order in which the streams may advance.
  int rank(int node) const { return rank_of_[static_cast<std::size_t>(node)]; }

  // Steps of a rectangle in that order: from its begin to the last begin that it is not over before, and to the first
  // that it is over before. The former is safe to plan with, the latter what one execution has alive.
  struct Span {
    int lower = 0, upper = 0;
  };
  Span Widened(int r) const;
  Span Serial(int r) const;

 private:
  void FindRectangles(const Problem& problem);
  void CoverByChains(int streams);
  void FindFirsts(int streams);

  std::vector<Rectangle> rectangles_;
  std::vector<int> chain_, position_;  // per rectangle
  std::vector<int> lengths_, start_;   // per chain: begins on it, the number of its first
  std::vector<int> first_;             // rectangles x chains
  std::vector<int> reach_;             // begins x chains
  std::vector<int> rank_of_, at_rank_;
  std::vector<std::int64_t> clocks_;  // per begin, as many as streams
};

// The life of rectangles on one stream, where they have one: in steps, so that two meet iff they conflict. Exists iff
// the sets of what comes before them make a chain (an interval order). `some`: of which rectangles; the result is in
// that order. Empty where there is none, or `some` is empty. O(n log n x chains).
std::vector<Precedence::Span> AsIntervals(const Precedence& order, const std::vector<int>& some);

}  // namespace orionrt
