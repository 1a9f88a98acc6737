// Resources that several threads may share; run under the thread sanitizer too.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/memory.hpp"

namespace orionrt::memory_threads_test {
namespace {

TEST(Threads, ShareATrackedResource) {
  constexpr std::size_t kLimit = 40000;
  HostMemory host;
  TrackedMemory memory(host, kLimit);
  std::vector<std::size_t> refused(8, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t round = 0; round < 500; ++round) {
        const std::size_t bytes = 1 + round * 977 % 10000;
        try {
          void* const base = memory.Allocate(bytes, 64);
          static_cast<volatile char*>(base)[bytes - 1] = 1;
          memory.Deallocate(base, bytes, 64);
        } catch (const Error&) {
          ++refused[static_cast<std::size_t>(t)];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::size_t refusals = 0;
  for (const std::size_t count : refused) refusals += count;
  const MemoryStats stats = memory.stats();
  EXPECT_EQ(stats.refusals, refusals);
  EXPECT_EQ(stats.total_allocations, 4000 - refusals);
  EXPECT_EQ(stats.used_bytes + stats.requested_bytes + stats.allocations, 0u);
  EXPECT_LE(stats.high_water_bytes, kLimit);
  EXPECT_GE(stats.high_water_bytes, 1u);
}

}  // namespace
}  // namespace orionrt::memory_threads_test
