#include "orionrt/buddy.hpp"

#include <gtest/gtest.h>

#include "buddy_model.hpp"
#include "random.hpp"
#include "refuses.hpp"

namespace orionrt {
namespace {

using tests::BuddyModel;
using tests::Refuses;

TEST(Buddy, RefusesCapacitiesAndBlocksThatMakeNoSense) {
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"-1"}, [] { BuddyAllocator(-1, 64); }));
  for (const std::int64_t block : {std::int64_t{0}, std::int64_t{-64}, std::int64_t{48}, INT64_MIN}) {
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {std::to_string(block)}, [&] { BuddyAllocator(1024, block); }));
  }
}

TEST(Buddy, RoundsUpToAPowerOfTwoOfBlocks) {
  BuddyAllocator buddy(1024, 64);
  EXPECT_EQ(buddy.Allocate(1), 0);
  EXPECT_EQ(buddy.stats().used_bytes, 64);
  EXPECT_EQ(buddy.Allocate(129), 256);
  EXPECT_EQ(buddy.stats().used_bytes, 64 + 256);
  EXPECT_EQ(buddy.Allocate(512), 512);
  EXPECT_EQ(buddy.Allocate(129), kNoSpace);
  EXPECT_EQ(buddy.Allocate(128), 128);
  EXPECT_EQ(buddy.Allocate(64), 64);
  EXPECT_EQ(buddy.Allocate(1), kNoSpace);
}

TEST(Buddy, TakesTheSmallestBlockThatHoldsIt) {
  BuddyAllocator buddy(512, 64);
  EXPECT_EQ(buddy.Allocate(64), 0);
  EXPECT_EQ(buddy.Allocate(64), 64);
  EXPECT_EQ(buddy.Free(0), FreeStatus::kFreed);
  EXPECT_EQ(buddy.Allocate(128), 128);
  EXPECT_EQ(buddy.Allocate(64), 0) << "the hole, and not a piece of the upper half";
}

TEST(Buddy, MergesAtOnce) {
  BuddyAllocator buddy(512, 64);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(buddy.Allocate(64), 64 * i);
  for (const int i : {1, 3, 5, 7, 0, 2, 4}) EXPECT_EQ(buddy.Free(64 * i), FreeStatus::kFreed);
  EXPECT_EQ(buddy.stats().largest_free_bytes, 256);
  EXPECT_EQ(buddy.Free(64 * 6), FreeStatus::kFreed);
  EXPECT_EQ(buddy.stats().largest_free_bytes, 512);
  EXPECT_EQ(buddy.Allocate(512), 0);
}

TEST(Buddy, RefusesRequestsWithoutSense) {
  BuddyAllocator buddy(1024, 64);
  for (const std::int64_t bytes : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1025}, INT64_MIN, INT64_MAX}) {
    EXPECT_EQ(buddy.Allocate(bytes), kNoSpace) << bytes;
    EXPECT_EQ(buddy.AllocateRun(bytes), kNoSpace) << bytes;
    EXPECT_EQ(buddy.AllocateAt(0, bytes), kNoSpace) << bytes;
  }
  for (const std::int64_t offset :
       {std::int64_t{-64}, std::int64_t{32}, std::int64_t{1024}, INT64_MIN, INT64_MAX, INT64_MAX - 63}) {
    EXPECT_EQ(buddy.AllocateAt(offset, 64), kNoSpace) << offset;
  }
  EXPECT_EQ(buddy.AllocateAt(960, 65), kNoSpace);
  EXPECT_EQ(buddy.stats().allocations, 0);
  EXPECT_TRUE(buddy.CheckInvariants());
}

TEST(Buddy, GivesTheTailOfARunBack) {
  BuddyAllocator buddy(1024, 64);
  EXPECT_EQ(buddy.AllocateRun(64 * 9), 0);
  EXPECT_EQ(buddy.stats().used_bytes, 64 * 9);
  EXPECT_EQ(buddy.Allocate(64), 64 * 9);
  EXPECT_EQ(buddy.Allocate(256), 64 * 12);
  EXPECT_EQ(buddy.Allocate(128), 64 * 10);
  EXPECT_EQ(buddy.Free(0), FreeStatus::kFreed);
  EXPECT_EQ(buddy.Allocate(512), 0);
  EXPECT_TRUE(buddy.CheckInvariants()) << buddy.Map();
}

TEST(Buddy, ARunIsFreedAsAWholeAndOnlyByItsFirstByte) {
  BuddyAllocator buddy(1024, 64);
  ASSERT_EQ(buddy.AllocateRun(64 * 7), 0);  // pieces of 4, 2 and 1
  for (int block = 1; block < 7; ++block) EXPECT_EQ(buddy.Free(64 * block), FreeStatus::kNotAllocated) << block;
  EXPECT_EQ(buddy.stats().used_bytes, 64 * 7);
  EXPECT_EQ(buddy.Free(0), FreeStatus::kFreed);
  EXPECT_EQ(buddy.stats().largest_free_bytes, 1024);
}

