// Scratch for several streams: by rules, one by one. The same against a model: stream_scratch_model_test.cpp; with
// threads: stream_threads_test.cpp.
#include "orionrt/stream_scratch.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "refuses.hpp"

namespace orionrt::stream_scratch_test {
namespace {

using tests::Refuses;

static_assert(!std::is_copy_constructible_v<StreamScratch> && !std::is_copy_assignable_v<StreamScratch>);
static_assert(std::is_nothrow_move_constructible_v<StreamScratch> && std::is_nothrow_move_assignable_v<StreamScratch>);

constexpr std::size_t kBlock = 256;

StreamScratchOptions Options(int streams, StreamEvents* events = nullptr) {
  StreamScratchOptions options;
  options.streams = streams;
  options.events = events;
  return options;
}

// Memory of a few blocks. It is never touched: the scratch may not either.
class StreamScratchRules : public testing::Test {
 protected:
  StreamScratch Make(const StreamScratchOptions& options, std::size_t blocks) {
    return StreamScratch(memory_, blocks * kBlock, options);
  }
  void TearDown() override {
    for (const std::byte byte : memory_) ASSERT_EQ(byte, std::byte{0x5A});
  }
  StreamScratchRules() { std::fill(std::begin(memory_), std::end(memory_), std::byte{0x5A}); }
  std::size_t At(const StreamBlock& block) const {
    return static_cast<std::size_t>(static_cast<std::byte*>(block.ptr) - memory_) / kBlock;
  }
  // Orders stream `to` behind what is on `from` now.
  static void Sync(StreamScratch& scratch, int from, int to) { scratch.Wait(to, scratch.Record(from)); }

  alignas(4096) std::byte memory_[64 * kBlock];
};

// ---- whose bytes are whose ----

TEST_F(StreamScratchRules, AStreamTakesItsOwnBackAtOnce) {
  StreamScratch scratch = Make(Options(2), 4);
  const StreamBlock first = scratch.Allocate(0, 4 * kBlock);
  ASSERT_EQ(first.ptr, memory_);
  EXPECT_EQ(scratch.Release(first, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(1, 1).ptr, nullptr) << "nothing orders stream 1 behind the release";
  const StreamBlock again = scratch.Allocate(0, 4 * kBlock);
  EXPECT_EQ(again.ptr, first.ptr);
  EXPECT_EQ(scratch.stats().from_own, 1);
  EXPECT_EQ(scratch.stats().from_free, 1);
  EXPECT_EQ(scratch.stats().refused, 1);
}

TEST_F(StreamScratchRules, AWaitCoversWhatWasReleasedBeforeTheRecord) {
  StreamScratch scratch = Make(Options(2), 2);
  const StreamBlock early = scratch.Allocate(0, kBlock), late = scratch.Allocate(0, kBlock);
  EXPECT_EQ(scratch.Release(early, 0), FreeStatus::kFreed);
  const StreamEvent event = scratch.Record(0);
  EXPECT_EQ(scratch.Release(late, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr) << "recorded, not waited for";
  scratch.Wait(1, event);
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, early.ptr);
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr) << "released behind the record";
  EXPECT_EQ(scratch.stats().from_covered, 1);
}

TEST_F(StreamScratchRules, AWaitForNothingIsNone) {
  StreamScratch scratch = Make(Options(2), 1);
  const StreamBlock block = scratch.Allocate(0, kBlock);
  EXPECT_EQ(scratch.Release(block, 0), FreeStatus::kFreed);
  scratch.Wait(1, {});
  scratch.Wait(1, {0, 1});  // not recorded yet
  scratch.Wait(1, {0, 0});
  scratch.Wait(1, {5, 1});
  scratch.Wait(1, {-1, 1});
  scratch.Wait(-1, scratch.Record(0));
  scratch.Wait(7, scratch.Record(0));
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr);
  EXPECT_EQ(scratch.Record(2).position, 0u);
  scratch.Wait(1, {0, 3});
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr);
  scratch.Wait(1, {0, 2});
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, block.ptr);
}

