// Traces of a buddy as files, and what a replay makes of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hostile.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/report.hpp"
#include "random.hpp"
#include "refuses.hpp"

namespace orionrt::buddy_trace_test {
namespace {

using tests::Random;
using tests::Refuses;

struct Recording {
  BuddyTrace trace;
  std::vector<BuddyStats> stats;  // after each event
};

// Requests and frees as they come, through a recorder; a few are refused.
Recording Record(std::uint64_t seed, std::int64_t capacity, std::int64_t block, int rounds, std::size_t ring_events) {
  Random random(seed);
  BuddyAllocator buddy(capacity, block);
  BuddyRing ring(ring_events);
  BuddyRecorder recorder(buddy, ring);
  Recording recording;
  std::vector<std::int64_t> live;
  for (int round = 0; round < rounds; ++round) {
    if (live.size() > 2 && random.OneIn(2)) {
      const auto at = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(live.size())));
      (void)recorder.Free(live[at], round);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      const std::int64_t bytes = random.Between(1, capacity / 8);
      const std::int64_t offset = random.OneIn(4) ? recorder.AllocateRun(bytes, 3) : recorder.Allocate(bytes, -4);
      if (offset != kNoSpace) live.push_back(offset);
    }
    recording.stats.push_back(buddy.stats());
  }
  recording.trace = {capacity, block, ring.Events()};
  return recording;
}

TEST(BuddyTrace, IsWrittenAsDocumented) {
  const BuddyTrace trace = {1024,
                            64,
                            {{0, BuddyEvent::Kind::kAllocate, 0, 100, 128, 7},
                             {1, BuddyEvent::Kind::kAllocateRun, 512, 300, 320, 0},
                             {2, BuddyEvent::Kind::kAllocate, kNoSpace, 1024, 0, -1},
                             {3, BuddyEvent::Kind::kRelease, 0, 0, 0, 8}}};
  EXPECT_EQ(WriteBuddyTrace(trace),
            "seq,op,offset,requested,size,tag\n,arena,,1024,64,\n0,allocate,0,100,128,7\n1,run,512,300,320,0\n"
            "2,allocate,,1024,,-1\n3,free,0,,,8\n");
}

TEST(BuddyTrace, ComesBackFromItsFileAndReplaysToTheSameOffsetsAndStats) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const std::int64_t capacity = seed % 2 == 0 ? 1 << 16 : 100'000, block = 16 << seed % 3;
    const Recording recording = Record(seed, capacity, block, 2000, 2000);
    const std::string text = WriteBuddyTrace(recording.trace);
    const BuddyTrace read = ReadBuddyTrace(text, "t.csv");
    EXPECT_EQ(WriteBuddyTrace(read), text);
    const Replay replay = ReplayTrace(read, read.capacity, read.block_bytes);
    EXPECT_EQ(replay.moved, 0);
    EXPECT_EQ(replay.unknown_frees, 0);
    EXPECT_EQ(replay.refused, std::count_if(read.events.begin(), read.events.end(),
                                            [](const BuddyEvent& e) { return e.offset == kNoSpace; }));
    EXPECT_GT(replay.refused, 0) << "seed " << seed;
    ASSERT_EQ(replay.moments.size(), recording.stats.size());
    std::int64_t requested = 0;
    for (std::size_t i = 0; i < replay.moments.size(); ++i) {
      const BuddyStats& stats = recording.stats[i];
      EXPECT_EQ(replay.moments[i].used_bytes, stats.used_bytes);
      EXPECT_EQ(replay.moments[i].largest_free_bytes, stats.largest_free_bytes);
      EXPECT_EQ(replay.moments[i].allocations, stats.allocations);
      const BuddyEvent& event = read.events[i];
      const auto same = [&](const BuddyEvent& e) {
        return e.offset == event.offset && e.kind != BuddyEvent::Kind::kRelease;
      };
      const auto freed = std::find_if(read.events.rend() - static_cast<std::ptrdiff_t>(i), read.events.rend(), same);
      if (event.offset != kNoSpace)
        requested += event.kind == BuddyEvent::Kind::kRelease ? -freed->requested : event.requested;
      EXPECT_EQ(replay.moments[i].requested_bytes, requested) << i;
    }
  }
}

