#include "plan/exact/stack_tables.hpp"

#include <algorithm>
#include <utility>

#include "base/index.hpp"

namespace orionrt {
namespace {

// Items of a table. One section alone has no more than padding to give up as a rule, and a table of all that is alive
// there leaves the search nothing to find out about it.
constexpr std::size_t kMostOfTightest = 18, kMostItems = 14;

std::int64_t WorkOfTable(std::size_t items) {
  return static_cast<std::int64_t>(Look::kStacked) * static_cast<std::int64_t>(items << items);
}

}  // namespace

StackTables::StackTables(const ExactModel& model, std::int64_t table_work, WorkMeter& work)
    : model_(model), table_work_(model.max_alignment == model.grain ? 0 : table_work), work_(work) {
  if (table_work_ == 0) return;
  bit_begin_.assign(1, 0);
  for (int row = 0; row < model.row_count; ++row) bit_begin_.push_back(bit_begin_.back() + model.Length(row));
}

void StackTables::Reset(std::int64_t capacity) {
  if (table_work_ == 0) return;
  if (capacity != capacity_) {
    capacity_ = capacity;
    floors_.clear();
    tables_.assign(At(model_.section_count), {});
    bits_.assign(At(bit_begin_.back()), 0);
    const std::int64_t end = work_.spent().work + table_work_;
    for (const int section : TightestFirst(capacity)) {
      if (work_.spent().work >= end) break;
      Add(section, empty() && WorkOfTable(kMostOfTightest) <= table_work_ ? kMostOfTightest : kMostItems, capacity);
    }
  }
  if (empty()) return;
  for (Table& table : tables_) table.set = 0;
  for (int row = 0; row < model_.row_count; ++row) {
    for (int s = model_.first[At(row)]; s < model_.last[At(row)]; ++s) Restore(s, row);
  }
  work_.Add(Look::kUnplaced, static_cast<std::int64_t>(model_.alive.size()));
}

// Sections in which padding could be what does not fit.
std::vector<int> StackTables::TightestFirst(std::int64_t capacity) const {
  std::vector<std::pair<std::int64_t, int>> order;
  for (int s = 0; s < model_.section_count; ++s) {
    std::int64_t slack = capacity;
    std::int64_t padding = 0;
    for (int k = model_.alive_begin[At(s)]; k < model_.alive_begin[At(s + 1)]; ++k) {
      slack -= model_.size[At(model_.alive[At(k)])];
      padding += model_.alignment[At(model_.alive[At(k)])] - 1;
    }
    if (slack < padding) order.emplace_back(slack, s);
  }
  std::sort(order.begin(), order.end());
  std::vector<int> sections;
  for (const auto& [slack, s] : order) sections.push_back(s);
  return sections;
}

void StackTables::Add(int section, std::size_t most, std::int64_t capacity) {
  std::vector<int> rows(model_.alive.begin() + model_.alive_begin[At(section)],
                        model_.alive.begin() + model_.alive_begin[At(section + 1)]);
  std::stable_sort(rows.begin(), rows.end(),
                   [&](int a, int b) { return model_.alignment[At(a)] > model_.alignment[At(b)]; });
  if (rows.size() > most) rows.resize(kMostItems);
  std::vector<StackItem> items;
  for (const int row : rows) {
    bits_[At(bit_begin_[At(row)] + section - model_.first[At(row)])] = std::uint32_t{1} << items.size();
    const bool fixed = model_.fixed[At(row)] != kFree;
    items.push_back({model_.size[At(row)], fixed ? 1 : model_.alignment[At(row)], fixed ? 0 : model_.begin[At(row)],
                     model_.room[At(row)], fixed ? 0 : model_.begin[At(row)]});
  }
  tables_[At(section)].first = static_cast<std::int64_t>(floors_.size());
  const std::vector<std::int64_t> floors = HighestFloors(items, capacity);
  floors_.insert(floors_.end(), floors.begin(), floors.end());
  work_.Add(Look::kStacked, static_cast<std::int64_t>(items.size()) << items.size());
}

}  // namespace orionrt
