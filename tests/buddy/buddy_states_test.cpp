// Every state that a tiny arena can come into, by every way of leaving each.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "buddy_model.hpp"
#include "orionrt/buddy.hpp"

namespace orionrt::buddy_states_test {
namespace {

constexpr std::int64_t kBlock = 16;

// A buddy cannot be copied: a state is come to again by the calls that led to it.
struct Call {
  enum Kind { kAllocate, kAllocateRun, kAllocateAt, kFree, kFlush } kind;
  std::int64_t offset, bytes;
};

std::int64_t Do(BuddyAllocator& buddy, const Call& call) {
  switch (call.kind) {
    case Call::kAllocate:
      return buddy.Allocate(call.bytes);
    case Call::kAllocateRun:
      return buddy.AllocateRun(call.bytes);
    case Call::kAllocateAt:
      return buddy.AllocateAt(call.offset, call.bytes);
    case Call::kFree:
      return static_cast<std::int64_t>(buddy.Free(call.offset));
    case Call::kFlush:
      buddy.Flush();
  }
  return 0;
}

struct State {
  BuddyAllocator buddy;
  tests::BuddyModel model;
  std::vector<Call> calls;
};
// All that decides what comes next: offset -> blocks; for each size the offsets kept back, and which goes next.
using Key = std::tuple<std::map<std::int64_t, std::int64_t>, std::map<std::int64_t, std::vector<std::int64_t>>,
                       std::map<std::int64_t, std::size_t>>;

Key KeyOf(const State& state) {
  Key key;
  for (const auto& [offset, bytes] : state.model.allocations())
    std::get<0>(key)[offset] = (bytes + kBlock - 1) / kBlock;
  for (const auto& [bytes, offsets] : state.model.kept()) {
    if (!offsets.empty()) std::get<1>(key)[bytes] = offsets;
  }
  for (const auto& [bytes, hand] : state.model.hands()) {
    if (hand != 0) std::get<2>(key)[bytes] = hand;
  }
  return key;
}

struct Arena {
  std::int64_t capacity;  // bytes
  int keep;
};

class BuddyStates : public testing::TestWithParam<Arena> {
 protected:
  // Adds the state behind a call, if it is a new one.
  void Enter(State state) {
    ASSERT_TRUE(state.buddy.CheckInvariants()) << state.buddy.Map();
    const BuddyStats stats = state.buddy.stats();
    ASSERT_EQ(stats.used_bytes, state.model.UsedBytes()) << state.buddy.Map();
    ASSERT_EQ(stats.kept_bytes, state.model.KeptBytes()) << state.buddy.Map();
    ASSERT_EQ(stats.largest_free_bytes, state.model.LargestFree()) << state.buddy.Map();
    if (seen_.insert(KeyOf(state)).second) queue_.push_back(std::move(state));
  }

  State Again(const State& state) const {
    const auto [capacity, keep] = GetParam();
    State again = {BuddyAllocator(capacity, kBlock, {keep, 0, false}), state.model, state.calls};
    for (const Call& call : state.calls) (void)Do(again.buddy, call);
    return again;
  }

  // What the call answers, which becomes the last of those that lead to the state.
  static std::int64_t Go(State& state, Call call) {
    state.calls.push_back(call);
    return Do(state.buddy, call);
  }

  // What the header says a call may do: `most` splits and as many merges; before them, one flush of what is kept back.
  void CheckSteps(const State& before, const State& after, std::int64_t most, bool may_flush) {
    const std::int64_t flushed = may_flush ? before.model.KeptBlocks() : 0;
    const std::int64_t splits = after.buddy.stats().splits - before.buddy.stats().splits;
    const std::int64_t merges = after.buddy.stats().merges - before.buddy.stats().merges;
    ASSERT_LE(splits, most) << before.buddy.Map() << " -> " << after.buddy.Map();
    ASSERT_LE(merges, most + Levels() * flushed) << before.buddy.Map() << " -> " << after.buddy.Map();
    most_splits_ = std::max(most_splits_, splits);
    most_merges_ = std::max(most_merges_, merges);
  }
  std::int64_t StepsOfARun() const { return 2 * Levels() * Levels() + 1; }

  void Allocate(const State& state, std::int64_t bytes) {
    State next = Again(state);
    const std::int64_t best = next.model.Allocate(bytes);
    ASSERT_EQ(Go(next, {Call::kAllocate, 0, bytes}), best) << bytes << " " << state.buddy.Map();
    CheckSteps(state, next, Levels(), true);
    Enter(std::move(next));
  }

  void AllocateRun(const State& state, std::int64_t bytes) {
    State next = Again(state);
    std::int64_t best = next.model.BestPlace(bytes);
    const std::int64_t at = Go(next, {Call::kAllocateRun, 0, bytes});
    if (best == kNoSpace && next.buddy.stats().kept_bytes < next.model.KeptBytes()) {
      next.model.Flush();
      best = next.model.BestPlace(bytes);
    }
    if (best != kNoSpace) {
      ASSERT_EQ(at, best) << bytes << " " << state.buddy.Map();
    }
    if (at != kNoSpace) {
      ASSERT_TRUE(next.model.IsFree(at, bytes)) << bytes << " at " << at << " " << state.buddy.Map();
      next.model.Take(at, bytes);
    }
    CheckSteps(state, next, StepsOfARun(), true);
    Enter(std::move(next));
  }

