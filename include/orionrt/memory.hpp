// Where memory comes from: arenas that plans lie in, one small interface to whatever gives out memory, and the
// resources of the host. Devices: cuda.hpp, opencl.hpp.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "orionrt/config.hpp"

namespace orionrt {

class MemoryResource;

inline constexpr std::size_t kArenaAlignment = 64;  // bytes; a cache line, and the widest vector register

// One contiguous range of memory, its own or borrowed. Movable, not copyable; what is moved from is empty.
class ORIONRT_API Arena {
 public:
  // Host memory, taken now and given back by the destructor. Not touched: pages come on first use.
  // Throws Error: kOutOfMemory when the system refuses, kMisuse for an alignment that is no power of two.
  static Arena Host(std::size_t bytes, std::size_t alignment = kArenaAlignment);

  // A block of `resource` (memory.hpp), which must outlive the arena: the destructor gives the block back. Where the
  // resource is not host_accessible, base() is an address for the device only. Throws what its Allocate throws.
  static Arena From(MemoryResource& resource, std::size_t bytes, std::size_t alignment = kArenaAlignment);

  // The caller's memory, which must outlive the arena. `base` may be null only when `bytes` is 0.
  static Arena Borrow(void* base, std::size_t bytes);

  std::byte* base() const noexcept { return base_.get(); }
  std::size_t bytes() const noexcept { return base_ == nullptr ? 0 : base_.get_deleter().bytes; }

  // Whether the host may read and write through base(): as the resource says, and true of borrowed memory.
  bool host_accessible() const noexcept;

 private:
  struct Release {
    MemoryResource* resource;  // null: borrowed
    std::size_t bytes;
    std::size_t alignment;
    void operator()(std::byte* base) const noexcept;
  };
  Arena(std::byte* base, const Release& release) : base_(base, release) {}

  std::unique_ptr<std::byte, Release> base_;
};

struct MemoryTraits {
  std::string name;             // what messages call it
  bool host_accessible = true;  // whether the host may read and write through the address
  std::size_t alignment = 1;    // bytes: what every block has without being asked
  std::size_t granularity = 1;  // bytes: blocks take a multiple of it
  std::size_t capacity = 0;     // bytes in all; 0: not known
};

// Hands out blocks of memory. To write one of your own, give traits and the two private verbs.
// A resource must outlive its blocks, and every Arena over it.
class ORIONRT_API MemoryResource {
 public:
  virtual ~MemoryResource() = default;
  MemoryResource(const MemoryResource&) = delete;
  MemoryResource& operator=(const MemoryResource&) = delete;

  // A block of at least `bytes`, its address a multiple of `alignment` (a power of two); for the device, not the host,
  // where the traits say so. Not touched, unless the resource says so. 0 bytes are served as 1: an address of its own.
  // Throws Error: kOutOfMemory (bytes and name), kMisuse for the alignment, or for a resource that breaks its promise.
  void* Allocate(std::size_t bytes, std::size_t alignment);

  // Gives back what Allocate returned for the same `bytes` and `alignment`; null is ignored.
  void Deallocate(void* base, std::size_t bytes, std::size_t alignment) noexcept;

  const MemoryTraits& traits() const noexcept { return traits_; }

 protected:
  explicit MemoryResource(MemoryTraits traits) : traits_(std::move(traits)) {}

  // Throws kOutOfMemory: "NAME: WHY; REMEDY".
  [[noreturn]] void Refuse(const std::string& why) const;

 private:
  // The arguments are checked: `bytes` > 0, `alignment` a power of two, their sum within 63 bits.
  // Null, or std::bad_alloc, when there is none: the caller gets the Error. Any other Error passes through.
  virtual void* DoAllocate(std::size_t bytes, std::size_t alignment) = 0;
  virtual void DoDeallocate(void* base, std::size_t bytes, std::size_t alignment) noexcept = 0;

  MemoryTraits traits_;
};

// The C++ heap. For several threads.
class ORIONRT_API HostMemory : public MemoryResource {
 public:
  HostMemory();

