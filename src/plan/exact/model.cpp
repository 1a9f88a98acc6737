#include "plan/exact/model.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

#include "base/checked.hpp"
#include "base/index.hpp"

namespace orionrt {
namespace {

struct Row {
  std::int64_t lower, upper, size, alignment, fixed, begin, room;
  int shape;  // of bundles that are alike, from 1; 0 of what moves alone
  int original;
  std::int64_t duration;

  bool MovesWith(const Row& other) const { return original == other.original && fixed == kFree; }
};

auto TwinKey(const Row& row) {
  return std::tie(row.lower, row.upper, row.size, row.alignment, row.fixed, row.begin, row.room, row.shape);
}

bool Before(const Row& a, const Row& b) {
  return TwinKey(a) != TwinKey(b) ? TwinKey(a) < TwinKey(b) : a.original < b.original;
}

// The rectangles of a buffer with parts [first, last) of problem.parts: those with the same bytes that touch in time
// are one. Empty ones are left out.
std::vector<Part> Rectangles(const Problem& problem, std::size_t first, std::size_t last) {
  std::vector<Part> parts(problem.parts.begin() + static_cast<std::ptrdiff_t>(first),
                          problem.parts.begin() + static_cast<std::ptrdiff_t>(last));
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    return std::tie(a.begin, a.end, a.lower) < std::tie(b.begin, b.end, b.lower);
  });
  std::vector<Part> merged;
  for (const Part& part : parts) {
    if (part.begin == part.end) continue;
    const bool goes_on = !merged.empty() && merged.back().begin == part.begin && merged.back().end == part.end &&
                         merged.back().upper == part.lower;
    if (goes_on) {
      merged.back().upper = part.upper;
    } else {
      merged.push_back(part);
    }
  }
  return merged;
}

std::vector<Row> SortedRows(const Problem& problem) {
  std::vector<Row> rows;
  std::size_t part = 0;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const Buffer& buffer = problem.buffers[At(i)];
    const std::size_t first = part;
    while (part < problem.parts.size() && problem.parts[part].buffer == i) ++part;
    if (buffer.size == 0) continue;
    std::vector<Part> rectangles{{i, buffer.lower, buffer.upper, 0, buffer.size}};
    if (part > first) rectangles = Rectangles(problem, first, part);
    for (const Part& r : rectangles) {
      const std::int64_t fixed = buffer.fixed_offset == kFree ? kFree : buffer.fixed_offset + r.begin;
      rows.push_back({r.lower, r.upper, r.end - r.begin, buffer.alignment, fixed, r.begin, buffer.size - r.begin, 0, i,
                      r.upper - r.lower});
    }
  }
  std::sort(rows.begin(), rows.end(), Before);
  return rows;
}

// Calls `visit(rows of one buffer)`, indices into `rows`, for every one with several that move together.
template <typename Visit>
void ForEachBundle(const std::vector<Row>& rows, Visit visit) {
  std::vector<int> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return rows[At(a)].original < rows[At(b)].original; });
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first + 1;
    while (last < order.size() && rows[At(order[last])].MovesWith(rows[At(order[first])])) ++last;
    if (last - first > 1) visit(std::vector<int>(&order[first], &order[first] + (last - first)));
    first = last;
  }
}

// Numbers the shapes of bundles, the same whatever the order of the buffers.
void NumberShapes(std::vector<Row>& rows) {
  for (Row& row : rows) row.shape = 0;
  std::map<std::vector<std::int64_t>, std::vector<int>> bundles_of;
  ForEachBundle(rows, [&](const std::vector<int>& bundle) {
    std::vector<std::int64_t> shape;
    for (const int i : bundle) {
      const Row& row = rows[At(i)];
      shape.insert(shape.end(), {row.lower, row.upper, row.size, row.alignment, row.begin, row.room});
    }
    std::vector<int>& same = bundles_of[shape];
    same.insert(same.end(), bundle.begin(), bundle.end());
  });
  int number = 0;
  for (const auto& [shape, bundles] : bundles_of) {
    ++number;
    for (const int i : bundles) rows[At(i)].shape = number;
  }
}

// Replaces the times by sections. Ends come before starts at the same step, as lives are half-open; a section closes
// at the first end after a start. Returns the number of sections.
int TimeToSections(std::vector<Row>& rows) {
  std::vector<std::tuple<std::int64_t, bool, int>> events;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    events.emplace_back(rows[i].lower, true, static_cast<int>(i));
    events.emplace_back(rows[i].upper, false, static_cast<int>(i));
  }
  std::sort(events.begin(), events.end());
  int sections = 0;
  bool open = false;
  for (const auto& [time, starts, i] : events) {
    if (starts) {
      rows[At(i)].lower = sections;
      open = true;
    } else {
      if (open) ++sections;
      open = false;
      rows[At(i)].upper = sections;
    }
  }
  return sections;
}

// Rows that are alike in sections stay in the order that their steps gave them: not in that of the input.
void SortByKey(std::vector<Row>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return TwinKey(a) < TwinKey(b); });
}

