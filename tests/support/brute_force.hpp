// Slow and obvious answers to compare with. Shares no code with the library.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "orionrt/problem.hpp"

namespace orionrt::tests {

// The rectangles of buffer `i`, with bytes counted from its offset. None where it holds no byte.
inline std::vector<Part> RectanglesOf(const Problem& problem, int i) {
  std::vector<Part> rectangles;
  bool has_parts = false;
  for (const Part& part : problem.parts) {
    if (part.buffer != i) continue;
    has_parts = true;
    if (part.begin < part.end) rectangles.push_back(part);
  }
  const Buffer& b = problem.buffers[i];
  if (!has_parts && b.size > 0) rectangles.push_back({i, b.lower, b.upper, 0, b.size});
  return rectangles;
}

// Whether buffer `i` at offset `a` and buffer `j` at offset `b` share a byte at some step.
inline bool Clash(const Problem& problem, int i, std::int64_t a, int j, std::int64_t b) {
  for (const Part& p : RectanglesOf(problem, i)) {
    for (const Part& q : RectanglesOf(problem, j)) {
      const bool together = p.lower < q.upper && q.lower < p.upper;
      if (together && a + p.begin < b + q.end && b + q.begin < a + p.end) return true;
    }
  }
  return false;
}

// The first pair of buffers that clash, by index. O(n^2).
inline std::optional<std::pair<int, int>> FindClash(const Problem& problem, const std::vector<std::int64_t>& offsets) {
  const int n = static_cast<int>(problem.buffers.size());
  for (int i = 0; i < n; ++i) {
    for (int j = i + 1; j < n; ++j) {
      if (Clash(problem, i, offsets[i], j, offsets[j])) return std::pair{i, j};
    }
  }
  return std::nullopt;
}

// Each buffer in turn at the lowest offset at which it clashes with none before it. Any positions, one byte at a time
// of alignment; buffers alive as a whole (parts are ignored), so that the bounding rectangles are disjoint too.
inline std::vector<std::int64_t> StackUp(const Problem& problem) {
  Problem whole = problem;
  whole.parts.clear();
  std::vector<std::int64_t> offsets;
  for (int i = 0; i < static_cast<int>(whole.buffers.size()); ++i) {
    const Buffer& mine = whole.buffers[i];
    std::vector<std::pair<std::int64_t, std::int64_t>> taken;
    for (int j = 0; j < i; ++j) {
      const Buffer& other = whole.buffers[j];
      const bool together = mine.lower < other.upper && other.lower < mine.upper;
      if (together && other.size > 0) taken.emplace_back(offsets[j], offsets[j] + other.size);
    }
    std::sort(taken.begin(), taken.end());
    std::int64_t at = 0;
    for (const auto& [begin, end] : taken) {
      if (mine.size == 0 || at + mine.size <= begin) break;
      at = std::max(at, (end + mine.alignment - 1) / mine.alignment * mine.alignment);
    }
    offsets.push_back(mine.size == 0 ? 0 : at);
  }
  return offsets;
}

// The least peak that any plan can have, by trying every aligned offset of every buffer: for up to about 7 small
// buffers. Offsets are bits of a word, so the optimum must be below 64. The peak counts whole sizes, also of a buffer
// whose parts leave its top empty.
class OptimalPeak {
 public:
  explicit OptimalPeak(const Problem& problem) : problem_(problem) {
    for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) rectangles_.push_back(RectanglesOf(problem, i));
  }

  std::optional<std::int64_t> Find() const {
    std::int64_t least = 0;
    for (const Buffer& b : problem_.buffers) {
      if (b.size > 0) least = std::max(least, std::max<std::int64_t>(0, b.fixed_offset) + b.size);
    }
    for (std::int64_t peak = least; peak < 64; ++peak) {
      std::vector<std::uint64_t> allowed;
      for (const Buffer& b : problem_.buffers) allowed.push_back(Allowed(b, peak));
      if (Place(allowed, std::vector<bool>(allowed.size(), false))) return peak;
    }
    return std::nullopt;
  }

 private:
  // Bit o: the buffer may start at offset o and end at `peak` or below.
  static std::uint64_t Allowed(const Buffer& b, std::int64_t peak) {
    if (b.size == 0) return 1;
    if (b.fixed_offset != kFree) return std::uint64_t{1} << b.fixed_offset;
    std::uint64_t bits = 0;
    for (std::int64_t at = 0; at + b.size <= peak; at += b.alignment) bits |= std::uint64_t{1} << at;
    return bits;
  }

  // Bit o: buffer `j` at offset o clashes with buffer `i` at offset `at`.
  std::uint64_t Forbidden(int i, int at, int j) const {
    std::uint64_t bits = 0;
    for (const Part& p : rectangles_[i]) {
      for (const Part& q : rectangles_[j]) {
        if (p.lower >= q.upper || q.lower >= p.upper) continue;
        const std::int64_t first = std::max<std::int64_t>(0, at + p.begin - q.end + 1);
        for (std::int64_t o = first; o < std::min<std::int64_t>(64, at + p.end - q.begin); ++o)
          bits |= std::uint64_t{1} << o;
      }
    }
    return bits;
  }

  bool Place(const std::vector<std::uint64_t>& allowed, std::vector<bool> placed) const {
    const int n = static_cast<int>(allowed.size());
    int next = -1;  // the one with the fewest places left
    for (int k = 0; k < n; ++k) {
      if (placed[k]) continue;
      if (allowed[k] == 0) return false;
      if (next < 0 || __builtin_popcountll(allowed[k]) < __builtin_popcountll(allowed[next])) next = k;
    }
    if (next < 0) return true;
    placed[next] = true;
    for (int at = 0; at < 64; ++at) {
      if ((allowed[next] >> at & 1) == 0) continue;
      std::vector<std::uint64_t> rest = allowed;
      for (int k = 0; k < n; ++k) {
        if (!placed[k]) rest[k] &= ~Forbidden(next, at, k);
      }
      if (Place(rest, placed)) return true;
    }
    return false;
  }

  const Problem& problem_;
  std::vector<std::vector<Part>> rectangles_;
};

}  // namespace orionrt::tests
