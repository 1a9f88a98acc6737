// BuddyRecorder and BuddyRing: what they tell, and that the buddy behind them is none the wiser.
#include <gtest/gtest.h>

#include <type_traits>

#include "orionrt/buddy_adaptors.hpp"
#include "random.hpp"

namespace orionrt::buddy_recorder_test {
namespace {

std::string Text(const BuddyEvent& e) {
  return std::to_string(e.seq) + " " + std::to_string(static_cast<int>(e.kind)) + " " + std::to_string(e.offset) + " " +
         std::to_string(e.requested) + " " + std::to_string(e.size) + " " + std::to_string(e.tag);
}

std::vector<std::string> Texts(const BuddyRing& ring) {
  std::vector<std::string> texts;
  for (const BuddyEvent& event : ring.Events()) texts.push_back(Text(event));
  return texts;
}

using Strings = std::vector<std::string>;

TEST(BuddyRecorder, TellsOfEachEvent) {
  BuddyAllocator buddy(1024, 64);
  BuddyRing ring(10);
  BuddyRecorder recorder(buddy, ring);
  EXPECT_EQ(recorder.Allocate(100, 7), 0);
  EXPECT_EQ(recorder.AllocateRun(300), 512);
  EXPECT_EQ(recorder.Allocate(1024, -1), kNoSpace);
  EXPECT_EQ(recorder.Free(0, 8), FreeStatus::kFreed);
  EXPECT_EQ(recorder.Free(0), FreeStatus::kNotAllocated) << "and nothing told";
  EXPECT_EQ(recorder.Allocate(0), kNoSpace) << "nor of what is no request";
  EXPECT_EQ(Texts(ring), (Strings{"0 0 0 100 128 7", "1 1 512 300 320 0", "2 0 -1 1024 0 -1", "3 2 0 0 0 8"}));
  EXPECT_EQ(ring.lost(), 0u);
}

TEST(BuddyRecorder, ARingKeepsTheLast) {
  BuddyAllocator buddy(1 << 20, 64);
  BuddyRing ring(3), none(0);
  BuddyRecorder recorder(buddy, ring), silent(buddy, none);
  for (int i = 0; i < 8; ++i) {
    recorder.Allocate(64, i);
    silent.Allocate(64, i);
    const std::size_t kept = std::min(i + 1, 3);
    ASSERT_EQ(ring.Events().size(), kept);
    EXPECT_EQ(ring.lost(), i + 1 - kept);
    for (std::size_t k = 0; k < kept; ++k) EXPECT_EQ(ring.Events()[k].tag, static_cast<std::int64_t>(i + 1 - kept + k));
  }
  EXPECT_TRUE(none.Events().empty());
  EXPECT_EQ(none.lost(), 8u);
}

TEST(BuddyRecorder, PassesEventsToACallersSink) {
  BuddyAllocator buddy(1024, 64);
  std::int64_t told = 0;
  BuddyRecorder recorder(
      buddy,
      [](void* context, const BuddyEvent& event) noexcept { *static_cast<std::int64_t*>(context) += event.size; },
      &told);
  recorder.Allocate(65);
  recorder.Allocate(1);
  EXPECT_EQ(told, 192);
}

TEST(BuddyRecorder, LeavesTheBuddyAsItWouldBe) {
  tests::Random random(5);
  BuddyAllocator plain(100'000, 64), behind(100'000, 64);
  BuddyRing ring(16);
  BuddyRecorder recorder(behind, ring);
  std::vector<std::int64_t> live;
  for (int round = 0; round < 3000; ++round) {
    if (!live.empty() && random.OneIn(2)) {
      const auto at = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(live.size())));
      EXPECT_EQ(plain.Free(live[at]), recorder.Free(live[at]));
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
      continue;
    }
    const std::int64_t bytes = random.Between(1, 9000);
    const bool run = random.OneIn(3);
    const std::int64_t offset = run ? plain.AllocateRun(bytes) : plain.Allocate(bytes);
    ASSERT_EQ(run ? recorder.AllocateRun(bytes) : recorder.Allocate(bytes), offset);
    if (offset != kNoSpace) live.push_back(offset);
  }
  EXPECT_EQ(plain.Map(), behind.Map());
}

// Two would have numbered events of one buddy alike.
static_assert(!std::is_copy_constructible_v<BuddyRecorder> && !std::is_move_constructible_v<BuddyRecorder>);

}  // namespace
}  // namespace orionrt::buddy_recorder_test