TEST(BuddyTrace, SaysHowBrokenUpTheArenaWas) {
  const BuddyTrace trace = ReadBuddyTrace(
      "seq,op,offset,requested,size,tag\n,arena,,1024,64,\n0,allocate,0,100,128,\n1,allocate,128,64,64,\n"
      "2,allocate,512,257,512,\n3,free,0,,,\n4,allocate,,512,,\n5,free,512,,,\n6,free,128,,,\n",
      "t.csv");
  const Replay replay = ReplayTrace(trace, 1024, 64);
  EXPECT_EQ(replay.moved, 0);
  EXPECT_EQ(replay.most_used, 2u);
  EXPECT_EQ(replay.moments[2].used_bytes, 704);
  EXPECT_EQ(replay.moments[2].WasteBytes(), 704 - 421);
  EXPECT_EQ(replay.most_wasted, 2u);
  EXPECT_EQ(replay.FreeBytes(replay.moments[3]), 448);
  EXPECT_EQ(replay.moments[3].largest_free_bytes, 256);
  EXPECT_EQ(replay.BrokenPermille(replay.moments[3]), 428);
  EXPECT_EQ(replay.BrokenPermille(replay.moments[5]), 466) << "960 free, 512 in one";
  EXPECT_EQ(replay.most_broken, 5u);
  EXPECT_EQ(replay.BrokenPermille(replay.moments[6]), 0);
  EXPECT_EQ(replay.refused, 1);
  EXPECT_EQ(replay.refused_bytes, 512);
  const Replay larger = ReplayTrace(trace, 4096, 1);
  EXPECT_EQ(larger.refused, 0);
  EXPECT_EQ(larger.moments.back().used_bytes, 0) << "what was refused when recorded is not kept now";
  const Replay coarse = ReplayTrace(trace, 1024, 512);
  EXPECT_EQ(coarse.refused, 1) << "the third finds both blocks taken; the fourth, refused when recorded, one free";
  EXPECT_EQ(coarse.moments.back().used_bytes, 0);
}

TEST(BuddyTrace, MayBeginLate) {
  const Recording recording = Record(9, 1 << 14, 16, 400, 100);
  EXPECT_GT(recording.trace.events[0].seq, 0);
  const BuddyTrace read = ReadBuddyTrace(WriteBuddyTrace(recording.trace), "t.csv");
  const Replay replay = ReplayTrace(read, read.capacity, read.block_bytes);
  EXPECT_EQ(replay.moments.size(), 100u);
  EXPECT_GT(replay.unknown_frees, 0);
  EXPECT_NE(DescribeReplays("t.csv", read, {replay}).find("what was allocated before is left out"), std::string::npos);
}

TEST(BuddyTrace, SaysWhenItWasRecordedWithOtherOptions) {
  BuddyAllocator buddy(1 << 20, 64, kFastBuddy);
  BuddyRing ring(100);
  BuddyRecorder recorder(buddy, ring);
  const std::int64_t first = recorder.Allocate(64), second = recorder.Allocate(64);
  (void)recorder.Free(first);
  (void)recorder.Free(second);
  EXPECT_EQ(recorder.Allocate(64), second) << "the last freed comes back first";
  const BuddyTrace trace = {1 << 20, 64, ring.Events()};
  const Replay replay = ReplayTrace(trace, 1 << 20, 64);
  EXPECT_EQ(replay.moved, 1);
  EXPECT_NE(DescribeReplays("t.csv", trace, {replay}).find("1 served elsewhere than recorded"), std::string::npos);
}

TEST(BuddyTrace, RefusesWhatCouldNotHaveHappenedNamingTheLine) {
  const std::string head = "seq,op,offset,requested,size,tag\n,arena,,1024,64,\n";
  struct Case {
    std::string text;
    std::vector<std::string> words;
  };
  const Case cases[] = {
      {"", {"t.csv:1:", "header"}},
      {"id,lower,upper,size\n", {"t.csv:1:", "seq,op,offset"}},
      {"seq,op,offset,requested,size,tag\n", {"t.csv:2:", "arena"}},
      {"seq,op,offset,requested,size,tag\n0,free,0,,,\n", {"t.csv:2:", "arena"}},
      {"seq,op,offset,requested,size,tag\n,arena,,-1,64,\n", {"t.csv:2:", "capacity", "-1"}},
      {"seq,op,offset,requested,size,tag\n,arena,,64,48,\n", {"t.csv:2:", "48", "power of two"}},
      {head + "0,allocate,0,1,64\n", {"t.csv:3:", "6 fields"}},
      {head + "0,allocate,0,1,64,,\n", {"t.csv:3:", "6 fields"}},
      {head + "0,alloc,0,1,64,\n", {"t.csv:3:", "\"alloc\"", "allocate, run, free"}},
      {head + "x,free,0,,,\n", {"t.csv:3:", "seq", "\"x\""}},
      {head + "0,allocate,0,0,64,\n", {"t.csv:3:", "requested", "\"0\""}},
      {head + "0,allocate,0,9223372036854775808,64,\n", {"t.csv:3:", "requested"}},
      {head + "0,allocate,0,65,64,\n", {"t.csv:3:", "size", "65"}},
      {head + "0,allocate,-64,1,64,\n", {"t.csv:3:", "offset", "-64"}},
      {head + "0,allocate,0,1,64,me\n", {"t.csv:3:", "tag", "me"}},
      {head + "0,allocate,1000,1,64,\n", {"t.csv:3:", "1024"}},
      {head + "0,allocate,9223372036854775807,1,9223372036854775807,\n", {"t.csv:3:", "capacity"}},
      {head + "0,allocate,0,1,64,\n\n1,run,32,1,64,\n", {"t.csv:5:", "[32, 32 + 64) overlaps [0, 0 + 64)"}},
      {head + "0,allocate,64,1,64,\n1,allocate,0,1,65,\n", {"t.csv:4:", "overlaps [64"}},
      {head + "0,allocate,0,1,64,\n2,free,0,,,\n", {"t.csv:4:", "seq 2", "follow 0"}},
      {head + "0,allocate,0,1,64,\n0,free,0,,,\n", {"t.csv:4:", "seq 0"}},
      {head + "0,free,0,,,\n", {"t.csv:3:", "nothing is allocated at offset 0"}},
      {head + "0,allocate,0,1,64,\n1,free,0,,,\n2,free,0,,,\n", {"t.csv:5:", "nothing is allocated"}},
      {head + "9,allocate,0,1,64,\n10,free,32,,,\n", {"t.csv:4:", "nothing is allocated at offset 32"}},
      {head + "9,free,1024,,,\n", {"t.csv:3:", "1024"}},
  };
  for (const Case& c : cases) {
    EXPECT_TRUE(Refuses(ErrorCode::kBadInput, c.words, [&] { ReadBuddyTrace(c.text, "t.csv"); })) << c.text;
  }
  EXPECT_NO_THROW(ReadBuddyTrace(head + "9,free,64,,,\r\n10,free,64,,,\n", "t.csv")) << "begins late";
}

