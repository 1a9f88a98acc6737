#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "brute_force.hpp"
#include "generators.hpp"
#include "orionrt/plan.hpp"

namespace orionrt::validate_test {
namespace {

using Kind = Violation::Kind;

Plan Placed(const Problem& problem, std::vector<std::int64_t> offsets) {
  Plan plan;
  plan.offsets = std::move(offsets);
  plan.peak_bytes = PeakOf(problem, plan.offsets);
  return plan;
}

Problem Pair(Buffer a, Buffer b) {
  Problem problem;
  problem.buffers = {a, b};
  problem.ids = {"a", "b"};
  return problem;
}

TEST(Validate, AcceptsNothingToPlace) { EXPECT_FALSE(Validate({}, {})); }

TEST(Validate, FindsAnotherNumberOfBuffers) {
  Problem problem;
  problem.buffers = {{0, 1, 4}};
  for (const std::size_t count : {0, 2}) {
    Plan plan;
    plan.offsets.assign(count, 0);
    const auto fault = Validate(problem, plan);
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->kind, Kind::kCount);
    EXPECT_NE(fault->message.find(std::to_string(count)), std::string::npos) << fault->message;
  }
}

TEST(Validate, FindsOffsetsThatCannotBe) {
  const auto kind_of = [](Buffer buffer, std::int64_t offset) {
    Problem problem = Pair({0, 1, 0}, buffer);
    Plan plan;
    plan.offsets = {0, offset};
    plan.peak_bytes = buffer.size + offset % (1 << 20);
    const auto fault = Validate(problem, plan);
    if (!fault) return std::string("none");
    EXPECT_EQ(fault->kind, Kind::kOffset);
    EXPECT_EQ(fault->first, 1);
    EXPECT_NE(fault->message.find("buffer b at offset " + std::to_string(offset)), std::string::npos) << fault->message;
    return fault->message;
  };
  EXPECT_EQ(kind_of({0, 1, 4, 8}, 16), "none");
  EXPECT_NE(kind_of({0, 1, 4, 8}, -1).find("negative"), std::string::npos);
  EXPECT_NE(kind_of({0, 1, 4, 8}, -8).find("negative"), std::string::npos);
  EXPECT_NE(kind_of({0, 1, 4, 8}, 12).find("alignment 8"), std::string::npos);
  EXPECT_NE(kind_of({0, 1, 4, 1}, INT64_MAX - 3).find("63 bits"), std::string::npos);
  EXPECT_NE(kind_of({0, 1, 4, 8, 16}, 8).find("fixed at 16"), std::string::npos);
  EXPECT_EQ(kind_of({0, 1, 4, 8, 16}, 16), "none");
  EXPECT_NE(kind_of({0, 1, 0, 8}, 4), "none") << "an empty buffer has its alignment too";
}

TEST(Validate, NamesBothBuffersStepAndBytesOfAnOverlap) {
  const Problem problem = Pair({0, 10, 100}, {7, 20, 50});
  const auto fault = Validate(problem, Placed(problem, {0, 90}));
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, Kind::kOverlap);
  EXPECT_EQ(fault->first, 0);
  EXPECT_EQ(fault->second, 1);
  EXPECT_EQ(fault->step, 7);
  EXPECT_EQ(fault->begin, 90);
  EXPECT_EQ(fault->end, 100);
  for (const char* word : {"a", "b", "step 7", "[90, 100)"})
    EXPECT_NE(fault->message.find(word), std::string::npos) << fault->message;
}

