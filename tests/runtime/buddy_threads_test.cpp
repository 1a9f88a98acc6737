// A buddy that several threads share; run under the thread sanitizer too.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "orionrt/buddy_adaptors.hpp"
#include "random.hpp"

namespace orionrt::buddy_threads_test {
namespace {

// Each thread writes its number into what it holds, and finds it there when it gives it back.
class LockedBuddies : public testing::TestWithParam<BuddyOptions> {};

TEST_P(LockedBuddies, GiveEachThreadItsOwn) {
  constexpr int kThreads = 4;
  constexpr std::int64_t kBlock = 16;
  constexpr std::int64_t kCapacity = 1 << 14;
  LockedBuddy buddy(kCapacity, kBlock, GetParam());
  std::vector<int> memory(kCapacity / kBlock, -1);
  std::vector<int> wrong(kThreads, 0);
  std::vector<int> refused(kThreads, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      tests::Random random(static_cast<std::uint64_t>(t));
      std::vector<std::pair<std::int64_t, std::int64_t>> held;
      const auto give_back = [&](std::size_t k) {
        for (std::int64_t b = 0; b * kBlock < held[k].second; ++b) {
          int& cell = memory[static_cast<std::size_t>(held[k].first / kBlock + b)];
          wrong[t] += cell == t ? 0 : 1;
          cell = -1;
        }
        wrong[t] += buddy.Free(held[k].first) == FreeStatus::kFreed ? 0 : 1;
        held[k] = held.back();
        held.pop_back();
      };
      for (int step = 0; step < 3000; ++step) {
        if (!held.empty() && random.OneIn(2)) {
          give_back(static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(held.size()))));
          continue;
        }
        const std::int64_t bytes = random.Between(1, step % 100 == 0 ? kCapacity : 40 * kBlock);
        const std::int64_t at = random.OneIn(4) ? buddy.AllocateRun(bytes) : buddy.Allocate(bytes);
        if (at == kNoSpace) {
          ++refused[t];
          continue;
        }
        for (std::int64_t b = 0; b * kBlock < bytes; ++b) memory[static_cast<std::size_t>(at / kBlock + b)] = t;
        held.emplace_back(at, bytes);
        wrong[t] += buddy.stats().used_bytes >= bytes ? 0 : 1;
      }
      while (!held.empty()) give_back(0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < kThreads; ++t) {
    EXPECT_EQ(wrong[t], 0);
    EXPECT_GT(refused[t], 0) << "the arena was never short";
  }
  EXPECT_TRUE(buddy.CheckInvariants());
  EXPECT_EQ(buddy.stats().allocations, 0);
  EXPECT_EQ(buddy.Allocate(kCapacity), 0) << "whole again";
}

std::string SettingName(const testing::TestParamInfo<BuddyOptions>& info) {
  return info.param.keep == 0 ? "Lean" : "Fast";
}
INSTANTIATE_TEST_SUITE_P(Settings, LockedBuddies, testing::Values(kLeanBuddy, kFastBuddy), SettingName);

}  // namespace
}  // namespace orionrt::buddy_threads_test
