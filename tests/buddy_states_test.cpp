// Every state that a tiny arena can come into, by every way of leaving each.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "buddy_model.hpp"
#include "orionrt/buddy.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kBlock = 16;

struct State {
  BuddyAllocator buddy;
  tests::BuddyModel model;
};
using Key = std::map<std::int64_t, std::int64_t>;  // offset -> blocks

Key KeyOf(const State& state) {
  Key key;
  for (const auto& [offset, bytes] : state.model.allocations()) key[offset] = (bytes + kBlock - 1) / kBlock;
  return key;
}

class BuddyStates : public testing::TestWithParam<std::int64_t> {
 protected:
  // Takes `at` and what it must be; adds the state behind it, if it is a new one.
  void Arrive(State state, std::int64_t at, std::int64_t bytes) {
    if (at != kNoSpace) state.model.Take(at, bytes);
    Enter(std::move(state));
  }
  void Enter(State state) {
    ASSERT_TRUE(state.buddy.CheckInvariants()) << state.buddy.Map();
    ASSERT_EQ(state.buddy.stats().used_bytes, state.model.UsedBytes()) << state.buddy.Map();
    ASSERT_EQ(state.buddy.stats().largest_free_bytes, state.model.LargestFree()) << state.buddy.Map();
    if (seen_.insert(KeyOf(state)).second) queue_.push_back(std::move(state));
  }

  void Leave(const State& state) {
    const std::int64_t capacity = state.buddy.capacity();
    for (std::int64_t bytes = kBlock / 2; bytes <= capacity + kBlock; bytes += kBlock / 2) {
      State next = state;
      const std::int64_t best = state.model.BestPlace(bytes);
      std::int64_t at = next.buddy.Allocate(bytes);
      ASSERT_EQ(at, best) << bytes << " " << state.buddy.Map();
      Arrive(next, at, state.model.Rounded(bytes));

      next = state;
      at = next.buddy.AllocateRun(bytes);
      if (best != kNoSpace) {
        ASSERT_EQ(at, best) << bytes << " " << state.buddy.Map();
      }
      if (at != kNoSpace) {
        ASSERT_TRUE(state.model.IsFree(at, bytes)) << bytes << " at " << at << " " << state.buddy.Map();
      }
      Arrive(next, at, bytes);

      for (std::int64_t offset = 0; offset <= capacity; offset += kBlock) {
        next = state;
        at = next.buddy.AllocateAt(offset, bytes);
        ASSERT_EQ(at, state.model.IsFree(offset, bytes) ? offset : kNoSpace)
            << bytes << " at " << offset << " " << state.buddy.Map();
        Arrive(next, at, bytes);
      }
    }
    for (std::int64_t offset = 0; offset < capacity; offset += kBlock) {
      State next = state;
      const bool starts = state.model.allocations().count(offset) != 0;
      ASSERT_EQ(next.buddy.Free(offset), starts ? FreeStatus::kFreed : FreeStatus::kNotAllocated)
          << offset << " " << state.buddy.Map();
      if (starts) next.model.GiveBack(offset);
      Enter(next);
    }
  }

  std::size_t Explore() {
    Enter({BuddyAllocator(GetParam(), kBlock), tests::BuddyModel(GetParam(), kBlock)});
    while (!queue_.empty() && !HasFatalFailure()) {
      const State state = std::move(queue_.front());
      queue_.pop_front();
      Leave(state);
    }
    return seen_.size();
  }

 private:
  std::set<Key> seen_;
  std::deque<State> queue_;
};

TEST_P(BuddyStates, AllObeyTheModel) {
  // Ways to fill n blocks with free blocks and runs: every second Fibonacci number.
  const std::int64_t blocks = (GetParam() + kBlock - 1) / kBlock;
  std::size_t a = 1, b = 1;
  for (std::int64_t k = 0; k < blocks; ++k) {
    a += b;
    b += a;
  }
  EXPECT_EQ(Explore(), a) << "states missed";
}

std::string StateName(const testing::TestParamInfo<std::int64_t>& info) { return "Bytes" + std::to_string(info.param); }
INSTANTIATE_TEST_SUITE_P(Capacities, BuddyStates, testing::Values(0, 8, 16, 40, 6 * 16, 7 * 16, 7 * 16 + 8, 8 * 16),
                         StateName);

}  // namespace
}  // namespace orionrt