std::vector<Row> Mirrored(std::vector<Row> rows, int sections) {
  for (Row& row : rows) {
    const std::int64_t lower = row.lower;
    row.lower = sections - row.upper;
    row.upper = sections - lower;
  }
  SortByKey(rows);
  return rows;
}

// Alignment 1 says nothing: offsets of a tight plan are then sums of sizes.
std::int64_t Unit(const std::vector<Row>& rows) {
  std::int64_t unit = 0;
  for (const Row& row : rows) {
    unit = std::gcd(unit, row.size);
    unit = std::gcd(unit, row.begin);
    unit = std::gcd(unit, row.room);
    if (row.alignment > 1) unit = std::gcd(unit, row.alignment);
    if (row.fixed != kFree) unit = std::gcd(unit, row.fixed);
  }
  return std::max<std::int64_t>(unit, 1);
}

// Where all rows begin at multiples of a number, none can use the rest up to the next behind another, so that is added
// to its size. (The topmost needs no such rest: `room`.)
std::int64_t RoundToGrain(std::vector<Row>& rows) {
  std::int64_t grain = std::numeric_limits<std::int64_t>::max();
  for (const Row& row : rows) grain = std::min(grain, row.alignment);
  const bool all = std::all_of(rows.begin(), rows.end(), [&](const Row& row) { return row.begin % grain == 0; });
  if (!all || rows.empty()) return 1;
  for (Row& row : rows) row.size = RoundUp(row.size, grain);
  return grain;
}

// Rows are in order of their starts already.
void IndexStartsAndEnds(ExactModel& model) {
  const int n = model.row_count;
  model.start_begin.assign(At(model.section_count + 2), 0);
  model.end_begin.assign(At(model.section_count + 2), 0);
  for (int i = 0; i < n; ++i) {
    ++model.start_begin[At(model.first[At(i)] + 1)];
    ++model.end_begin[At(model.last[At(i)] + 1)];
  }
  std::partial_sum(model.start_begin.begin(), model.start_begin.end(), model.start_begin.begin());
  std::partial_sum(model.end_begin.begin(), model.end_begin.end(), model.end_begin.begin());
  std::vector<int> next = model.end_begin;
  model.by_end.resize(At(n));
  for (int i = 0; i < n; ++i) model.by_end[At(next[At(model.last[At(i)])]++)] = i;
}

// Rows that move alone: sorted, those that are interchangeable are next to each other.
void LinkTwins(ExactModel& model) {
  model.twin.assign(At(model.row_count), -1);
  const auto key = [&](int row) {
    return std::tie(model.first[At(row)], model.last[At(row)], model.size[At(row)], model.alignment[At(row)],
                    model.fixed[At(row)], model.begin[At(row)], model.room[At(row)]);
  };
  for (int i = 1; i < model.row_count; ++i) {
    if (model.bundle[At(i)] < 0 && model.bundle[At(i - 1)] < 0 && key(i) == key(i - 1)) model.twin[At(i)] = i - 1;
  }
}

// Fills in bundles; the twins of their rows are the same rows of the bundle of that shape before.
void LinkBundles(ExactModel& model, const std::vector<Row>& rows) {
  model.bundle.assign(At(model.row_count), -1);
  model.bundle_begin.assign(1, 0);
  ForEachBundle(rows, [&](const std::vector<int>& bundle) {
    for (const int row : bundle) model.bundle[At(row)] = model.BundleCount();
    model.bundle_rows.insert(model.bundle_rows.end(), bundle.begin(), bundle.end());
    model.bundle_begin.push_back(static_cast<int>(model.bundle_rows.size()));
    model.bundle_shape.push_back(rows[At(bundle.front())].shape);
  });
  LinkTwins(model);
  std::map<int, int> last_of;
  for (int b = 0; b < model.BundleCount(); ++b) {
    const auto [last, is_new] = last_of.emplace(model.bundle_shape[At(b)], b);
    for (int k = model.bundle_begin[At(b)]; !is_new && k < model.bundle_begin[At(b + 1)]; ++k) {
      model.twin[At(model.bundle_rows[At(k)])] =
          model.bundle_rows[At(model.bundle_begin[At(last->second)] + k - model.bundle_begin[At(b)])];
    }
    last->second = b;
  }
}

// Lays out the rows alive in every section.
void LayOutMembers(ExactModel& model) {
  const int n = model.row_count;
  std::vector<std::int64_t> load(At(model.section_count), 0);
  std::vector<int> begin(At(model.section_count + 1), 0);
  for (int i = 0; i < n; ++i) {
    for (int s = model.first[At(i)]; s < model.last[At(i)]; ++s) {
      load[At(s)] += model.size[At(i)];
      ++begin[At(s + 1)];
    }
  }
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  model.alive_begin = begin;
  model.alive.resize(At(begin.back()));
  for (int i = 0; i < n; ++i) {
    for (int s = model.first[At(i)]; s < model.last[At(i)]; ++s) model.alive[At(begin[At(s)]++)] = i;
  }
  if (!load.empty()) model.max_load = *std::max_element(load.begin(), load.end()) - (model.grain - 1);
}

