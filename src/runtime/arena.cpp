// A block of memory and whom it goes back to.
#include <string>

#include "orionrt/config.hpp"
#include "orionrt/memory.hpp"

namespace orionrt {
namespace {

// Never destroyed: arenas of static lifetime give back to it after main has ended.
HostMemory& HeapOfHost() {
  static HostMemory& host = *new HostMemory;
  return host;
}

}  // namespace

void Arena::Release::operator()(std::byte* base) const noexcept {
  if (resource != nullptr) resource->Deallocate(base, bytes, alignment);
}

Arena Arena::Host(std::size_t bytes, std::size_t alignment) { return From(HeapOfHost(), bytes, alignment); }

Arena Arena::From(MemoryResource& resource, std::size_t bytes, std::size_t alignment) {
  return Arena(static_cast<std::byte*>(resource.Allocate(bytes, alignment)), Release{&resource, bytes, alignment});
}

Arena Arena::Borrow(void* base, std::size_t bytes) {
  if (base == nullptr && bytes > 0)
    throw Error(ErrorCode::kMisuse, "arena: null memory given for " + std::to_string(bytes) + " bytes");
  return Arena(static_cast<std::byte*>(base), Release{nullptr, bytes, 1});
}

bool Arena::host_accessible() const noexcept {
  const MemoryResource* const resource = base_.get_deleter().resource;
  return base_ == nullptr || resource == nullptr || resource->traits().host_accessible;
}

}  // namespace orionrt
