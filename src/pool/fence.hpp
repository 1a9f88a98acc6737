// Makes bytes untouchable: by page protection, and by AddressSanitizer where it is compiled in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace orionrt {

enum class Access { kNone, kRead, kWrite };

// What became known of a touch that was stopped: the address, and how (kNone: not known).
using FenceHit = std::function<void(std::uintptr_t address, Access access)>;

// One region. While it stands its address is in a table that the handlers of faults search, so it does not move. Up to
// 64 fences at once are found; with more, a fault is the system's.
class Fence {
 public:
  // With `pages` the region starts and ends on pages, and `hit` is called from a signal handler; by the sanitizer's
  // hand otherwise. Throws Error (kUnsupported) where there are no pages to protect.
  Fence(std::byte* base, std::size_t bytes, bool pages, bool poison, FenceHit hit);
  ~Fence();
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;

  // Nothing is closed, or all of it.
  void OpenAll() noexcept;
  void CloseAll() noexcept;

  // Opens [begin, begin + bytes), or closes it again (kNone), and of its pages all that these bytes touch.
  void Open(std::int64_t begin, std::int64_t bytes, Access access) noexcept;

  // For the handlers: whether the address was here; if so it is reported, and its page opened, so that execution can go
  // on.
  bool Hit(std::uintptr_t address, Access access) noexcept;

  bool poisons() const noexcept { return poison_; }

  static bool sanitized() noexcept;           // whether `poison` does anything
  static std::int64_t page_bytes() noexcept;  // 0 where pages cannot be protected

 private:
  void Protect(std::int64_t begin, std::int64_t bytes, Access access) noexcept;

  std::byte* base_;
  std::int64_t bytes_;
  bool pages_;
  bool poison_;
  FenceHit hit_;
};

}  // namespace orionrt
