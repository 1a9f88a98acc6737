// Memory of the first CUDA device; skipped where there is none. The same over a runtime that only counts:
// fake_cudart.cpp.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include "memory_contract.hpp"
#include "orionrt/cuda.hpp"
#include "orionrt/orionrt.hpp"
#include "refuses.hpp"

namespace orionrt::tests::memory_cuda_test {
namespace {

constexpr const char* kNoDevice = "no CUDA device is here";

template <CudaKind kKind>
MemoryUnderTest Cuda() {
  MemoryUnderTest memory;
  memory.why_not = kNoDevice;
  if (CudaDeviceCount() == 0) return memory;
  if constexpr (kKind == CudaKind::kPinned) return OfHost<CudaMemory>(kKind);
  memory.resource = std::make_unique<CudaMemory>(kKind);
  memory.write = [](void* at, std::byte value) {
    ASSERT_EQ(cudaMemcpy(at, &value, 1, cudaMemcpyHostToDevice), cudaSuccess);
  };
  memory.read = [](const void* at) {
    std::byte value{};
    EXPECT_EQ(cudaMemcpy(&value, at, 1, cudaMemcpyDeviceToHost), cudaSuccess);
    return value;
  };
  return memory;
}

INSTANTIATE_TEST_SUITE_P(Cuda, MemoryContract,
                         testing::Values(MemorySource{"device", Cuda<CudaKind::kDevice>},
                                         MemorySource{"pinned", Cuda<CudaKind::kPinned>},
                                         MemorySource{"stream_ordered", Cuda<CudaKind::kStreamOrdered>}),
                         SourceName);

TEST(Cuda, SaysWhichDeviceThereIsNot) {
  const int none = CudaDeviceCount();  // one past the last
  const std::string name = "CUDA device " + std::to_string(none);
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {name, "cudaError"}, [&] { CudaMemory(CudaKind::kDevice, none); }));
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"CUDA device -1"}, [] { CudaMemory(CudaKind::kPinned, -1); }));
  if (none > 0) {  // without a driver there is always an error
    EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "left for the program's next check";
  }
}

TEST(Cuda, TraitsTellDeviceAndHostApart) {
  if (CudaDeviceCount() == 0) GTEST_SKIP() << kNoDevice;
  const CudaMemory device(CudaKind::kDevice), pinned(CudaKind::kPinned);
  EXPECT_FALSE(device.traits().host_accessible);
  EXPECT_TRUE(pinned.traits().host_accessible);
  EXPECT_GT(device.traits().capacity, 0u);
  EXPECT_EQ(device.traits().alignment, 256u);
}

// A tensor's bytes to the device and back, at the addresses that the pool gives.
TEST(Cuda, CopiesThroughAPlannedPool) {
  if (CudaDeviceCount() == 0) GTEST_SKIP() << kNoDevice;
  CudaMemory memory(CudaKind::kDevice);
  TensorPool pool(Arena::From(memory, 1 << 20, 4096), PoolOptions{256});
  pool.RegisterGraph({{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {}}}, {{0, 4000}, {1, 4000}});
  pool.FinalizePlan();
  const std::vector<unsigned char> sent(4000, 0x5A);
  std::vector<unsigned char> back(4000);
  ASSERT_EQ(cudaMemcpy(pool.GetPtr(0), sent.data(), 4000, cudaMemcpyHostToDevice), cudaSuccess);
  ASSERT_EQ(cudaMemcpy(pool.GetPtr(1), pool.GetPtr(0), 4000, cudaMemcpyDeviceToDevice), cudaSuccess);
  ASSERT_EQ(cudaMemcpy(back.data(), pool.GetPtr(1), 4000, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(back, sent);
}

TEST(Cuda, KeepsToItsStreamAndLeavesTheCurrentDevice) {
  if (CudaDeviceCount() == 0) GTEST_SKIP() << kNoDevice;
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  int before = -1, after = -1;
  cudaGetDevice(&before);
  {
    CudaMemory on_stream(CudaKind::kStreamOrdered, before, stream), on_last(CudaKind::kDevice, CudaDeviceCount() - 1);
    const Arena one = Arena::From(on_stream, 1 << 20, 4096), two = Arena::From(on_last, 1 << 20);
    cudaGetDevice(&after);
    EXPECT_EQ(after, before);
  }
  cudaGetDevice(&after);
  EXPECT_EQ(after, before);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

}  // namespace
}  // namespace orionrt::tests::memory_cuda_test
