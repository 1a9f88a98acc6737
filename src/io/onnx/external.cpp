#include "io/onnx/external.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/lfs.hpp"
#include "base/text.hpp"
#include "io/onnx/onnx_session.hpp"
#include "io/onnx/tensor.hpp"

namespace orionrt::onnx_import {
namespace {

namespace fs = std::filesystem;

struct ExternalPlace {
  std::string location;
  std::int64_t offset = 0;
  std::int64_t length = 0;  // 0: not said
};

[[noreturn]] void Refuse(const std::string& message) { throw Error(ErrorCode::kBadInput, message); }

std::int64_t NumberOf(const onnx::StringStringEntryProto& entry) {
  const auto number = ParseInt(entry.value());
  if (number && *number >= 0) return *number;
  Refuse("the " + entry.key() + " of its external data is " + Quoted(entry.value()) +
         ", which is no whole number of bytes; export the model anew");
}

ExternalPlace PlaceOf(const onnx::TensorProto& constant) {
  ExternalPlace place;
  for (const auto& entry : constant.external_data()) {
    if (entry.key() == "location") place.location = entry.value();
    if (entry.key() == "offset") place.offset = NumberOf(entry);
    if (entry.key() == "length") place.length = NumberOf(entry);
  }
  return place;
}

bool Lies(const fs::path& file, const std::string& folder) {
  std::error_code error;
  const fs::path real = fs::canonical(folder.empty() ? "." : folder, error);
  return !error && std::mismatch(real.begin(), real.end(), file.begin(), file.end()).first == real.end();
}

std::string ReadBytes(const std::string& path, std::int64_t offset, std::int64_t count) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(static_cast<std::size_t>(count), '\0');
  if (!file.seekg(offset) || !file.read(bytes.data(), count)) Refuse("its external data cannot be read");
  return bytes;
}

bool IsLfsPointerFile(const std::string& path, std::int64_t bytes) {
  return bytes > 0 && bytes < 1024 && IsLfsPointer(ReadBytes(path, 0, bytes));
}

// The length that the file states, and the end that follows, are held against what the dimensions ask for.
void CheckPlace(const ExternalPlace& place, const onnx::TensorProto& constant, std::int64_t bytes) {
  std::int64_t end = 0;
  if (__builtin_add_overflow(place.offset, std::max(place.length, bytes), &end)) {
    Refuse("its external data would end beyond 2^63 bytes; export the model anew");
  }
  if (place.length == 0 || place.length == bytes) return;
  const Dims dims(constant.dims().begin(), constant.dims().end());
  Refuse("the length of its external data is " + std::to_string(place.length) + ", and " +
         DtypeName(constant.data_type()) + DimsText(dims) + " takes " + std::to_string(bytes) +
         " bytes; export the model anew");
}

}  // namespace

ExternalData::File ExternalData::Find(const std::string& location, const ImportOptions& options) {
  File found;
  found.problem = "which is not there; put it beside the model, or name its folder by --data-folder DIR";
  if (location.empty()) found.problem = "which names no file; export the model anew";
  if (options.data_folder.empty() && options.extra_data_folder.empty()) {
    found.problem = "and the model came without a folder; name it by --data-folder DIR";
  }
  for (const std::string& folder : {options.data_folder, options.extra_data_folder}) {
    if (folder.empty() || location.empty() || location.find('\0') != std::string::npos) continue;
    std::error_code error;
    const fs::path real = fs::canonical(fs::path(folder) / fs::path(location).lexically_normal(), error);
    if (error) continue;
    if (!fs::is_regular_file(real, error)) {
      found.problem = "which is no regular file; name the file in the model, or another folder by --data-folder DIR";
      continue;
    }
    const bool stays = (!options.data_folder.empty() && Lies(real, options.data_folder)) ||
                       (!options.extra_data_folder.empty() && Lies(real, options.extra_data_folder));
    if (!stays) {
      found.problem = "which leads out of the model's folder; allow where it leads by --data-folder DIR";
      continue;
    }
    found.bytes = static_cast<std::int64_t>(fs::file_size(real, error));
    if (IsLfsPointerFile(real.string(), found.bytes)) {
      found.problem = "which is a pointer of Git LFS, not the file itself; fetch it by git lfs pull";
      continue;
    }
    found.path = real.string();
    return found;
  }
  return found;
}

void ExternalData::Read(onnx::TensorProto& constant) {
  if (constant.data_location() != onnx::TensorProto::EXTERNAL) return;
  const ExternalPlace place = PlaceOf(constant);
  const Dims dims(constant.dims().begin(), constant.dims().end());
  const auto bytes = ByteCount(constant.data_type(), dims);
  if (!bytes) return;  // dimensions that are impossible are refused where they are declared
  CheckPlace(place, constant, *bytes);
  const auto [at, is_new] = files_.emplace(place.location, File());
  File& file = at->second;
  if (is_new) file = Find(place.location, options_);
  ++file.constants;
  if (file.path.empty()) return;
  if (*bytes > file.bytes - std::min(file.bytes, place.offset)) {
    Refuse("its external data " + Quoted(place.location) + " has " + std::to_string(file.bytes) +
           " bytes, too few for " + std::to_string(*bytes) + " from byte " + std::to_string(place.offset) +
           " on; copy or export it anew");
  }
  if (*bytes == 0 || ElementCount(dims).value_or(kMaxValueElements + 1) > kMaxValueElements) return;
  constant.set_raw_data(ReadBytes(file.path, place.offset, *bytes));
  constant.set_data_location(onnx::TensorProto::DEFAULT);
}

std::vector<std::string> ExternalData::Absent() const {
  std::vector<std::string> lines;
  if (options_.data_folder.empty() && options_.extra_data_folder.empty()) return lines;
  for (const auto& [location, file] : files_) {
    if (!file.path.empty()) continue;
    const std::string count =
        file.constants == 1 ? "one constant is" : std::to_string(file.constants) + " constants are";
    lines.push_back(count + " in external data " + Quoted(location) + ", " + file.problem +
                    "; sizes are taken as the model declares them");
  }
  return lines;
}

std::string ExternalData::Describe(const onnx::TensorProto& constant, const ImportOptions& options) {
  const std::string location = PlaceOf(constant).location;
  return "external data " + Quoted(location) + ", " + Find(location, options).problem;
}

}  // namespace orionrt::onnx_import
