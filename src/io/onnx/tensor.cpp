#include "io/onnx/tensor.hpp"

#include <cstring>

namespace orionrt::onnx_import {
namespace {

using onnx::TensorProto;

struct DtypeRow {
  int dtype;
  const char* name;
  int bits;
};

// Numbers from onnx.proto; those beyond the library's own (17 and up) come with later versions of the format.
constexpr DtypeRow kDtypes[] = {
    {1, "float32", 32},      {2, "uint8", 8},           {3, "int8", 8},          {4, "uint16", 16},
    {5, "int16", 16},        {6, "int32", 32},          {7, "int64", 64},        {8, "string", 0},
    {9, "bool", 8},          {10, "float16", 16},       {11, "float64", 64},     {12, "uint32", 32},
    {13, "uint64", 64},      {14, "complex64", 64},     {15, "complex128", 128}, {16, "bfloat16", 16},
    {17, "float8e4m3fn", 8}, {18, "float8e4m3fnuz", 8}, {19, "float8e5m2", 8},   {20, "float8e5m2fnuz", 8},
    {21, "uint4", 4},        {22, "int4", 4},           {23, "float4e2m1", 4},   {24, "float8e8m0", 8},
    {25, "uint2", 2},        {26, "int2", 2},
};

const DtypeRow* FindDtype(int dtype) {
  for (const DtypeRow& row : kDtypes) {
    if (row.dtype == dtype) return &row;
  }
  return nullptr;
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

bool IsRealType(int dtype) { return dtype == TensorProto::FLOAT || dtype == TensorProto::DOUBLE; }

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