TEST(BuddyTrace, ServesOrRefusesDamagedFiles) {
  const std::string good = WriteBuddyTrace(Record(3, 4096, 64, 25, 25).trace);
  const auto read = [](const std::string& text) {
    const BuddyTrace trace = ReadBuddyTrace(text, "t.csv");
    if (trace.capacity / trace.block_bytes > 1 << 20) return;  // right, but slow
    const Replay replay = ReplayTrace(trace, trace.capacity, trace.block_bytes);
    for (const ReplayMoment& m : replay.moments) {
      EXPECT_LE(m.used_bytes, replay.capacity);
      EXPECT_LE(m.requested_bytes, m.used_bytes);
      EXPECT_LE(m.largest_free_bytes, replay.FreeBytes(m));
    }
    EXPECT_FALSE(DescribeReplays("t.csv", trace, {replay}).empty());
  };
  tests::TryEveryPrefix(good, read);
  tests::TryByteChanges(good, 5000, read);
}

TEST(BuddyTrace, RefusesAnArenaOfMoreBlocksThanItsBooksCouldHold) {
  const BuddyTrace trace = {INT64_MAX, 1, {}};
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"--block"}, [&] { ReplayTrace(trace, INT64_MAX, 1); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"48"}, [&] { ReplayTrace(trace, 1024, 48); }));
}

TEST(BuddyTrace, IsDescribedWithin80Columns) {
  const BuddyTrace trace = Record(2, 1 << 20, 64, 5000, 5000).trace;
  const std::vector<Replay> replays = {ReplayTrace(trace, 1 << 20, 64), ReplayTrace(trace, 1 << 21, 4096)};
  const std::string text = DescribeReplays("t.csv", trace, replays);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto width = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
    EXPECT_LE(width, 80) << line;
  }
  for (const char* word : {"As recorded: capacity 1,048,576, block 64", "Replayed: capacity 2,097,152, block 4,096",
                           "most used", "most wasted", "most broken up", "at the end", "█", "▓", "░"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word << "\n" << text;
  }
  EXPECT_NE(DescribeReplays("t", {64, 64, {}}, {ReplayTrace({64, 64, {}}, 64, 64)}).find("0 events"),
            std::string::npos);
}

TEST(BuddyTrace, IsDataInJsonAndCsv) {
  const BuddyTrace trace = {
      1024, 64, {{0, BuddyEvent::Kind::kAllocate, 0, 100, 128, 7}, {1, BuddyEvent::Kind::kRelease, 0, 0, 0, 0}}};
  const std::vector<Replay> replays = {ReplayTrace(trace, 1024, 64), ReplayTrace(trace, 1024, 256)};
  EXPECT_EQ(ReplaysToCsv(replays),
            "capacity,block,seq,used,requested,waste,free,largest_free,fragmentation_permille,allocations\n"
            "1024,64,0,128,100,28,896,512,428,1\n1024,64,1,0,0,0,1024,1024,0,0\n"
            "1024,256,0,256,100,156,768,512,333,1\n1024,256,1,0,0,0,1024,1024,0,0\n");
  const auto json = nlohmann::json::parse(ReplaysToJson("t.csv", trace, replays));
  EXPECT_EQ(json["events"], 2);
  EXPECT_EQ(json["replays"][1]["most_used"]["waste_bytes"], 156);
  EXPECT_EQ(json["replays"][0]["most_fragmented"]["fragmentation_permille"], 428);
}

}  // namespace
}  // namespace orionrt::buddy_trace_test