  void AllocateAt(const State& state, std::int64_t offset, std::int64_t bytes) {
    State next = Again(state);
    const std::int64_t at = Go(next, {Call::kAllocateAt, offset, bytes});
    if (next.buddy.stats().kept_bytes < next.model.KeptBytes()) next.model.Flush();
    const std::int64_t expected = next.model.IsFree(offset, bytes) ? offset : kNoSpace;
    ASSERT_EQ(at, expected) << bytes << " at " << offset << " " << state.buddy.Map();
    if (expected != kNoSpace) next.model.Take(offset, bytes);
    CheckSteps(state, next, StepsOfARun(), true);
    Enter(std::move(next));
  }

  void Free(const State& state, std::int64_t offset) {
    State next = Again(state);
    const auto found = state.model.allocations().find(offset);
    const bool starts = found != state.model.allocations().end();
    ASSERT_EQ(Go(next, {Call::kFree, offset, 0}),
              static_cast<std::int64_t>(starts ? FreeStatus::kFreed : FreeStatus::kNotAllocated))
        << offset << " " << state.buddy.Map();
    if (starts) next.model.Free(offset);
    const bool is_run = starts && found->second != state.model.Rounded(found->second);
    CheckSteps(state, next, is_run ? StepsOfARun() : Levels(), false);
    Enter(std::move(next));
  }

  void CheckBytes(const State& state) {
    for (std::int64_t offset = 0; offset <= GetParam().capacity; ++offset) {
      const auto found = state.model.allocations().find(offset);
      const std::int64_t blocks =
          found == state.model.allocations().end() ? 0 : (found->second + kBlock - 1) / kBlock * kBlock;
      ASSERT_EQ(state.buddy.BytesAt(offset), std::min(blocks, GetParam().capacity - offset)) << state.buddy.Map();
    }
  }

  void Leave(const State& state) {
    CheckBytes(state);
    for (std::int64_t bytes = kBlock / 2; bytes <= GetParam().capacity + kBlock; bytes += kBlock / 2) {
      Allocate(state, bytes);
      AllocateRun(state, bytes);
      for (std::int64_t offset = 0; offset <= GetParam().capacity; offset += kBlock) AllocateAt(state, offset, bytes);
    }
    for (std::int64_t offset = 0; offset < GetParam().capacity; offset += kBlock) Free(state, offset);
    State flushed = Again(state);
    (void)Go(flushed, {Call::kFlush, 0, 0});
    flushed.model.Flush();
    ASSERT_EQ(flushed.buddy.stats().kept_bytes, 0);
    Enter(std::move(flushed));
  }

  std::size_t Explore() {
    const auto [capacity, keep] = GetParam();
    const BuddyOptions options = {keep, 0, false};
    Enter({BuddyAllocator(capacity, kBlock, options), tests::BuddyModel(capacity, kBlock, options), {}});
    while (!queue_.empty() && !HasFatalFailure()) {
      const State state = std::move(queue_.front());
      queue_.pop_front();
      Leave(state);
    }
    return seen_.size();
  }

  // Ways to fill n blocks with free blocks and runs: every second Fibonacci number.
  std::size_t LeanStates() const {
    std::size_t a = 1, b = 1;
    for (std::int64_t k = 0; k < (GetParam().capacity + kBlock - 1) / kBlock; ++k) {
      a += b;
      b += a;
    }
    return a;
  }

  std::int64_t Levels() const {
    std::int64_t levels = 0;
    while ((GetParam().capacity / kBlock) >> (levels + 1) > 0) ++levels;
    return levels;
  }
  std::int64_t most_splits_ = 0;
  std::int64_t most_merges_ = 0;

 private:
  std::set<Key> seen_;
  std::deque<State> queue_;
};

TEST_P(BuddyStates, AllObeyTheModel) {
  const std::size_t states = Explore();
  RecordProperty("states", static_cast<int>(states));
  RecordProperty("most_splits", static_cast<int>(most_splits_));
  RecordProperty("most_merges", static_cast<int>(most_merges_));
  if (GetParam().keep > 0) {
    EXPECT_GT(states, LeanStates()) << "what is kept back makes more of them";
    return;
  }
  EXPECT_EQ(states, LeanStates()) << "states missed";
}

std::string StateName(const testing::TestParamInfo<Arena>& info) {
  return "Bytes" + std::to_string(info.param.capacity) + "Keep" + std::to_string(info.param.keep);
}
INSTANTIATE_TEST_SUITE_P(Lean, BuddyStates,
                         testing::Values(Arena{0, 0}, Arena{8, 0}, Arena{16, 0}, Arena{40, 0}, Arena{6 * 16, 0},
                                         Arena{7 * 16, 0}, Arena{7 * 16 + 8, 0}, Arena{8 * 16, 0}),
                         StateName);
INSTANTIATE_TEST_SUITE_P(Fast, BuddyStates,
                         testing::Values(Arena{40, 1}, Arena{4 * 16, 4}, Arena{5 * 16, 2}, Arena{5 * 16 + 8, 1},
                                         Arena{6 * 16, 1}),
                         StateName);

}  // namespace
}  // namespace orionrt::buddy_states_test