TEST(Buddy, RefusesToFreeWhatItDidNotGive) {
  BuddyAllocator buddy(1000, 64);
  ASSERT_EQ(buddy.Allocate(128), 768) << "the only free block of just that size";
  const std::string before = buddy.Map();
  EXPECT_EQ(buddy.Free(-1), FreeStatus::kForeign);
  EXPECT_EQ(buddy.Free(1000), FreeStatus::kForeign);
  EXPECT_EQ(buddy.Free(INT64_MIN), FreeStatus::kForeign);
  EXPECT_EQ(buddy.Free(INT64_MAX), FreeStatus::kForeign);
  EXPECT_EQ(buddy.Free(1), FreeStatus::kMisaligned);
  EXPECT_EQ(buddy.Free(999), FreeStatus::kMisaligned);
  EXPECT_EQ(buddy.Free(832), FreeStatus::kNotAllocated) << "within an allocation";
  EXPECT_EQ(buddy.Free(512), FreeStatus::kNotAllocated);
  EXPECT_EQ(buddy.Free(960), FreeStatus::kNotAllocated) << "the broken block";
  EXPECT_EQ(buddy.Map(), before);
  EXPECT_EQ(buddy.stats().allocations, 1);
  EXPECT_TRUE(buddy.CheckInvariants());
  EXPECT_EQ(buddy.Free(768), FreeStatus::kFreed);
  EXPECT_EQ(buddy.Free(768), FreeStatus::kNotAllocated) << "twice";
  EXPECT_EQ(buddy.stats().allocations, 0);
}

TEST(Buddy, RemembersTheMostThatWasInUse) {
  BuddyAllocator buddy(1024, 64);
  (void)buddy.Allocate(512);
  (void)buddy.Allocate(256);
  EXPECT_EQ(buddy.Free(0), FreeStatus::kFreed);
  (void)buddy.Allocate(64);
  EXPECT_EQ(buddy.stats().used_bytes, 320);
  EXPECT_EQ(buddy.stats().high_water_bytes, 768);
  EXPECT_EQ(buddy.stats().capacity, 1024);
  EXPECT_EQ(buddy.stats().allocations, 2);
}

TEST(Buddy, HoldsAWholeTerabyteInBooksOfItsOwn) {
  BuddyAllocator buddy(std::int64_t{1} << 40, std::int64_t{1} << 24);
  EXPECT_EQ(buddy.Allocate((std::int64_t{1} << 39) + 1), 0);
  EXPECT_EQ(buddy.Allocate(1), kNoSpace);
}

TEST(Buddy, TakesBlocksAndCapacitiesOfAnySize) {
  BuddyAllocator buddy(INT64_MAX, std::int64_t{1} << 62);
  EXPECT_EQ(buddy.Allocate(1), 0);
  EXPECT_EQ(buddy.Allocate(1), kNoSpace);
  EXPECT_EQ(buddy.AllocateRun(std::int64_t{1} << 61), std::int64_t{1} << 62) << "the broken block";
  EXPECT_EQ(buddy.stats().used_bytes, INT64_MAX - (std::int64_t{1} << 62) + (std::int64_t{1} << 62));
  EXPECT_TRUE(buddy.CheckInvariants());
}

// Every capacity up to 70 blocks, also with a broken block at the end.
class EveryCapacity : public testing::TestWithParam<std::int64_t> {};

TEST_P(EveryCapacity, ServesARunOfAnyLengthWhenNothingIsInUse) {
  for (std::int64_t capacity = GetParam(); capacity <= 70 * 16; capacity += 5) {
    for (std::int64_t bytes = 1; bytes <= capacity; bytes += bytes < capacity - 20 ? 7 : 1) {
      BuddyAllocator buddy(capacity, 16);
      const std::int64_t at = buddy.AllocateRun(bytes);
      ASSERT_NE(at, kNoSpace) << bytes << " of " << capacity;
      ASSERT_TRUE(buddy.CheckInvariants()) << bytes << " of " << capacity << " " << buddy.Map();
      ASSERT_LE(at + bytes, capacity);
      ASSERT_EQ(buddy.stats().used_bytes, std::min(capacity - at, (bytes + 15) / 16 * 16));
      ASSERT_EQ(buddy.Free(at), FreeStatus::kFreed);
      ASSERT_TRUE(buddy.CheckInvariants()) << bytes << " of " << capacity << " " << buddy.Map();
      ASSERT_EQ(buddy.stats().used_bytes, 0);
      ASSERT_EQ(buddy.AllocateRun(capacity), 0) << "the whole, after " << bytes << " came and went";
    }
  }
}

