// A problem as the niche search sees it: rows in time, each one rectangle of sections x bytes. Where thousands are
// alive at once, sections are joined until one row of 500 alive begins in each: a row is alive in all of a section
// then, so that plans hold, and the bytes alive grow by some thousandths.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/placing/placer.hpp"
#include "plan/placing/sections.hpp"

namespace orionrt {

struct NicheRow {
  int buffer = 0;              // of the problem
  Span span;                   // sections, not empty
  std::int64_t size = 0;       // bytes, > 0
  std::int64_t alignment = 1;  // bytes
  int length_class = 0;
};

struct NicheModel {
  // Of lengths: with about as many rows each, and of shorter ones.
  static constexpr int kEqualClasses = 64, kShortClasses = 5, kMostClasses = kEqualClasses + kShortClasses;

  // REQUIRES: NichesCarry(problem). O(n log n).
  NicheModel(const Problem& problem, const Shapes& shapes);

  int count() const { return static_cast<int>(rows.size()); }

  int classes() const { return static_cast<int>(longest.size()); }
  // The class of rows of that length, and of longer ones than any.
  int ClassOf(int length) const;

  int sections = 0;
  std::vector<NicheRow> rows;       // by first section, then last, the largest first: rows are known by this position
  std::vector<int> longest;         // per class of lengths: the longest of it, in sections; ascending, at least one
  std::vector<int> first_from;      // per section, one more at the end: the first row that begins there or later
  std::vector<std::int64_t> loads;  // per section: bytes alive

 private:
  void JoinSections();
  void FindClasses();
};

// Every buffer is one rectangle, on one stream, free to move; nobody is kept apart.
bool NichesCarry(const Problem& problem);

}  // namespace orionrt
