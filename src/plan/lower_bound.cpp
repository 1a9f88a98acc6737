// The bound of one section. Take any power of two A, and of what is alive only the buffers whose alignment is at least
// A: their offsets are multiples of A, whatever the others do. Sort them by offset. Each item but the topmost is
// followed by one that begins at a multiple of A no lower than its end, so it takes at least its size rounded up to A;
// the topmost needs no padding. Hence peak >= sum of rounded sizes - (rounded - size) of the topmost >= sum of rounded
// sizes - the largest such slack. A part of a buffer is an item too, but begins at a multiple of A only if its `begin`
// is one; where some alive part does not, what is below it may end unpadded, and the plain sum of bytes is the bound.
// All this holds for every A; the bound is the best of them.
#include "plan/lower_bound.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/index.hpp"
#include "orionrt/plan.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "plan/space_table.hpp"

namespace orionrt {
namespace {

// What one rectangle adds: bytes, and the padding behind them if it lies below something that is aligned.
struct LoadItem {
  Span span;
  std::int64_t begin = 0;
  std::int64_t bytes = 0;
};

// Of the buffers with at least that alignment. Rectangles of one buffer are disjoint.
std::vector<LoadItem> ItemsOf(const Problem& problem, const Shapes& shapes, std::int64_t alignment) {
  std::vector<LoadItem> items;
  items.reserve(shapes.rectangles.size());
  for (int i = 0; i < static_cast<int>(shapes.extents.size()); ++i) {
    if (problem.buffers[At(i)].alignment < alignment) continue;
    for (const Rectangle* r = shapes.begin(i); r != shapes.end(i); ++r) {
      items.push_back({r->span, r->begin, r->end - r->begin});
    }
  }
  return items;
}

// Per section the sum of `value(item)` over the items alive.
template <typename Value>
std::vector<std::int64_t> SumOver(const std::vector<LoadItem>& items, int sections, Value value) {
  std::vector<std::int64_t> sums(static_cast<std::size_t>(sections) + 1, 0);
  for (const LoadItem& item : items) {
    sums[At(item.span.first)] += value(item);
    sums[At(item.span.last)] -= value(item);
  }
  std::partial_sum(sums.begin(), sums.end(), sums.begin());
  sums.pop_back();
  return sums;
}

// Per section the largest slack of an item alive: items paint in order of slack, and each section is painted once
// (`next` leads to the first unpainted section at or after one).
std::vector<std::int64_t> LargestSlack(const std::vector<LoadItem>& items, int sections, std::int64_t alignment) {
  const auto slack = [alignment](const LoadItem& item) { return -item.bytes & (alignment - 1); };
  std::vector<std::int64_t> largest(static_cast<std::size_t>(sections), 0);
  std::vector<std::size_t> order(items.size()), next(static_cast<std::size_t>(sections) + 1);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::iota(next.begin(), next.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return slack(items[a]) > slack(items[b]); });
  for (const std::size_t i : order) {
    if (slack(items[i]) == 0) break;
    auto s = static_cast<std::size_t>(items[i].span.first);
    while (true) {
      while (next[s] != s) s = next[s] = next[next[s]];
      if (s >= static_cast<std::size_t>(items[i].span.last)) break;
      largest[s] = slack(items[i]);
      next[s] = s + 1;
    }
  }
  return largest;
}

// The alignments that occur, ascending.
std::vector<std::int64_t> Alignments(const Problem& problem) {
  std::uint64_t seen = 0;
  for (const Buffer& buffer : problem.buffers) {
    if (buffer.size > 0) seen |= static_cast<std::uint64_t>(buffer.alignment);
  }
  std::vector<std::int64_t> alignments;
  for (int bit = 0; bit < 63; ++bit) {
    if (seen >> bit & 1) alignments.push_back(std::int64_t{1} << bit);
  }
  return alignments;
}

// The bounds that follow from the buffers with at least that alignment.
std::vector<std::int64_t> BoundsAt(const Problem& problem, const Shapes& shapes, std::int64_t alignment) {
  const std::vector<LoadItem> items = ItemsOf(problem, shapes, alignment);
  const int sections = shapes.sections();
  std::vector<std::int64_t> bounds = SumOver(items, sections, [](const LoadItem& item) { return item.bytes; });
  if (alignment == 1) return bounds;
  const auto misaligned =
      SumOver(items, sections, [=](const LoadItem& item) { return (item.begin & (alignment - 1)) != 0; });
  const auto padding = SumOver(items, sections, [=](const LoadItem& item) { return -item.bytes & (alignment - 1); });
  const auto largest = LargestSlack(items, sections, alignment);
  for (std::size_t s = 0; s < bounds.size(); ++s) {
    if (misaligned[s] == 0) bounds[s] += padding[s] - largest[s];
  }
  return bounds;
}

// What holds for the sum over all spaces, whoever lies where: sizes alone, as every space has a topmost buffer without
// padding. One space is an arena like any other.
Problem AcrossSpaces(const Problem& problem) {
  std::vector<int> all(problem.buffers.size());
  std::iota(all.begin(), all.end(), 0);
  if (problem.spaces.size() == 1) return ProblemIn(problem, all, problem.spaces[0]);
  Problem plain = ProblemIn(problem, all, Space());
  for (Buffer& buffer : plain.buffers) {
    buffer.alignment = 1;
    buffer.fixed_offset = kFree;
  }
  return plain;
}

// By the section with the highest of `bounds`.
Certificate BoundOfLoad(const Problem& problem, const Shapes& shapes, const std::vector<std::int64_t>& bounds) {
  Certificate certificate;
  const auto worst = std::max_element(bounds.begin(), bounds.end());  // the first: adding a buffer adds to the bound
  if (worst == bounds.end()) return certificate;
  const auto section = static_cast<int>(worst - bounds.begin());
  const std::vector<std::int64_t> alignments = Alignments(problem);
  const auto tight = std::find_if(alignments.begin(), alignments.end(), [&](std::int64_t alignment) {
    return BoundsAt(problem, shapes, alignment)[At(section)] == *worst;
  });
  certificate.lower_bound_bytes = *worst;
  certificate.witness_step = shapes.steps[At(section)];
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const bool alive = std::any_of(shapes.begin(i), shapes.end(i), [section](const Rectangle& r) {
      return r.span.first <= section && section < r.span.last;
    });
    if (alive && problem.buffers[At(i)].alignment >= *tight) certificate.witness.push_back(i);
  }
  return certificate;
}

