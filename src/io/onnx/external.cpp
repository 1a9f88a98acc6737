#include "io/onnx/external.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/text.hpp"
#include "io/onnx/tensor.hpp"

namespace orionrt::onnx_import {
namespace {

namespace fs = std::filesystem;

struct Place {
  std::string location;
  std::int64_t offset = 0;
};

std::optional<Place> PlaceOf(const onnx::TensorProto& constant) {
  Place place;
  for (const auto& entry : constant.external_data()) {
    if (entry.key() == "location") place.location = entry.value();
    if (entry.key() != "offset") continue;
    const auto offset = ParseInt(entry.value());
    if (!offset || *offset < 0) return std::nullopt;
    place.offset = *offset;
  }
  return place;
}

// A model comes from anywhere: it must not name files outside its folder.
bool StaysInside(const fs::path& location) {
  return !location.empty() && location.is_relative() &&
         std::none_of(location.begin(), location.end(), [](const fs::path& part) { return part == ".."; });
}

std::string ReadBytes(const fs::path& path, std::int64_t offset, std::int64_t count) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return "";
  std::ifstream file(path, std::ios::binary);
  std::string bytes(static_cast<std::size_t>(count), '\0');
  if (!file.seekg(offset) || !file.read(bytes.data(), count)) return "";
  return bytes;
}

void Read(onnx::TensorProto& constant, const fs::path& folder) {
  if (constant.data_location() != onnx::TensorProto::EXTERNAL) return;
  const Dims dims(constant.dims().begin(), constant.dims().end());
  const auto count = ElementCount(dims);
  const auto bytes = ByteCount(constant.data_type(), dims);
  if (!count || !bytes || *count > kMaxValueElements || *bytes == 0) return;
  const std::optional<Place> place = PlaceOf(constant);
  if (!place || !StaysInside(place->location)) return;
  std::string data = ReadBytes(folder / place->location, place->offset, *bytes);
  if (data.empty()) return;
  constant.set_raw_data(std::move(data));
  constant.set_data_location(onnx::TensorProto::DEFAULT);
}

}  // namespace

void ReadSmallExternals(onnx::GraphProto& graph, const std::string& folder) {
  for (auto& constant : *graph.mutable_initializer()) Read(constant, folder);
  for (auto& node : *graph.mutable_node()) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) Read(*attribute.mutable_t(), folder);
      if (attribute.has_g()) ReadSmallExternals(*attribute.mutable_g(), folder);
    }
  }
}

}  // namespace orionrt::onnx_import
