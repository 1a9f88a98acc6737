// How a thread waits for a LockedBuddy: it looks for a while, then lets others run.
#include <thread>

#include "orionrt/buddy_adaptors.hpp"

namespace orionrt {
namespace {

// Looks at the lock, some hundreds of cycles in all, before the core is yielded: the holder needs a few tens.
constexpr int kLooks = 64;

void Pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void LockedBuddy::Wait(std::atomic<bool>& busy) noexcept {
  for (int looks = 0;;) {
    if (!busy.load(std::memory_order_relaxed) && !busy.exchange(true, std::memory_order_acquire)) return;
    if (++looks < kLooks) {
      Pause();
    } else {
      std::this_thread::yield();
      looks = 0;
    }
  }
}

}  // namespace orionrt
