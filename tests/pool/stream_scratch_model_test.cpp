// Random calls against a twin that is right by being simple (stream_model.hpp): whatever is handed out was safe, and
// what is refused had no place.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "orionrt/stream_scratch.hpp"
#include "random.hpp"
#include "stream_model.hpp"

namespace orionrt::tests::stream_scratch_model_test {
namespace {

constexpr std::int64_t kBlock = 64;

struct Setting {
  const char* name;
  int streams;
  int memory;  // blocks
  bool asks;
  bool is_exact;  // tables so large that nothing is forgotten: what is refused must have had no place
  bool races;     // streams use blocks without waiting for where they were allocated
  int records, blocks;
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

// One run: both sides, told the same.
class TwinRun {
 public:
  TwinRun(const Setting& setting, std::uint64_t seed)
      : setting_(setting),
        random_(seed),
        memory_(static_cast<std::size_t>(setting.memory * kBlock)),
        events_(setting.streams, setting.records),
        scratch_(memory_.data(), memory_.size(), Options()),
        model_(setting.streams, setting.memory) {
    if (setting.asks) model_.set_asks();
  }

  void Steps(int count) {
    for (int step = 0; step < count && !testing::Test::HasFatalFailure(); ++step) {
      Step(static_cast<int>(random_.Below(100)));
      if (step % 16 == 0) {
        ASSERT_TRUE(scratch_.CheckInvariants()) << "step " << step;
      }
    }
  }

  // At the end everything comes back as one block.
  void Finish() {
    while (!held_.empty()) Release(held_.size() - 1);
    for (int stream = 1; stream < setting_.streams; ++stream) Sync(stream, 0);
    ASSERT_TRUE(scratch_.CheckInvariants());
    if (setting_.is_exact) {
      const StreamBlock all = scratch_.Allocate(0, memory_.size());
      ASSERT_EQ(all.ptr, memory_.data());
      EXPECT_EQ(scratch_.Release(all, 0), FreeStatus::kFreed);
    }
    scratch_.Synchronized();
    EXPECT_EQ(scratch_.stats().pending_blocks + scratch_.stats().used_blocks, 0);
    EXPECT_EQ(scratch_.Allocate(setting_.streams - 1, memory_.size()).ptr, memory_.data());
  }

  const std::vector<void*>& addresses() const { return addresses_; }
  StreamScratchStats stats() const { return scratch_.stats(); }

 private:
  struct Event {
    StreamEvent event;
    int node;
  };
  struct Held {
    StreamBlock block;
    std::vector<int> users;  // streams, the one that allocated first
  };

  StreamScratchOptions Options() {
    StreamScratchOptions options;
    options.streams = setting_.streams;
    options.block_bytes = kBlock;
    options.blocks = setting_.blocks;
    options.records = setting_.records;
    options.events = setting_.asks ? &events_ : nullptr;
    return options;
  }
  int AnyStream() { return static_cast<int>(random_.Below(setting_.streams)); }
  int At(const StreamBlock& block) const {
    return static_cast<int>((static_cast<std::byte*>(block.ptr) - memory_.data()) / kBlock);
  }
  static int Blocks(std::size_t bytes) {
    int blocks = 1;
    while (blocks * kBlock < static_cast<std::int64_t>(bytes)) blocks *= 2;
    return blocks;
  }

  void Step(int dice) {
    if (dice < 35) return Allocate(AnyStream());
    if (dice < 60) return held_.empty() ? void() : Release(static_cast<std::size_t>(random_.Below(held_.size())));
    if (dice < 68) return Record(AnyStream());
    if (dice < 76) return WaitForAny(AnyStream());
    if (dice < 84) return held_.empty() ? void() : Share(static_cast<std::size_t>(random_.Below(held_.size())));
    if (dice < 90) return Put(AnyStream(), -1);
    if (dice < 99 || !random_.OneIn(5)) return EndSome();
    model_.Synchronized();
    scratch_.Synchronized();
  }

  void Allocate(int stream) {
    const auto bytes =
        static_cast<std::size_t>(random_.Between(1, random_.OneIn(4) ? setting_.memory * kBlock : 4 * kBlock));
    const int blocks = Blocks(bytes);
    const int node = model_.Add(stream);
    const bool has_own = model_.HasOwnPlace(blocks, node), has = model_.HasPlace(blocks, node);
    const StreamScratchStats before = scratch_.stats();
    const StreamBlock block = scratch_.Allocate(stream, bytes);
    addresses_.push_back(block.ptr);
    if (block.ptr == nullptr) {
      if (setting_.is_exact && !setting_.races) {
        ASSERT_FALSE(has) << blocks << " blocks for stream " << stream;
      }
      return;
    }
    const int at = At(block);
    ASSERT_EQ(at % blocks, 0);
    ASSERT_LE(at + blocks, setting_.memory);
    for (int k = at; k < at + blocks; ++k) ASSERT_TRUE(model_.MayTake(k, node)) << "block " << k << " too early";
    const StreamScratchStats after = scratch_.stats();
    if (has_own && setting_.is_exact && !setting_.races && !setting_.asks) {
      ASSERT_GT(after.from_free + after.from_own, before.from_free + before.from_own);
    }
    model_.Take(at, blocks);
    held_.push_back({block, {stream}});
  }

