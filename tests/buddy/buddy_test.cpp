#include "orionrt/buddy.hpp"

#include <gtest/gtest.h>

#include <type_traits>
#include <utility>
#include <vector>

#include "orionrt/buddy_adaptors.hpp"
#include "refuses.hpp"

namespace orionrt::buddy_test {
namespace {

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
  EXPECT_EQ(buddy.Allocate(64), 0) << "the hole, and not a chunk of the upper half";
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
  ASSERT_EQ(buddy.AllocateRun(64 * 7), 0);  // chunks of 4, 2 and 1
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

TEST(BuddyOption, RefusesBoundsThatMakeNoSense) {
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"keep -1"}, [] { BuddyAllocator(1024, 64, {-1, 0, false}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"keep 4097"}, [] { BuddyAllocator(1024, 64, {4097, 0, false}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"share 63"}, [] { BuddyAllocator(1024, 64, {1, 63, false}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"counted"}, [] { BuddyAllocator(1024, 64, {1, 0, true}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"2^32"}, [] { BuddyAllocator(INT64_MAX, 64); }));
}

TEST(BuddyOption, KeepsTheLastFreedForTheNext) {
  BuddyAllocator buddy(1024, 64, {2, 0, false});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(buddy.Allocate(64), 64 * i);
  for (const int i : {0, 1, 3}) EXPECT_EQ(buddy.Free(64 * i), FreeStatus::kFreed);
  EXPECT_EQ(buddy.Map(), ".+a+............") << "the oldest was merged";
  EXPECT_EQ(buddy.Free(64 * 3), FreeStatus::kNotAllocated);
  EXPECT_EQ(buddy.stats().kept_bytes, 128);
  EXPECT_EQ(buddy.stats().used_bytes, 64);
  EXPECT_EQ(buddy.Allocate(64), 64) << "a block kept back, though there is a lower one";
  EXPECT_EQ(buddy.Allocate(1024), kNoSpace) << "after all was merged";
  EXPECT_EQ(buddy.stats().kept_bytes, 0);
  EXPECT_EQ(buddy.Allocate(64), 0);
}

TEST(BuddyOption, MergesWhatIsKeptBeforeItRefuses) {
  BuddyAllocator buddy(1024, 64, kFastBuddy);
  std::vector<std::int64_t> blocks;
  for (int i = 0; i < 16; ++i) blocks.push_back(buddy.Allocate(64));
  for (const std::int64_t block : blocks) EXPECT_EQ(buddy.Free(block), FreeStatus::kFreed);
  EXPECT_EQ(buddy.stats().used_bytes, 0);
  EXPECT_GT(buddy.stats().kept_bytes, 0);
  EXPECT_EQ(buddy.Allocate(1024), 0);
}

TEST(BuddyBooks, AreSmallBesideTheArena) {
  for (const BuddyOptions options : {kLeanBuddy, kFastBuddy}) {
    for (const std::int64_t mib : {64, 100, 1024}) {
      const BuddyAllocator buddy(mib << 20, 256, options);
      EXPECT_LE(buddy.stats().metadata_bytes, mib * 1126) << mib << " MiB, keep " << options.keep;
    }
  }
}

TEST(BuddyStatistics, SayHowWholeAndHowWellUsedTheArenaIs) {
  BuddyAllocator buddy(1024, 64, {0, 0, true});
  EXPECT_EQ(buddy.stats().external_fragmentation(), 0);
  EXPECT_EQ(buddy.stats().internal_waste(), 0);
  EXPECT_EQ(buddy.Allocate(96), 0);
  EXPECT_EQ(buddy.Allocate(64), 128);
  EXPECT_EQ(buddy.AllocateAt(512, 64), 512);
  EXPECT_EQ(buddy.stats().requested_bytes, 224);
  EXPECT_EQ(buddy.stats().used_bytes, 256);
  EXPECT_DOUBLE_EQ(buddy.stats().internal_waste(), 0.125);
  EXPECT_EQ(buddy.stats().largest_free_bytes, 256);
  EXPECT_EQ(buddy.stats().free_bytes, 768);
  EXPECT_DOUBLE_EQ(buddy.stats().external_fragmentation(), 1 - 256.0 / 768);
  EXPECT_EQ(buddy.Free(0), FreeStatus::kFreed);
  EXPECT_EQ(buddy.stats().requested_bytes, 128);
  EXPECT_EQ(BuddyAllocator(1024, 64).stats().internal_waste(), -1);
}

TEST(BuddyMap, HasACharacterABlock) {
  BuddyAllocator buddy(1024, 64);
  EXPECT_EQ(buddy.Map(), std::string(16, '.'));
  (void)buddy.Allocate(64);
  (void)buddy.Allocate(256);
  EXPECT_EQ(buddy.Map(), "a...cccc........");
}

// Two of one arena gave the same bytes out twice.
static_assert(!std::is_copy_constructible_v<BuddyAllocator> && !std::is_copy_assignable_v<BuddyAllocator>);
static_assert(std::is_nothrow_move_constructible_v<BuddyAllocator> &&
              std::is_nothrow_move_assignable_v<BuddyAllocator>);
static_assert(!std::is_copy_constructible_v<LockedBuddy> && !std::is_move_constructible_v<LockedBuddy>);

// Every call on what was moved from, in either setting: the books were gone and their counts were not, so that calls
// read and wrote where no books were.
void ExpectEmpty(BuddyAllocator& moved) {
  for (const std::int64_t bytes : {std::int64_t{0}, std::int64_t{1}, std::int64_t{64}, std::int64_t{1024}, INT64_MAX}) {
    EXPECT_EQ(moved.Allocate(bytes), kNoSpace) << bytes;
    EXPECT_EQ(moved.AllocateRun(bytes), kNoSpace) << bytes;
    EXPECT_EQ(moved.AllocateAt(0, bytes), kNoSpace) << bytes;
  }
  for (const std::int64_t offset : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{64}, std::int64_t{960}}) {
    EXPECT_EQ(moved.Free(offset), FreeStatus::kForeign) << offset;
    EXPECT_EQ(moved.BytesAt(offset), 0) << offset;
  }
  moved.Flush();
  const BuddyStats stats = moved.stats();
  EXPECT_EQ(stats.capacity + stats.used_bytes + stats.high_water_bytes + stats.free_bytes + stats.allocations, 0);
  EXPECT_EQ(stats.splits + stats.merges + stats.kept_bytes + stats.largest_free_bytes, 0);
  EXPECT_EQ(stats.requested_bytes, -1);
  EXPECT_EQ(moved.capacity(), 0);
  EXPECT_EQ(moved.Map(), "");
  EXPECT_TRUE(moved.CheckInvariants());
}

TEST(Buddy, MovesAllItKnowsAndLeavesNothing) {
  for (const BuddyOptions options : {kLeanBuddy, BuddyOptions{2, 0, false}, BuddyOptions{0, 0, true}}) {
    BuddyAllocator first(1000, 64, options);
    ASSERT_EQ(first.AllocateRun(1000), 0);
    ASSERT_EQ(first.Free(0), FreeStatus::kFreed);
    const std::int64_t held = first.Allocate(100), kept = first.Allocate(64);
    ASSERT_EQ(first.Free(kept), FreeStatus::kFreed);
    const std::string map = first.Map();
    const std::int64_t merges = first.stats().merges;

    BuddyAllocator second = std::move(first);
    ExpectEmpty(first);
    EXPECT_EQ(second.Map(), map);
    EXPECT_EQ(second.stats().merges, merges);
    EXPECT_TRUE(second.CheckInvariants());

    BuddyAllocator third(64, 64);
    third = std::move(second);
    ExpectEmpty(second);
    BuddyAllocator& itself = third;
    third = std::move(itself);
    EXPECT_EQ(third.Map(), map);
    EXPECT_EQ(third.Free(held), FreeStatus::kFreed);
    EXPECT_TRUE(third.CheckInvariants());

    first = std::move(third);
    EXPECT_EQ(first.AllocateRun(1000), 0) << "serves again once another is moved into it";
    EXPECT_TRUE(first.CheckInvariants());
  }
}

TEST(Buddy, SaysWhatAnAllocationTakes) {
  BuddyAllocator buddy(1000, 64);
  EXPECT_EQ(buddy.AllocateAt(0, 100), 0);
  EXPECT_EQ(buddy.AllocateAt(896, 104), 896);
  EXPECT_EQ(buddy.BytesAt(0), 128);
  EXPECT_EQ(buddy.BytesAt(896), 104) << "with the broken block";
  for (const std::int64_t none : {std::int64_t{-64}, std::int64_t{-1}, std::int64_t{1}, std::int64_t{64},
                                  std::int64_t{128}, std::int64_t{960}, std::int64_t{1024}, INT64_MIN, INT64_MAX}) {
    EXPECT_EQ(buddy.BytesAt(none), 0) << none;
  }
  BuddyAllocator broken(50, 64);
  EXPECT_EQ(broken.BytesAt(0), 0);
  EXPECT_EQ(broken.AllocateRun(50), 0);
  EXPECT_EQ(broken.BytesAt(0), 50) << "the broken block alone";
}

}  // namespace
}  // namespace orionrt::buddy_test
