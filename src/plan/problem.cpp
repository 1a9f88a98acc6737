// Checks problems, so that no sum of a planner overflows and every message names the buffer.
#include "orionrt/problem.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "base/checked.hpp"
#include "base/hash.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "plan/clocks/precedence.hpp"
#include "plan/space_table.hpp"

namespace orionrt {
namespace {

[[noreturn]] void Refuse(const Problem& problem, int i, const std::string& what) {
  throw Error(ErrorCode::kBadInput, "buffer " + BufferLabel(problem, i) + ": " + what);
}

std::string SpanOf(std::int64_t from, std::int64_t to) {
  return "[" + std::to_string(from) + ", " + std::to_string(to) + ")";
}

constexpr std::int64_t kLatestStep = std::int64_t{1} << 61;  // either way: differences and their doubles fit in 64 bits

// What a plan that shares nothing would take, above the highest fixed buffer: no sum of a planner's can be larger.
struct Extent {
  std::int64_t sizes = 0;
  std::int64_t fixed_top = 0;
};

void CheckSteps(const Problem& problem, int i) {
  const Buffer& buffer = problem.buffers[At(i)];
  if (buffer.lower >= buffer.upper) {
    Refuse(problem, i, "lifetime " + SpanOf(buffer.lower, buffer.upper) + " is empty; upper must be above lower");
  }
  if (buffer.lower < -kLatestStep || buffer.upper > kLatestStep) {
    Refuse(problem, i, "lifetime " + SpanOf(buffer.lower, buffer.upper) + " reaches past step 2^61");
  }
}

void CheckBuffer(const Problem& problem, int i, Extent* extent) {
  const Buffer& buffer = problem.buffers[At(i)];
  if (problem.clocks.streams == 0) CheckSteps(problem, i);
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
  const Buffer& buffer = problem.buffers[At(part.buffer)];
  const bool clocked = problem.clocks.streams > 0;
  const bool in_life = buffer.lower <= part.lower && part.lower < part.upper && part.upper <= buffer.upper;
  const bool inside = (clocked || in_life) && 0 <= part.begin && part.begin <= part.end && part.end <= buffer.size;
  if (!inside) {
    Refuse(problem, part.buffer,
           "part " + SpanOf(part.lower, part.upper) + " x " + SpanOf(part.begin, part.end) +
               " is empty or lies outside the buffer");
  }
  if (p > 0) {
    const Part& before = problem.parts[p - 1];
    const bool sorted =
        before.buffer < part.buffer || (before.buffer == part.buffer && (clocked || before.lower <= part.lower));
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
      Refuse(problem, part.buffer, "two of its parts overlap at step " + FormatThousands(part.lower));
    live_by_begin.emplace(part.begin, p);
    live_by_upper.emplace(part.upper, p);
  }
}

// A clock as files have it: 1:0:3.
std::string ClockText(const std::int64_t* clock, int streams) {
  std::string text;
  for (int s = 0; s < streams; ++s) text += (s == 0 ? "" : ":") + std::to_string(clock[s]);
  return text;
}

bool IsAtMostOnEveryStream(const std::int64_t* a, const std::int64_t* b, int streams) {
  return std::equal(a, a + streams, b, [](std::int64_t x, std::int64_t y) { return x <= y; });
}

// The same in clocks. O(k^2), as a buffer has few parts that share a byte.
void CheckDisjointInClocks(const Problem& problem, std::size_t first, std::size_t last) {
  const int streams = problem.clocks.streams;
  const auto clock = [&](const std::vector<std::int64_t>& clocks, std::size_t p) {
    return clocks.data() + p * static_cast<std::size_t>(streams);
  };
  const auto over = [&](std::size_t a, std::size_t b) {
    return IsAtMostOnEveryStream(clock(problem.clocks.part_ends, a), clock(problem.clocks.part_begins, b), streams);
  };
  for (std::size_t a = first; a < last; ++a) {
    for (std::size_t b = a + 1; b < last; ++b) {
      const bool meet = std::max(problem.parts[a].begin, problem.parts[b].begin) <
                        std::min(problem.parts[a].end, problem.parts[b].end);
      if (meet && !over(a, b) && !over(b, a)) {
        Refuse(problem, problem.parts[a].buffer, "two of its parts overlap: neither is over before the other begins");
      }
    }
  }
}

// `what`: of a buffer its life, or one of its parts.
void CheckClock(const Problem& problem, int i, const std::int64_t* begin, const std::int64_t* end, const char* what) {
  const int streams = problem.clocks.streams;
  const auto refuse = [&](const std::string& why) {
    Refuse(problem, i, what + (" from " + ClockText(begin, streams)) + " to " + ClockText(end, streams) + " " + why);
  };
  for (int s = 0; s < streams; ++s) {
    if (end[s] < begin[s]) refuse("ends before it begins, on stream " + std::to_string(s));
    if (begin[s] < -kLatestStep || end[s] > kLatestStep) refuse("reaches past 2^61 on stream " + std::to_string(s));
  }
  if (std::equal(begin, begin + streams, end)) refuse("is empty; let its end be later on one stream");
}

void CheckClocks(const Problem& problem) {
  const Clocks& clocks = problem.clocks;
  const bool none =
      clocks.begins.empty() && clocks.ends.empty() && clocks.part_begins.empty() && clocks.part_ends.empty();
  if (clocks.streams == 0 && none) return;
  const auto refuse = [](const std::string& what) { throw Error(ErrorCode::kBadInput, "problem: " + what); };
  if (clocks.streams < 2 || clocks.streams > kMostStreams) {
    refuse("clocks of " + std::to_string(clocks.streams) + " streams; 2 to " + std::to_string(kMostStreams) +
           " can be planned, one is a life in steps, and streams that are ordered totally count as one");
  }
  const auto streams = static_cast<std::size_t>(clocks.streams);
  const std::size_t all = problem.buffers.size() * streams, parts = problem.parts.size() * streams;
  if (clocks.begins.size() != all || clocks.ends.size() != all || clocks.part_begins.size() != parts ||
      clocks.part_ends.size() != parts) {
    refuse("clocks of unequal length, or not one per buffer and part: each has " + std::to_string(streams) +
           " numbers");
  }
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    CheckClock(problem, static_cast<int>(i), &clocks.begins[i * streams], &clocks.ends[i * streams], "its life");
  }
  for (std::size_t p = 0; p < problem.parts.size(); ++p) {
    const int i = problem.parts[p].buffer;
    const std::int64_t *begin = &clocks.part_begins[p * streams], *end = &clocks.part_ends[p * streams];
    CheckClock(problem, i, begin, end, "a part of it");
    const std::size_t whole = static_cast<std::size_t>(i) * streams;
    const int count = clocks.streams;
    if (!IsAtMostOnEveryStream(&clocks.begins[whole], begin, count) ||
        !IsAtMostOnEveryStream(end, &clocks.ends[whole], count)) {
      Refuse(
          problem, i,
          "a part of it from " + ClockText(begin, count) + " to " + ClockText(end, count) + " lies outside its life");
    }
  }
}

void CheckApart(const Problem& problem) {
  const int buffers = static_cast<int>(problem.buffers.size());
  for (const auto& [a, b] : problem.apart) {
    if (a >= 0 && a < buffers && b >= 0 && b < buffers && a != b) continue;
    throw Error(ErrorCode::kBadInput, "problem: a pair to be kept apart is of buffers number " + std::to_string(a) +
                                          " and " + std::to_string(b) + "; there are " + std::to_string(buffers));
  }
}

void CheckParts(const Problem& problem) {
  for (std::size_t first = 0; first < problem.parts.size();) {
    std::size_t last = first;
    while (last < problem.parts.size() && problem.parts[last].buffer == problem.parts[first].buffer) ++last;
    if (problem.clocks.streams > 0) {
      CheckDisjointInClocks(problem, first, last);
    } else {
      CheckDisjoint(problem, first, last);
    }
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
      if (problem.ids[At(order[a].second)] == problem.ids[At(order[b].second)])
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
  for (std::size_t p = 0; p < problem.parts.size(); ++p) CheckPart(problem, p);
  CheckClocks(problem);
  CheckParts(problem);
  CheckApart(problem);
  CheckSpaces(problem);
}

void WidenLives(Problem& problem) {
  if (problem.clocks.streams == 0) return;
  // Empty buffers have lives too, to be shown: sizes do not matter here.
  Problem shown;
  shown.clocks = problem.clocks;
  const auto streams = static_cast<std::size_t>(problem.clocks.streams);
  shown.clocks.begins.insert(shown.clocks.begins.end(), problem.clocks.part_begins.begin(),
                             problem.clocks.part_begins.end());
  shown.clocks.ends.insert(shown.clocks.ends.end(), problem.clocks.part_ends.begin(), problem.clocks.part_ends.end());
  shown.buffers.resize(shown.clocks.begins.size() / streams);
  for (Buffer& buffer : shown.buffers) buffer.size = 1;
  const Precedence order(shown);
  for (int r = 0; r < order.count(); ++r) {
    const Precedence::Span span = order.Widened(r);
    const auto i = static_cast<std::size_t>(r), n = problem.buffers.size();
    (i < n ? problem.buffers[i].lower : problem.parts[i - n].lower) = span.lower;
    (i < n ? problem.buffers[i].upper : problem.parts[i - n].upper) = span.upper;
  }
}

void RaiseAlignment(Problem& problem, std::int64_t alignment) {
  if (!IsPowerOfTwo(alignment)) {
    throw Error(ErrorCode::kMisuse, "alignment " + std::to_string(alignment) + " is not a power of two");
  }
  for (Buffer& buffer : problem.buffers) buffer.alignment = std::max(buffer.alignment, alignment);
}

std::string BufferId(const Problem& problem, int i) {
  return problem.ids.empty() ? std::to_string(i) : problem.ids[At(i)];
}

std::string BufferLabel(const Problem& problem, int i) {
  const std::string id = Printable(BufferId(problem, i));
  const bool named = !problem.names.empty() && !problem.names[At(i)].empty();
  return named ? id + " \"" + Printable(problem.names[At(i)]) + "\"" : id;
}

std::uint64_t HashProblem(const Problem& problem) {
  Hasher hash;
  hash.Add(static_cast<std::uint64_t>(problem.buffers.size()));
  const bool clocked = problem.clocks.streams > 0;
  for (const Buffer& b : problem.buffers) {
    if (!clocked) hash.Add(b.lower), hash.Add(b.upper);
    for (std::int64_t value : {b.size, b.alignment, b.fixed_offset}) hash.Add(value);
  }
  for (const Part& p : problem.parts) {
    hash.Add(p.buffer);
    if (!clocked) hash.Add(p.lower), hash.Add(p.upper);
    for (std::int64_t value : {p.begin, p.end}) hash.Add(value);
  }
  if (clocked) {
    const Clocks& clocks = problem.clocks;
    hash.Add(clocks.streams);
    for (const auto* list : {&clocks.begins, &clocks.ends, &clocks.part_begins, &clocks.part_ends}) {
      for (const std::int64_t value : *list) hash.Add(value);
    }
  }
  for (const auto& [a, b] : problem.apart) hash.Add(std::min(a, b)), hash.Add(std::max(a, b));
  if (!problem.spaces.empty()) HashSpaces(problem, hash);
  return hash.value();
}

}  // namespace orionrt
