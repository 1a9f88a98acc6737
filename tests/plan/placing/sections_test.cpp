// Sections against their definition: the maximal sets of what is alive together, in order of time.
#include "plan/placing/sections.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::sections_test {
namespace {

using tests::Random;
using Members = std::set<std::size_t>;

Members AliveAt(const std::vector<Life>& lives, std::int64_t step) {
  Members alive;
  for (std::size_t i = 0; i < lives.size(); ++i) {
    if (lives[i].lower <= step && step < lives[i].upper) alive.insert(i);
  }
  return alive;
}

struct Section {
  Members members;
  std::int64_t step;  // at which the last of them is born
};

// More come alive at births only: so each section is the set at one, and the births whose sets lie in no other's are
// the sections.
std::vector<Section> SectionsOf(const std::vector<Life>& lives) {
  std::set<std::int64_t> births;
  for (const Life& life : lives) {
    if (life.lower < life.upper) births.insert(life.lower);
  }
  std::vector<Section> all, maximal;
  for (const std::int64_t step : births) all.push_back({AliveAt(lives, step), step});
  for (const Section& one : all) {
    const bool inside = std::any_of(all.begin(), all.end(), [&](const Section& other) {
      return other.members != one.members &&
             std::includes(other.members.begin(), other.members.end(), one.members.begin(), one.members.end());
    });
    if (!inside) maximal.push_back(one);
  }
  return maximal;
}

void ExpectSections(const std::vector<Life>& lives) {
  const Sections made = MakeSections(lives);
  const std::vector<Section> sections = SectionsOf(lives);
  ASSERT_EQ(made.count(), static_cast<int>(sections.size()));
  ASSERT_EQ(made.spans.size(), lives.size());
  std::vector<Members> members(sections.size());
  for (std::size_t i = 0; i < lives.size(); ++i) {
    ASSERT_EQ(made.spans[i].length() > 0, lives[i].lower < lives[i].upper) << i;
    for (int s = made.spans[i].first; s < made.spans[i].last; ++s) members.at(static_cast<std::size_t>(s)).insert(i);
  }
  for (std::size_t s = 0; s < sections.size(); ++s) {
    ASSERT_EQ(members[s], sections[s].members) << s;
    ASSERT_EQ(made.steps[s], sections[s].step) << s;
  }
}

TEST(Sections, AreTheMaximalSetsOfWhatIsAliveTogether) {
  for (int seed = 0; seed < tests::Seeds(400); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    // Dense steps, and such that are far apart, up to the ends of what steps may be.
    const std::int64_t scale = seed % 3 == 0 ? std::int64_t{1} << 57 : seed % 3 == 1 ? 1000 : 1;
    const std::int64_t steps = random.Between(1, 30);
    std::vector<Life> lives;
    for (std::int64_t n = random.Below(25); n > 0; --n) {
      const std::int64_t lower = random.Below(steps) - steps / 2;
      lives.push_back({lower * scale, (lower + random.Between(random.OneIn(5) ? -1 : 1, steps / 2 + 1)) * scale});
    }
    ExpectSections(lives);
    if (HasFatalFailure()) return;
  }
}

TEST(Sections, OfNothingAreNone) {
  ExpectSections({});
  ExpectSections({{3, 3}, {5, 2}});
  ExpectSections({{INT64_MIN, INT64_MAX}});
}

}  // namespace
}  // namespace orionrt::sections_test
