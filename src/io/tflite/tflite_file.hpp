// A .tflite file that has been found sound as FlatBuffers go: whatever its tables point at lies inside it. What the
// numbers in it mean is not yet checked.
#pragma once

#include <cstdint>
#include <string>

#include "io/tflite/types.hpp"
#include "tflite_generated.h"

namespace orionrt::tflite_import {

// Throws Error: kBadInput for what is no TFLite model, kUnsupported for another version of the format. The model lies
// in `bytes`.
const fb::Model& OpenModel(const std::string& bytes, const std::string& source);

// Lists may be left out of a file; that is the same as an empty one.
template <typename Vector>
std::uint32_t SizeOf(const Vector* list) {
  return list ? list->size() : 0;
}

// Whether the file holds values of the tensor, which makes it a constant.
enum class Data { kNone, kHeld, kBadBuffer };
Data DataOf(const fb::Model& model, const fb::Tensor& tensor);

// Data that lies behind the tables (or in another file), as that of models over 2 GB does.
bool LiesOutside(const fb::Buffer& buffer);

Dims DimsOf(const flatbuffers::Vector<std::int32_t>* shape);

// `"conv2d/Relu"`: shortened and without control characters; `""` where there is none.
std::string Quoted(const flatbuffers::String* name);
std::string Quoted(const std::string& name);

}  // namespace orionrt::tflite_import
