// A problem as the niche search sees it: rows in time, each one rectangle of sections x bytes.
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
};

struct NicheModel {
  // REQUIRES: NichesCarry(problem). O(n log n).
  NicheModel(const Problem& problem, const Shapes& shapes);

  int count() const { return static_cast<int>(rows.size()); }

  int sections = 0;
  std::vector<NicheRow> rows;       // by first section, then last, the largest first: rows are known by this position
  std::vector<int> by_end;          // positions in `rows`, by last section
  std::vector<int> end_rank;        // the inverse of `by_end`
  std::vector<int> first_from;      // per section, one more at the end: the first row that begins there or later
  std::vector<int> ends_from;       // per section, two more at the end: the first of `by_end` that ends there or later
  std::vector<std::int64_t> loads;  // per section: bytes alive
};

// Every buffer is one rectangle, on one stream, free to move; nobody is kept apart.
bool NichesCarry(const Problem& problem);

}  // namespace orionrt
