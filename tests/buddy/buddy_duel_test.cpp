// Random requests to the buddy and to its model, which must agree after each.
#include <gtest/gtest.h>

#include <map>

#include "buddy_model.hpp"
#include "orionrt/buddy.hpp"
#include "random.hpp"

namespace orionrt::buddy_duel_test {
namespace {

using tests::BuddyModel;

// One random step of both; what the allocator does must be what the model says.
class Duel {
 public:
  Duel(std::int64_t capacity, std::int64_t block, BuddyOptions options, std::uint64_t seed)
      : buddy_(capacity, block, options),
        model_(capacity, block, options),
        random_(seed),
        capacity_(capacity),
        block_(block),
        counts_(options.count_requests) {}

  void Step() {
    const std::int64_t most = random_.OneIn(5) ? capacity_ : std::min<std::int64_t>(capacity_, 6 * block_);
    const std::int64_t bytes = random_.Between(1, std::max<std::int64_t>(1, most));
    switch (random_.Below(8)) {
      case 0:
      case 1:
      case 2:
        return Allocate(bytes);
      case 3:
        return AllocateRun(bytes);
      case 4:
        return AllocateAt(random_.Below(capacity_ / block_ + 2) * block_, bytes);
      case 5:
        return FreeNonsense(random_.Between(-block_, capacity_ + block_));
      default:
        return FreeOne();
    }
  }

  void Check() const {
    ASSERT_TRUE(buddy_.CheckInvariants()) << buddy_.Map();
    const BuddyStats stats = buddy_.stats();
    ASSERT_EQ(stats.used_bytes, model_.UsedBytes()) << buddy_.Map();
    ASSERT_EQ(stats.free_bytes, capacity_ - stats.used_bytes);
    ASSERT_EQ(stats.kept_bytes, model_.KeptBytes()) << buddy_.Map();
    ASSERT_EQ(stats.largest_free_bytes, model_.LargestFree()) << buddy_.Map();
    ASSERT_EQ(stats.allocations, static_cast<std::int64_t>(model_.allocations().size())) << buddy_.Map();
    ASSERT_EQ(stats.high_water_bytes, high_water_);
    ASSERT_EQ(stats.requested_bytes, counts_ ? requested_ : -1);
  }

  int refusals() const { return refusals_; }

 private:
  // After the model has taken it.
  void Book(std::int64_t at, std::int64_t bytes) {
    if (at == kNoSpace) {
      ++refusals_;
      return;
    }
    requests_[at] = bytes;
    requested_ += bytes;
    high_water_ = std::max(high_water_, model_.UsedBytes());
  }

  void Allocate(std::int64_t bytes) {
    const std::int64_t expected = model_.Allocate(bytes);
    const std::int64_t at = buddy_.Allocate(bytes);
    ASSERT_EQ(at, expected) << bytes << " bytes " << buddy_.Map();
    if (at != kNoSpace) {
      ASSERT_EQ(at % model_.Rounded(bytes), 0);
    }
    Book(at, bytes);
  }

  void AllocateRun(std::int64_t bytes) {
    std::int64_t expected = model_.BestPlace(bytes);
    const std::int64_t at = buddy_.AllocateRun(bytes);
    if (expected == kNoSpace && buddy_.stats().kept_bytes < model_.KeptBytes()) {
      model_.Flush();
      expected = model_.BestPlace(bytes);
    }
    if (expected != kNoSpace) {
      ASSERT_EQ(at, expected) << bytes << " bytes " << buddy_.Map();
    }
    if (at != kNoSpace) {
      ASSERT_EQ(at % model_.Rounded(bytes), 0) << bytes << " bytes at " << at << " " << buddy_.Map();
      ASSERT_TRUE(model_.IsFree(at, bytes)) << at << " " << buddy_.Map();
      model_.Take(at, bytes);
    }
    Book(at, bytes);
  }

