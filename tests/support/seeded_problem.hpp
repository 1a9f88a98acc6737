// Random problems from a seed.
#pragma once

#include <algorithm>
#include <numeric>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "brute_force.hpp"
#include "orionrt/problem.hpp"
#include "random.hpp"

namespace orionrt {

// One buffer a line; also how rapidcheck prints a counterexample.
inline void showValue(const Problem& problem, std::ostream& out) {
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer& b = problem.buffers[i];
    out << "\n  " << i << ": [" << b.lower << ", " << b.upper << ") size " << b.size << " alignment " << b.alignment;
    if (b.fixed_offset != kFree) out << " fixed " << b.fixed_offset;
    for (const Part& p : problem.parts) {
      if (p.buffer == static_cast<int>(i))
        out << " [" << p.lower << ", " << p.upper << ")x[" << p.begin << ", " << p.end << ")";
    }
  }
}

namespace tests {

// What buffers a generated problem may have.
struct Menu {
  int steps = 40;
  int largest = 1000;      // bytes
  int alignment_bits = 0;  // alignments up to 2^bits
  bool zero_sizes = false;
  bool fixed = false;  // some offsets fixed, so that a plan exists, also of the bounding rectangles
  bool parts = false;
};

// Raw draws of one buffer; every combination makes a valid one.
struct Draw {
  int lower, length, size, alignment, fixed, parts, cut, window;
};

// One buffer in `parts` disjoint pieces: alive, gone, and alive with a window of its bytes.
inline void AddParts(const Draw& draw, int index, Problem* problem) {
  const Buffer& b = problem->buffers[index];
  const std::int64_t length = b.upper - b.lower;
  if (draw.parts % 3 != 0 || length < 2) return;
  const std::int64_t cut = b.lower + 1 + draw.cut % (length - 1);
  const std::int64_t begin = b.size == 0 ? 0 : draw.window % b.size;
  problem->parts.push_back({index, b.lower, cut, 0, b.size});
  if (draw.window % 4 != 0 && begin < b.size) problem->parts.push_back({index, cut, b.upper, begin, b.size});
}

inline Problem Assemble(const std::vector<Draw>& draws, const Menu& menu) {
  Problem problem;
  for (const Draw& draw : draws) {
    Buffer b;
    b.lower = draw.lower % menu.steps;
    b.upper = b.lower + 1 + draw.length % menu.steps;
    b.size = menu.zero_sizes && draw.size % 8 == 0 ? 0 : 1 + draw.size % menu.largest;
    b.alignment = std::int64_t{1} << draw.alignment % (menu.alignment_bits + 1);
    problem.buffers.push_back(b);
    if (menu.parts) AddParts(draw, static_cast<int>(problem.buffers.size()) - 1, &problem);
  }
  if (menu.fixed) {
    const std::vector<std::int64_t> offsets = StackUp(problem);
    for (std::size_t i = 0; i < draws.size(); ++i) {
      if (draws[i].fixed % 5 == 0) problem.buffers[i].fixed_offset = offsets[i];
    }
  }
  return problem;
}

// Exactly `n` buffers.
inline Problem SeededProblem(Random& random, int n, const Menu& menu) {
  std::vector<Draw> draws;
  const auto any = [&] { return static_cast<int>(random.Below(1 << 20)); };
  for (int i = 0; i < n; ++i) {
    Draw draw{};
    for (int* value :
         {&draw.lower, &draw.length, &draw.size, &draw.alignment, &draw.fixed, &draw.parts, &draw.cut, &draw.window}) {
      *value = any();
    }
    draws.push_back(draw);
  }
  return Assemble(draws, menu);
}

inline std::string Describe(const Problem& problem) {
  std::ostringstream out;
  showValue(problem, out);
  return out.str();
}

// All of `values`, in random order.
inline std::vector<int> Shuffled(std::vector<int> values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(i)))]);
  }
  return values;
}

// The numbers below `count`, in random order.
inline std::vector<int> RandomOrder(std::size_t count, Random& random) {
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  return Shuffled(std::move(order), random);
}

// Lives uniform up to `part` of all steps.
inline Problem LongLives(std::uint64_t seed, int count, std::int64_t part) {
  Random random(seed);
  Problem problem;
  const std::int64_t steps = 2 * std::int64_t{count};
  for (int i = 0; i < count; ++i) {
    Buffer buffer;
    buffer.lower = random.Below(steps);
    buffer.upper = std::min(steps, buffer.lower + random.Between(1, steps / part));
    if (buffer.upper == buffer.lower) ++buffer.upper;
    buffer.size = random.Between(1024, 1 << 20);
    problem.buffers.push_back(buffer);
  }
  return problem;
}

}  // namespace tests
}  // namespace orionrt
