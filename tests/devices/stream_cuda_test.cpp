// Scratch on CUDA streams: of a GPU, or of the stand-in.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "orionrt/cuda.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/stream_scratch.hpp"
#include "refuses.hpp"

namespace orionrt::tests::stream_cuda_test {
namespace {

constexpr const char* kNoDevice = "no CUDA device is here";

class CudaStreams : public testing::Test {
 protected:
  void SetUp() override {
    if (CudaDeviceCount() == 0) GTEST_SKIP() << kNoDevice;
    for (void*& stream : streams_) {
      cudaStream_t made = nullptr;
      ASSERT_EQ(cudaStreamCreate(&made), cudaSuccess);
      stream = made;
    }
  }
  void TearDown() override {
    open_ = true;
    for (void* const stream : streams_) {
      if (stream == nullptr) continue;
      EXPECT_EQ(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), cudaSuccess);
      EXPECT_EQ(cudaStreamDestroy(static_cast<cudaStream_t>(stream)), cudaSuccess);
    }
  }
  // Keeps a stream busy until the gate is open.
  void Hold(int stream) {
    const auto wait = [](void* open) {
      while (!static_cast<std::atomic<bool>*>(open)->load()) std::this_thread::yield();
    };
    ASSERT_EQ(cudaLaunchHostFunc(static_cast<cudaStream_t>(streams_[stream]), wait, &open_), cudaSuccess);
  }

  std::vector<void*> streams_ = std::vector<void*>(2, nullptr);
  std::atomic<bool> open_{false};
};

TEST_F(CudaStreams, AreAskedAndWaitedFor) {
  CudaMemory memory(CudaKind::kDevice);
  const Arena arena = Arena::From(memory, 1 << 20, 4096);
  CudaStreamEvents events(streams_);
  StreamScratchOptions options;
  options.streams = 2;
  options.events = &events;
  StreamScratch asking(arena.base(), arena.bytes() / 2, options);
  options.max_wait = std::chrono::seconds(60);
  CudaStreamEvents more_events(streams_);
  options.events = &more_events;
  StreamScratch waiting(arena.base() + arena.bytes() / 2, arena.bytes() / 2, options);
  Hold(0);
  const StreamBlock a = asking.Allocate(0, arena.bytes() / 2), b = waiting.Allocate(0, arena.bytes() / 2);
  ASSERT_NE(a.ptr, nullptr);
  EXPECT_EQ(asking.Release(a, 0), FreeStatus::kFreed);
  EXPECT_EQ(waiting.Release(b, 0), FreeStatus::kFreed);
  EXPECT_EQ(asking.Allocate(1, 1).ptr, nullptr);
  EXPECT_TRUE(asking.LastRefusal(1).pending.on(0));
  EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "left for the program's next check";
  std::thread opener([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    open_ = true;
  });
  EXPECT_EQ(waiting.Allocate(1, arena.bytes() / 2).ptr, b.ptr);
  opener.join();
  EXPECT_EQ(asking.Allocate(1, arena.bytes() / 2).ptr, a.ptr) << "the same stream, as far";
  EXPECT_EQ(asking.stats().from_finished, 1);
}

TEST_F(CudaStreams, TheDefaultStreamIsOneToo) {
  CudaMemory memory(CudaKind::kDevice);
  const Arena arena = Arena::From(memory, 1 << 16, 4096);
  CudaStreamEvents events({nullptr, streams_[0]});
  StreamScratchOptions options;
  options.streams = 2;
  options.events = &events;
  options.max_wait = std::chrono::seconds(60);
  StreamScratch scratch(arena.base(), arena.bytes(), options);
  EXPECT_EQ(scratch.Release(scratch.Allocate(0, 1 << 16), 0), FreeStatus::kFreed);
  EXPECT_NE(scratch.Allocate(1, 1 << 16).ptr, nullptr);
}

TEST_F(CudaStreams, RefuseWhatIsNoOneStream) {
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"cudaStreamPerThread", "cudaStreamCreate"}, [] {
    CudaStreamEvents({nullptr, cudaStreamPerThread});
  }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"0 streams"}, [] { CudaStreamEvents({}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"device 99", "cudaError"}, [&] { CudaStreamEvents(streams_, 99); }));
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

}  // namespace
}  // namespace orionrt::tests::stream_cuda_test