TEST_F(StreamScratchRules, WaitsAreTransitiveAsOfTheRecord) {
  StreamScratch scratch = Make(Options(3), 2);
  const StreamBlock a = scratch.Allocate(0, kBlock), b = scratch.Allocate(0, kBlock);
  EXPECT_EQ(scratch.Release(a, 0), FreeStatus::kFreed);
  const StreamEvent before = scratch.Record(1);
  Sync(scratch, 0, 1);
  scratch.Wait(2, before);
  EXPECT_EQ(scratch.Allocate(2, kBlock).ptr, nullptr) << "stream 1 waited for stream 0 after that record";
  Sync(scratch, 1, 2);
  EXPECT_EQ(scratch.Allocate(2, kBlock).ptr, a.ptr);
  EXPECT_EQ(scratch.Release(b, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(2, kBlock).ptr, nullptr);
}

TEST_F(StreamScratchRules, EveryStreamThatUsedABlockMustBeCovered) {
  StreamScratch scratch = Make(Options(3), 1);
  StreamBlock block = scratch.Allocate(0, kBlock);
  EXPECT_EQ(scratch.Release(block, {0, 1}), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(0, kBlock).ptr, nullptr) << "stream 1 used it too";
  Sync(scratch, 0, 2);
  EXPECT_EQ(scratch.Allocate(2, kBlock).ptr, nullptr);
  EXPECT_TRUE(scratch.Pending(2).on(1));
  EXPECT_FALSE(scratch.Pending(2).on(0));
  Sync(scratch, 1, 2);
  block = scratch.Allocate(2, kBlock);
  ASSERT_NE(block.ptr, nullptr);
  const int used_by[] = {2, 2, 1};
  EXPECT_EQ(scratch.Release(block, used_by, 3), FreeStatus::kFreed);
  Sync(scratch, 1, 0);
  EXPECT_EQ(scratch.Allocate(0, kBlock).ptr, nullptr);
  Sync(scratch, 2, 0);
  EXPECT_NE(scratch.Allocate(0, kBlock).ptr, nullptr);
}

TEST_F(StreamScratchRules, ANewReleaseGovernsAlone) {
  StreamScratch scratch = Make(Options(3), 1);
  EXPECT_EQ(scratch.Release(scratch.Allocate(0, kBlock), 0), FreeStatus::kFreed);
  Sync(scratch, 0, 1);
  EXPECT_EQ(scratch.Release(scratch.Allocate(1, kBlock), 1), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(0, kBlock).ptr, nullptr) << "stream 0's own, but stream 1 had it since";
  EXPECT_EQ(scratch.Pending(0).streams, 2u);
  EXPECT_EQ(scratch.Pending(2).streams, 2u) << "stream 1 alone";
  Sync(scratch, 1, 2);
  EXPECT_NE(scratch.Allocate(2, kBlock).ptr, nullptr);
}

// Stream 1 got the block from stream 0's hands without a wait: the former user may still be at it.
TEST_F(StreamScratchRules, AReleaseThatWaitedForNobodyHidesNobody) {
  StreamScratch scratch = Make(Options(2), 1);
  EXPECT_EQ(scratch.Release(scratch.Allocate(0, kBlock), 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Release(scratch.Allocate(0, kBlock), 1), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr);
  Sync(scratch, 0, 1);
  EXPECT_NE(scratch.Allocate(1, kBlock).ptr, nullptr);
}

TEST_F(StreamScratchRules, AReleaseMayLieBehindAnEarlierEvent) {
  StreamScratch scratch = Make(Options(2), 1);
  const StreamBlock block = scratch.Allocate(0, kBlock);
  const StreamEvent last_use = scratch.Record(0);
  scratch.Wait(1, last_use);
  (void)scratch.Record(0);
  EXPECT_EQ(scratch.Release(block, {StreamEvent{}}), FreeStatus::kForeign) << "never recorded";
  EXPECT_EQ(scratch.Release(block, {{0, 3}}), FreeStatus::kForeign) << "not yet recorded";
  EXPECT_EQ(scratch.Release(block, {last_use}), FreeStatus::kFreed);
  EXPECT_EQ(scratch.stats().pending_bytes, 0) << "both streams are behind it";
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, block.ptr);
}

TEST_F(StreamScratchRules, WhatNobodyUsedIsFree) {
  StreamScratch scratch = Make(Options(2), 1);
  EXPECT_EQ(scratch.Release(scratch.Allocate(0, 1), std::initializer_list<int>{}), FreeStatus::kFreed);
  EXPECT_NE(scratch.Allocate(1, 1).ptr, nullptr);
}

TEST_F(StreamScratchRules, OneStreamHasNothingPending) {
  StreamScratch scratch = Make(Options(1), 8);
  const StreamBlock a = scratch.Allocate(0, kBlock), b = scratch.Allocate(0, 3 * kBlock);
  EXPECT_EQ(scratch.Release(a, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Release(b, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.stats().pending_blocks, 0);
  EXPECT_EQ(scratch.Allocate(0, 8 * kBlock).ptr, memory_);
}

// ---- chunks ----

// rmm#2490: lists that were merged forgot who had waited for whom, and a third stream stole a block.
TEST_F(StreamScratchRules, AMergedBlockKeepsThePlacesOfAllItsParts) {
  StreamScratch scratch = Make(Options(4), 4);
  const StreamBlock a = scratch.Allocate(0, 2 * kBlock), b = scratch.Allocate(1, 2 * kBlock);
  EXPECT_EQ(scratch.Release(a, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Release(b, 1), FreeStatus::kFreed);
  Sync(scratch, 0, 2);
  EXPECT_EQ(scratch.Allocate(2, 4 * kBlock).ptr, nullptr);
  Sync(scratch, 1, 2);
  const StreamBlock whole = scratch.Allocate(2, 4 * kBlock);
  ASSERT_EQ(whole.ptr, memory_);
  EXPECT_EQ(scratch.Release(whole, 2), FreeStatus::kFreed);
  Sync(scratch, 0, 3);
  Sync(scratch, 1, 3);
  EXPECT_EQ(scratch.Allocate(3, kBlock).ptr, nullptr) << "stream 3 waited for the former users, not for stream 2";
  EXPECT_EQ(scratch.Allocate(0, kBlock).ptr, nullptr);
  Sync(scratch, 2, 3);
  EXPECT_EQ(scratch.Allocate(3, 4 * kBlock).ptr, memory_);
  EXPECT_TRUE(scratch.CheckInvariants());
}

TEST_F(StreamScratchRules, WhatIsLeftOfAChunkKeepsItsPlaces) {
  StreamScratch scratch = Make(Options(3), 8);
  const StreamBlock whole = scratch.Allocate(0, 8 * kBlock);
  EXPECT_EQ(scratch.Release(whole, {0, 1}), FreeStatus::kFreed);
  Sync(scratch, 0, 2);
  Sync(scratch, 1, 2);
  const StreamBlock part = scratch.Allocate(2, kBlock);
  ASSERT_EQ(part.ptr, memory_);
  EXPECT_EQ(scratch.stats().pending_bytes, 7 * static_cast<std::int64_t>(kBlock));
  EXPECT_EQ(scratch.Allocate(0, kBlock).ptr, nullptr) << "the rest waits for stream 1";
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr);
  EXPECT_EQ(At(scratch.Allocate(2, 4 * kBlock)), 4u) << "aligned to its size, from the middle of the rest";
  EXPECT_TRUE(scratch.CheckInvariants());
  EXPECT_EQ(scratch.stats().pending_bytes, 3 * static_cast<std::int64_t>(kBlock));
  Sync(scratch, 1, 0);
  EXPECT_EQ(At(scratch.Allocate(0, 2 * kBlock)), 2u);
}

TEST_F(StreamScratchRules, PendingNeighboursAndFreeOnesMakeOneBlock) {
  StreamScratch scratch = Make(Options(2), 8);
  const StreamBlock a = scratch.Allocate(0, kBlock), b = scratch.Allocate(1, kBlock);
  EXPECT_EQ(scratch.Release(a, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Release(b, 1), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(0, 8 * kBlock).ptr, nullptr);
  EXPECT_EQ(scratch.stats().pending_blocks, 2) << "as they were";
  Sync(scratch, 1, 0);
  EXPECT_EQ(scratch.Allocate(0, 8 * kBlock).ptr, memory_);
}

TEST_F(StreamScratchRules, PicksOwnThenFreeThenCovered) {
  StreamScratch scratch = Make(Options(2), 4);
  const StreamBlock mine = scratch.Allocate(0, kBlock), theirs = scratch.Allocate(1, kBlock);
  EXPECT_EQ(scratch.Release(mine, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Release(theirs, 1), FreeStatus::kFreed);
  Sync(scratch, 1, 0);
  EXPECT_EQ(scratch.Allocate(0, kBlock).ptr, mine.ptr);
  EXPECT_EQ(At(scratch.Allocate(0, 2 * kBlock)), 2u);
  // Stream 0's wait put stream 1's release behind both: it is nobody's any more, but that is found when it is needed.
  EXPECT_EQ(scratch.Allocate(0, kBlock).ptr, theirs.ptr);
  const StreamScratchStats stats = scratch.stats();
  EXPECT_EQ(stats.from_own, 1);
  EXPECT_EQ(stats.from_free, 3);
  EXPECT_EQ(stats.from_covered, 1);
}

// ---- asking, and waiting ----

TEST_F(StreamScratchRules, FinishedIsFoundByAsking) {
  HostStreamEvents events(2);
  StreamScratch scratch = Make(Options(2, &events), 1);
  const StreamBlock block = scratch.Allocate(0, kBlock);
  events.Put(0);
  EXPECT_EQ(scratch.Release(block, 0), FreeStatus::kFreed);
  events.Put(0);  // behind the release, and of no account
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr);
  events.End(0);
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, block.ptr);
  EXPECT_EQ(scratch.stats().from_finished, 1);
  EXPECT_EQ(scratch.stats().refused, 1);
}

TEST_F(StreamScratchRules, WithoutEventsNothingIsEverAsked) {
  StreamScratch scratch = Make(Options(2), 1);
  EXPECT_EQ(scratch.Release(scratch.Allocate(0, kBlock), 0), FreeStatus::kFreed);
  for (int k = 0; k < 3; ++k) EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr);
  EXPECT_EQ(scratch.LastRefusal(1).reason, StreamRefusal::Reason::kNoRoom);
  scratch.Synchronized();
  EXPECT_EQ(scratch.stats().pending_blocks, 0);
  const StreamBlock block = scratch.Allocate(1, kBlock);
  EXPECT_NE(block.ptr, nullptr);
  EXPECT_EQ(scratch.Release(block, 1), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(0, kBlock).ptr, nullptr) << "what came after is not over";
}

// A backend that counts, and fails when told to.
class CountedEvents : public StreamEvents {
 public:
  using StreamEvents::StreamEvents;
  bool Record(int, int) noexcept override { return ++records, records_ok; }
  bool IsDone(int, int) noexcept override { return ++asked, done; }
  int records = 0, asked = 0;
  bool records_ok = true, done = false;
};

TEST_F(StreamScratchRules, AsksOnlyWhenItMust) {
  CountedEvents events(2, 64);
  StreamScratch scratch = Make(Options(2, &events), 4);
  const StreamBlock block = scratch.Allocate(0, 2 * kBlock);
  EXPECT_EQ(scratch.Release(block, 0), FreeStatus::kFreed);
  EXPECT_EQ(events.records, 1);
  EXPECT_NE(scratch.Allocate(1, 2 * kBlock).ptr, nullptr);
  EXPECT_NE(scratch.Allocate(0, 2 * kBlock).ptr, nullptr);
  EXPECT_EQ(events.asked, 0) << "free, and own";
  EXPECT_EQ(scratch.Allocate(0, 1).ptr, nullptr);
  EXPECT_EQ(events.asked, 0) << "nothing is pending";
}

TEST_F(StreamScratchRules, EventsThatFailAreNotBelieved) {
  CountedEvents events(2, 64);
  events.records_ok = false;
  events.done = true;
  StreamScratch scratch = Make(Options(2, &events), 1);
  EXPECT_EQ(scratch.Release(scratch.Allocate(0, kBlock), 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr);
  EXPECT_EQ(events.asked, 0);
  events.records_ok = true;
  EXPECT_NE(scratch.Allocate(1, kBlock).ptr, nullptr) << "recorded anew when it is looked for";
}

TEST_F(StreamScratchRules, WaitsNoLongerThanItMay) {
  HostStreamEvents events(2);
  StreamScratchOptions options = Options(2, &events);
  options.max_wait = std::chrono::milliseconds(30);
  StreamScratch scratch = Make(options, 1);
  const StreamBlock block = scratch.Allocate(0, kBlock);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr);
  EXPECT_LT(std::chrono::steady_clock::now() - before, options.max_wait) << "in use: nothing to wait for";
  events.Put(0);
  EXPECT_EQ(scratch.Release(block, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr);
  EXPECT_GE(std::chrono::steady_clock::now() - before, options.max_wait);
  events.End(0);
  EXPECT_NE(scratch.Allocate(1, kBlock).ptr, nullptr);
  EXPECT_EQ(scratch.stats().from_finished, 1);
  EXPECT_EQ(scratch.stats().from_waited, 0);
}

// Says "not yet" a few times.
class SlowEvents : public CountedEvents {
 public:
  using CountedEvents::CountedEvents;
  bool IsDone(int, int) noexcept override { return ++asked > 3; }
};

TEST_F(StreamScratchRules, WaitsForWhatIsPending) {
  SlowEvents events(2, 64);
  StreamScratchOptions options = Options(2, &events);
  options.max_wait = std::chrono::seconds(60);
  StreamScratch scratch = Make(options, 1);
  EXPECT_EQ(scratch.Release(scratch.Allocate(0, kBlock), 0), FreeStatus::kFreed);
  EXPECT_NE(scratch.Allocate(1, kBlock).ptr, nullptr);
  EXPECT_EQ(scratch.stats().from_waited, 1);
  EXPECT_EQ(events.asked, 4);
}

TEST_F(StreamScratchRules, ARefusalNamesWhatIsPending) {
  StreamScratch scratch = Make(Options(4), 8);
  EXPECT_EQ(scratch.LastRefusal(3).reason, StreamRefusal::Reason::kNone);
  const StreamBlock a = scratch.Allocate(0, 2 * kBlock), b = scratch.Allocate(2, kBlock);
  (void)scratch.Allocate(1, 4 * kBlock);
  EXPECT_EQ(scratch.Release(a, {0, 1}), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Release(b, 2), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(3, 3 * kBlock).ptr, nullptr);
  const StreamRefusal refusal = scratch.LastRefusal(3);
  EXPECT_EQ(refusal.reason, StreamRefusal::Reason::kNoRoom);
  EXPECT_EQ(refusal.bytes, 3 * kBlock);
  EXPECT_EQ(refusal.pending.streams, 0b111u);
  EXPECT_EQ(refusal.pending.bytes, 3 * static_cast<std::int64_t>(kBlock));
  EXPECT_EQ(refusal.pending.blocks, 2);
  EXPECT_EQ(scratch.LastRefusal(0).reason, StreamRefusal::Reason::kNone) << "of another stream";
  EXPECT_EQ(scratch.Pending(2).streams, 0b011u) << "its own is not pending for it";
  EXPECT_EQ(scratch.Allocate(3, SIZE_MAX).ptr, nullptr);
  EXPECT_EQ(scratch.LastRefusal(3).reason, StreamRefusal::Reason::kTooLarge);
  EXPECT_EQ(scratch.Allocate(3, 9 * kBlock).ptr, nullptr);
  EXPECT_EQ(scratch.LastRefusal(3).reason, StreamRefusal::Reason::kTooLarge);
  EXPECT_EQ(scratch.LastRefusal(4).reason, StreamRefusal::Reason::kNone);
  EXPECT_EQ(scratch.Pending(-1).blocks, 0);
}

// ---- full tables ----

TEST_F(StreamScratchRules, FullBooksRefuseAndRecover) {
  StreamScratchOptions options = Options(2);
  options.blocks = 3;
  StreamScratch scratch = Make(options, 8);
  std::vector<StreamBlock> held;
  for (int k = 0; k < 3; ++k) held.push_back(scratch.Allocate(0, kBlock));
  EXPECT_EQ(scratch.Allocate(0, kBlock).ptr, nullptr);
  EXPECT_EQ(scratch.LastRefusal(0).reason, StreamRefusal::Reason::kBooksFull);
  for (const StreamBlock& block : held) EXPECT_EQ(scratch.Release(block, 0), FreeStatus::kFreed) << "always has room";
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr) << "pending takes an entry too";
  EXPECT_EQ(scratch.LastRefusal(1).reason, StreamRefusal::Reason::kBooksFull);
  const StreamBlock one = scratch.Allocate(0, kBlock);
  EXPECT_NE(one.ptr, nullptr) << "a chunk of that size needs no new entry";
  const StreamBlock two = scratch.Allocate(0, 2 * kBlock);
  EXPECT_NE(two.ptr, nullptr) << "nor do two that make one";
  EXPECT_TRUE(scratch.CheckInvariants());
  Sync(scratch, 0, 1);
  EXPECT_EQ(scratch.Release(two, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Release(one, 0), FreeStatus::kFreed);
  Sync(scratch, 0, 1);
  for (int k = 0; k < 3; ++k) EXPECT_NE(scratch.Allocate(1, kBlock).ptr, nullptr) << "over for both: given up";
  EXPECT_TRUE(scratch.CheckInvariants());
}

TEST_F(StreamScratchRules, AChunkIsNotCutWithoutAnEntryForTheRest) {
  StreamScratchOptions options = Options(3);
  options.blocks = 1;
  StreamScratch scratch = Make(options, 2);
  EXPECT_EQ(scratch.Release(scratch.Allocate(0, 2 * kBlock), 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(0, kBlock).ptr, nullptr);
  EXPECT_EQ(scratch.LastRefusal(0).reason, StreamRefusal::Reason::kBooksFull);
  EXPECT_EQ(scratch.stats().pending_bytes, 2 * static_cast<std::int64_t>(kBlock)) << "as it was";
  EXPECT_TRUE(scratch.CheckInvariants());
  EXPECT_NE(scratch.Allocate(0, 2 * kBlock).ptr, nullptr);
}

TEST_F(StreamScratchRules, ForgottenEventsCoverTheirOwnStreamAlone) {
  StreamScratchOptions options = Options(3);
  options.records = 1;
  StreamScratch scratch = Make(options, 2);
  const StreamBlock a = scratch.Allocate(0, kBlock), b = scratch.Allocate(1, kBlock);
  EXPECT_EQ(scratch.Release(a, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Release(b, 1), FreeStatus::kFreed);
  Sync(scratch, 0, 1);
  const StreamEvent old = scratch.Record(1);
  const StreamEvent newer = scratch.Record(1);
  scratch.Wait(2, old);
  EXPECT_EQ(scratch.Allocate(2, kBlock).ptr, b.ptr) << "stream 1's own is covered";
  EXPECT_EQ(scratch.Allocate(2, kBlock).ptr, nullptr) << "that stream 1 had waited for stream 0 is forgotten";
  scratch.Wait(2, newer);
  EXPECT_EQ(scratch.Allocate(2, kBlock).ptr, a.ptr);
}

TEST_F(StreamScratchRules, ReleasesBeyondTheEventsAreFoundByLaterOnes) {
  HostStreamEvents events(2, 2);
  StreamScratchOptions options = Options(2, &events);
  options.records = 2;
  StreamScratch scratch = Make(options, 8);
  std::vector<StreamBlock> held;
  for (int k = 0; k < 8; ++k) held.push_back(scratch.Allocate(0, kBlock));
  for (const StreamBlock& block : held) {
    events.Put(0);
    EXPECT_EQ(scratch.Release(block, 0), FreeStatus::kFreed);
  }
  for (int k = 0; k < 3; ++k) events.End(0);
  EXPECT_EQ(scratch.Allocate(1, 2 * kBlock).ptr, memory_) << "what two events tell";
  EXPECT_EQ(scratch.Allocate(1, kBlock).ptr, nullptr) << "the third's had no room: one that was made now tells of it";
  for (int k = 0; k < 5; ++k) events.End(0);
  for (int k = 0; k < 6; ++k) EXPECT_NE(scratch.Allocate(1, kBlock).ptr, nullptr);
  EXPECT_TRUE(scratch.CheckInvariants());
}

// What another stream's event told kept its place in the table: later releases of the stream never got an event.
TEST_F(StreamScratchRules, EventsThatAnothersAnswerSettledMakeRoom) {
  HostStreamEvents events(3, 1);
  StreamScratchOptions options = Options(3, &events);
  options.records = 1;
  StreamScratch scratch = Make(options, 2);
  const StreamBlock a = scratch.Allocate(0, kBlock), b = scratch.Allocate(1, kBlock);
  Sync(scratch, 0, 1);
  EXPECT_EQ(scratch.Release(b, 1), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(2, kBlock).ptr, b.ptr) << "and stream 0 had come that far as well";
  EXPECT_EQ(scratch.Release(a, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(2, kBlock).ptr, a.ptr);
}

// ---- wrong handles, wrong calls ----

TEST_F(StreamScratchRules, RefusesWhatIsNotInUse) {
  StreamScratch scratch = Make(Options(2), 8);
  const StreamBlock a = scratch.Allocate(0, 300), b = scratch.Allocate(0, 1);
  EXPECT_EQ(a.bytes, 300u);
  std::byte other[8];
  for (const auto& [block, status] : std::vector<std::pair<StreamBlock, FreeStatus>>{
           {{}, FreeStatus::kForeign},
           {{other, 8, a.entry, a.generation}, FreeStatus::kForeign},
           {{memory_ + 8 * kBlock, 300, a.entry, a.generation}, FreeStatus::kForeign},
           {{memory_ + 1, 300, a.entry, a.generation}, FreeStatus::kMisaligned},
           {{memory_ + kBlock, 300, a.entry, a.generation}, FreeStatus::kNotAllocated},
           {{a.ptr, 300, b.entry, b.generation}, FreeStatus::kNotAllocated},
           {{a.ptr, 300, a.entry, a.generation + 1}, FreeStatus::kNotAllocated},
           {{a.ptr, 300, 5, 0}, FreeStatus::kNotAllocated},
           {{a.ptr, 300, UINT32_MAX, 0}, FreeStatus::kNotAllocated}}) {
    EXPECT_EQ(scratch.Release(block, 0), status) << block.ptr;
  }
  for (const int stream : {-1, 2, INT_MIN, INT_MAX}) {
    EXPECT_EQ(scratch.Release(a, {0, stream}), FreeStatus::kForeign);
    EXPECT_EQ(scratch.Allocate(stream, 1).ptr, nullptr);
  }
  EXPECT_EQ(scratch.stats().used_blocks, 2);
  EXPECT_EQ(scratch.Release(a, 0), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Release(a, 0), FreeStatus::kNotAllocated) << "twice, while it is pending";
  EXPECT_EQ(scratch.Allocate(0, 300).ptr, a.ptr);
  EXPECT_EQ(scratch.Release(a, 0), FreeStatus::kNotAllocated) << "twice, while another has it";
  EXPECT_TRUE(scratch.CheckInvariants());
}

TEST_F(StreamScratchRules, HasNothingOnceMovedFrom) {
  StreamScratch first = Make(Options(2), 4);
  const StreamBlock block = first.Allocate(0, kBlock);
  StreamScratch second = std::move(first);
  EXPECT_EQ(first.Allocate(0, 1).ptr, nullptr);
  EXPECT_EQ(first.Release(block, 0), FreeStatus::kForeign);
  EXPECT_EQ(first.Release(block, {StreamEvent{0, 1}}), FreeStatus::kForeign);
  EXPECT_EQ(first.Record(0).position, 0u);
  first.Wait(0, {1, 1});
  first.Synchronized();
  EXPECT_EQ(first.stats().capacity, 0);
  EXPECT_EQ(first.Pending(0).blocks, 0);
  EXPECT_EQ(first.LastRefusal(0).reason, StreamRefusal::Reason::kNone);
  EXPECT_TRUE(first.CheckInvariants());
  EXPECT_EQ(second.Release(block, 0), FreeStatus::kFreed);
  first = std::move(second);
  EXPECT_NE(first.Allocate(0, 4 * kBlock).ptr, nullptr);
}

TEST_F(StreamScratchRules, RefusesOptionsOutsideTheirBounds) {
  const auto refuses = [&](const std::vector<std::string>& words, auto change) {
    StreamScratchOptions options = Options(2);
    change(options);
    return Refuses(ErrorCode::kMisuse, words, [&] { Make(options, 4); });
  };
  HostStreamEvents events(3, 8);
  EXPECT_TRUE(refuses({"0 streams", "64"}, [](auto& o) { o.streams = 0; }));
  EXPECT_TRUE(refuses({"65 streams"}, [](auto& o) { o.streams = 65; }));
  EXPECT_TRUE(refuses({"0 blocks"}, [](auto& o) { o.blocks = 0; }));
  EXPECT_TRUE(refuses({"-1 records"}, [](auto& o) { o.records = -1; }));
  EXPECT_TRUE(refuses({"9 records", "8"}, [&](auto& o) { o.events = &events, o.streams = 3, o.records = 9; }));
  EXPECT_TRUE(refuses({"2 streams", "events of 3"}, [&](auto& o) { o.events = &events, o.records = 8; }));
  EXPECT_TRUE(refuses({"max_wait", "events"}, [](auto& o) { o.max_wait = std::chrono::seconds(1); }));
  EXPECT_TRUE(refuses({"negative"}, [](auto& o) { o.max_wait = std::chrono::nanoseconds(-1); }));
  EXPECT_TRUE(refuses({"block"}, [](auto& o) { o.block_bytes = 100; }));
  EXPECT_TRUE(refuses({"block"}, [](auto& o) { o.block_bytes = 0; }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"null", "64"}, [] { StreamScratch(nullptr, 64, {}); }));
  if (sizeof(std::size_t) >= sizeof(std::int64_t)) {
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"63 bits"}, [&] { StreamScratch(memory_, SIZE_MAX, {}); }));
  }
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"65 streams"}, [] { HostStreamEvents(65); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"0 of each"}, [] { HostStreamEvents(1, 0); }));
  EXPECT_EQ(StreamScratch(nullptr, 0, {}).Allocate(0, 0).ptr, nullptr);
}

