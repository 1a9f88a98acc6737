#include "plan/clocks/conflicts.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/index.hpp"

namespace orionrt {

Conflicts::Conflicts(const Problem& problem, const Precedence& order)
    : order_(order), slot_of_(At(order.count())), rectangle_at_(At(order.count())), row_(At(order.count()) + 1) {
  std::iota(rectangle_at_.begin(), rectangle_at_.end(), 0);
  std::sort(rectangle_at_.begin(), rectangle_at_.end(), [&](int a, int b) {
    return std::make_tuple(order.chain(a), order.position(a), a) <
           std::make_tuple(order.chain(b), order.position(b), b);
  });
  chain_start_.assign(At(order.chains()) + 1, 0);
  for (const int r : rectangle_at_) ++chain_start_[At(order.chain(r)) + 1];
  std::partial_sum(chain_start_.begin(), chain_start_.end(), chain_start_.begin());
  columns_.assign(At(order.chains()), std::vector<int>(rectangle_at_.size()));
  for (int s = 0; s < count(); ++s) {
    slot_of_[At(rectangle(s))] = s;
    positions_.push_back(order.position(rectangle(s)));
    for (int c = 0; c < order.chains(); ++c) columns_[At(c)][At(s)] = order.first(rectangle(s))[c];
  }
  const int buffers = static_cast<int>(problem.buffers.size());
  first_of_buffer_.assign(At(buffers) + 1, 0);
  for (const Precedence::Rectangle& r : order.rectangles()) ++first_of_buffer_[At(r.buffer) + 1];
  std::partial_sum(first_of_buffer_.begin(), first_of_buffer_.end(), first_of_buffer_.begin());
  if (!problem.apart.empty()) apart_.resize(At(buffers));
  for (const auto& [a, b] : problem.apart) {
    apart_[At(a)].push_back(b);
    apart_[At(b)].push_back(a);
  }
}

const std::uint8_t* Conflicts::Row(int rectangle) {
  const int* first = order_.first(rectangle);
  const int* column = columns_[At(order_.chain(rectangle))].data();
  const int position = order_.position(rectangle);
  std::uint8_t* row = row_.data();
  for (int c = 0; c < order_.chains(); ++c) {
    const int begin = chain_start_[At(c)], end = chain_start_[At(c) + 1];
    const int last = static_cast<int>(std::lower_bound(positions_.begin() + begin, positions_.begin() + end, first[c]) -
                                      positions_.begin());
    for (int s = begin; s < last; ++s) row[s] = column[s] > position ? 1 : 0;
    std::fill(row + last, row + end, std::uint8_t{0});
  }
  const int buffer = order_.rectangles()[At(rectangle)].buffer;
  const auto mark = [&](int whose, std::uint8_t value) {
    for (int r = first_of_buffer_[At(whose)]; r < first_of_buffer_[At(whose) + 1]; ++r) row[slot(r)] = value;
  };
  if (!apart_.empty()) {
    for (const int other : apart_[At(buffer)]) mark(other, 1);
  }
  mark(buffer, 0);
  return row;
}

}  // namespace orionrt