// The lowest end that the buffer can have, whatever other buffers there are.
std::int64_t LeastEnd(const Buffer& buffer) {
  return buffer.size == 0 ? 0 : std::max<std::int64_t>(0, buffer.fixed_offset) + buffer.size;
}

// The step of the buffer's life at which most bytes are alive; the first, if several are.
std::int64_t HeaviestStep(const Buffer& buffer, const Shapes& shapes, const std::vector<std::int64_t>& bounds) {
  std::int64_t step = buffer.lower, most = -1;
  for (std::size_t s = 0; s < bounds.size(); ++s) {
    if (shapes.steps[s] < buffer.lower || shapes.steps[s] >= buffer.upper || bounds[s] <= most) continue;
    step = shapes.steps[s];
    most = bounds[s];
  }
  return step;
}

// Raised to where a buffer ends at the lowest, whatever else there is. `heaviest`: of its life the step to show; null:
// that at which it begins.
Certificate WithEnds(const Problem& problem, Certificate certificate,
                     const std::function<std::int64_t(const Buffer&)>& heaviest) {
  int highest = -1;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const std::int64_t end = LeastEnd(problem.buffers[At(i)]);
    if (end <= certificate.lower_bound_bytes) continue;
    certificate.lower_bound_bytes = end;
    highest = i;
  }
  if (highest < 0) return certificate;
  const Buffer& buffer = problem.buffers[At(highest)];
  const bool fixed = buffer.fixed_offset != kFree;
  certificate.bound_kind = fixed ? BoundKind::kFixedOffset : BoundKind::kBufferSize;
  certificate.witness_step = fixed || !heaviest ? buffer.lower : heaviest(buffer);
  certificate.witness.assign(1, highest);
  return certificate;
}

}  // namespace

std::vector<std::int64_t> SectionBounds(const Problem& problem, const Shapes& shapes) {
  std::vector<std::int64_t> bounds(static_cast<std::size_t>(shapes.sections()), 0);
  for (const std::int64_t alignment : Alignments(problem)) {
    const std::vector<std::int64_t> at = BoundsAt(problem, shapes, alignment);
    for (std::size_t s = 0; s < bounds.size(); ++s) bounds[s] = std::max(bounds[s], at[s]);
  }
  return bounds;
}

Certificate LowerBound(const Problem& problem, const Precedence& order) {
  return WithEnds(problem, StreamBound(problem, order), nullptr);
}

Certificate LowerBound(const Problem& problem) {
  if (!problem.spaces.empty()) return LowerBound(AcrossSpaces(problem));
  if (problem.clocks.streams > 0) return LowerBound(problem, Precedence(problem));
  const Shapes shapes(problem);
  const std::vector<std::int64_t> bounds = SectionBounds(problem, shapes);
  return WithEnds(problem, BoundOfLoad(problem, shapes, bounds),
                  [&](const Buffer& buffer) { return HeaviestStep(buffer, shapes, bounds); });
}
}  // namespace orionrt
