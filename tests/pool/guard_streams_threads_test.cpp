// The guard while ops of several streams run on threads of their own.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "orionrt/orionrt.hpp"
#include "orionrt/streams.hpp"

namespace orionrt::guard_streams_threads_test {
namespace {

constexpr int kLength = 30;  // ops a stream
constexpr int kStreams = 3;

// Three chains; every fifth op also reads what the stream beside it wrote a while ago.
Graph Braid() {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors = {{0, 256, 0, TensorRole::kInput}};
  const auto id_of = [](int stream, int k) { return 1 + k * kStreams + stream; };
  for (int k = 0; k < kLength; ++k) {
    for (int stream = 0; stream < kStreams; ++stream) {
      OpNode op{id_of(stream, k), {k == 0 ? 0 : id_of(stream, k - 1)}, {id_of(stream, k)}};
      op.stream = stream;
      if (k % 5 == 4) op.inputs.push_back(id_of((stream + 1) % kStreams, k - 2));
      ops.push_back(op);
      tensors.push_back({op.id, 256, 0, k + 1 == kLength ? TensorRole::kOutput : 0u});
    }
  }
  ImplyWaits(ops, tensors);
  return Graph(ops, tensors);
}

// A thread a stream. Reports are made one at a time, as TensorPool asks; kernels run at the same time.
class Engine {
 public:
  explicit Engine(TensorPool& pool) : pool_(pool) {
    for (const OpNode& op : pool.graph().ops()) streams_[op.stream].push_back(&op);
  }

  void Run() {
    over_.clear();
    std::vector<std::thread> threads;
    for (const auto& [stream, ops] : streams_) {
      threads.emplace_back([this, &ops = ops] {
        for (const OpNode* op : ops) RunOp(*op);
      });
    }
    for (std::thread& thread : threads) thread.join();
    pool_.EndRun();
  }

 private:
  void RunOp(const OpNode& op) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] {
        return std::all_of(op.waits.begin(), op.waits.end(), [&](int id) { return over_.count(id) != 0; });
      });
      for (const int id : op.waits) pool_.Wait(op.stream, id);
      pool_.BeginOp(op.id);
    }
    unsigned sum = 1;
    for (const int id : op.inputs) sum = sum * 31 + *static_cast<unsigned char*>(pool_.GetPtr(id));
    for (const int id : op.outputs) {
      const TensorHandle output = pool_.Allocate(id);
      std::memset(output.ptr, static_cast<int>(sum & 0x7F), output.bytes);
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    pool_.EndOp(op.id);
    pool_.Record(op.id);
    over_.insert(op.id);
    changed_.notify_all();
  }

  TensorPool& pool_;
  std::map<int, std::vector<const OpNode*>> streams_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> over_;
};

TEST(GuardStreamsThreads, SaysNothingWhileOpsOverlap) {
  std::atomic<int> reports{0};
  PoolOptions options;
  options.guard = GuardOptions();
  options.guard->report = [&](const GuardReport& report) {
    ++reports;
    ADD_FAILURE() << report.message;
  };
  TensorPool pool(1 << 20, options);
  pool.RegisterGraph(Braid());
  pool.FinalizePlan("no_reuse");
  Engine engine(pool);
  for (int round = 0; round < 5; ++round) {
    std::memset(pool.GetPtr(0), round, 256);
    engine.Run();
  }
  EXPECT_EQ(reports, 0);
}

}  // namespace
}  // namespace orionrt::guard_streams_threads_test
