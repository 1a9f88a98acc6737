// What bounds a plan on several streams, and what such a problem is to those who know no clocks.
#include <algorithm>
#include <numeric>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "plan/clocks/antichain.hpp"
#include "plan/clocks/precedence.hpp"
#include "plan/clocks/stream_plan.hpp"

namespace orionrt {
namespace {

struct Bound {
  std::int64_t bytes = 0;
  std::vector<int> rectangles;
};

// Of a set of rectangles that all conflict: each but the topmost takes its size, rounded up where its buffer's offset
// and its own first byte are multiples of `alignment`.
std::int64_t BytesOf(const Problem& problem, const Precedence& order, const std::vector<int>& rectangles,
                     std::int64_t alignment) {
  std::int64_t bytes = 0, rounded = 0, largest = 0;
  bool aligned = true;
  for (const int r : rectangles) {
    const Precedence::Rectangle& it = order.rectangles()[At(r)];
    const std::int64_t size = it.end - it.begin, padding = -size & (alignment - 1);
    aligned &= problem.buffers[At(it.buffer)].alignment >= alignment && (it.begin & (alignment - 1)) == 0;
    bytes += size;
    rounded += size + padding;
    largest = std::max(largest, padding);
  }
  return aligned ? std::max(bytes, rounded - largest) : bytes;
}

// The heaviest antichain with sizes rounded up to `alignment`, as far as they may be.
Bound BoundAt(const Problem& problem, const Precedence& order, std::int64_t alignment) {
  std::vector<std::int64_t> weights;
  for (const Precedence::Rectangle& it : order.rectangles()) {
    const std::int64_t size = it.end - it.begin;
    const bool counts = problem.buffers[At(it.buffer)].alignment >= alignment && (it.begin & (alignment - 1)) == 0;
    weights.push_back(alignment == 1 ? size : counts ? RoundUp(size, alignment) : 0);
  }
  Antichain heaviest = HeaviestAntichain(order, weights);
  Bound bound;
  for (const int r : heaviest.rectangles) {
    if (weights[At(r)] > 0) bound.rectangles.push_back(r);
  }
  bound.bytes = BytesOf(problem, order, bound.rectangles, alignment);
  return bound;
}

// The alignments that may add padding to a bound: those above 1 of which some size is no multiple.
std::vector<std::int64_t> PaddingAlignments(const Problem& problem) {
  std::int64_t occur = 0;  // a bit each
  for (const Buffer& b : problem.buffers) occur |= b.size > 0 ? b.alignment : 0;
  std::vector<std::int64_t> alignments;
  for (int bit = 1; bit < 63; ++bit) {
    const std::int64_t alignment = std::int64_t{1} << bit;
    const auto pads = [&](const Buffer& b) { return b.size % alignment != 0 && b.alignment >= alignment; };
    if ((occur & alignment) != 0 && std::any_of(problem.buffers.begin(), problem.buffers.end(), pads)) {
      alignments.push_back(alignment);
    }
  }
  return alignments;
}

// As CheckProblem wants them: by buffer, then by step.
void SortParts(Problem& problem) {
  std::stable_sort(problem.parts.begin(), problem.parts.end(), [](const Part& a, const Part& b) {
    return a.buffer != b.buffer ? a.buffer < b.buffer : a.lower < b.lower;
  });
}

// Both buffers' lives reach to a step at which both are alive.
void AreAliveTogether(Buffer& a, Buffer& b) {
  Buffer& first = a.upper <= b.lower ? a : b;
  const Buffer& second = &first == &a ? b : a;
  if (first.upper <= second.lower) first.upper = second.lower + 1;
}

}  // namespace

Certificate StreamBound(const Problem& problem, const Precedence& order) {
  Certificate certificate;
  Bound best = BoundAt(problem, order, 1);
  for (const std::int64_t alignment : PaddingAlignments(problem)) {
    Bound other = BoundAt(problem, order, alignment);
    if (other.bytes > best.bytes) best = std::move(other);
  }
  certificate.lower_bound_bytes = best.bytes;
  for (const int r : best.rectangles) certificate.witness.push_back(order.rectangles()[At(r)].buffer);
  std::sort(certificate.witness.begin(), certificate.witness.end());
  certificate.witness.erase(std::unique(certificate.witness.begin(), certificate.witness.end()),
                            certificate.witness.end());
  for (const int r : best.rectangles) {
    certificate.witness_step = std::max<std::int64_t>(certificate.witness_step, order.Widened(r).lower);
  }
  return certificate;
}

Problem WithClocks(const Problem& problem) {
  if (problem.clocks.streams > 0) return problem;
  Problem clocked = problem;
  clocked.clocks.streams = 1;
  for (const Buffer& buffer : problem.buffers) {
    clocked.clocks.begins.push_back(buffer.lower);
    clocked.clocks.ends.push_back(buffer.upper);
  }
  for (const Part& part : problem.parts) {
    clocked.clocks.part_begins.push_back(part.lower);
    clocked.clocks.part_ends.push_back(part.upper);
  }
  return clocked;
}

Problem WithoutClocks(const Problem& problem) {
  Problem widened = problem;
  WidenLives(widened);
  widened.clocks = {};
  widened.apart.clear();
  std::vector<char> kept(problem.buffers.size(), 0);
  for (const auto& [a, b] : problem.apart) {
    kept[At(a)] = kept[At(b)] = 1;
    AreAliveTogether(widened.buffers[At(a)], widened.buffers[At(b)]);
  }
  // Of those in a pair every byte is kept apart, so they are alive as a whole.
  const auto whole = [&](const Part& part) { return kept[At(part.buffer)] != 0; };
  widened.parts.erase(std::remove_if(widened.parts.begin(), widened.parts.end(), whole), widened.parts.end());
  SortParts(widened);
  return widened;
}

Problem InOneExecution(Problem problem) {
  problem.apart.clear();
  if (problem.clocks.streams == 0) return problem;
  const Precedence order(problem);
  std::size_t part = 0;
  int r = 0;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    Buffer& buffer = problem.buffers[At(i)];
    bool alive = false;
    buffer.lower = 0;
    buffer.upper = 1;
    const auto cover = [&](const Precedence::Span& span) {
      buffer.lower = alive ? std::min<std::int64_t>(buffer.lower, span.lower) : span.lower;
      buffer.upper = alive ? std::max<std::int64_t>(buffer.upper, span.upper) : span.upper;
      alive = true;
    };
    const std::size_t begin = part;
    for (; part < problem.parts.size() && problem.parts[part].buffer == i; ++part) {
      Part& p = problem.parts[part];
      if (p.begin == p.end) continue;
      const Precedence::Span span = order.Serial(r++);
      p.lower = span.lower;
      p.upper = span.upper;
      cover(span);
    }
    if (begin == part && buffer.size > 0) cover(order.Serial(r++));
    for (std::size_t k = begin; k < part; ++k) {
      if (problem.parts[k].begin != problem.parts[k].end) continue;
      problem.parts[k].lower = buffer.lower;
      problem.parts[k].upper = buffer.upper;
    }
  }
  problem.clocks = {};
  SortParts(problem);
  return problem;
}

}  // namespace orionrt
