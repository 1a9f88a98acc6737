// What the importer knows about one tensor of a model, and small values computed ahead of time.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace orionrt::onnx_import {

using Dims = std::vector<std::int64_t>;

// Values carry shapes: axes, scales, shape vectors. Nothing larger than this is unpacked or computed.
inline constexpr std::int64_t kMaxValueElements = 1024;

// The elements of a small tensor. Integer and bool types fill `ints`, float types `reals`; the other one is empty.
struct Value {
  int dtype = 0;  // onnx::TensorProto::DataType
  Dims dims;
  std::vector<std::int64_t> ints;
  std::vector<double> reals;

  bool IsReal() const;
  std::size_t Count() const { return IsReal() ? reals.size() : ints.size(); }
};

bool IsRealType(int dtype);
double RoundReal(double value, int dtype);  // to the nearest of the type's, halves to the even one
bool IsIntegerType(int dtype);              // bool included

// "float32"; "type 99" for what this version does not know.
std::string DtypeName(int dtype);

// Bits of one element; 0 for strings and unknown types.
int DtypeBits(int dtype);

// The largest dimension. Rules and the onnx library add a few of them without looking, and stay within 63 bits.
inline constexpr std::int64_t kMostExtent = std::int64_t{1} << 60;

// Product of the dims, or nothing if one is negative or beyond kMostExtent, or the product exceeds 2^62.
std::optional<std::int64_t> ElementCount(const Dims& dims);

// Bytes of a tensor, rounded up to whole ones; nothing if unknown or too many.
std::optional<std::int64_t> ByteCount(int dtype, const Dims& dims);

// "[1,3,224,224]".
std::string DimsText(const Dims& dims);

// "1x3x224x224", as options give it.
std::string ShapeOption(const Dims& dims);

// Nothing if the tensor is large, not numeric, external, or its data does not match its dims.
std::optional<Value> ReadValue(const onnx::TensorProto& proto);
onnx::TensorProto ToTensorProto(const Value& value);
onnx::TypeProto MakeType(int dtype, const std::optional<Dims>& dims);

// One size that data decides: from 0 to `most`. It is one and the same where the pointer to it is.
struct RunTimeSize {
  std::int64_t most = 0;
};

// A small value that rests on such sizes. On one alone, `size`: every element lies on the line from that of `least`, at
// 0, to that of `most`, at the most, and either may be the larger one. On others, or on none: between the two.
struct ValueRange {
  Value least, most;
  std::shared_ptr<const RunTimeSize> size = {};
};

// Dimensions in the same way.
struct DimsRange {
  Dims least, most;
  std::shared_ptr<const RunTimeSize> size = {};
};

class GraphBuilder;

// One name in one graph.
struct Tensor {
  const std::string* name = nullptr;  // owned by the model
  const GraphBuilder* owner = nullptr;
  int producer = -1;  // index of the node in its graph; -1: input or initializer
  int dtype = 0;
  std::optional<Dims> dims;                 // set when every dimension is known
  onnx::TypeProto open_type;                // otherwise what is known: no plain tensor, or one with open dimensions
  bool constant = false;                    // never allocated
  bool is_default = false;                  // made from a constant that whoever runs the model may replace, or one
  const onnx::TensorProto* data = nullptr;  // of a constant; until it is read, or because it cannot be
  std::shared_ptr<const Value> value;
  const Tensor* missing = nullptr;  // the constant in absent external data (`data`) that hides this value
  int id = -1;                      // in the Graph; -1: not in it
  bool is_input = false;
  bool is_output = false;
  bool read = false;              // by any op, or given out
  std::int64_t stored_bytes = 0;  // of a constant of the file: what it takes there
  Tensor* origin = nullptr;       // of an argument of a function: the tensor that the call gives
  bool needed = false;            // a constant that an op reads at run time, counted as such
  bool run_time = false;          // its dimensions depend on data: those here are assumed, or an upper bound
  bool bounded = false;           // they are an upper bound: what follows from them is a range at best
  std::shared_ptr<const ValueRange> range = {};  // of a small value that is not known
  std::shared_ptr<const DimsRange> extent = {};  // of what is bounded; not known behind bodies and functions

  void SetType(onnx::TypeProto type);
  onnx::TypeProto Type() const;
  bool HasType() const { return dims || open_type.value_case() != onnx::TypeProto::VALUE_NOT_SET; }
  const Value* KnownValue();
};

}  // namespace orionrt::onnx_import
