// A .tflite file that has been found sound as FlatBuffers go: whatever its tables point at lies inside it. What the
// numbers in it mean is not yet checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/tflite/types.hpp"
#include "tflite_generated.h"

namespace orionrt::tflite_import {

// The bytes of a file where its words can be read as they lie: those given, or a copy where these are not aligned.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::string_view bytes);
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;

  std::string_view view() const { return view_; }

 private:
  std::string copy_;
  std::string_view view_;
};

// Throws Error: kBadInput for what is no TFLite model, kUnsupported for another version of the format. The model lies
// in `bytes`, which are aligned.
const fb::Model& OpenModel(std::string_view bytes, const std::string& source);

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