  void AllocateAt(std::int64_t offset, std::int64_t bytes) {
    const std::int64_t at = buddy_.AllocateAt(offset, bytes);
    if (buddy_.stats().kept_bytes < model_.KeptBytes()) model_.Flush();
    const bool free = model_.IsFree(offset, bytes);
    ASSERT_EQ(at, free ? offset : kNoSpace) << bytes << " bytes at " << offset << " " << buddy_.Map();
    if (free) model_.Take(offset, bytes);
    Book(at, bytes);
  }

  void FreeOne() {
    if (model_.allocations().empty()) return;
    auto it = model_.allocations().begin();
    std::advance(it, random_.Below(static_cast<std::int64_t>(model_.allocations().size())));
    const std::int64_t offset = it->first;
    ASSERT_EQ(buddy_.Free(offset), FreeStatus::kFreed) << offset << " " << buddy_.Map();
    model_.Free(offset);
    requested_ -= requests_[offset];
    ASSERT_EQ(buddy_.Free(offset), FreeStatus::kNotAllocated) << "twice: " << offset << " " << buddy_.Map();
  }

  void FreeNonsense(std::int64_t offset) {
    if (model_.allocations().count(offset) != 0) return;
    const std::string before = buddy_.Map();
    const FreeStatus expected = offset < 0 || offset >= capacity_ ? FreeStatus::kForeign
                                : offset % block_ != 0            ? FreeStatus::kMisaligned
                                                                  : FreeStatus::kNotAllocated;
    ASSERT_EQ(buddy_.Free(offset), expected) << offset << " " << before;
    ASSERT_EQ(buddy_.Map(), before);
  }

  BuddyAllocator buddy_;
  BuddyModel model_;
  tests::Random random_;
  std::int64_t capacity_;
  std::int64_t block_;
  bool counts_;
  std::map<std::int64_t, std::int64_t> requests_;
  std::int64_t requested_ = 0;
  std::int64_t high_water_ = 0;
  int refusals_ = 0;
};

class BuddyDuel : public testing::TestWithParam<BuddyOptions> {};

void RunDuel(std::int64_t capacity, BuddyOptions options, int refusals, int steps) {
  Duel duel(capacity, 16, options, static_cast<std::uint64_t>(capacity));
  for (int step = 0; (refusals == 0 || duel.refusals() < refusals) && step < steps; ++step) {
    SCOPED_TRACE("capacity " + std::to_string(capacity) + ", step " + std::to_string(step));
    duel.Step();
    duel.Check();
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GE(duel.refusals(), refusals) << capacity;
}

TEST_P(BuddyDuel, AgreesWithTheModelUntilAThousandRefusals) {
  for (const std::int64_t capacity : {64, 100, 1024, 1000, 2048 + 17, 48 * 16, 70 * 16 - 1, 15, 16, 17}) {
    RunDuel(capacity, GetParam(), 1000, 100000);
    if (HasFatalFailure()) return;
  }
}

// Blocks and runs of several groups of 64, and trees of two levels: fewer steps, since the model looks at every block.
TEST_P(BuddyDuel, AgreesWithTheModelInLargerArenas) {
  RunDuel(300 * 16 + 5, GetParam(), 1000, 100000);
  if (!HasFatalFailure()) RunDuel((64 * 64 + 200) * 16 + 5, GetParam(), 0, 300);
}

std::string OptionsName(const testing::TestParamInfo<BuddyOptions>& info) {
  return "Keep" + std::to_string(info.param.keep) + "Share" + std::to_string(info.param.keep_share) +
         (info.param.count_requests ? "Counts" : "");
}
INSTANTIATE_TEST_SUITE_P(Settings, BuddyDuel,
                         testing::Values(BuddyOptions{0, 0, false}, BuddyOptions{0, 0, true}, BuddyOptions{1, 0, false},
                                         BuddyOptions{3, 2, false}, kFastBuddy),
                         OptionsName);

}  // namespace
}  // namespace orionrt::buddy_duel_test
