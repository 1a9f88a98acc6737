// Ids and positions are int; standard containers count in size_t.
#pragma once

#include <cstddef>
#include <type_traits>

namespace orionrt {

// REQUIRES: index >= 0.
template <typename Integer>
constexpr std::size_t At(Integer index) {
  static_assert(std::is_integral_v<Integer>);
  return static_cast<std::size_t>(index);
}

}  // namespace orionrt
