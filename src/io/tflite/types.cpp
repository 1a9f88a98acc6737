#include "io/tflite/types.hpp"

#include "base/checked.hpp"

namespace orionrt::tflite_import {
namespace {

struct TypeRow {
  const char* name;
  int bits;
};

// By the number that the format gives the type.
constexpr TypeRow kTypes[] = {
    {"float32", 32},
    {"float16", 16},
    {"int32", 32},
    {"uint8", 8},
    {"int64", 64},
    {"string", 0},
    {"bool", 8},
    {"int16", 16},
    {"complex64", 64},
    {"int8", 8},
    {"float64", 64},
    {"complex128", 128},
    {"uint64", 64},
    {"resource", 32},  // a handle; what it stands for lies
                       // elsewhere
    {"variant", 0},
    {"uint32", 32},
    {"uint16", 16},
    {"int4", 4},
    {"bfloat16", 16},
    {"int2", 2},
    {"uint4", 4},
    {"float8_e4m3fn", 8},
    {"float8_e5m2", 8},
};
constexpr int kTypeCount = sizeof(kTypes) / sizeof(kTypes[0]);

}  // namespace

std::string TypeName(int type) {
  return type >= 0 && type < kTypeCount ? kTypes[type].name : "type " + std::to_string(type);
}

int TypeBits(int type) { return type >= 0 && type < kTypeCount ? kTypes[type].bits : 0; }

std::optional<std::int64_t> ByteCount(int type, const Dims& dims) {
  constexpr std::int64_t kMost = std::int64_t{1} << 62;
  std::int64_t bits = TypeBits(type);
  for (std::int64_t dim : dims) {
    if (dim == 0) return 0;  // whatever the others are
  }
  for (std::int64_t dim : dims) {
    if (dim < 0 || !CheckedMul(bits, dim, &bits) || bits > kMost) return std::nullopt;
  }
  return bits / 8 + (bits % 8 != 0 ? 1 : 0);
}

}  // namespace orionrt::tflite_import
