// An address for what has no bytes.
#pragma once

#include <cstddef>

namespace orionrt {

inline constexpr std::size_t kNothingAlignment = 4096;  // bytes, as of an arena of our own

// Where empty tensors lie that no arena has a place for: one that is not null, as for an unknown id, and in no arena.
// Not to be written to.
inline std::byte* Nothing() noexcept {
  alignas(kNothingAlignment) static std::byte nothing{};
  return &nothing;
}

}  // namespace orionrt
