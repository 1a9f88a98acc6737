#include "core/dtypes.hpp"

#include "base/checked.hpp"
#include "base/text.hpp"
#include "io/words.hpp"
#include "orionrt/config.hpp"

namespace orionrt::python {
namespace {

using Code = nanobind::dlpack::dtype_code;

// Of the types that arrays have: bfloat16, float8 and less than a byte are none.
std::optional<Code> CodeOf(const std::string& dtype) {
  if (dtype == "bool") return Code::Bool;
  constexpr std::pair<const char*, Code> kFamilies[] = {
      {"int", Code::Int}, {"uint", Code::UInt}, {"float", Code::Float}, {"complex", Code::Complex}};
  for (const auto& [family, code] : kFamilies) {
    for (const int bits : {8, 16, 32, 64, 128}) {
      if (dtype == family + std::to_string(bits)) return code;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<int> BitsOf(const std::string& dtype) {
  for (const auto& [name, bits] : kElementBits) {
    if (dtype == name) return bits;
  }
  return std::nullopt;
}

std::optional<nanobind::dlpack::dtype> ArrayTypeOf(const std::string& dtype) {
  const std::optional<int> bits = BitsOf(dtype);
  const std::optional<Code> code = CodeOf(dtype);
  if (!bits || !code) return std::nullopt;
  return nanobind::dlpack::dtype{static_cast<std::uint8_t>(*code), static_cast<std::uint8_t>(*bits), 1};
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
