// The same input gives the same offsets on every machine, compiler and level of optimisation: golden/offsets.txt.
// ORIONRT_UPDATE_GOLDEN=1 writes the file anew, after a change of a policy that is meant.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "generators.hpp"
#include "orionrt/planner.hpp"

namespace orionrt::golden_test {
namespace {

constexpr const char* kPath = ORIONRT_TESTS_DIR "/golden/offsets.txt";

struct Named {
  const char* name;
  int buffers;
  tests::Menu menu;
  bool in_spaces = false;
};

std::vector<Named> Instances() {
  tests::Menu plain, ties, aligned, fixed, parts, large;
  plain.steps = 60;
  ties.largest = 8;
  ties.steps = 30;
  ties.zero_sizes = true;
  aligned.alignment_bits = 8;
  fixed.fixed = true;
  fixed.alignment_bits = 4;
  parts.parts = true;
  large.steps = 400;
  large.largest = 1 << 20;
  return {{"plain", 120, plain}, {"ties", 200, ties},    {"aligned", 150, aligned},    {"fixed", 100, fixed},
          {"parts", 150, parts}, {"large", 1500, large}, {"spaces", 60, aligned, true}};
}

// FNV-1a of the offsets, written out here: not the library's.
std::string Fingerprint(const std::vector<std::int64_t>& offsets) {
  std::uint64_t hash = 0xCBF29CE484222325ull;
  for (const std::int64_t offset : offsets) {
    for (int shift = 0; shift < 64; shift += 8)
      hash = (hash ^ (static_cast<std::uint64_t>(offset) >> shift & 0xFF)) * 0x100000001B3ull;
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

// Three spaces, of which the first two are too small.
void AddPools(Problem& problem) {
  std::vector<Space> spaces(3);
  const char* names[] = {"near", "far", "rest"};
  for (int p = 0; p < 3; ++p) spaces[p].name = names[p];
  spaces[0].capacity = LowerBound(problem).lower_bound_bytes / 3;
  spaces[1].capacity = *spaces[0].capacity / 2;
  spaces[1].granularity = 32;
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) problem.uses.push_back(static_cast<std::int64_t>(i % 7));
  SetSpaces(problem, spaces, {});
}

TEST(Golden, OffsetsAreTheOnesOfRecord) {
  std::map<std::string, std::string> now;
  for (const Named& instance : Instances()) {
    tests::Random random(20260101);
    Problem problem = tests::SeededProblem(random, instance.buffers, instance.menu);
    if (instance.in_spaces) AddPools(problem);
    for (const Policy& policy : Policies()) {
      PlanOptions options;
      if (instance.in_spaces) options.effort = Effort::kFast;  // several packings a space
      Plan plan = ReusePlanner(policy).Run(problem, options);
      plan.offsets.insert(plan.offsets.end(), plan.spaces.space_of.begin(), plan.spaces.space_of.end());
      now[std::string(instance.name) + " " + policy.name] =
          std::to_string(plan.peak_bytes) + " " + Fingerprint(plan.offsets);
    }
  }
  if (const char* update = std::getenv("ORIONRT_UPDATE_GOLDEN"); update != nullptr && std::string(update) == "1") {
    std::ofstream file(kPath);
    file << "# instance policy peak_bytes fnv1a(offsets); written by ORIONRT_UPDATE_GOLDEN=1\n";
    for (const auto& [key, value] : now) file << key << " " << value << "\n";
    ASSERT_TRUE(file.flush()) << kPath;
  }
  std::map<std::string, std::string> record;
  std::ifstream file(kPath);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string instance, policy, peak, hash;
    if (line.empty() || line[0] == '#') continue;
    ASSERT_TRUE(words >> instance >> policy >> peak >> hash) << line;
    record[instance + " " + policy] = peak + " " + hash;
  }
  EXPECT_EQ(record, now) << "a change that is meant is recorded with ORIONRT_UPDATE_GOLDEN=1";
}

}  // namespace
}  // namespace orionrt::golden_test