 private:
  void* DoAllocate(std::size_t bytes, std::size_t alignment) override;
  void DoDeallocate(void* base, std::size_t bytes, std::size_t alignment) noexcept override;
};

inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

// Host memory for large arenas: whole, aligned pages of 2 MiB, asked of Linux as transparent huge pages, and by
// default filled in by Allocate, so that nobody waits at the first touch. Where the system has no huge pages (other
// systems; /sys/kernel/mm/transparent_hugepage/enabled says never) the same with ordinary ones. For several threads.
class ORIONRT_API HugePageMemory : public MemoryResource {
 public:
  explicit HugePageMemory(bool prefault = true);

 private:
  void* DoAllocate(std::size_t bytes, std::size_t alignment) override;
  void DoDeallocate(void* base, std::size_t bytes, std::size_t alignment) noexcept override;

  bool prefault_;
};

// Blocks of one range that the caller owns and that must outlive them: a static array, shared memory, a reserved range
// of a device. The range is never touched; first fit, lowest address first, O(blocks). For one thread at a time.
class ORIONRT_API BorrowedMemory : public MemoryResource {
 public:
  // Throws Error (kMisuse): `base` null while `bytes` are not 0.
  BorrowedMemory(void* base, std::size_t bytes, bool host_accessible = true);

 protected:
  BorrowedMemory(MemoryTraits traits, std::uintptr_t base);

 private:
  struct Block {
    std::size_t bytes;
    bool free;
  };
  void* DoAllocate(std::size_t bytes, std::size_t alignment) override;
  void DoDeallocate(void* base, std::size_t bytes, std::size_t alignment) noexcept override;
  void MergeWithNext(std::map<std::uintptr_t, Block>::iterator block) noexcept;

  std::map<std::uintptr_t, Block> blocks_;  // by address; they tile the range, no two free ones side by side
};

using BufferMemory = BorrowedMemory;  // the name of before

// A device that is not there: hands out addresses with nothing behind them, up to 2^62 bytes, so that a machine of any
// size can be planned for. Reading or writing through them ends the program (with pointers of 32 bits the addresses may
// be its own). For one thread at a time.
class ORIONRT_API SimulatedMemory : public BorrowedMemory {
 public:
  // Throws Error (kMisuse) for more than 2^62 bytes; with pointers of 32 bits, 2^30.
  explicit SimulatedMemory(std::size_t capacity);
};

struct MemoryEvent {
  enum class Kind { kAllocated, kDeallocated, kRefused };
  Kind kind;
  const void* base;  // null when refused
  std::size_t bytes, alignment;
};

struct MemoryStats {
  std::size_t used_bytes = 0;        // alive now, in whole granules of the upstream resource
  std::size_t requested_bytes = 0;   // alive now, as asked for
  std::size_t high_water_bytes = 0;  // the most that used_bytes has been
  std::size_t allocations = 0;       // alive now
  std::size_t total_allocations = 0;
  std::size_t refusals = 0;
};

// Another resource, counted, limited and logged. The upstream must outlive it. As thread-safe as the upstream; a call
// costs a few atomic operations more.
class ORIONRT_API TrackedMemory : public MemoryResource {
 public:
  using Log = std::function<void(const MemoryEvent&)>;

  // `limit`: used_bytes never pass it; Allocate refuses instead. None: no limit. `log` is called after each event on
  // the thread that caused it; it must not throw, nor use this resource.
  explicit TrackedMemory(MemoryResource& upstream, std::optional<std::size_t> limit = {}, Log log = {});

  // Six loads; of one moment only while no other thread allocates.
  MemoryStats stats() const noexcept;

 private:
  void* DoAllocate(std::size_t bytes, std::size_t alignment) override;
  void DoDeallocate(void* base, std::size_t bytes, std::size_t alignment) noexcept override;
  std::size_t Granules(std::size_t bytes) const noexcept;
  void Note(MemoryEvent::Kind kind, const void* base, std::size_t bytes, std::size_t alignment) const;

  MemoryResource& upstream_;
  std::size_t limit_;
  Log log_;
  std::atomic<std::size_t> used_{0}, requested_{0}, high_water_{0}, alive_{0}, total_{0}, refusals_{0};
};

}  // namespace orionrt
