#include "plan/without_parts.hpp"

#include <cstddef>

#include "base/index.hpp"

namespace orionrt {
namespace {

// Shortens the buffer's life to that of its parts, [first, last) of problem.parts. False if that is not all they say.
bool Absorb(const Problem& problem, std::size_t first, std::size_t last, Buffer& buffer) {
  const std::int64_t size = buffer.size;
  buffer.size = 0;
  for (std::size_t p = first; p < last; ++p) {
    const Part& part = problem.parts[p];
    if (part.begin == part.end) continue;
    const bool begins = buffer.size == 0;
    if (part.end - part.begin != size || (!begins && part.lower != buffer.upper)) return false;
    if (begins) buffer.lower = part.lower;
    buffer.upper = part.upper;
    buffer.size = size;
  }
  return true;
}

}  // namespace

std::optional<Problem> WithoutParts(const Problem& problem) {
  Problem plain = problem;
  plain.parts.clear();
  for (std::size_t first = 0; first < problem.parts.size();) {
    const int i = problem.parts[first].buffer;
    std::size_t last = first;
    while (last < problem.parts.size() && problem.parts[last].buffer == i) ++last;
    if (!Absorb(problem, first, last, plain.buffers[At(i)])) return std::nullopt;
    first = last;
  }
  return plain;
}

}  // namespace orionrt
