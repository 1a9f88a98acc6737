// Random problems for properties (rapidcheck: they shrink) and for seeded loops.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "brute_force.hpp"
#include "orionrt/problem.hpp"
#include "random.hpp"

namespace orionrt {

// How rapidcheck prints a counterexample.
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

// `growth` times as many buffers as rapidcheck's own sizes, which go up to 100.
inline rc::Gen<Problem> AnyProblem(const Menu& menu, double growth = 1) {
  const auto whole = rc::gen::resize(100, rc::gen::inRange(0, 1 << 20));
  const auto draw = rc::gen::map(rc::gen::container<std::vector<int>>(8, whole), [](const std::vector<int>& v) {
    return Draw{v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]};
  });
  return rc::gen::map(rc::gen::scale(growth, rc::gen::container<std::vector<Draw>>(draw)),
                      [menu](const std::vector<Draw>& draws) { return Assemble(draws, menu); });
}

// The same from a seed, with exactly `n` buffers.
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

}  // namespace tests
}  // namespace orionrt
