#include "io/onnx/tensor.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace orionrt::onnx_import {
namespace {

using onnx::TensorProto;

struct DtypeRow {
  int dtype, bits;
  const char* name;
};

// Numbers from onnx.proto; those beyond the library's own (17 and up) come with later versions of the format.
constexpr DtypeRow kDtypes[] = {
    {1, 32, "float32"},      {2, 8, "uint8"},           {3, 8, "int8"},          {4, 16, "uint16"},
    {5, 16, "int16"},        {6, 32, "int32"},          {7, 64, "int64"},        {8, 0, "string"},
    {9, 8, "bool"},          {10, 16, "float16"},       {11, 64, "float64"},     {12, 32, "uint32"},
    {13, 64, "uint64"},      {14, 64, "complex64"},     {15, 128, "complex128"}, {16, 16, "bfloat16"},
    {17, 8, "float8e4m3fn"}, {18, 8, "float8e4m3fnuz"}, {19, 8, "float8e5m2"},   {20, 8, "float8e5m2fnuz"},
    {21, 4, "uint4"},        {22, 4, "int4"},           {23, 4, "float4e2m1"},   {24, 8, "float8e8m0"},
    {25, 2, "uint2"},        {26, 2, "int2"},
};

const DtypeRow* FindDtype(int dtype) {
  for (const DtypeRow& row : kDtypes) {
    if (row.dtype == dtype) return &row;
  }
  return nullptr;
}

double FromHalf(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double size = exponent == 31  ? (fraction == 0 ? HUGE_VAL : std::nan(""))
                      : exponent == 0 ? std::ldexp(fraction, -24)
                                      : std::ldexp(fraction + 1024, exponent - 25);
  return (bits & 0x8000) != 0 ? -size : size;
}

double FromBrain(std::uint16_t bits) {
  const std::uint32_t wide = std::uint32_t{bits} << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

double FromBits(int dtype, std::uint16_t bits) {
  return dtype == TensorProto::FLOAT16 ? FromHalf(bits) : FromBrain(bits);
}

// The inverse, of what RoundReal gives.
std::uint16_t ToBits(int dtype, double value) {
  if (dtype == TensorProto::BFLOAT16) {
    const float narrow = static_cast<float>(value);
    std::uint32_t bits;
    std::memcpy(&bits, &narrow, sizeof bits);
    return static_cast<std::uint16_t>(bits >> 16);
  }
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double size = std::fabs(value);
  if (std::isnan(size)) return 0x7e00;
  if (std::isinf(size)) return sign | 0x7c00;
  if (size < std::ldexp(1, -14)) return sign | static_cast<std::uint16_t>(std::ldexp(size, 24));
  int exponent = 0;
  const double fraction = std::frexp(size, &exponent);  // in [0.5, 1)
  return static_cast<std::uint16_t>(sign | ((exponent + 14) << 10) |
                                    (static_cast<int>(std::ldexp(fraction, 11)) - 1024));
}

// To so many bits of fraction, the first one included, ties to the even one; none is finer than 2^least.
double RoundTo(double value, int bits, int least) {
  if (value == 0 || !std::isfinite(value)) return value;
  int exponent = 0;
  std::frexp(value, &exponent);
  const int unit = std::max(exponent - bits, least);
  return std::ldexp(std::nearbyint(std::ldexp(value, -unit)), unit);
}

template <typename T, typename Out>
bool CopyRaw(const std::string& raw, std::size_t count, std::vector<Out>& out) {
  if (raw.size() != count * sizeof(T)) return false;
  for (std::size_t i = 0; i < count; ++i) {
    T element;  // little-endian in the file, as on every machine this runs on
    std::memcpy(&element, raw.data() + i * sizeof(T), sizeof(T));
    out.push_back(static_cast<Out>(element));
  }
  return true;
}

template <typename Field, typename Out>
bool CopyField(const Field& field, std::size_t count, std::vector<Out>& out) {
  if (static_cast<std::size_t>(field.size()) != count) return false;
  out.assign(field.begin(), field.end());
  return true;
}

bool ReadRaw(const TensorProto& proto, std::size_t count, Value& value) {
  const std::string& raw = proto.raw_data();
  switch (value.dtype) {
    case TensorProto::FLOAT:
      return CopyRaw<float>(raw, count, value.reals);
    case TensorProto::DOUBLE:
      return CopyRaw<double>(raw, count, value.reals);
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16: {
      std::vector<std::uint16_t> bits;
      if (!CopyRaw<std::uint16_t>(raw, count, bits)) return false;
      for (const std::uint16_t each : bits) value.reals.push_back(FromBits(value.dtype, each));
      return true;
    }
    case TensorProto::INT64:
      return CopyRaw<std::int64_t>(raw, count, value.ints);
    case TensorProto::INT32:
      return CopyRaw<std::int32_t>(raw, count, value.ints);
    case TensorProto::INT16:
      return CopyRaw<std::int16_t>(raw, count, value.ints);
    case TensorProto::INT8:
      return CopyRaw<std::int8_t>(raw, count, value.ints);
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return CopyRaw<std::uint8_t>(raw, count, value.ints);
    case TensorProto::UINT16:
      return CopyRaw<std::uint16_t>(raw, count, value.ints);
    case TensorProto::UINT32:
      return CopyRaw<std::uint32_t>(raw, count, value.ints);
    case TensorProto::UINT64:
      return CopyRaw<std::uint64_t>(raw, count, value.ints);
    default:
      return false;
  }
}

bool ReadFields(const TensorProto& proto, std::size_t count, Value& value) {
  switch (value.dtype) {
    case TensorProto::FLOAT:
      return CopyField(proto.float_data(), count, value.reals);
    case TensorProto::DOUBLE:
      return CopyField(proto.double_data(), count, value.reals);
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      if (static_cast<std::size_t>(proto.int32_data_size()) != count) return false;
      for (const std::int32_t bits : proto.int32_data()) {
        value.reals.push_back(FromBits(value.dtype, static_cast<std::uint16_t>(bits)));
      }
      return true;
    case TensorProto::INT64:
      return CopyField(proto.int64_data(), count, value.ints);
    case TensorProto::UINT32:
    case TensorProto::UINT64:
      return CopyField(proto.uint64_data(), count, value.ints);
    default:
      return CopyField(proto.int32_data(), count, value.ints);
  }
}

}  // namespace

bool IsRealType(int dtype) {
  return dtype == TensorProto::FLOAT || dtype == TensorProto::DOUBLE || dtype == TensorProto::FLOAT16 ||
         dtype == TensorProto::BFLOAT16;
}

double RoundReal(double value, int dtype) {
  switch (dtype) {
    case TensorProto::FLOAT:
      return static_cast<double>(static_cast<float>(value));
    case TensorProto::FLOAT16: {
      const double rounded = RoundTo(value, 11, -24);
      return std::fabs(rounded) > 65504 ? std::copysign(HUGE_VAL, rounded) : rounded;
    }
    case TensorProto::BFLOAT16:
      return static_cast<double>(static_cast<float>(RoundTo(value, 8, -133)));
    default:
      return value;
  }
}

bool IsIntegerType(int dtype) {
  return (dtype >= TensorProto::UINT8 && dtype <= TensorProto::INT64) || dtype == TensorProto::BOOL ||
         dtype == TensorProto::UINT32 || dtype == TensorProto::UINT64;
}

bool Value::IsReal() const { return IsRealType(dtype); }

std::string DtypeName(int dtype) {
  const DtypeRow* row = FindDtype(dtype);
  return row ? row->name : "type " + std::to_string(dtype);
}

int DtypeBits(int dtype) {
  const DtypeRow* row = FindDtype(dtype);
  return row ? row->bits : 0;
}

std::optional<std::int64_t> ElementCount(const Dims& dims) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 62;
  std::int64_t count = 1;
  bool empty = false;
  for (std::int64_t dim : dims) {
    if (dim < 0 || dim > kMostExtent) return std::nullopt;
    if (dim == 0) empty = true;
    if (dim > 0 && count > kLimit / dim) return std::nullopt;
    if (dim > 0) count *= dim;
  }
  return empty ? 0 : count;
}

