// The problem as the exact search sees it: heights in units, time in cliques.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/exact/work.hpp"

namespace orionrt {

// A section is a maximal set of buffers that are alive together. For intervals these cliques have a linear order in
// which every buffer lives over consecutive ones, and two buffers conflict exactly when they share one; so sections
// replace time without loss, and there are at most as many as buffers.
//
// Rows are in a total order on (life, size, alignment, fixed offset), and time runs in whichever direction gives the
// smaller list: a shuffled, a mirrored or a size-scaled copy of a problem becomes the same model, searched the same
// way.
struct ExactModel {
  std::int64_t unit = 1;  // bytes per unit of height: divides every size, alignment above 1 and fixed offset
  int buffer_count = 0;   // buffers of zero bytes are left out
  int section_count = 0;
  std::vector<int> original;            // index into Problem::buffers
  std::vector<int> first, last;         // sections [first, last)
  std::vector<std::int64_t> duration;   // steps
  std::vector<std::int64_t> size;       // units, > 0
  std::vector<std::int64_t> alignment;  // units, >= 1
  std::vector<std::int64_t> fixed;      // units, or kFree
  std::vector<int> twin;                // the next lower row that is interchangeable with this one, or -1
  std::vector<int> member_begin;        // members of section s: [member_begin[s], member_begin[s + 1])
  std::vector<int> members;             // rows
  std::vector<int> start_begin;         // rows [start_begin[s], start_begin[s + 1]) start in section s
  std::vector<int> end_begin;           // by_end[end_begin[s]] up to by_end[end_begin[s + 1]] end before section s
  std::vector<int> by_end;              // rows
  std::int64_t max_load = 0;            // units alive at once: no plan is lower
  std::int64_t max_alignment = 1;       // units
  // no alignment above 1 unit and no fixed offset: only differences of heights matter
  bool scale_free = true;

  int Length(int row) const { return last[row] - first[row]; }
};

// O(n log n + members). Takes every buffer as a plain rectangle. The sum of all sizes must fit in 62 bits.
ExactModel MakeExactModel(const Problem& problem, WorkMeter& work);

// The relaxation of `model` to sections [begin, end): the buffers alive there, their lives clipped. A bound on it is a
// bound on the model.
ExactModel ClipExactModel(const ExactModel& model, int begin, int end, WorkMeter& work);

}  // namespace orionrt
