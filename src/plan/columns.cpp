#include "plan/columns.hpp"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"

namespace orionrt {
namespace {

// The highest top per section, in a tree: what is put on top of a span is above all that was there.
class Tops {
 public:
  explicit Tops(int sections) {
    while (leaves_ < sections) leaves_ *= 2;
    highest_.assign(2 * At(leaves_), 0);
    whole_.assign(2 * At(leaves_), 0);
  }

  std::int64_t Highest(Span span) const {
    std::int64_t highest = 0;
    Walk(span, [&](std::size_t node) { highest = std::max(highest, highest_[node]); });
    for (std::size_t node : {At(leaves_ + span.first), At(leaves_ + span.last - 1)}) {
      for (; node > 0; node /= 2) highest = std::max(highest, whole_[node]);
    }
    return highest;
  }

  void Raise(Span span, std::int64_t top) {
    Walk(span, [&](std::size_t node) { highest_[node] = whole_[node] = top; });
    for (std::size_t node : {At(leaves_ + span.first), At(leaves_ + span.last - 1)}) {
      for (node /= 2; node > 0; node /= 2) highest_[node] = std::max(highest_[node], top);
    }
  }

 private:
  // The nodes that fill a span.
  template <typename Visit>
  void Walk(Span span, Visit visit) const {
    std::size_t first = At(leaves_ + span.first), last = At(leaves_ + span.last);
    for (; first < last; first /= 2, last /= 2) {
      if (first % 2 == 1) visit(first++);
      if (last % 2 == 1) visit(--last);
    }
  }

  int leaves_ = 1;
  std::vector<std::int64_t> highest_;  // per node, somewhere below it
  std::vector<std::int64_t> whole_;    // per node, of all of it
};

// Rows of one class, in the order of birth, into as few columns as there can be. Returns the column of each.
std::vector<int> Columns(const std::vector<int>& rows, const Shapes& shapes) {
  using End = std::pair<int, int>;  // of a column's last buffer, and the column
  std::priority_queue<End, std::vector<End>, std::greater<End>> free_from;
  std::vector<int> columns;
  for (const int buffer : rows) {
    const Span span = shapes.extents[At(buffer)];
    int column = static_cast<int>(free_from.size());
    if (!free_from.empty() && free_from.top().first <= span.first) {
      column = free_from.top().second;
      free_from.pop();
    }
    free_from.emplace(span.last, column);
    columns.push_back(column);
  }
  return columns;
}

// How many classes of sizes. The more there are, the less is wasted by rounding sizes up to that of a class, and the
// more because classes are not fullest at the same time. The cube root of the buffers alive is about the best.
std::size_t ClassCount(const std::vector<int>& buffers, const Shapes& shapes) {
  std::int64_t sections = 0;
  for (const int buffer : buffers) sections += shapes.extents[At(buffer)].length();
  const std::int64_t alive = sections / std::max(1, shapes.sections()) + 1;
  std::size_t count = 2;
  while (static_cast<std::int64_t>(8 * count * count * count) < alive) ++count;
  return count;
}

// Puts a class on top of the classes below, which end at `base`; returns where it ends.
std::int64_t PutClass(const Problem& problem, const Shapes& shapes, std::vector<int> rows, std::int64_t base,
                      std::vector<std::int64_t>& offsets) {
  std::sort(rows.begin(), rows.end(), [&](int a, int b) {
    const Span x = shapes.extents[At(a)], y = shapes.extents[At(b)];
    return std::tie(x.first, x.last, a) < std::tie(y.first, y.last, b);
  });
  const std::vector<int> columns = Columns(rows, shapes);
  std::vector<std::int64_t> heights(At(*std::max_element(columns.begin(), columns.end())) + 1, 0);
  std::int64_t alignment = 1;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const Buffer& buffer = problem.buffers[At(rows[k])];
    alignment = std::max(alignment, buffer.alignment);
    heights[At(columns[k])] = std::max(heights[At(columns[k])], buffer.size);
  }
  std::vector<std::int64_t> begins;
  for (const std::int64_t height : heights) {
    begins.push_back(RoundUp(base, alignment));
    base = begins.back() + height;
  }
  for (std::size_t k = 0; k < rows.size(); ++k) offsets[At(rows[k])] = begins[At(columns[k])];
  return base;
}

// Lets all buffers drop, from the bottom up: each onto the highest that lies below it. None rises, and their order in
// every section stays.
void Drop(const Problem& problem, const Shapes& shapes, std::vector<int> buffers, std::vector<std::int64_t>& offsets) {
  std::sort(buffers.begin(), buffers.end(),
            [&](int a, int b) { return std::tie(offsets[At(a)], a) < std::tie(offsets[At(b)], b); });
  Tops tops(shapes.sections());
  for (const int i : buffers) {
    const Span span = shapes.extents[At(i)];
    offsets[At(i)] = RoundUp(tops.Highest(span), problem.buffers[At(i)].alignment);
    tops.Raise(span, offsets[At(i)] + problem.buffers[At(i)].size);
  }
}

}  // namespace

std::vector<std::int64_t> PackInColumns(const Problem& problem, const Shapes& shapes) {
  std::vector<int> buffers;
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    if (shapes.extents[i].length() > 0) buffers.push_back(static_cast<int>(i));
  }
  std::sort(buffers.begin(), buffers.end(), [&](int a, int b) {
    const Buffer &x = problem.buffers[At(a)], &y = problem.buffers[At(b)];
    return std::tie(y.size, x.lower, x.upper, a) < std::tie(x.size, y.lower, y.upper, b);
  });
  std::vector<std::int64_t> offsets(problem.buffers.size(), 0);
  const std::size_t classes = ClassCount(buffers, shapes);
  const std::size_t least = buffers.size() / classes + 1;
  std::int64_t base = 0;
  for (std::size_t begin = 0; begin < buffers.size();) {
    std::size_t end = std::min(buffers.size(), begin + least);
    const auto size = [&](std::size_t k) { return problem.buffers[At(buffers[k])].size; };
    while (end < buffers.size() && size(end) == size(end - 1)) ++end;
    const auto at = [&](std::size_t k) { return buffers.begin() + static_cast<std::ptrdiff_t>(k); };
    base = PutClass(problem, shapes, {at(begin), at(end)}, base, offsets);
    begin = end;
  }
  Drop(problem, shapes, std::move(buffers), offsets);
  return offsets;
}

std::int64_t WorkOfColumns(std::size_t buffers) {
  std::int64_t levels = 1;
  for (std::size_t n = buffers; n > 1; n /= 2) ++levels;
  return static_cast<std::int64_t>(buffers) * levels * 16;
}

}  // namespace orionrt
