#include "orionrt/arena.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>

#include "orionrt/error.hpp"

namespace orionrt {

void Arena::Release::operator()(std::byte* base) const noexcept {
  if (alignment != 0) ::operator delete (base, std::align_val_t{alignment});
}

Arena Arena::Host(std::size_t bytes, std::size_t alignment) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
    throw Error(ErrorCode::kMisuse, "arena: alignment " + std::to_string(alignment) + " is not a power of two");
  }
  if (bytes > SIZE_MAX - alignment) {
    throw Error(ErrorCode::kOutOfMemory, "arena: " + std::to_string(bytes) + " bytes are more than there can be");
  }
  void* base = ::operator new (std::max<std::size_t>(bytes, 1), std::align_val_t{alignment}, std::nothrow);
  if (base == nullptr) {
    throw Error(ErrorCode::kOutOfMemory, "arena: the system refused " + std::to_string(bytes) + " bytes");
  }
  return Arena(static_cast<std::byte*>(base), bytes, alignment);
}

Arena Arena::Borrow(void* base, std::size_t bytes) {
  if (base == nullptr && bytes > 0)
    throw Error(ErrorCode::kMisuse, "arena: null memory given for " + std::to_string(bytes) + " bytes");
  return Arena(static_cast<std::byte*>(base), bytes, 0);
}

}  // namespace orionrt