std::optional<std::int64_t> ByteCount(int dtype, const Dims& dims) {
  const std::optional<std::int64_t> count = ElementCount(dims);
  const int bits = DtypeBits(dtype);
  if (!count || bits == 0) return std::nullopt;
  if (bits < 8) return *count / (8 / bits) + (*count % (8 / bits) != 0);
  if (*count > (std::int64_t{1} << 62) / (bits / 8)) return std::nullopt;
  return *count * (bits / 8);
}

std::string DimsText(const Dims& dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) text += (i ? "," : "") + std::to_string(dims[i]);
  return text + "]";
}

std::string ShapeOption(const Dims& dims) {
  std::string text;
  for (const std::int64_t dim : dims) text += (text.empty() ? "" : "x") + std::to_string(dim);
  return text;
}

std::optional<Value> ReadValue(const TensorProto& proto) {
  Value value;
  value.dtype = proto.data_type();
  if (!IsRealType(value.dtype) && !IsIntegerType(value.dtype)) return std::nullopt;
  if (proto.data_location() == TensorProto::EXTERNAL || proto.has_segment()) return std::nullopt;
  value.dims.assign(proto.dims().begin(), proto.dims().end());
  const std::optional<std::int64_t> count = ElementCount(value.dims);
  if (!count || *count > kMaxValueElements) return std::nullopt;
  const bool read = proto.has_raw_data() ? ReadRaw(proto, static_cast<std::size_t>(*count), value)
                                         : ReadFields(proto, static_cast<std::size_t>(*count), value);
  if (!read) return std::nullopt;
  return value;
}