TEST(Validate, LetsBuffersTouchInTimeAndSpace) {
  EXPECT_FALSE(Validate(Pair({0, 5, 8}, {5, 9, 8}), Placed(Pair({0, 5, 8}, {5, 9, 8}), {0, 0})))
      << "one after the other";
  EXPECT_FALSE(Validate(Pair({0, 5, 8}, {4, 9, 8}), Placed(Pair({0, 5, 8}, {4, 9, 8}), {0, 8}))) << "side by side";
  EXPECT_TRUE(Validate(Pair({0, 5, 8}, {4, 9, 8}), Placed(Pair({0, 5, 8}, {4, 9, 8}), {0, 7}))) << "one byte";
  EXPECT_FALSE(Validate(Pair({0, 5, 8}, {4, 9, 0}), Placed(Pair({0, 5, 8}, {4, 9, 0}), {0, 3}))) << "an empty one";
  EXPECT_TRUE(Validate(Pair({0, 5, 8}, {0, 5, 8}), Placed(Pair({0, 5, 8}, {0, 5, 8}), {0, 0}))) << "the same place";
  EXPECT_TRUE(Validate(Pair({0, 5, 8}, {1, 2, 2}), Placed(Pair({0, 5, 8}, {1, 2, 2}), {0, 4}))) << "inside";
}

TEST(Validate, FindsAWrongPeak) {
  const Problem problem = Pair({0, 5, 8}, {5, 9, 6});
  Plan plan = Placed(problem, {0, 0});
  EXPECT_FALSE(Validate(problem, plan));
  for (const std::int64_t peak : {0, 7, 9}) {
    plan.peak_bytes = peak;
    const auto fault = Validate(problem, plan);
    ASSERT_TRUE(fault) << peak;
    EXPECT_EQ(fault->kind, Kind::kPeak);
    EXPECT_NE(fault->message.find("8"), std::string::npos) << fault->message;
  }
}

TEST(Validate, DoesNotCountEmptyBuffersIntoThePeak) {
  const Problem problem = Pair({0, 5, 8}, {0, 5, 0});
  EXPECT_FALSE(Validate(problem, Placed(problem, {0, 100})));
  EXPECT_EQ(PeakOf(problem, {0, 100}), 8);
}

TEST(Validate, FindsACertificateThatThePeakContradicts) {
  const Problem problem = Pair({0, 5, 8}, {4, 9, 8});
  Plan plan = Placed(problem, {0, 16});
  plan.certificate.lower_bound_bytes = 16;
  EXPECT_FALSE(Validate(problem, plan));
  plan.certificate.proven_optimal = true;
  ASSERT_TRUE(Validate(problem, plan));
  EXPECT_EQ(Validate(problem, plan)->kind, Kind::kCertificate);
  plan.certificate.lower_bound_bytes = 24;
  EXPECT_FALSE(Validate(problem, plan));
  plan.certificate.proven_optimal = false;
  plan.certificate.lower_bound_bytes = 25;
  ASSERT_TRUE(Validate(problem, plan));
  EXPECT_EQ(Validate(problem, plan)->kind, Kind::kCertificate);
}

TEST(Validate, SeesPartsAndNotTheBoundingRectangle) {
  // Two steps each: `a` holds its low half first, then its high half; `b` likewise the other way round.
  Problem problem = Pair({0, 2, 8}, {0, 2, 8});
  problem.parts = {{0, 0, 1, 0, 4}, {0, 1, 2, 4, 8}, {1, 0, 1, 4, 8}, {1, 1, 2, 0, 4}};
  EXPECT_FALSE(Validate(problem, Placed(problem, {0, 0}))) << "interlocked, touching";
  for (const std::int64_t shift : {1, 3}) {
    const auto fault = Validate(problem, Placed(problem, {0, shift}));
    ASSERT_TRUE(fault) << shift;
    EXPECT_EQ(fault->step, 1);
    EXPECT_EQ(fault->begin, std::max<std::int64_t>(4, shift));
    EXPECT_EQ(fault->end, 4 + shift);
  }
  problem.parts[1].begin = 8;  // a part without bytes is in nobody's way
  EXPECT_FALSE(Validate(problem, Placed(problem, {0, 1})));
}

TEST(Validate, ABufferWhoseOnlyPartIsEmptyIsInNobodysWay) {
  Problem problem = Pair({0, 2, 8}, {0, 2, 8});
  problem.parts = {{1, 0, 2, 0, 0}};
  EXPECT_FALSE(Validate(problem, Placed(problem, {0, 0})));
}

