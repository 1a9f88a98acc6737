// Ids and positions are int; standard containers count in size_t.
#pragma once

#include <cstddef>

namespace orionrt {

// REQUIRES: index >= 0.
inline std::size_t At(int index) { return static_cast<std::size_t>(index); }

}  // namespace orionrt
