#include "orionrt/problem.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "base/checked.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "orionrt/error.hpp"
#include "plan/pools.hpp"

namespace orionrt {
namespace {

[[noreturn]] void Refuse(const Problem& problem, int i, const std::string& what) {
  throw Error(ErrorCode::kBadInput, "buffer " + BufferLabel(problem, i) + ": " + what);
}

std::string Span(std::int64_t from, std::int64_t to) {
  return "[" + std::to_string(from) + ", " + std::to_string(to) + ")";
}

constexpr std::int64_t kLatestStep = std::int64_t{1} << 61;  // either way: differences and their doubles fit in 64 bits

// What a plan that shares nothing would take, above the highest fixed buffer: no sum of a planner's can be larger.
struct Extent {
  std::int64_t sizes = 0;
  std::int64_t fixed_top = 0;
};

void CheckBuffer(const Problem& problem, int i, Extent* extent) {
  const Buffer& buffer = problem.buffers[i];
  if (buffer.lower >= buffer.upper) {
    Refuse(problem, i, "lifetime " + Span(buffer.lower, buffer.upper) + " is empty; upper must be above lower");
  }
  if (buffer.lower < -kLatestStep || buffer.upper > kLatestStep) {
    Refuse(problem, i, "lifetime " + Span(buffer.lower, buffer.upper) + " reaches past step 2^61");
  }
  if (buffer.size < 0) Refuse(problem, i, "size " + std::to_string(buffer.size) + " is negative");
  if (!IsPowerOfTwo(buffer.alignment)) {
    Refuse(problem, i, "alignment " + std::to_string(buffer.alignment) + " is not a power of two");
  }
  const std::int64_t offset = buffer.fixed_offset;
  if (offset != kFree && (offset < 0 || offset % buffer.alignment != 0)) {
    Refuse(problem, i,
           "fixed offset " + std::to_string(offset) + " is negative or no multiple of its alignment " +
               std::to_string(buffer.alignment));
  }
  std::int64_t end = 0;
  if (offset != kFree && !CheckedAdd(offset, buffer.size, &end)) Refuse(problem, i, "it ends past 63 bits");
  extent->fixed_top = std::max(extent->fixed_top, end);
  std::int64_t all = 0;
  if (!CheckedAdd(extent->sizes, buffer.size, &extent->sizes) ||
      !CheckedAdd(extent->sizes, buffer.alignment - 1, &extent->sizes) ||
      !CheckedAdd(extent->sizes, extent->fixed_top, &all)) {
    Refuse(problem, i, "its " + std::to_string(buffer.size) + " bytes take the sum of all sizes past 63 bits");
  }
}

void CheckPart(const Problem& problem, std::size_t p) {
  const Part& part = problem.parts[p];
  if (part.buffer < 0 || part.buffer >= static_cast<int>(problem.buffers.size())) {
    throw Error(ErrorCode::kBadInput, "part " + std::to_string(p) + " names no buffer");
  }
  const Buffer& buffer = problem.buffers[part.buffer];
  const bool inside = buffer.lower <= part.lower && part.lower < part.upper && part.upper <= buffer.upper &&
                      0 <= part.begin && part.begin <= part.end && part.end <= buffer.size;
  if (!inside) {
    Refuse(problem, part.buffer,
           "part " + Span(part.lower, part.upper) + " x " + Span(part.begin, part.end) +
               " is empty or lies outside the buffer");
  }
  if (p > 0) {
    const Part& before = problem.parts[p - 1];
    const bool sorted = before.buffer < part.buffer || (before.buffer == part.buffer && before.lower <= part.lower);
    if (!sorted) Refuse(problem, part.buffer, "its parts are not sorted by buffer and lower");
  }
}

// Parts of one buffer must not overlap: [first, last) of problem.parts, all of one buffer. O(k log k).
void CheckDisjoint(const Problem& problem, std::size_t first, std::size_t last) {
  std::multimap<std::int64_t, std::size_t> live_by_upper;
  std::map<std::int64_t, std::size_t> live_by_begin;
  for (std::size_t p = first; p < last; ++p) {
    const Part& part = problem.parts[p];
    if (part.begin == part.end) continue;
    while (!live_by_upper.empty() && live_by_upper.begin()->first <= part.lower) {
      live_by_begin.erase(problem.parts[live_by_upper.begin()->second].begin);
      live_by_upper.erase(live_by_upper.begin());
    }
    const auto next = live_by_begin.lower_bound(part.begin);
    const bool meets_next = next != live_by_begin.end() && next->first < part.end;
    const bool meets_below = next != live_by_begin.begin() && problem.parts[std::prev(next)->second].end > part.begin;
    if (meets_next || meets_below)
      Refuse(problem, part.buffer, "two of its parts overlap at step " + std::to_string(part.lower));
    live_by_begin.emplace(part.begin, p);
    live_by_upper.emplace(part.upper, p);
  }
}

void CheckParts(const Problem& problem) {
  for (std::size_t p = 0; p < problem.parts.size(); ++p) CheckPart(problem, p);
  for (std::size_t first = 0; first < problem.parts.size();) {
    std::size_t last = first;
    while (last < problem.parts.size() && problem.parts[last].buffer == problem.parts[first].buffer) ++last;
    CheckDisjoint(problem, first, last);
    first = last;
  }
}

void CheckIds(const Problem& problem) {
  const std::size_t n = problem.buffers.size();
  if ((!problem.ids.empty() && problem.ids.size() != n) || (!problem.names.empty() && problem.names.size() != n)) {
    throw Error(ErrorCode::kBadInput, "problem: " + std::to_string(n) + " buffers, but " +
                                          std::to_string(problem.ids.size()) + " ids and " +
                                          std::to_string(problem.names.size()) + " names");
  }
  // By hash first: comparing numbers is much faster than comparing strings.
  std::vector<std::pair<std::uint64_t, int>> order;
  for (std::size_t i = 0; i < problem.ids.size(); ++i)
    order.emplace_back(HashText(problem.ids[i]), static_cast<int>(i));
  std::sort(order.begin(), order.end());
  for (std::size_t a = 0; a < order.size(); ++a) {
    for (std::size_t b = a + 1; b < order.size() && order[b].first == order[a].first; ++b) {
      if (problem.ids[order[a].second] == problem.ids[order[b].second])
        Refuse(problem, order[b].second, "its id is used twice");
    }
  }
}

}  // namespace

void CheckProblem(const Problem& problem) {
  if (problem.buffers.size() > static_cast<std::size_t>(INT32_MAX)) {
    throw Error(ErrorCode::kUnsupported, "problem: more than 2^31 - 1 buffers");
  }
  CheckIds(problem);
  Extent extent;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) CheckBuffer(problem, i, &extent);
  CheckParts(problem);
  CheckPools(problem);
}

