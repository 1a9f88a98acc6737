#include "plan/orders.hpp"

#include <algorithm>
#include <tuple>

namespace orionrt {

const char* KeyName(Key key) {
  constexpr const char* kNames[kKeyCount] = {"early", "late", "size_early", "size_late", "long", "area", "heavy"};
  return kNames[static_cast<int>(key)];
}

Orders::Orders(const Problem& problem, const Shapes& shapes) : problem_(problem), shapes_(shapes) {
  struct Record {
    Span span;
    std::int64_t size;
    int buffer;
  };
  std::vector<Record> records;
  records.reserve(problem.buffers.size());
  std::int64_t largest = 0;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const Buffer& buffer = problem.buffers[static_cast<std::size_t>(i)];
    const Span span = shapes.bounds[static_cast<std::size_t>(i)];
    if (span.length() == 0 || buffer.fixed_offset != kFree) continue;
    records.push_back({span, buffer.size, i});
    largest = std::max(largest, buffer.size);
  }
  while ((largest >> weight_shift_) >> 48 != 0) ++weight_shift_;
  std::sort(records.begin(), records.end(), [&](const Record& a, const Record& b) {
    if (a.span.first != b.span.first) return a.span.first < b.span.first;
    if (a.size != b.size) return a.size > b.size;
    if (a.span.last != b.span.last) return a.span.last > b.span.last;
    const auto alignment_of = [&](const Record& r) {
      return problem.buffers[static_cast<std::size_t>(r.buffer)].alignment;
    };
    return std::make_tuple(-alignment_of(a), a.buffer) < std::make_tuple(-alignment_of(b), b.buffer);
  });
  rank_.resize(problem.buffers.size());
  movable_.reserve(records.size());
  for (const Record& record : records) {
    rank_[static_cast<std::size_t>(record.buffer)] = static_cast<int>(movable_.size());
    movable_.push_back(record.buffer);
  }
}

Orders::Wide Orders::Value(int buffer, Key key) const {
  const auto size = static_cast<std::uint64_t>(problem_.buffers[static_cast<std::size_t>(buffer)].size);
  const Span span = shapes_.bounds[static_cast<std::size_t>(buffer)];
  const auto length = static_cast<std::uint32_t>(span.length());
  const auto death = static_cast<std::uint32_t>(span.last);
  switch (key) {
    case Key::kEarly:
      return ~static_cast<std::uint32_t>(span.first);
    case Key::kLate:
      return Wide{death} << 64 | size;
    case Key::kSizeEarly:
      return size;
    case Key::kSizeLate:
      return Wide{size} << 32 | death;
    case Key::kLong:
      return Wide{length} << 64 | size;
    case Key::kArea:
      return Wide{size} * length;
    case Key::kHeavy:
      return Wide{size >> weight_shift_} * (size >> weight_shift_) * length;
  }
  return 0;
}

void Orders::Sort(std::vector<int>& buffers, Key key) const {
  struct Record {
    Wide value;
    int rank;
  };
  std::vector<Record> records;
  records.reserve(buffers.size());
  for (const int buffer : buffers) records.push_back({Value(buffer, key), rank_[static_cast<std::size_t>(buffer)]});
  std::sort(records.begin(), records.end(),
            [](const Record& a, const Record& b) { return a.value != b.value ? a.value > b.value : a.rank < b.rank; });
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    buffers[i] = movable_[static_cast<std::size_t>(records[i].rank)];
  }
}

}  // namespace orionrt
