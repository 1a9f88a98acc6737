// Records what a buddy is asked for, for `orionrt replay`: requests of a server that come and go. Made
// examples/traces/requests.csv, and makes the same bytes every time.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <vector>

#include "orionrt/formats.hpp"
#include "orionrt/orionrt.hpp"

using namespace orionrt;

int main(int argc, char** argv) try {
  constexpr std::int64_t kCapacity = 1 << 20, kBlock = 256;
  BuddyAllocator buddy(kCapacity, kBlock);
  BuddyRing ring(512);
  BuddyRecorder recorder(buddy, ring);

  std::vector<std::int64_t> alive;
  std::uint32_t random = 1;
  for (int request = 0; request < 240; ++request) {
    random = random * 1664525U + 1013904223U;  // a linear congruence: no library's generator, the same everywhere
    const std::int64_t bytes = 200 + (random >> 16) % 60000;
    if (const std::int64_t offset = recorder.Allocate(bytes, request); offset != kNoSpace) alive.push_back(offset);
    if (alive.size() > 10 + (random >> 8) % 12) {
      const std::size_t which = (random >> 4) % alive.size();
      (void)recorder.Free(alive[which], request);
      alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }
  const BuddyTrace trace{kCapacity, kBlock, ring.Events()};
  WriteFile(argc > 1 ? argv[1] : "-", WriteBuddyTrace(trace));
  return ring.lost() == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "record_trace: %s\n", error.what());
  return 1;
}