TensorProto ToTensorProto(const Value& value) {
  TensorProto proto;
  proto.set_data_type(value.dtype);
  for (std::int64_t dim : value.dims) proto.add_dims(dim);
  switch (value.dtype) {
    case TensorProto::FLOAT:
      for (double x : value.reals) proto.add_float_data(static_cast<float>(x));
      break;
    case TensorProto::DOUBLE:
      for (double x : value.reals) proto.add_double_data(x);
      break;
    case TensorProto::INT64:
      for (std::int64_t x : value.ints) proto.add_int64_data(x);
      break;
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      for (double x : value.reals) proto.add_int32_data(ToBits(value.dtype, x));
      break;
    case TensorProto::UINT32:
    case TensorProto::UINT64:
      for (std::int64_t x : value.ints) proto.add_uint64_data(static_cast<std::uint64_t>(x));
      break;
    default:
      for (std::int64_t x : value.ints) proto.add_int32_data(static_cast<std::int32_t>(x));
  }
  return proto;
}

onnx::TypeProto MakeType(int dtype, const std::optional<Dims>& dims) {
  onnx::TypeProto type;
  type.mutable_tensor_type()->set_elem_type(dtype);
  if (dims) {
    auto* shape = type.mutable_tensor_type()->mutable_shape();
    for (std::int64_t dim : *dims) shape->add_dim()->set_dim_value(dim);
  }
  return type;
}

void Tensor::SetType(onnx::TypeProto type) {
  dims.reset();
  dtype = type.has_tensor_type() ? type.tensor_type().elem_type() : 0;
  open_type = std::move(type);
  if (!open_type.has_tensor_type() || !open_type.tensor_type().has_shape()) return;
  Dims known;
  for (const auto& dim : open_type.tensor_type().shape().dim()) {
    if (!dim.has_dim_value()) return;
    known.push_back(dim.dim_value());
  }
  dims = std::move(known);
  open_type = onnx::TypeProto();
}

onnx::TypeProto Tensor::Type() const { return dims ? MakeType(dtype, dims) : open_type; }

const Value* Tensor::KnownValue() {
  if (!value && data) {
    const onnx::TensorProto* proto = data;
    const bool small = dims && ElementCount(*dims).value_or(kMaxValueElements + 1) <= kMaxValueElements;
    if (small && proto->data_location() == TensorProto::EXTERNAL) missing = this;
    if (missing != this) data = nullptr;
    if (std::optional<Value> found = ReadValue(*proto)) value = std::make_shared<const Value>(std::move(*found));
  }
  return value.get();
}

}  // namespace orionrt::onnx_import
