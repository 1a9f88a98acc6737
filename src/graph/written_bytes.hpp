// Who wrote each byte of an arena last: what a run of a graph is judged by.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <vector>

namespace orionrt {

constexpr int kNobody = -1;     // Written::tensor: no tensor's
constexpr int kWorkspace = -2;  // scratch of an op, or what a body of it leaves behind

// A run of bytes, as one op wrote them: bytes [from, from + bytes) of `tensor` as it was after `step`.
struct Written {
  std::int64_t begin = 0;  // where it lies, or belongs
  std::int64_t bytes = 0;
  int tensor = kNobody;
  std::int64_t from = 0;
  int step = -1;  // -1: from outside
};
using WrittenRun = std::vector<Written>;  // one behind the other

// The ranges of [begin, end), moved so that `begin` becomes `to`.
inline WrittenRun Slice(const WrittenRun& ranges, std::int64_t begin, std::int64_t end, std::int64_t to) {
  WrittenRun slice;
  for (const Written& range : ranges) {
    const std::int64_t first = std::max(range.begin, begin);
    const std::int64_t last = std::min(range.begin + range.bytes, end);
    if (first < last)
      slice.push_back({first - begin + to, last - first, range.tensor, range.from + first - range.begin, range.step});
  }
  return slice;
}

// Who wrote each byte of one arena last.
class WrittenBytes {
 public:
  void Write(const Written& range) {
    Split(range.begin);
    Split(range.begin + range.bytes);
    ranges_.erase(ranges_.lower_bound(range.begin), ranges_.lower_bound(range.begin + range.bytes));
    ranges_[range.begin] = range;
  }

  // The first byte that is not as `wanted` says, or -1.
  std::int64_t FirstWrong(const Written& wanted) const {
    std::int64_t at = wanted.begin;
    for (auto it = At(at); at < wanted.begin + wanted.bytes; ++it) {
      if (it == ranges_.end() || it->first > at || it->second.tensor != wanted.tensor ||
          it->second.step != wanted.step || it->second.from + at - it->first != wanted.from + at - wanted.begin)
        return at;
      at = it->first + it->second.bytes;
    }
    return -1;
  }

  // What holds a byte; of tensor kNobody where nobody wrote it.
  Written HolderOf(std::int64_t at) const {
    const auto it = At(at);
    return it == ranges_.end() || it->first > at ? Written() : it->second;
  }

 private:
  using Map = std::map<std::int64_t, Written>;

  // The range that holds a byte, or the next one.
  Map::const_iterator At(std::int64_t at) const {
    auto it = ranges_.upper_bound(at);
    if (it != ranges_.begin() && std::prev(it)->first + std::prev(it)->second.bytes > at) --it;
    return it;
  }

  // Makes a range begin at `at`, if one holds it.
  void Split(std::int64_t at) {
    auto it = ranges_.lower_bound(at);
    if (it == ranges_.begin()) return;
    Written& before = (--it)->second;
    const std::int64_t kept = at - before.begin;
    if (kept >= before.bytes) return;
    ranges_[at] = {at, before.bytes - kept, before.tensor, before.from + kept, before.step};
    before.bytes = kept;
  }

  Map ranges_;
};

}  // namespace orionrt