TEST_F(StreamScratchRules, ServesSixtyFourStreamsInOddMemory) {
  StreamScratch scratch(memory_, 11 * kBlock + 100, Options(kMaxStreams));
  EXPECT_EQ(scratch.stats().capacity, 11 * static_cast<std::int64_t>(kBlock));
  std::vector<StreamBlock> held;
  for (int k = 0; k < 11; ++k) {
    held.push_back(scratch.Allocate(63 - k, 0));
    ASSERT_NE(held.back().ptr, nullptr);
  }
  for (int k = 0; k < 11; ++k) EXPECT_EQ(scratch.Release(held[k], 63 - k), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Pending(0).streams, 0x7FFull << 53);
  for (int k = 0; k < 11; ++k) Sync(scratch, 63 - k, 0);
  EXPECT_EQ(scratch.Allocate(0, 8 * kBlock).ptr, memory_);
  EXPECT_EQ(At(scratch.Allocate(0, 2 * kBlock)), 8u);
  EXPECT_TRUE(scratch.CheckInvariants());
}

TEST_F(StreamScratchRules, StatisticsAddUp) {
  StreamScratch scratch = Make(Options(2), 8);
  const StreamBlock a = scratch.Allocate(0, kBlock), b = scratch.Allocate(0, 3 * kBlock);
  EXPECT_EQ(scratch.Release(b, 0), FreeStatus::kFreed);
  StreamScratchStats stats = scratch.stats();
  EXPECT_EQ(stats.used_bytes, static_cast<std::int64_t>(kBlock));
  EXPECT_EQ(stats.pending_bytes, 4 * static_cast<std::int64_t>(kBlock));
  EXPECT_EQ(stats.free_bytes(), 3 * static_cast<std::int64_t>(kBlock));
  EXPECT_EQ(stats.high_water_bytes, 5 * static_cast<std::int64_t>(kBlock));
  EXPECT_EQ(stats.used_blocks, 1);
  EXPECT_EQ(stats.pending_blocks, 1);
  EXPECT_GT(stats.metadata_bytes, 0);
  (void)scratch.Allocate(1, 2 * kBlock);
  EXPECT_EQ(scratch.stats().high_water_with_pending_bytes, 7 * static_cast<std::int64_t>(kBlock));
  EXPECT_EQ(scratch.Release(a, 0), FreeStatus::kFreed);
}

}  // namespace
}  // namespace orionrt::stream_scratch_test
