#include "io/tflite/tflite_file.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "orionrt/config.hpp"

namespace orionrt::tflite_import {
namespace {

constexpr std::uint32_t kVersion = 3;  // of all files since 2017
constexpr std::size_t kShortest = 8;   // where the root is, and the identifier

[[noreturn]] void Refuse(const std::string& source, const std::string& message) {
  throw Error(ErrorCode::kBadInput, source + ": " + message);
}

void CheckBuffers(const fb::Model& model, std::size_t file_bytes, const std::string& source) {
  for (std::uint32_t i = 0; i < SizeOf(model.buffers()); ++i) {
    const fb::Buffer& buffer = *model.buffers()->Get(i);
    if (!LiesOutside(buffer)) continue;
    if (buffer.offset() > file_bytes || buffer.size() > file_bytes - buffer.offset()) {
      Refuse(source, "buffer " + std::to_string(i) + ": its " + std::to_string(buffer.size()) + " bytes at " +
                         std::to_string(buffer.offset()) + " lie past the end of the file; is it cut off?");
    }
  }
}

}  // namespace

AlignedBytes::AlignedBytes(std::string_view bytes) : view_(bytes) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % sizeof(std::uint64_t) == 0) return;
  copy_ = bytes;
  view_ = copy_;
}

const fb::Model& OpenModel(std::string_view bytes, const std::string& source) {
  if (bytes.empty()) Refuse(source, "is empty; was its export or its copy cut off?");
  if (bytes.size() < kShortest || !fb::ModelBufferHasIdentifier(bytes.data())) {
    const bool page = bytes[bytes.find_first_not_of(" \t\r\n") % bytes.size()] == '<';
    Refuse(source, std::string("is no TFLite model: it has no \"TFL3\" at its fifth byte") +
                       (page ? "; it looks like a web page saved in its place" : ""));
  }
  // Data behind the tables may take a file past what offsets of tables reach.
  const std::size_t reach = std::min<std::size_t>(bytes.size(), FLATBUFFERS_MAX_BUFFER_SIZE - 1);
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), reach);
  if (!fb::VerifyModelBuffer(verifier)) {
    Refuse(source, "is cut off or damaged: its tables point outside it; get the file again");
  }
  const fb::Model& model = *fb::GetModel(bytes.data());
  if (model.version() != kVersion) {
    throw Error(ErrorCode::kUnsupported, source + ": is of version " + std::to_string(model.version()) +
                                             " of the format; only version 3 is known, convert it anew");
  }
  if (SizeOf(model.subgraphs()) == 0) Refuse(source, "holds no subgraph");
  CheckBuffers(model, bytes.size(), source);
  return model;
}

bool LiesOutside(const fb::Buffer& buffer) { return buffer.offset() > 1; }

Data DataOf(const fb::Model& model, const fb::Tensor& tensor) {
  if (tensor.external_buffer() != 0) return Data::kHeld;  // in a file of its own, which nobody here opens
  if (tensor.buffer() == 0 && SizeOf(model.buffers()) == 0) return Data::kNone;
  if (tensor.buffer() >= SizeOf(model.buffers())) return Data::kBadBuffer;
  const fb::Buffer& buffer = *model.buffers()->Get(tensor.buffer());
  return SizeOf(buffer.data()) > 0 || LiesOutside(buffer) ? Data::kHeld : Data::kNone;
}

Dims DimsOf(const flatbuffers::Vector<std::int32_t>* shape) {
  return shape ? Dims(shape->begin(), shape->end()) : Dims();
}

std::string Quoted(const flatbuffers::String* name) {
  return Quoted(name ? std::string(name->string_view().substr(0, 200)) : "");
}

std::string Quoted(const std::string& name) { return "\"" + Printable(name, 120) + "\""; }

}  // namespace orionrt::tflite_import
