// Bytes alive per section, as buffers come and go.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/placing/sections.hpp"

namespace orionrt {

// A segment tree: adding to a span and asking for the highest load in one cost O(log sections). Sums are the caller's
// to keep within 63 bits.
class LoadTree {
 public:
  explicit LoadTree(int sections);

  void Add(Span span, std::int64_t bytes) { Add(1, 0, leaves_, span, bytes); }

  struct Peak {
    std::int64_t bytes = INT64_MIN;
    int section = 0;  // the first of that load
  };
  Peak Max(Span span) const { return Max(1, 0, leaves_, span); }  // of a span that is not empty

 private:
  void Add(std::size_t node, int first, int last, Span span, std::int64_t bytes);
  Peak Max(std::size_t node, int first, int last, Span span) const;

  int leaves_ = 1;
  std::vector<Peak> best_;           // per node, within it, without what was added to nodes above
  std::vector<std::int64_t> added_;  // per node, to all of it
};

}  // namespace orionrt
