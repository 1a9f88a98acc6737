#include "plan/placing/sort_keys.hpp"

#include <algorithm>
#include <tuple>

#include "base/index.hpp"

namespace orionrt {
namespace {

// Slack of a section against the worst one, in units of 1/512 of that: 0 is tightest, then one class per doubling.
constexpr std::int64_t kSlackUnits = 512;
constexpr std::uint8_t kLoosest = 64;

int Log2(std::uint64_t value) {
  int log = 0;
  while (value >>= 1) ++log;
  return log;
}

}  // namespace

const char* KeyName(Key key) {
  constexpr const char* kNames[kKeyCount] = {"early", "late",        "long_early", "long_late",
                                             "long",  "size_early",  "size_late",  "area",
                                             "heavy", "tight_heavy", "tight_size"};
  return kNames[static_cast<int>(key)];
}

SortKeys::SortKeys(const Problem& problem, const Shapes& shapes, const std::vector<std::int64_t>& bounds)
    : problem_(problem), shapes_(shapes) {
  struct Record {
    Span span;
    std::int64_t size;
    int buffer;
  };
  std::vector<Record> records;
  records.reserve(problem.buffers.size());
  std::int64_t largest = 0;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const Buffer& buffer = problem.buffers[At(i)];
    const Span span = shapes.extents[At(i)];
    if (span.length() == 0 || buffer.fixed_offset != kFree) continue;
    records.push_back({span, buffer.size, i});
    largest = std::max(largest, buffer.size);
  }
  while ((largest >> weight_shift_) >> 44 != 0) ++weight_shift_;
  std::sort(records.begin(), records.end(), [&](const Record& a, const Record& b) {
    if (a.span.first != b.span.first) return a.span.first < b.span.first;
    if (a.size != b.size) return a.size > b.size;
    if (a.span.last != b.span.last) return a.span.last > b.span.last;
    const auto rest = [&](const Record& r) {
      const Buffer& buffer = problem.buffers[At(r.buffer)];
      return std::make_tuple(-buffer.alignment, buffer.lower, buffer.upper, r.buffer);
    };
    return rest(a) < rest(b);
  });
  rank_.resize(problem.buffers.size());
  movable_.reserve(records.size());
  for (const Record& record : records) {
    rank_[At(record.buffer)] = static_cast<int>(movable_.size());
    movable_.push_back(record.buffer);
  }
  FindTightness(bounds);
}

// The tightest class over each life, by a tree of minima over the sections.
void SortKeys::FindTightness(const std::vector<std::int64_t>& bounds) {
  tightness_.assign(problem_.buffers.size(), kLoosest);
  if (bounds.empty()) return;
  const std::size_t count = bounds.size();
  const std::int64_t worst = *std::max_element(bounds.begin(), bounds.end());
  const std::int64_t unit = std::max<std::int64_t>(1, worst / kSlackUnits);
  std::vector<std::uint8_t> tree(2 * count);
  for (std::size_t s = 0; s < count; ++s) {
    const auto slack = static_cast<std::uint64_t>((worst - bounds[s]) / unit);
    tree[count + s] = static_cast<std::uint8_t>(slack == 0 ? 0 : Log2(slack) + 1);
  }
  for (std::size_t node = count - 1; node > 0; --node) tree[node] = std::min(tree[2 * node], tree[2 * node + 1]);
  for (const int buffer : movable_) {
    const Span span = shapes_.extents[At(buffer)];
    std::uint8_t tightest = kLoosest;
    std::size_t from = count + static_cast<std::size_t>(span.first), to = count + static_cast<std::size_t>(span.last);
    for (; from < to; from /= 2, to /= 2) {
      if (from % 2 == 1) tightest = std::min(tightest, tree[from++]);
      if (to % 2 == 1) tightest = std::min(tightest, tree[--to]);
    }
    tightness_[At(buffer)] = tightest;
  }
}

Wide SortKeys::Value(int buffer, Key key) const {
  const auto size = static_cast<std::uint64_t>(problem_.buffers[At(buffer)].size);
  const Span span = shapes_.extents[At(buffer)];
  const auto length = static_cast<std::uint32_t>(span.length());
  const auto birth = static_cast<std::uint32_t>(span.first);
  const auto death = static_cast<std::uint32_t>(span.last);
  const auto tight = static_cast<std::uint32_t>(kLoosest - tightness_[At(buffer)]);
  const Wide heavy = Wide{size >> weight_shift_} * (size >> weight_shift_) * length;
  switch (key) {
    case Key::kEarly:
      return ~birth;
    case Key::kLate:
      return Wide{death} << 64 | size;
    case Key::kLongEarly:
      return Wide{static_cast<unsigned>(Log2(length))} << 32 | ~birth;
    case Key::kLongLate:
      return Wide{static_cast<unsigned>(Log2(length))} << 32 | death;
    case Key::kLong:
      return Wide{length} << 64 | size;
    case Key::kSizeEarly:
      return size;
    case Key::kSizeLate:
      return Wide{size} << 32 | death;
    case Key::kArea:
      return Wide{size} * length;
    case Key::kHeavy:
      return heavy;
    case Key::kTightHeavy:
      return Wide{tight} << 120 | heavy;
    case Key::kTightSize:
      return Wide{tight} << 64 | size;
  }
  return 0;
}

void SortKeys::Sort(std::vector<int>& buffers, Key key) const {
  struct Record {
    Wide value;
    int rank;
  };
  std::vector<Record> records;
  records.reserve(buffers.size());
  for (const int buffer : buffers) records.push_back({Value(buffer, key), rank_[At(buffer)]});
  std::sort(records.begin(), records.end(),
            [](const Record& a, const Record& b) { return a.value != b.value ? a.value > b.value : a.rank < b.rank; });
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    buffers[i] = movable_[At(records[i].rank)];
  }
}

}  // namespace orionrt