TEST(Validate, PartsOfOneBufferDoNotClashWithEachOther) {
  Problem problem = Pair({0, 4, 8}, {0, 4, 2});
  problem.parts = {{0, 0, 3, 0, 4}, {0, 2, 4, 4, 8}};  // side by side in steps 2 to 3
  EXPECT_FALSE(Validate(problem, Placed(problem, {0, 8})));
  // One body in two overlapping rectangles: refused as a problem, or good, but no buffer collides with itself.
  problem.parts = {{0, 0, 3, 0, 5}, {0, 2, 4, 3, 8}};
  bool refused = false;
  try {
    CheckProblem(problem);
  } catch (const std::exception&) {
    refused = true;
  }
  if (!refused) {
    const auto fault = Validate(problem, Placed(problem, {0, 8}));
    EXPECT_FALSE(fault) << fault->message;
  }
}

TEST(Validate, GoesThroughNegativeAndExtremeSteps) {
  const Problem problem = Pair({INT64_MIN, INT64_MAX, 8}, {-3, -2, 8});
  EXPECT_FALSE(Validate(problem, Placed(problem, {0, 8})));
  const auto fault = Validate(problem, Placed(problem, {0, 0}));
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->step, -3);
}

// Any offsets at all: the judge and the slow comparison of all pairs agree, and what the judge names is a clash.
void AgreesWithAllPairs(const Problem& problem, const std::vector<std::int64_t>& offsets) {
  const auto clash = tests::FindClash(problem, offsets);
  const auto fault = Validate(problem, Placed(problem, offsets));
  RC_ASSERT(fault.has_value() == clash.has_value());
  if (!fault) return;
  RC_ASSERT(fault->kind == Kind::kOverlap);
  RC_ASSERT(fault->first < fault->second);
  RC_ASSERT(tests::Clash(problem, fault->first, offsets[fault->first], fault->second, offsets[fault->second]));
  const auto holds = [&](int i) {
    for (const Part& p : tests::RectanglesOf(problem, i)) {
      const bool bytes = offsets[i] + p.begin <= fault->begin && fault->end <= offsets[i] + p.end;
      if (bytes && p.lower <= fault->step && fault->step < p.upper) return true;
    }
    return false;
  };
  RC_ASSERT(fault->begin < fault->end);
  RC_ASSERT(holds(fault->first));
  RC_ASSERT(holds(fault->second));
}

tests::Menu SmallWithParts() {
  tests::Menu menu;
  menu.steps = 12;
  menu.largest = 20;
  menu.zero_sizes = true;
  menu.parts = true;
  return menu;
}

RC_GTEST_PROP(ValidateProperty, AgreesWithAllPairsOnAnyOffsets, ()) {
  const Problem problem = *tests::AnyProblem(SmallWithParts());
  const auto n = problem.buffers.size();
  const std::int64_t room = *rc::gen::element(30, 100, 1000, 10000);
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  tests::Random random(seed);
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < n; ++i) offsets.push_back(random.Below(room));
  AgreesWithAllPairs(problem, offsets);
}

RC_GTEST_PROP(ValidateProperty, FindsAnOverlapPlantedIntoAGoodPlan, ()) {
  const Problem problem = *tests::AnyProblem(SmallWithParts(), 3);
  std::vector<std::int64_t> offsets = tests::StackUp(problem);
  RC_ASSERT(!Validate(problem, Placed(problem, offsets)));
  RC_PRE(!problem.buffers.empty());
  const auto n = static_cast<int>(problem.buffers.size());
  const int moved = *rc::gen::resize(100, rc::gen::inRange(0, n));
  const std::int64_t step = *rc::gen::element(-3, -2, -1, 1, 2, 3);
  offsets[moved] = std::max<std::int64_t>(0, offsets[moved] + step);
  AgreesWithAllPairs(problem, offsets);
}

}  // namespace
}  // namespace orionrt::validate_test
