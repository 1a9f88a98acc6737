#include "pool/fence.hpp"

#include <atomic>
#include <csignal>
#include <mutex>
#include <utility>

#include "base/checked.hpp"
#include "orionrt/config.hpp"

#if defined(__unix__) || defined(__APPLE__)
#define ORIONRT_PAGES 1
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define ORIONRT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ORIONRT_ASAN 1
#endif
#endif
#ifdef ORIONRT_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace orionrt {
namespace {

std::atomic<Fence*> fences[64];

bool HitAny(std::uintptr_t address, Access access) noexcept {
  for (const std::atomic<Fence*>& entry : fences) {
    Fence* const fence = entry.load(std::memory_order_acquire);
    if (fence != nullptr && fence->Hit(address, access)) return true;
  }
  return false;
}

void Enlist(Fence* fence) noexcept {
  for (std::atomic<Fence*>& entry : fences) {
    Fence* none = nullptr;
    if (entry.compare_exchange_strong(none, fence)) return;
  }
}

void Strike(Fence* fence) noexcept {
  for (std::atomic<Fence*>& entry : fences) {
    Fence* self = fence;
    if (entry.compare_exchange_strong(self, nullptr)) return;
  }
}

#ifdef ORIONRT_PAGES
struct sigaction before_segv, before_bus;

Access AccessOf([[maybe_unused]] const void* context) {
#if defined(__linux__) && defined(__x86_64__)
  constexpr int kError = 19;  // REG_ERR; the name needs _GNU_SOURCE. Bit 1 of a page fault's error code: a write
  const auto error = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[kError];
  return (error & 2) != 0 ? Access::kWrite : Access::kRead;
#else
  return Access::kNone;
#endif
}

// Runs on the thread at fault, synchronously, in the op's own code: what the report takes from the heap it can have,
// unless the op handed our memory to the heap.
void OnFault(int signal, siginfo_t* info, void* context) {
  if (HitAny(reinterpret_cast<std::uintptr_t>(info->si_addr), AccessOf(context))) return;
  // None of ours: let the one before have it, as if we had never been here, by running into the fault again.
  sigaction(signal, signal == SIGBUS ? &before_bus : &before_segv, nullptr);
}

void CatchFaults() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_sigaction = OnFault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &before_segv);
    sigaction(SIGBUS, &action, &before_bus);
  });
}
#endif

#ifdef ORIONRT_ASAN
// The sanitizer has written its report and is about to end the process.
void OnAsanReport(const char*) {
  const auto address = reinterpret_cast<std::uintptr_t>(__asan_get_report_address());
  (void)HitAny(address, __asan_get_report_access_type() != 0 ? Access::kWrite : Access::kRead);
}
#endif

}  // namespace

Fence::Fence(std::byte* base, std::size_t bytes, bool pages, bool poison, FenceHit hit)
    : base_(base),
      bytes_(static_cast<std::int64_t>(bytes)),
      pages_(pages),
      poison_(poison && sanitized()),
      hit_(std::move(hit)) {
  if (pages_ && page_bytes() == 0) {
    throw Error(ErrorCode::kUnsupported, "guard: this system has no pages to protect; leave GuardOptions::pages off");
  }
#ifdef ORIONRT_PAGES
  if (pages_) CatchFaults();
#endif
#ifdef ORIONRT_ASAN
  if (poison_) __asan_set_error_report_callback(OnAsanReport);
#endif
  if (pages_ || poison_) Enlist(this);
}

Fence::~Fence() {
  Strike(this);
  OpenAll();
}

bool Fence::sanitized() noexcept {
#ifdef ORIONRT_ASAN
  return true;
#else
  return false;
#endif
}

std::int64_t Fence::page_bytes() noexcept {
#ifdef ORIONRT_PAGES
  return sysconf(_SC_PAGESIZE);
#else
  return 0;
#endif
}

void Fence::OpenAll() noexcept {
  if (bytes_ == 0) return;
  Protect(0, bytes_, Access::kWrite);
#ifdef ORIONRT_ASAN
  if (poison_) __asan_unpoison_memory_region(base_, static_cast<std::size_t>(bytes_));
#endif
}

void Fence::CloseAll() noexcept {
  if (bytes_ == 0) return;
  Protect(0, bytes_, Access::kNone);
#ifdef ORIONRT_ASAN
  if (poison_) __asan_poison_memory_region(base_, static_cast<std::size_t>(bytes_));
#endif
}

void Fence::Open(std::int64_t begin, std::int64_t bytes, Access access) noexcept {
  if (bytes == 0) return;
  Protect(begin, bytes, access);
#ifdef ORIONRT_ASAN
  if (!poison_) return;
  if (access == Access::kNone) {
    __asan_poison_memory_region(base_ + begin, static_cast<std::size_t>(bytes));
  } else {
    __asan_unpoison_memory_region(base_ + begin, static_cast<std::size_t>(bytes));
  }
#endif
}

void Fence::Protect([[maybe_unused]] std::int64_t begin, [[maybe_unused]] std::int64_t bytes,
                    [[maybe_unused]] Access access) noexcept {
#ifdef ORIONRT_PAGES
  if (!pages_) return;
  const std::int64_t page = page_bytes();
  const std::int64_t first = begin & ~(page - 1);
  const int rights = access == Access::kNone ? PROT_NONE : access == Access::kRead ? PROT_READ : PROT_READ | PROT_WRITE;
  (void)mprotect(base_ + first, static_cast<std::size_t>(RoundUp(begin + bytes, page) - first), rights);
#endif
}

bool Fence::Hit(std::uintptr_t address, Access access) noexcept {
  const auto base = reinterpret_cast<std::uintptr_t>(base_);
  if (address < base || address - base >= static_cast<std::uintptr_t>(bytes_)) return false;
  hit_(address, access);
  Protect(static_cast<std::int64_t>(address - base), 1, Access::kWrite);
  return true;
}

}  // namespace orionrt
