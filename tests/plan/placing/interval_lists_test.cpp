// Sorted lists of intervals, against an array of bytes, and their undo against a copy.
#include "plan/placing/interval_lists.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::interval_lists_test {
namespace {

using tests::Random;
using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

constexpr std::size_t kBytes = 64;
using Bytes = std::vector<bool>;

// The runs of bytes that are taken, each byte `scale` addresses long.
Pairs RunsOf(const Bytes& bytes, std::int64_t scale) {
  Pairs runs;
  for (std::size_t b = 0; b < bytes.size(); ++b) {
    if (!bytes[b]) continue;
    const auto at = static_cast<std::int64_t>(b);
    if (b == 0 || !bytes[b - 1]) runs.emplace_back(at * scale, at * scale);
    runs.back().second = (at + 1) * scale;
  }
  return runs;
}

Pairs PairsOf(const IntervalLists& lists, std::size_t list) {
  Pairs pairs;
  const IntervalLists::View view = lists.Get(list);
  for (const Interval* at = view.begin; at != view.end; ++at) pairs.emplace_back(at->begin, at->end);
  return pairs;
}

class Twins {
 public:
  Twins(std::size_t count, std::int64_t scale)
      : scale_(scale), lists_(count), bytes_(count, Bytes(kBytes, false)), saved_(bytes_) {}

  void Step(Random& random) {
    switch (random.Below(24)) {
      case 0:
        lists_.Clear();
        bytes_.assign(bytes_.size(), Bytes(kBytes, false));
        has_checkpoint_ = false;
        return;
      case 1:
      case 2:
        lists_.Checkpoint();
        saved_ = bytes_;
        has_checkpoint_ = true;
        return;
      case 3:
      case 4:
        if (!has_checkpoint_) return;
        lists_.Rollback();
        bytes_ = saved_;
        return;
      default:
        Add(random);
    }
  }

  void Check() const {
    for (std::size_t k = 0; k < bytes_.size(); ++k) ASSERT_EQ(PairsOf(lists_, k), RunsOf(bytes_[k], scale_)) << k;
  }

 private:
  void Add(Random& random) {
    const auto list = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(bytes_.size())));
    const std::int64_t begin = random.Below(kBytes);
    const std::int64_t end = std::min<std::int64_t>(kBytes, begin + random.Between(1, random.OneIn(6) ? 40 : 2));
    bool is_new = false;
    for (std::int64_t b = begin; b < end; ++b) {
      is_new |= !bytes_[list][static_cast<std::size_t>(b)];
      bytes_[list][static_cast<std::size_t>(b)] = true;
    }
    ASSERT_EQ(lists_.Add(list, begin * scale_, end * scale_), is_new) << begin << " " << end;
  }

  std::int64_t scale_;
  IntervalLists lists_;
  std::vector<Bytes> bytes_, saved_;
  bool has_checkpoint_ = false;
};

TEST(IntervalLists, AreSetsOfBytesAndRollBack) {
  for (int seed = 0; seed < tests::Seeds(60); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const std::int64_t scale = random.OneIn(4) ? std::int64_t{1} << 56 : 1;  // up to 2^62
    Twins twins(static_cast<std::size_t>(random.Between(1, 5)), scale);
    for (int step = 0; step < 150; ++step) {
      twins.Step(random);
      twins.Check();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(IntervalLists, KeepWhatOutgrowsItsMemory) {
  IntervalLists lists(3);
  constexpr std::int64_t kMany = 9000;  // more than half a chunk; the first list moves fourteen times
  for (std::int64_t i = 0; i < 10; ++i) ASSERT_TRUE(lists.Add(1, 2 * i, 2 * i + 1));
  const Pairs few = PairsOf(lists, 1);
  lists.Checkpoint();
  Pairs expected;
  for (std::int64_t i = 0; i < kMany; ++i) {
    for (std::size_t list = 0; list < 3; ++list) (void)lists.Add(list, 2 * i, 2 * i + 1);
    expected.emplace_back(2 * i, 2 * i + 1);
  }
  for (std::size_t list = 0; list < 3; ++list) EXPECT_EQ(PairsOf(lists, list), expected);
  ASSERT_TRUE(lists.Add(2, 1, 2 * kMany)) << "closes every gap at once";
  EXPECT_EQ(PairsOf(lists, 2), (Pairs{{0, 2 * kMany}}));
  lists.Rollback();
  EXPECT_EQ(PairsOf(lists, 0), Pairs());
  EXPECT_EQ(PairsOf(lists, 1), few);
  EXPECT_EQ(PairsOf(lists, 2), Pairs());
}

}  // namespace
}  // namespace orionrt::interval_lists_test