TEST_P(EveryCapacity, GivesOutEveryWholeBlock) {
  for (std::int64_t capacity = GetParam(); capacity <= 70 * 16; capacity += 5) {
    BuddyAllocator buddy(capacity, 16);
    ASSERT_TRUE(buddy.CheckInvariants()) << capacity;
    std::vector<bool> seen(static_cast<std::size_t>(capacity / 16), false);
    for (std::int64_t k = 0; k < capacity / 16; ++k) {
      const std::int64_t at = buddy.Allocate(1);
      ASSERT_NE(at, kNoSpace) << k << " of " << capacity / 16;
      ASSERT_FALSE(seen[static_cast<std::size_t>(at / 16)]);
      seen[static_cast<std::size_t>(at / 16)] = true;
    }
    ASSERT_EQ(buddy.Allocate(1), kNoSpace);
    const std::int64_t broken = buddy.AllocateRun(1);
    ASSERT_EQ(broken, capacity % 16 == 0 ? kNoSpace : capacity / 16 * 16) << "the broken block serves a run that fits";
    ASSERT_EQ(buddy.stats().used_bytes, capacity);
    ASSERT_TRUE(buddy.CheckInvariants()) << buddy.Map();
  }
}

std::string CapacityName(const testing::TestParamInfo<std::int64_t>& info) {
  return "Residue" + std::to_string(info.param);
}
INSTANTIATE_TEST_SUITE_P(Capacities, EveryCapacity, testing::Values(0, 1, 2, 3, 4), CapacityName);

// One random step of both; what the allocator does must be what the model says.
class Duel {
 public:
  Duel(std::int64_t capacity, std::int64_t block, std::uint64_t seed)
      : buddy_(capacity, block), model_(capacity, block), random_(seed), capacity_(capacity), block_(block) {}

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
    ASSERT_EQ(stats.largest_free_bytes, model_.LargestFree()) << buddy_.Map();
    ASSERT_EQ(stats.allocations, static_cast<std::int64_t>(model_.allocations().size())) << buddy_.Map();
    ASSERT_GE(stats.high_water_bytes, stats.used_bytes);
  }

  int refusals() const { return refusals_; }

 private:
  void Book(std::int64_t at, std::int64_t bytes) {
    if (at == kNoSpace) {
      ++refusals_;
    } else {
      ASSERT_TRUE(model_.IsFree(at, std::min(bytes, capacity_ - at))) << at << " " << buddy_.Map();
      model_.Take(at, bytes);
    }
  }

  void Allocate(std::int64_t bytes) {
    const std::int64_t expected = model_.BestPlace(bytes);
    const std::int64_t at = buddy_.Allocate(bytes);
    ASSERT_EQ(at, expected) << bytes << " bytes " << buddy_.Map();
    if (at != kNoSpace) {
      ASSERT_EQ(at % model_.Rounded(bytes), 0);
    }
    Book(at, model_.Rounded(bytes));
  }

  void AllocateRun(std::int64_t bytes) {
    const std::int64_t expected = model_.BestPlace(bytes);
    const std::int64_t at = buddy_.AllocateRun(bytes);
    if (expected != kNoSpace) {
      ASSERT_EQ(at, expected) << bytes << " bytes " << buddy_.Map();
    }
    if (at != kNoSpace) {
      ASSERT_EQ(at % model_.Rounded(bytes), 0) << bytes << " bytes at " << at << " " << buddy_.Map();
    }
    Book(at, bytes);
  }

  void AllocateAt(std::int64_t offset, std::int64_t bytes) {
    const bool free = model_.IsFree(offset, bytes);
    const std::int64_t at = buddy_.AllocateAt(offset, bytes);
    ASSERT_EQ(at, free ? offset : kNoSpace) << bytes << " bytes at " << offset << " " << buddy_.Map();
    Book(at, bytes);
  }

  void FreeOne() {
    if (model_.allocations().empty()) return;
    auto it = model_.allocations().begin();
    std::advance(it, random_.Below(static_cast<std::int64_t>(model_.allocations().size())));
    const std::int64_t offset = it->first;
    ASSERT_EQ(buddy_.Free(offset), FreeStatus::kFreed) << offset << " " << buddy_.Map();
    model_.GiveBack(offset);
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
  int refusals_ = 0;
};

TEST(BuddyDuel, AgreesWithTheModelUntilAThousandRefusals) {
  for (const std::int64_t capacity : {64, 100, 1024, 1000, 2048 + 17, 48 * 16, 70 * 16 - 1, 15, 16, 17}) {
    Duel duel(capacity, 16, static_cast<std::uint64_t>(capacity));
    for (int step = 0; duel.refusals() < 1000 && step < 100000; ++step) {
      SCOPED_TRACE("capacity " + std::to_string(capacity) + ", step " + std::to_string(step));
      duel.Step();
      duel.Check();
      if (testing::Test::HasFatalFailure()) return;
    }
    EXPECT_GE(duel.refusals(), 1000) << capacity;
  }
}

TEST(BuddyMap, HasACharacterABlock) {
  BuddyAllocator buddy(1024, 64);
  EXPECT_EQ(buddy.Map(), std::string(16, '.'));
  (void)buddy.Allocate(64);
  (void)buddy.Allocate(256);
  EXPECT_EQ(buddy.Map(), "a...cccc........");
}

}  // namespace
}  // namespace orionrt
