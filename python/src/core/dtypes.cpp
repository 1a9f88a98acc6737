#include "core/dtypes.hpp"

#include "base/checked.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"

namespace orionrt::python {
namespace {

using Code = nanobind::dlpack::dtype_code;

struct Row {
  const char* name;
  int bits;
  std::optional<Code> code;  // none: arrays have no such elements
};
constexpr Row kTypes[] = {
    {"bool", 8, Code::Bool},          {"int8", 8, Code::Int},
    {"int16", 16, Code::Int},         {"int32", 32, Code::Int},
    {"int64", 64, Code::Int},         {"uint8", 8, Code::UInt},
    {"uint16", 16, Code::UInt},       {"uint32", 32, Code::UInt},
    {"uint64", 64, Code::UInt},       {"float16", 16, Code::Float},
    {"float32", 32, Code::Float},     {"float64", 64, Code::Float},
    {"complex64", 64, Code::Complex}, {"complex128", 128, Code::Complex},
    {"bfloat16", 16, std::nullopt},   {"float8_e4m3fn", 8, std::nullopt},
    {"float8_e5m2", 8, std::nullopt}, {"int4", 4, std::nullopt},
    {"uint4", 4, std::nullopt},       {"int2", 2, std::nullopt},
};

const Row* Find(const std::string& dtype) {
  for (const Row& row : kTypes) {
    if (dtype == row.name) return &row;
  }
  return nullptr;
}

}  // namespace

std::optional<int> BitsOf(const std::string& dtype) {
  const Row* const row = Find(dtype);
  return row == nullptr ? std::nullopt : std::optional<int>(row->bits);
}

std::optional<nanobind::dlpack::dtype> ArrayTypeOf(const std::string& dtype) {
  const Row* const row = Find(dtype);
  if (row == nullptr || !row->code) return std::nullopt;
  return nanobind::dlpack::dtype{static_cast<std::uint8_t>(*row->code), static_cast<std::uint8_t>(row->bits), 1};
}

std::int64_t BytesOf(const std::string& dtype, const std::vector<std::int64_t>& shape, const std::string& label) {
  const auto fail = [&](const std::string& why) { throw Error(ErrorCode::kBadInput, label + ": " + why); };
  const std::optional<int> known = BitsOf(dtype);
  if (!known) fail("dtype \"" + Printable(dtype) + "\" does not tell its bytes; give them");
  std::int64_t bits = *known;
  for (const std::int64_t dim : shape) {
    if (dim < 0) fail("a dimension of " + std::to_string(dim) + " in its shape");
    if (!CheckedMul(bits, dim, &bits)) fail("a shape whose bytes pass 63 bits");
  }
  return bits / 8 + (bits % 8 != 0 ? 1 : 0);
}

}  // namespace orionrt::python
