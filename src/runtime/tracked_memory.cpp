// A resource that counts, limits and logs what another one gives.
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "orionrt/config.hpp"
#include "orionrt/memory.hpp"

namespace orionrt {
namespace {

MemoryTraits Limited(MemoryTraits traits, std::optional<std::size_t> limit) {
  if (limit) traits.capacity = traits.capacity > 0 ? std::min(traits.capacity, *limit) : *limit;
  return traits;
}

}  // namespace

TrackedMemory::TrackedMemory(MemoryResource& upstream, std::optional<std::size_t> limit, Log log)
    : MemoryResource(Limited(upstream.traits(), limit)),
      upstream_(upstream),
      limit_(limit.value_or(std::numeric_limits<std::size_t>::max())),
      log_(std::move(log)) {}

void* TrackedMemory::DoAllocate(std::size_t bytes, std::size_t alignment) {
  const std::size_t granules = Granules(bytes);
  std::size_t used = used_.load(std::memory_order_relaxed);
  do {
    if (granules > limit_ - used) {
      ++refusals_;
      Note(MemoryEvent::Kind::kRefused, nullptr, bytes, alignment);
      Refuse(std::to_string(bytes) + " bytes more would pass the limit of " + std::to_string(limit_) + " set for it, " +
             std::to_string(used) + " being used");
    }
  } while (!used_.compare_exchange_weak(used, used + granules, std::memory_order_relaxed));
  void* base = nullptr;
  try {
    base = upstream_.Allocate(bytes, alignment);
  } catch (...) {
    used_ -= granules;
    ++refusals_;
    Note(MemoryEvent::Kind::kRefused, nullptr, bytes, alignment);
    throw;
  }
  std::size_t high = high_water_.load(std::memory_order_relaxed);
  while (high < used + granules && !high_water_.compare_exchange_weak(high, used + granules)) continue;
  requested_ += bytes;
  ++alive_;
  ++total_;
  Note(MemoryEvent::Kind::kAllocated, base, bytes, alignment);
  return base;
}

void TrackedMemory::DoDeallocate(void* base, std::size_t bytes, std::size_t alignment) noexcept {
  upstream_.Deallocate(base, bytes, alignment);
  used_ -= Granules(bytes);
  requested_ -= bytes;
  --alive_;
  Note(MemoryEvent::Kind::kDeallocated, base, bytes, alignment);
}

MemoryStats TrackedMemory::stats() const noexcept {
  return {used_, requested_, high_water_, alive_, total_, refusals_};
}

std::size_t TrackedMemory::Granules(std::size_t bytes) const noexcept {
  const std::size_t granule = std::max<std::size_t>(traits().granularity, 1);
  return (bytes + granule - 1) / granule * granule;
}

void TrackedMemory::Note(MemoryEvent::Kind kind, const void* base, std::size_t bytes, std::size_t alignment) const {
  if (log_) log_({kind, base, bytes, alignment});
}

}  // namespace orionrt