void Append(ExactModel& model, const Row& row) {
  model.original.push_back(row.original);
  model.first.push_back(static_cast<int>(row.lower));
  model.last.push_back(static_cast<int>(row.upper));
  model.duration.push_back(row.duration);
  model.size.push_back(row.size);
  model.alignment.push_back(row.alignment);
  model.fixed.push_back(row.fixed);
  model.begin.push_back(row.begin);
  model.room.push_back(row.room);
  ++model.row_count;
  model.max_alignment = std::max(model.max_alignment, row.alignment);
  model.scale_free &= row.alignment == 1 && row.fixed == kFree;
}

// Rows are sorted, their times are sections.
void Fill(ExactModel& model, const std::vector<Row>& rows) {
  for (const Row& row : rows) Append(model, row);
  LinkBundles(model, rows);
  LayOutMembers(model);
  IndexStartsAndEnds(model);
}

Row RowOf(const ExactModel& model, int i) {
  const int shape = model.bundle[At(i)] < 0 ? 0 : model.bundle_shape[At(model.bundle[At(i)])];
  return {model.first[At(i)],    model.last[At(i)],    model.size[At(i)], model.alignment[At(i)],
          model.fixed[At(i)],    model.begin[At(i)],   model.room[At(i)], shape,
          model.original[At(i)], model.duration[At(i)]};
}

}  // namespace

ExactModel MakeExactModel(const Problem& problem, WorkMeter& work) {
  std::vector<Row> rows = SortedRows(problem);
  ExactModel model;
  model.unit = Unit(rows);
  model.section_count = TimeToSections(rows);
  for (Row& row : rows) {
    for (std::int64_t* height : {&row.size, &row.begin, &row.room}) *height /= model.unit;
    row.alignment = std::max<std::int64_t>(row.alignment / model.unit, 1);
    if (row.fixed != kFree) row.fixed /= model.unit;
  }
  model.grain = RoundToGrain(rows);
  NumberShapes(rows);
  SortByKey(rows);
  std::vector<Row> mirrored = Mirrored(rows, model.section_count);
  const auto less = [](const Row& a, const Row& b) { return TwinKey(a) < TwinKey(b); };
  if (std::lexicographical_compare(mirrored.begin(), mirrored.end(), rows.begin(), rows.end(), less)) {
    rows = std::move(mirrored);
  }
  Fill(model, rows);
  for (const Buffer& buffer : problem.buffers) {
    if (buffer.size == 0) continue;
    const std::int64_t end = std::max<std::int64_t>(buffer.fixed_offset, 0) + buffer.size;
    model.max_load = std::max(model.max_load, (end + model.unit - 1) / model.unit);
  }
  work.Add(Look::kRanked, 4 * std::int64_t{model.row_count});
  work.Add(Look::kLaid, static_cast<std::int64_t>(model.alive.size()));
  return model;
}

ExactModel AddSections(const ExactModel& model, const std::vector<StackedRows>& cliques, WorkMeter& work) {
  std::vector<Row> rows;
  for (int i = 0; i < model.row_count; ++i) rows.push_back(RowOf(model, i));
  int section = model.section_count;
  for (const StackedRows& clique : cliques) {
    for (const StackedRow& stacked : clique) {
      Row row = RowOf(model, stacked.row);
      row.lower = section;
      row.upper = section + 1;
      if (row.fixed == kFree) {
        row.room += row.begin;
        row.begin = 0;
      }
      row.size = std::min(stacked.length, row.room);  // what pads it below another one is not there on top of all
      rows.push_back(row);
    }
    ++section;
  }
  ExactModel more;
  more.unit = model.unit;
  more.grain = model.grain;
  more.section_count = section;
  NumberShapes(rows);
  std::sort(rows.begin(), rows.end(), Before);
  Fill(more, rows);
  more.max_load = std::max(more.max_load, model.max_load);
  work.Add(Look::kRanked, 2 * std::int64_t{more.row_count});
  work.Add(Look::kLaid, static_cast<std::int64_t>(more.alive.size()));
  return more;
}

ExactModel ClipExactModel(const ExactModel& model, int begin, int end, WorkMeter& work) {
  std::vector<Row> rows;
  for (int i = 0; i < model.row_count; ++i) {
    const int lower = std::max(model.first[At(i)], begin);
    const int upper = std::min(model.last[At(i)], end);
    if (lower >= upper) continue;
    rows.push_back(RowOf(model, i));
    rows.back().lower = lower;
    rows.back().upper = upper;
  }
  ExactModel clipped;
  clipped.unit = model.unit;
  clipped.grain = model.grain;
  clipped.section_count = TimeToSections(rows);
  std::sort(rows.begin(), rows.end(), Before);
  Fill(clipped, rows);
  work.Add(Look::kWindow, 1);
  work.Add(Look::kUnplaced, model.row_count);
  work.Add(Look::kRanked, 2 * std::int64_t{clipped.row_count});
  work.Add(Look::kLaid, static_cast<std::int64_t>(clipped.alive.size()));
  return clipped;
}

}  // namespace orionrt
