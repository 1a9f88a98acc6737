#include "plan/load_tree.hpp"

#include <algorithm>

namespace orionrt {

LoadTree::LoadTree(int sections) {
  while (leaves_ < sections) leaves_ *= 2;
  best_.assign(2 * static_cast<std::size_t>(leaves_), {0, 0});
  added_.assign(best_.size(), 0);
  for (std::size_t node = best_.size() - 1; node > 0; --node) {
    const bool leaf = node >= static_cast<std::size_t>(leaves_);
    best_[node].section = leaf ? static_cast<int>(node) - leaves_ : best_[2 * node].section;
  }
}

void LoadTree::Add(std::size_t node, int first, int last, Span span, std::int64_t bytes) {
  if (span.last <= first || last <= span.first) return;
  if (span.first <= first && last <= span.last) {
    best_[node].bytes += bytes;
    added_[node] += bytes;
    return;
  }
  const int middle = first + (last - first) / 2;
  Add(2 * node, first, middle, span, bytes);
  Add(2 * node + 1, middle, last, span, bytes);
  const Peak& left = best_[2 * node];
  const Peak& right = best_[2 * node + 1];
  best_[node] = right.bytes > left.bytes ? right : left;
  best_[node].bytes += added_[node];
}

LoadTree::Peak LoadTree::Max(std::size_t node, int first, int last, Span span) const {
  if (span.last <= first || last <= span.first) return {};
  if (span.first <= first && last <= span.last) return best_[node];
  const int middle = first + (last - first) / 2;
  Peak left = Max(2 * node, first, middle, span);
  const Peak right = Max(2 * node + 1, middle, last, span);
  if (right.bytes > left.bytes) left = right;
  left.bytes += added_[node];
  return left;
}

}  // namespace orionrt
