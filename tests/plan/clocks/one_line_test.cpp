// Problems with clocks in one line of execution: who conflicts must meet there, and the line of least bytes is found
// where it can be counted.
#include "plan/clocks/one_line.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "base/index.hpp"
#include "clocked.hpp"
#include "orionrt/planner.hpp"
#include "sanitized.hpp"

namespace orionrt::one_line_test {
namespace {

using tests::ClockedOptions;
using tests::Random;

Problem Clocked(Random& random, int buffers, int steps) {
  ClockedOptions options;
  options.streams = static_cast<int>(random.Between(2, 4));
  options.buffers = buffers;
  options.steps = steps;
  options.largest = 1 << 16;
  options.wait_one_in = static_cast<int>(random.Between(1, 5));
  return tests::RandomClocked(options, random);
}

std::int64_t MostAlive(const Precedence& order, const std::vector<Precedence::Span>& spans) {
  std::int64_t most = 0;
  for (int step = 0; step < order.nodes(); ++step) {
    std::int64_t load = 0;
    for (int r = 0; r < order.count(); ++r) {
      const Precedence::Rectangle& it = order.rectangles()[At(r)];
      if (spans[At(r)].lower <= step && step < spans[At(r)].upper) load += it.end - it.begin;
    }
    most = std::max(most, load);
  }
  return most;
}

TEST(OneLine, WhoeverConflictsMeets) {
  for (int seed = 0; seed < tests::Seeds(150); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Problem problem =
        Clocked(random, static_cast<int>(random.Between(1, 150)), static_cast<int>(random.Between(2, 40)));
    const Precedence order(problem);
    const PlanOptions options;
    Watch watch(options);
    const std::vector<Precedence::Span> spans = InOneLine(order, 0, INT64_MAX, 1 + seed % 20, watch);
    ASSERT_EQ(spans.size(), At(order.count()));
    for (int a = 0; a < order.count(); ++a) {
      ASSERT_LT(spans[At(a)].lower, spans[At(a)].upper);
      for (int b = 0; b < a; ++b) {
        const bool meet = spans[At(a)].lower < spans[At(b)].upper && spans[At(b)].lower < spans[At(a)].upper;
        ASSERT_TRUE(meet || !order.Conflict(a, b)) << a << ", " << b;
      }
    }
    const std::int64_t most = MostAlive(order, spans);
    if (order.count() == 0) continue;
    EXPECT_GE(most, LowerBound(problem).lower_bound_bytes);
    EXPECT_TRUE(InOneLine(order, 0, 1, 4, watch).empty());
    const std::vector<Precedence::Span> again = InOneLine(order, most, most + 1, 1 + seed % 20, watch);
    EXPECT_TRUE(again.empty() || MostAlive(order, again) <= most);
  }
}

// Against all ways in which two to four streams may advance.
TEST(OneLine, FindsTheLineOfLeastBytes) {
  for (int seed = 0; seed < tests::Seeds(100); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Problem problem = Clocked(random, static_cast<int>(random.Between(2, 8)), 6);
    const Precedence order(problem);
    const PlanOptions options;
    Watch watch(options);
    std::int64_t least = INT64_MAX;
    std::vector<int> at(At(order.chains()), 0), steps(At(order.nodes()), 0);
    const std::function<void(int)> advance = [&](int step) {
      if (step == order.nodes()) {
        std::vector<Precedence::Span> spans;
        for (int r = 0; r < order.count(); ++r) {
          const int begin = steps[At(order.node(order.chain(r), order.position(r)))];
          Precedence::Span span{begin, begin + 1};
          for (int other = 0; other < order.count(); ++other) {
            if (order.IsBefore(r, other)) continue;
            const int there = steps[At(order.node(order.chain(other), order.position(other)))];
            span.upper = std::max(span.upper, there + 1);
          }
          spans.push_back(span);
        }
        least = std::min(least, MostAlive(order, spans));
        return;
      }
      for (int c = 0; c < order.chains(); ++c) {
        if (at[At(c)] == order.length(c)) continue;
        steps[At(order.node(c, at[At(c)]++))] = step;
        advance(step + 1);
        --at[At(c)];
      }
    };
    advance(0);
    EXPECT_EQ(MostAlive(order, InOneLine(order, 0, INT64_MAX, 10'000, watch)), least);
  }
}

}  // namespace
}  // namespace orionrt::one_line_test
