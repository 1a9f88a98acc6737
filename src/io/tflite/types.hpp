// Element types of TFLite.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace orionrt::tflite_import {

using Dims = std::vector<std::int64_t>;

// "float32"; "type 42" for one that is not known.
std::string TypeName(int type);

// Of one element; 0 where the size shows only at run time (string, variant), and for unknown types.
int TypeBits(int type);

// Sub-byte elements are packed, and the last byte of the tensor filled up. Nothing past 62 bits.
std::optional<std::int64_t> ByteCount(int type, const Dims& dims);

}  // namespace orionrt::tflite_import