void RaiseAlignment(Problem& problem, std::int64_t alignment) {
  if (!IsPowerOfTwo(alignment)) {
    throw Error(ErrorCode::kMisuse, "alignment " + std::to_string(alignment) + " is not a power of two");
  }
  for (Buffer& buffer : problem.buffers) buffer.alignment = std::max(buffer.alignment, alignment);
}

std::string BufferId(const Problem& problem, int i) { return problem.ids.empty() ? std::to_string(i) : problem.ids[i]; }

std::string BufferLabel(const Problem& problem, int i) {
  const std::string id = Printable(BufferId(problem, i));
  const bool named = !problem.names.empty() && !problem.names[i].empty();
  return named ? id + " \"" + Printable(problem.names[i]) + "\"" : id;
}

std::uint64_t HashProblem(const Problem& problem) {
  Hasher hash;
  hash.Add(static_cast<std::uint64_t>(problem.buffers.size()));
  for (const Buffer& b : problem.buffers) {
    for (std::int64_t value : {b.lower, b.upper, b.size, b.alignment, b.fixed_offset}) hash.Add(value);
  }
  for (const Part& p : problem.parts) {
    hash.Add(p.buffer);
    for (std::int64_t value : {p.lower, p.upper, p.begin, p.end}) hash.Add(value);
  }
  if (!problem.pools.empty()) HashPools(problem, hash);
  return hash.value();
}

}  // namespace orionrt
