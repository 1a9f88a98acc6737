// Scratch for streams that are real: threads that work through queues, with delays. Whoever got bytes too early finds
// another's in them, or the thread sanitizer finds it out.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "orionrt/stream_scratch.hpp"
#include "random.hpp"

namespace orionrt::tests::stream_threads_test {
namespace {

constexpr std::int64_t kBlock = 256;

// A thread that runs tasks in turn, and tells the events of each.
class Queue {
 public:
  Queue(HostStreamEvents& events, int stream) : events_(events), stream_(stream), thread_([this] { Serve(); }) {}
  ~Queue() {
    Put(nullptr);
    thread_.join();
  }

  void Put(std::function<void()> task) {
    events_.Put(stream_);
    const std::lock_guard<std::mutex> lock(mutex_);
    ++put_;
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }
  std::uint64_t put() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return put_;
  }
  // For tasks of other queues.
  void WaitFor(std::uint64_t tasks) const {
    while (ended_.load(std::memory_order_acquire) < tasks) std::this_thread::yield();
  }

 private:
  void Serve() {
    for (bool more = true; more;) {
      std::function<void()> task;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return !tasks_.empty(); });
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      more = task != nullptr;
      if (more) task();
      events_.End(stream_);
      ended_.fetch_add(1, std::memory_order_release);
    }
  }

  HostStreamEvents& events_;
  int stream_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::uint64_t put_ = 0;
  std::atomic<std::uint64_t> ended_{0};
  std::thread thread_;  // last: it uses all of them
};

struct Setting {
  const char* name;
  int streams;
  bool asks;
  std::chrono::microseconds max_wait;
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

class StreamThreads : public testing::TestWithParam<Setting> {
 protected:
  // A block on its way from one stream to another, which has to wait for it.
  struct Parcel {
    StreamBlock block;
    unsigned char mark;
    int from;
    StreamEvent event;
    std::uint64_t tasks;
  };
  struct Mailbox {
    std::mutex mutex;
    std::vector<Parcel> parcels;
  };

  static StreamScratchOptions Options(HostStreamEvents* events) {
    StreamScratchOptions options;
    options.streams = GetParam().streams;
    options.block_bytes = kBlock;
    options.blocks = 64;
    options.events = GetParam().asks ? events : nullptr;
    options.max_wait = GetParam().max_wait;
    return options;
  }

  static void Pause(Random& random) {
    if (random.OneIn(4)) std::this_thread::sleep_for(std::chrono::microseconds(random.Below(100)));
  }
  // Fills a block, dawdles, and looks whether it is still there.
  void PutWork(int stream, const StreamBlock& block, unsigned char mark, std::uint64_t seed) {
    queues_[stream]->Put([this, block, mark, seed] {
      Random random(seed);
      auto* const bytes = static_cast<unsigned char*>(block.ptr);
      std::fill_n(bytes, block.bytes, mark);
      Pause(random);
      Look(block, mark);
    });
  }
  void Look(const StreamBlock& block, unsigned char mark) {
    const auto* const bytes = static_cast<const unsigned char*>(block.ptr);
    for (std::size_t i = 0; i < block.bytes; ++i) wrong_ += bytes[i] == mark ? 0 : 1;
  }
  void Release(const StreamBlock& block, std::initializer_list<int> streams) {
    wrong_ += scratch_.Release(block, streams) == FreeStatus::kFreed ? 0 : 1;
  }

  void Send(int from, int to, const StreamBlock& block, unsigned char mark) {
    const Parcel parcel{block, mark, from, scratch_.Record(from), queues_[from]->put()};
    const std::lock_guard<std::mutex> lock(mail_[to].mutex);
    mail_[to].parcels.push_back(parcel);
  }
  void Receive(int stream, Random& random) {
    std::vector<Parcel> parcels;
    {
      const std::lock_guard<std::mutex> lock(mail_[stream].mutex);
      parcels.swap(mail_[stream].parcels);
    }
    for (const Parcel& parcel : parcels) {
      queues_[stream]->Put([this, parcel] {
        queues_[parcel.from]->WaitFor(parcel.tasks);
        Look(parcel.block, parcel.mark);
      });
      scratch_.Wait(stream, parcel.event);
      if (random.OneIn(2)) {
        PutWork(stream, parcel.block, static_cast<unsigned char>(parcel.mark + 1), random.Next());
        Release(parcel.block, {stream});
      } else {
        Release(parcel.block, {parcel.from, stream});  // both read it
      }
    }
  }

  void Submit(int stream) {
    Random random(static_cast<std::uint64_t>(stream) + 100);
    for (int step = 0; step < 300; ++step) {
      Receive(stream, random);
      const auto bytes = static_cast<std::size_t>(random.Between(1, random.OneIn(8) ? 16 * kBlock : 3 * kBlock));
      const StreamBlock block = scratch_.Allocate(stream, bytes);
      if (block.ptr == nullptr) {
        ++refused_;
        Pause(random);
        continue;
      }
      const auto mark = static_cast<unsigned char>(random.Next());
      PutWork(stream, block, mark, random.Next());
      if (random.OneIn(3)) {
        Send(stream, static_cast<int>(random.Below(GetParam().streams)), block, mark);
      } else {
        Release(block, {stream});
      }
      wrong_ += scratch_.stats().used_bytes >= 0 ? 0 : 1;
    }
  }

  std::vector<std::byte> memory_ = std::vector<std::byte>(32 * kBlock);
  HostStreamEvents events_{GetParam().streams};
  StreamScratch scratch_{memory_.data(), memory_.size(), Options(&events_)};
  std::vector<Mailbox> mail_ = std::vector<Mailbox>(static_cast<std::size_t>(GetParam().streams));
  std::atomic<long> wrong_{0}, refused_{0};
  std::vector<std::unique_ptr<Queue>> queues_;
};

TEST_P(StreamThreads, NeverSeeEachOthersBytes) {
  const int streams = GetParam().streams;
  for (int s = 0; s < streams; ++s) queues_.push_back(std::make_unique<Queue>(events_, s));
  std::vector<std::thread> submitters;
  for (int s = 0; s < streams; ++s) submitters.emplace_back([this, s] { Submit(s); });
  for (std::thread& thread : submitters) thread.join();
  Random random(1);
  for (int s = 0; s < streams; ++s) Receive(s, random);
  for (int s = 0; s < streams; ++s) queues_[s]->WaitFor(queues_[s]->put());
  EXPECT_EQ(wrong_, 0);
  EXPECT_TRUE(scratch_.CheckInvariants());
  const StreamScratchStats stats = scratch_.stats();
  EXPECT_EQ(stats.refused, refused_);
  EXPECT_EQ(stats.used_blocks, 0) << "no leak";
  EXPECT_GT(stats.from_own, 0);
  if (!GetParam().asks) scratch_.Synchronized();
  const StreamBlock all = scratch_.Allocate(0, memory_.size());
  EXPECT_EQ(all.ptr, memory_.data()) << "whole again";
  queues_.clear();
}

std::string SettingName(const testing::TestParamInfo<Setting>& info) { return info.param.name; }
constexpr Setting kSettings[] = {
    {"Unasked", 3, false, std::chrono::microseconds(0)},
    {"Asking", 4, true, std::chrono::microseconds(0)},
    {"Waiting", 4, true, std::chrono::microseconds(2000)},
};
INSTANTIATE_TEST_SUITE_P(Settings, StreamThreads, testing::ValuesIn(kSettings), SettingName);

}  // namespace
}  // namespace orionrt::tests::stream_threads_test
