// Who conflicts with whom in sections, for placing/address_list.hpp.
#pragma once

#include <climits>
#include <cstdint>

#include "base/index.hpp"
#include "plan/placing/address_list.hpp"
#include "plan/placing/placer.hpp"

namespace orionrt {

class StepLives {
 public:
  // Keeps a reference.
  explicit StepLives(const Shapes& shapes) : shapes_(shapes) {}

  int first(int buffer) const { return shapes_.start[At(buffer)]; }
  std::int64_t begin(int r) const { return shapes_.rectangles[At(r)].begin; }
  std::int64_t end(int r) const { return shapes_.rectangles[At(r)].end; }
  LifeTag tag(int r) const {
    const Span span = shapes_.rectangles[At(r)].span;
    return {span.first, span.last};
  }
  LifeTag nobody() const { return {INT_MAX, INT_MIN}; }

  auto Ask(int r) const {
    const Span span = shapes_.rectangles[At(r)].span;
    return [span](int first, int last) {
      return static_cast<std::uint8_t>(static_cast<int>(first < span.last) & static_cast<int>(span.first < last));
    };
  }

 private:
  const Shapes& shapes_;
};

}  // namespace orionrt
