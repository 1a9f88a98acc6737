// A problem with clocks as its niche search sees it: rows, who conflicts with whom, and sections: the moments of some
// executions at which most is alive. What is alive at a section pairwise conflicts; not all that conflict meet at one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/index.hpp"
#include "orionrt/problem.hpp"
#include "plan/clocks/precedence.hpp"
#include "plan/placing/sections.hpp"

namespace orionrt {

struct StreamNicheRow {
  int buffer = 0;              // of the problem
  std::int64_t size = 0;       // bytes, > 0
  std::int64_t alignment = 1;  // bytes
  Span window;                 // in one execution, up to the last begin that it is not over before
  int chain = 0;               // on which it begins, as Precedence has it
  int passed = 0;              // how many rows are over where it begins, of that chain's order
};

class StreamNicheModel {
 public:
  using Word = std::uint64_t;
  static constexpr int kMostExecutions = 8;

  // REQUIRES: StreamNichesCarry(problem, order), whose lifetimes are the caller's. `heaviest`: buffers that pairwise
  // conflict; may be empty. O(n^2 / 64) bytes.
  StreamNicheModel(const Problem& problem, const Precedence& order, const std::vector<int>& heaviest);

  int count() const { return static_cast<int>(rows.size()); }
  int sections() const { return static_cast<int>(loads.size()); }
  int executions() const { return static_cast<int>(starts.size()) - 1; }

  // The sections of an execution at which a row is alive: they follow one another.
  Span span(int row, int execution) const { return spans_[At(row) * At(executions()) + At(execution)]; }
  bool Conflict(int a, int b) const { return (conflicts_[At(a) * words_ + At(b) / 64] >> (At(b) % 64) & 1) != 0; }
  // The place of a row in the order in which rows are over on a chain: it is over before another on that chain begins
  // iff its place there is below what that one has passed.
  int place(int row, int chain) const { return places_[At(row) * At(chains) + At(chain)]; }
  // Sets of rows, in words of 64, of which only the middle ones are not zero.
  struct RowSet {
    const Word* words;
    std::size_t first, last;  // of the words
  };
  std::size_t words() const { return words_; }
  RowSet conflicts(int row) const { return SetIn(conflicts_, row, words_with_conflicts_); }
  RowSet alive(int section) const { return SetIn(alive_, section, words_alive_); }

  int chains = 0;
  std::vector<StreamNicheRow> rows;  // by the begins of their windows: what is over before another comes first
  std::vector<int> starts;           // per execution its first section; one more at the end
  std::vector<std::int64_t> loads;   // per section: bytes alive

 private:
  void FindPlaces(const Precedence& order, const std::vector<int>& rectangles);
  void FindConflicts(const Problem& problem, const Precedence& order, const std::vector<int>& rectangles);
  void ChooseSections(const Precedence& order, const std::vector<int>& rectangles, const std::vector<int>& heaviest);

  RowSet SetIn(const std::vector<Word>& sets, int k, const std::vector<Span>& words) const {
    return {sets.data() + At(k) * words_, At(words[At(k)].first), At(words[At(k)].last)};
  }

  std::vector<int> places_;  // rows x chains
  std::vector<Span> spans_;  // rows x executions
  std::size_t words_ = 0;
  std::vector<Word> conflicts_, alive_;
  std::vector<Span> words_with_conflicts_, words_alive_;  // per row, per section: those that are not zero
};

// Every buffer is one rectangle, free to move, and there are few enough that who conflicts with whom can be kept.
bool StreamNichesCarry(const Problem& problem, const Precedence& order);

}  // namespace orionrt
