// The bound of one section. Let A be the smallest alignment of any buffer: since alignments are powers of two, every
// offset is a multiple of A. Sort what is alive by offset. Each item but the topmost is followed by one that begins at
// a multiple of A no lower than its end, so it takes at least its size rounded up to A; the topmost needs no padding.
// Hence peak >= sum of rounded sizes - (rounded - size) of the topmost >= sum of rounded sizes - the largest such
// slack. A part of a body is an item too, but begins at a multiple of A only if its `begin` is one; where some alive
// part does not, what is below it may end unpadded, and the plain sum of bytes is the bound.
#include "plan/lower_bound.hpp"

#include <algorithm>
#include <numeric>

#include "orionrt/plan.hpp"

namespace orionrt {
namespace {

// What one rectangle adds: bytes, and the padding behind them if it lies below something that is aligned.
struct Item {
  Span span;
  std::int64_t begin = 0;
  std::int64_t bytes = 0;
};

// Rectangles of one buffer may overlap; their union, cut into disjoint windows per piece of time. O(k^2 log k).
void AppendUnion(const Rectangle* from, const Rectangle* to, std::vector<Item>& items) {
  std::vector<int> cuts;
  for (const Rectangle* r = from; r != to; ++r) {
    cuts.push_back(r->span.first);
    cuts.push_back(r->span.last);
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  for (std::size_t c = 0; c + 1 < cuts.size(); ++c) {
    std::vector<Interval> windows;
    for (const Rectangle* r = from; r != to; ++r) {
      if (r->span.first <= cuts[c] && r->span.last >= cuts[c + 1]) windows.push_back({r->begin, r->end});
    }
    std::sort(windows.begin(), windows.end(), [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
    for (std::size_t w = 0; w < windows.size();) {
      Interval merged = windows[w];
      for (++w; w < windows.size() && windows[w].begin <= merged.end; ++w) {
        merged.end = std::max(merged.end, windows[w].end);
      }
      items.push_back({{cuts[c], cuts[c + 1]}, merged.begin, merged.end - merged.begin});
    }
  }
}

std::vector<Item> ItemsOf(const Shapes& shapes) {
  std::vector<Item> items;
  items.reserve(shapes.rectangles.size());
  for (int i = 0; i < static_cast<int>(shapes.bounds.size()); ++i) {
    const Rectangle* from = shapes.begin(i);
    const Rectangle* to = shapes.end(i);
    if (to - from == 1) {
      items.push_back({from->span, from->begin, from->end - from->begin});
    } else if (to != from) {
      AppendUnion(from, to, items);
    }
  }
  return items;
}

// Per section the sum of `value(item)` over the items alive.
template <typename Value>
std::vector<std::int64_t> SumOver(const std::vector<Item>& items, int sections, Value value) {
  std::vector<std::int64_t> sums(static_cast<std::size_t>(sections) + 1, 0);
  for (const Item& item : items) {
    sums[static_cast<std::size_t>(item.span.first)] += value(item);
    sums[static_cast<std::size_t>(item.span.last)] -= value(item);
  }
  std::partial_sum(sums.begin(), sums.end(), sums.begin());
  sums.pop_back();
  return sums;
}

// Per section the largest slack of an item alive: items paint in order of slack, and each section is painted once
// (`next` leads to the first unpainted section at or after one).
std::vector<std::int64_t> LargestSlack(const std::vector<Item>& items, int sections, std::int64_t alignment) {
  const auto slack = [alignment](const Item& item) { return -item.bytes & (alignment - 1); };
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

std::int64_t SmallestAlignment(const Problem& problem) {
  std::int64_t smallest = INT64_MAX;
  for (const Buffer& buffer : problem.buffers) {
    if (buffer.size > 0) smallest = std::min(smallest, buffer.alignment);
  }
  return smallest == INT64_MAX ? 1 : smallest;
}

}  // namespace

std::vector<std::int64_t> SectionBounds(const Problem& problem, const Shapes& shapes) {
  const std::vector<Item> items = ItemsOf(shapes);
  const int sections = shapes.sections();
  std::vector<std::int64_t> bounds = SumOver(items, sections, [](const Item& item) { return item.bytes; });
  const std::int64_t alignment = SmallestAlignment(problem);
  if (alignment == 1) return bounds;
  const auto misaligned =
      SumOver(items, sections, [=](const Item& item) { return (item.begin & (alignment - 1)) != 0; });
  const auto padding = SumOver(items, sections, [=](const Item& item) { return -item.bytes & (alignment - 1); });
  const auto largest = LargestSlack(items, sections, alignment);
  for (std::size_t s = 0; s < bounds.size(); ++s) {
    if (misaligned[s] == 0) bounds[s] += padding[s] - largest[s];
  }
  return bounds;
}

Certificate LowerBound(const Problem& problem) {
  const Shapes shapes(problem);
  const std::vector<std::int64_t> bounds = SectionBounds(problem, shapes);
  Certificate certificate;
  const auto worst = std::max_element(bounds.begin(), bounds.end());  // the first: adding a buffer adds to the bound
  if (worst != bounds.end()) {
    const auto section = static_cast<int>(worst - bounds.begin());
    certificate.lower_bound_bytes = *worst;
    certificate.witness_step = shapes.steps[static_cast<std::size_t>(section)];
    for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
      const bool alive = std::any_of(shapes.begin(i), shapes.end(i), [section](const Rectangle& r) {
        return r.span.first <= section && section < r.span.last;
      });
      if (alive) certificate.witness.push_back(i);
    }
  }
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const Buffer& buffer = problem.buffers[static_cast<std::size_t>(i)];
    if (buffer.fixed_offset == kFree || buffer.size == 0 || buffer.fixed_offset + buffer.size <= certificate.lower_bound_bytes) continue;
    certificate.lower_bound_bytes = buffer.fixed_offset + buffer.size;
    certificate.bound_kind = BoundKind::kFixedOffset;
    certificate.witness_step = buffer.lower;
    certificate.witness.assign(1, i);
  }
  return certificate;
}

}  // namespace orionrt
