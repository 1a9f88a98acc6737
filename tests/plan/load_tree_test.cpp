// The tree of loads against one number a section.
#include "plan/load_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::load_tree_test {
namespace {

using tests::Random;

TEST(LoadTree, KnowsTheFirstOfTheHighestLoadsOfEverySpan) {
  for (int seed = 0; seed < tests::Seeds(200); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const int sections = static_cast<int>(random.Between(1, 20));
    const std::int64_t unit = random.OneIn(4) ? std::int64_t{1} << 52 : 1;  // up to 60 x 2^54, within 63 bits
    LoadTree tree(sections);
    std::vector<std::int64_t> loads(static_cast<std::size_t>(sections), 0);
    for (int step = 0; step < 60; ++step) {
      const int first = static_cast<int>(random.Below(sections));
      const Span span = {first, static_cast<int>(random.Between(first, sections))};  // or none
      const std::int64_t bytes = random.Between(-4, 4) * unit;                       // small: many are level
      tree.Add(span, bytes);
      for (int s = span.first; s < span.last; ++s) loads[static_cast<std::size_t>(s)] += bytes;
      for (int from = 0; from < sections; ++from) {
        for (int to = from + 1; to <= sections; ++to) {
          const auto highest = std::max_element(loads.begin() + from, loads.begin() + to);
          const LoadTree::Peak peak = tree.Max({from, to});
          ASSERT_EQ(peak.bytes, *highest) << from << " " << to;
          ASSERT_EQ(peak.section, highest - loads.begin()) << from << " " << to;
        }
      }
    }
  }
}

}  // namespace
}  // namespace orionrt::load_tree_test