  void Release(std::size_t which) {
    const Held held = held_[which];
    held_[which] = held_.back();
    held_.pop_back();
    std::vector<int> nodes;
    if (random_.OneIn(3)) {  // behind events, and later
      std::vector<StreamEvent> events;
      for (const int user : held.users) {
        Record(user);
        events.push_back(recorded_.back().event);
        nodes.push_back(recorded_.back().node);
      }
      Record(AnyStream());
      ASSERT_EQ(scratch_.Release(held.block, events.data(), events.size()), FreeStatus::kFreed);
    } else {
      for (const int user : held.users) nodes.push_back(model_.Add(user));
      ASSERT_EQ(scratch_.Release(held.block, held.users.data(), held.users.size()), FreeStatus::kFreed);
    }
    model_.Release(At(held.block), Blocks(held.block.bytes), nodes);
    ASSERT_EQ(scratch_.Release(held.block, held.users[0]), FreeStatus::kNotAllocated);
  }

  void Record(int stream) {
    const int node = model_.Add(stream);
    recorded_.push_back({scratch_.Record(stream), node});
  }
  void Wait(int stream, const Event& event) {
    Put(stream, event.node);
    (void)model_.Add(stream, {event.node});
    scratch_.Wait(stream, event.event);
  }
  void WaitForAny(int stream) {
    if (recorded_.empty()) return scratch_.Wait(stream, {});
    const auto recent = std::min<std::int64_t>(static_cast<std::int64_t>(recorded_.size()), 20);
    Wait(stream, recorded_[recorded_.size() - 1 - static_cast<std::size_t>(random_.Below(recent))]);
  }
  void Sync(int from, int to) {
    Record(from);
    Wait(to, recorded_.back());
  }
  // One stream more uses a block, or takes it over.
  void Share(std::size_t which) {
    Held& held = held_[which];
    const int stream = AnyStream();
    if (!setting_.races || random_.OneIn(2)) {
      for (const int user : held.users) Sync(user, stream);
    }
    if (random_.OneIn(2)) {
      held.users = {stream};  // behind the others, so it speaks for them; or should
    } else {
      held.users.push_back(stream);
    }
  }

  void Put(int stream, int waits_for) {
    model_.Put(stream, waits_for);
    events_.Put(stream);
  }
  void EndSome() {
    for (std::int64_t k = random_.Below(24), stream = AnyStream(); k > 0; --k) {
      if (random_.OneIn(4)) stream = AnyStream();
      if (!model_.CanEnd(static_cast<int>(stream))) continue;
      model_.End(static_cast<int>(stream));
      events_.End(static_cast<int>(stream));
    }
  }

  const Setting& setting_;
  Random random_;
  std::vector<std::byte> memory_;
  HostStreamEvents events_;
  StreamScratch scratch_;
  StreamModel model_;
  std::vector<Held> held_;
  std::vector<Event> recorded_;
  std::vector<void*> addresses_;
};

class StreamScratchModel : public testing::TestWithParam<Setting> {};

TEST_P(StreamScratchModel, AgreesWithItsTwin) {
  StreamScratchStats sum;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TwinRun run(GetParam(), seed);
    run.Steps(1500);
    if (HasFatalFailure()) return;
    const StreamScratchStats stats = run.stats();
    sum.from_own += stats.from_own;
    sum.from_covered += stats.from_covered;
    sum.from_finished += stats.from_finished;
    sum.refused += stats.refused;
    run.Finish();
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(sum.from_own, 100);
  EXPECT_GT(sum.from_covered, 50);
  EXPECT_GT(sum.from_finished, GetParam().asks ? 30 : -1);
  EXPECT_GT(sum.refused, 100);
}

class UnaskedStreamScratch : public testing::TestWithParam<Setting> {};

// Nothing but the calls decides where things lie: not the time, nor where the memory is.
TEST_P(UnaskedStreamScratch, GivesTheSameAddressesOnEveryRun) {
  std::vector<std::ptrdiff_t> offsets[2];
  for (std::vector<std::ptrdiff_t>& found : offsets) {
    TwinRun run(GetParam(), 99);
    run.Steps(1500);
    const auto lowest = [&] {
      void* least = nullptr;
      for (void* at : run.addresses()) least = at != nullptr && (least == nullptr || at < least) ? at : least;
      return static_cast<std::byte*>(least);
    }();
    for (void* at : run.addresses()) found.push_back(at == nullptr ? -1 : static_cast<std::byte*>(at) - lowest);
  }
  EXPECT_EQ(offsets[0], offsets[1]);
}

constexpr Setting kUnasked[] = {
    {"Two", 2, 32, false, true, false, 8192, 256},         {"Three", 3, 32, false, true, false, 8192, 256},
    {"Four", 4, 64, false, true, false, 8192, 256},        {"Eight", 8, 64, false, true, false, 8192, 256},
    {"SixtyFour", 64, 128, false, true, false, 2048, 256}, {"ShortOfBooks", 4, 64, false, false, false, 2, 9},
    {"Racing", 3, 32, false, true, true, 8192, 256},
};
constexpr Setting kAsking[] = {
    {"Two", 2, 32, true, true, false, 8192, 256},   {"Four", 4, 64, true, true, false, 8192, 256},
    {"Eight", 8, 32, true, true, false, 8192, 256}, {"ShortOfBooks", 4, 64, true, false, false, 2, 9},
    {"Racing", 3, 32, true, true, true, 8192, 256},
};
std::string SettingName(const testing::TestParamInfo<Setting>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Unasked, StreamScratchModel, testing::ValuesIn(kUnasked), SettingName);
INSTANTIATE_TEST_SUITE_P(Asking, StreamScratchModel, testing::ValuesIn(kAsking), SettingName);
INSTANTIATE_TEST_SUITE_P(Unasked, UnaskedStreamScratch, testing::ValuesIn(kUnasked), SettingName);

}  // namespace
}  // namespace orionrt::tests::stream_scratch_model_test
