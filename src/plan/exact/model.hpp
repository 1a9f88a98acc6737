// The problem as the exact search sees it: heights in units, time in cliques.
#pragma once

#include <cstdint>
#include <vector>

#include "base/index.hpp"
#include "orionrt/problem.hpp"
#include "plan/exact/work.hpp"

namespace orionrt {

// A section is a maximal set of buffers that are alive together. For intervals these cliques have a linear order in
// which every buffer lives over consecutive ones, and two buffers conflict exactly when they share one; so sections
// replace time without loss, and there are at most as many as buffers.
//
// A row is a rectangle. A buffer without parts is one row; one with gaps, slices or a staircase is several, and as long
// as it is free these move together: a bundle. Rows of a fixed buffer have no more to do with each other than those of
// several.
//
// Rows are in a total order on (life, size, alignment, fixed offset), and time runs in whichever direction gives the
// smaller list: a shuffled, a mirrored or a size-scaled copy of a problem becomes the same model, searched the same
// way.
struct ExactModel {
  std::int64_t unit = 1;  // bytes per unit of height: divides every size, alignment above 1 and fixed offset
  int row_count = 0;      // what holds no byte is left out
  int section_count = 0;
  std::vector<int> original;            // index into Problem::buffers
  std::vector<int> first, last;         // sections [first, last)
  std::vector<std::int64_t> duration;   // steps
  std::vector<std::int64_t> size;       // units, > 0; rounded up to `grain`
  std::vector<std::int64_t> alignment;  // units, >= 1, of the buffer's offset
  std::vector<std::int64_t> fixed;      // units, where the row is, not its buffer; or kFree
  std::vector<std::int64_t> begin;      // units from the buffer's offset to the row
  std::vector<std::int64_t> room;       // units from the row to the end of the whole buffer, which the capacity holds
  std::vector<int> bundle;              // or -1: a row that moves alone
  std::vector<int> twin;                // a lower row whose bundle is interchangeable with this one's, or -1
  std::vector<int> alive_begin;         // rows alive in section s: alive[alive_begin[s], alive_begin[s + 1])
  std::vector<int> alive;               // rows
  std::vector<int> start_begin;         // rows [start_begin[s], start_begin[s + 1]) start in section s
  std::vector<int> end_begin;           // by_end[end_begin[s]] up to by_end[end_begin[s + 1]] end before section s
  std::vector<int> by_end;              // rows
  std::vector<int> bundle_begin;        // rows of bundle b, ascending: bundle_rows[bundle_begin[b]] up to that of b + 1
  std::vector<int> bundle_rows;
  std::vector<int> bundle_shape;   // equal where two are alike but for what they are called
  std::int64_t max_load = 0;       // units that must lie on top of each other: no plan is lower
  std::int64_t max_alignment = 1;  // units
  std::int64_t grain = 1;          // units: every row begins at a multiple of it
  // no alignment above 1 unit and no fixed offset: only differences of heights matter
  bool scale_free = true;

  int Length(int row) const { return last[At(row)] - first[At(row)]; }
  bool HasBundles() const { return !bundle_rows.empty(); }
  int BundleCount() const { return static_cast<int>(bundle_shape.size()); }
};

// O(n log n + rows alive in each section). The sum of all sizes must fit in 62 bits.
ExactModel MakeExactModel(const Problem& problem, WorkMeter& work);

// Rows that pairwise conflict, and how much of each of their buffers, from its offset on, is disjoint whatever the
// plan.
struct StackedRow {
  int row = 0;
  std::int64_t length = 0;  // units, > 0
};
using StackedRows = std::vector<StackedRow>;

// The same problem with sections in which the rows of each clique are alive, too. That says nothing new, but the
// search then sees what must lie on top of each other.
ExactModel AddSections(const ExactModel& model, const std::vector<StackedRows>& cliques, WorkMeter& work);

// The relaxation of `model` to sections [begin, end): the buffers alive there, their lives clipped. A bound on it is a
// bound on the model.
ExactModel ClipExactModel(const ExactModel& model, int begin, int end, WorkMeter& work);

}  // namespace orionrt
