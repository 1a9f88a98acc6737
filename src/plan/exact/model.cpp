#include "plan/exact/model.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace orionrt {
namespace {

struct Row {
  std::int64_t lower, upper, size, alignment, fixed;
  int original;
};

auto Key(const Row& row) { return std::tie(row.lower, row.upper, row.size, row.alignment, row.fixed); }

bool Before(const Row& a, const Row& b) { return Key(a) != Key(b) ? Key(a) < Key(b) : a.original < b.original; }

std::vector<Row> SortedRows(const Problem& problem) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer& buffer = problem.buffers[i];
    if (buffer.size == 0) continue;
    rows.push_back(
        {buffer.lower, buffer.upper, buffer.size, buffer.alignment, buffer.fixed_offset, static_cast<int>(i)});
  }
  std::sort(rows.begin(), rows.end(), Before);
  return rows;
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
      rows[i].lower = sections;
      open = true;
    } else {
      if (open) ++sections;
      open = false;
      rows[i].upper = sections;
    }
  }
  return sections;
}

// Rows that are alike in sections stay in the order that their steps gave them: not in that of the input.
void SortByKey(std::vector<Row>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return Key(a) < Key(b); });
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
    if (row.alignment > 1) unit = std::gcd(unit, row.alignment);
    if (row.fixed != kFree) unit = std::gcd(unit, row.fixed);
  }
  return std::max<std::int64_t>(unit, 1);
}

// Rows are in order of their starts already.
void IndexStartsAndEnds(ExactModel& model) {
  const int n = model.buffer_count;
  model.start_begin.assign(model.section_count + 2, 0);
  model.end_begin.assign(model.section_count + 2, 0);
  for (int i = 0; i < n; ++i) {
    ++model.start_begin[model.first[i] + 1];
    ++model.end_begin[model.last[i] + 1];
  }
  std::partial_sum(model.start_begin.begin(), model.start_begin.end(), model.start_begin.begin());
  std::partial_sum(model.end_begin.begin(), model.end_begin.end(), model.end_begin.begin());
  std::vector<int> next = model.end_begin;
  model.by_end.resize(n);
  for (int i = 0; i < n; ++i) model.by_end[next[model.last[i]]++] = i;
}

// Links interchangeable rows; sorted rows put them next to each other. Lays out the members of every section.
void Finish(ExactModel& model) {
  const int n = model.buffer_count;
  model.twin.assign(n, -1);
  std::vector<std::int64_t> load(model.section_count, 0);
  std::vector<int> begin(model.section_count + 1, 0);
  for (int i = 0; i < n; ++i) {
    const auto key = [&](int row) {
      return std::tie(model.first[row], model.last[row], model.size[row], model.alignment[row], model.fixed[row]);
    };
    if (i > 0 && key(i) == key(i - 1)) model.twin[i] = i - 1;
    for (int s = model.first[i]; s < model.last[i]; ++s) {
      load[s] += model.size[i];
      ++begin[s + 1];
    }
  }
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  model.member_begin = begin;
  model.members.resize(begin.back());
  for (int i = 0; i < n; ++i) {
    for (int s = model.first[i]; s < model.last[i]; ++s) model.members[begin[s]++] = i;
  }
  IndexStartsAndEnds(model);
  model.max_load = load.empty() ? 0 : *std::max_element(load.begin(), load.end());
}

void Append(ExactModel& model, const Row& row, std::int64_t duration) {
  model.original.push_back(row.original);
  model.first.push_back(static_cast<int>(row.lower));
  model.last.push_back(static_cast<int>(row.upper));
  model.duration.push_back(duration);
  model.size.push_back(row.size);
  model.alignment.push_back(row.alignment);
  model.fixed.push_back(row.fixed);
  ++model.buffer_count;
  model.max_alignment = std::max(model.max_alignment, row.alignment);
  model.scale_free &= row.alignment == 1 && row.fixed == kFree;
}

}  // namespace

ExactModel MakeExactModel(const Problem& problem, WorkMeter& work) {
  std::vector<Row> rows = SortedRows(problem);
  ExactModel model;
  model.unit = Unit(rows);
  model.section_count = TimeToSections(rows);
  for (Row& row : rows) {
    row.size /= model.unit;
    row.alignment = std::max<std::int64_t>(row.alignment / model.unit, 1);
    if (row.fixed != kFree) row.fixed /= model.unit;
  }
  SortByKey(rows);
  std::vector<Row> mirrored = Mirrored(rows, model.section_count);
  const auto less = [](const Row& a, const Row& b) { return Key(a) < Key(b); };
  if (std::lexicographical_compare(mirrored.begin(), mirrored.end(), rows.begin(), rows.end(), less)) {
    rows = std::move(mirrored);
  }
  for (const Row& row : rows) {
    const Buffer& buffer = problem.buffers[row.original];
    Append(model, row, buffer.upper - buffer.lower);
  }
  Finish(model);
  work.Add(Look::kRanked, 4 * std::int64_t{model.buffer_count});
  work.Add(Look::kLaid, static_cast<std::int64_t>(model.members.size()));
  return model;
}

ExactModel ClipExactModel(const ExactModel& model, int begin, int end, WorkMeter& work) {
  std::vector<Row> rows;
  for (int i = 0; i < model.buffer_count; ++i) {
    const int lower = std::max(model.first[i], begin);
    const int upper = std::min(model.last[i], end);
    if (lower < upper) rows.push_back({lower, upper, model.size[i], model.alignment[i], model.fixed[i], i});
  }
  ExactModel clipped;
  clipped.unit = model.unit;
  clipped.section_count = TimeToSections(rows);
  std::sort(rows.begin(), rows.end(), Before);
  for (Row row : rows) {
    const int parent = row.original;
    row.original = model.original[parent];
    Append(clipped, row, model.duration[parent]);
  }
  Finish(clipped);
  work.Add(Look::kWindow, 1);
  work.Add(Look::kMember, model.buffer_count);
  work.Add(Look::kRanked, 2 * std::int64_t{clipped.buffer_count});
  work.Add(Look::kLaid, static_cast<std::int64_t>(clipped.members.size()));
  return clipped;
}

}  // namespace orionrt
