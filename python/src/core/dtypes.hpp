// Element types by the names that graphs give them.
#pragma once

#include <nanobind/ndarray.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace orionrt::python {

// Bits of an element; nothing for a name that is not known.
std::optional<int> BitsOf(const std::string& dtype);

// As arrays have it; nothing for types that numpy does not have: bfloat16, 8-bit floats, less than a byte.
std::optional<nanobind::dlpack::dtype> ArrayTypeOf(const std::string& dtype);

// The bytes of all elements; throws Error (kBadInput) for an unknown type, a negative dimension, and more than 63 bits.
std::int64_t BytesOf(const std::string& dtype, const std::vector<std::int64_t>& shape, const std::string& label);

}  // namespace orionrt::python
