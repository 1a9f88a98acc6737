#include "plan/clocks/address_list.hpp"

#include <algorithm>
#include <numeric>

namespace orionrt {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

std::int64_t Up(std::int64_t offset, std::int64_t alignment) { return (offset + alignment - 1) & -alignment; }

}  // namespace

AddressList::AddressList(const Problem& problem, const Precedence& order, Conflicts& conflicts)
    : problem_(problem), order_(order), conflicts_(conflicts), first_of_buffer_(problem.buffers.size() + 1, 0) {
  for (const Precedence::Rectangle& r : order.rectangles()) ++first_of_buffer_[At(r.buffer) + 1];
  std::partial_sum(first_of_buffer_.begin(), first_of_buffer_.end(), first_of_buffer_.begin());
}

// In the order of addresses, until `visit` returns false. The conflicts of a run of entries are gathered without a
// branch for each, as hardly any pattern is in them.
template <typename Visit>
void AddressList::ForEachConflict(int rectangle, Visit visit) {
  constexpr std::size_t kRun = 64;
  const std::uint8_t* row = conflicts_.Row(rectangle);
  int found[kRun];
  for (std::size_t run = 0; run < entries_.size(); run += kRun) {
    const std::size_t end = std::min(run + kRun, entries_.size());
    std::size_t count = 0;
    for (std::size_t e = run; e < end; ++e) {
      found[count] = static_cast<int>(e);
      count += row[entries_[e].slot];
    }
    work_ += static_cast<std::int64_t>(end - run);
    for (std::size_t k = 0; k < count; ++k) {
      if (!visit(entries_[At(found[k])])) return;
    }
  }
}

// From `floor` on, where the rectangle begins: `floor`, or where something ends, rounded up.
std::int64_t AddressList::LowestRectangleFit(int rectangle, std::int64_t floor, std::int64_t alignment) {
  const Precedence::Rectangle& it = order_.rectangles()[At(rectangle)];
  const std::int64_t size = it.end - it.begin;
  std::int64_t at = floor;
  ForEachConflict(rectangle, [&](const Entry& entry) {
    if (entry.begin >= at + size) return false;
    if (entry.end > at) at = Up(entry.end, alignment);
    return true;
  });
  return at;
}

// Every rectangle raises the offset to the first at which it fits, until none does.
std::int64_t AddressList::LowestBodyFit(int buffer) {
  const std::int64_t alignment = problem_.buffers[At(buffer)].alignment;
  std::int64_t offset = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (int r = first_of_buffer_[At(buffer)]; r < first_of_buffer_[At(buffer) + 1]; ++r) {
      const std::int64_t begin = order_.rectangles()[At(r)].begin;
      const std::int64_t fit = LowestRectangleFit(r, offset + begin, 1) - begin;
      if (fit == offset) continue;
      offset = Up(fit, alignment);
      moved = true;
    }
  }
  return offset;
}

std::int64_t AddressList::LowestFit(int buffer) {
  const Buffer& b = problem_.buffers[At(buffer)];
  if (b.fixed_offset != kFree) return b.fixed_offset;
  const int rectangle = first_of_buffer_[At(buffer)];
  const int count = first_of_buffer_[At(buffer) + 1] - rectangle;
  if (count == 0) return 0;
  const Precedence::Rectangle& it = order_.rectangles()[At(rectangle)];
  if (count > 1 || it.end - it.begin != b.size) return LowestBodyFit(buffer);
  return LowestRectangleFit(rectangle, 0, b.alignment);
}

std::int64_t AddressList::TightestFit(int buffer) {
  const Buffer& b = problem_.buffers[At(buffer)];
  const int rectangle = first_of_buffer_[At(buffer)];
  const bool whole = first_of_buffer_[At(buffer) + 1] == rectangle + 1 &&
                     order_.rectangles()[At(rectangle)].end - order_.rectangles()[At(rectangle)].begin == b.size;
  if (b.fixed_offset != kFree || !whole) return LowestFit(buffer);
  std::int64_t at = 0, best = -1, best_gap = INT64_MAX;
  ForEachConflict(rectangle, [&](const Entry& entry) {
    const std::int64_t gap = entry.begin - at;
    if (gap >= b.size && gap < best_gap) {
      best_gap = gap;
      best = at;
    }
    if (entry.end > at) at = Up(entry.end, b.alignment);
    return true;
  });
  return best >= 0 ? best : at;
}

void AddressList::Place(int buffer, std::int64_t offset) {
  for (int r = first_of_buffer_[At(buffer)]; r < first_of_buffer_[At(buffer) + 1]; ++r) {
    const Precedence::Rectangle& it = order_.rectangles()[At(r)];
    const Entry entry{offset + it.begin, offset + it.end, conflicts_.slot(r)};
    const auto place = std::upper_bound(entries_.begin(), entries_.end(), entry,
                                        [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
    entries_.insert(place, entry);
  }
}

void AddressList::Clear() { entries_.clear(); }

std::vector<std::int64_t> PlaceInOrder(const Problem& problem, AddressList& list, const std::vector<int>& buffers,
                                       bool tightest) {
  list.Clear();
  std::vector<std::int64_t> offsets(problem.buffers.size(), 0);
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    if (problem.buffers[At(i)].fixed_offset == kFree) continue;
    offsets[At(i)] = problem.buffers[At(i)].fixed_offset;
    list.Place(i, offsets[At(i)]);
  }
  for (const int i : buffers) {
    if (problem.buffers[At(i)].fixed_offset != kFree) continue;
    offsets[At(i)] = tightest ? list.TightestFit(i) : list.LowestFit(i);
    list.Place(i, offsets[At(i)]);
  }
  return offsets;
}

}  // namespace orionrt
