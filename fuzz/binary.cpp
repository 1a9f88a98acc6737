// Binary plans: the length and the checksum are made right first, or nothing would get past them.
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/orionrt_plan.h"
#include "target.hpp"

using namespace orionrt;
using namespace orionrt::fuzz;

namespace {

constexpr std::uint64_t kMostBytes = 1 << 20;  // of memory for the arenas

void Put(std::string& bytes, std::size_t at, std::size_t value) {
  for (std::size_t k = 0; k < 4; ++k) bytes[at + k] = static_cast<char>(value >> (8 * k) & 0xFF);
}

std::string Mended(std::string bytes) {
  if (bytes.size() < 24) return bytes;
  Put(bytes, 16, bytes.size());
  Put(bytes, 8, orionrt_image_sum(reinterpret_cast<const std::uint8_t*>(bytes.data()) + 12, bytes.size() - 12));
  return bytes;
}

// Every byte that a bound image serves may be written.
void Serve(orionrt_image image) {
  std::vector<std::vector<char>> memory;
  std::vector<orionrt_image_arena> arenas;
  const std::uint32_t spaces = orionrt_image_count(&image, ORIONRT_IMAGE_SPACES);
  for (std::uint32_t i = 0; i < spaces; ++i) {
    const std::uint64_t bytes = orionrt_image_wide(&image, ORIONRT_IMAGE_SPACES, i, ORIONRT_IMAGE_REQUIRED);
    if (bytes > kMostBytes || spaces > 100) return;
    memory.emplace_back(static_cast<std::size_t>(bytes));
    arenas.push_back({memory.back().data(), memory.back().size()});
  }
  if (orionrt_image_bind(&image, arenas.data(), arenas.size()) != ORIONRT_IMAGE_OK) return;
  for (std::uint32_t i = 0; i < orionrt_image_count(&image, ORIONRT_IMAGE_TENSORS); ++i) {
    auto* const at = static_cast<char*>(orionrt_image_tensor(&image, i));
    const std::uint64_t bytes = orionrt_image_wide(&image, ORIONRT_IMAGE_TENSORS, i, ORIONRT_IMAGE_BYTES);
    if (at == nullptr || bytes == 0) continue;
    at[0] = 1;
    at[bytes - 1] = 1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = Mended(TextOf(data, size));
  const std::vector<char> exact(bytes.begin(), bytes.end());  // so that a sanitizer sees what is read past it
  orionrt_image image;
  const bool opened = orionrt_image_open(&image, exact.data(), exact.size()) == ORIONRT_IMAGE_OK;
  const auto read = ReadOrRefuse([&] { return ReadAssignmentBinary(bytes, "p.bin"); });
  Require(opened || !read, "C++ reads what the run-time half refuses");
  if (opened) Serve(image);
  if (!read || read->graph_id == 0) return 0;
  const std::string again = WriteAssignmentBinary(*read);
  Require(WriteAssignmentBinary(ReadAssignmentBinary(again, "again.bin")) == again,
          "an assignment is written in another way the second time");
  return 0;
}
