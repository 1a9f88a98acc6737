// What is placed, in the order of addresses; a question walks it from the bottom. No structure knows what is alive
// when, so a question costs what lies below the answer, and placing costs next to nothing: where hundreds are alive at
// once that is less than the trees of placing/placed_set.hpp take, and it is all there is where lives are clocks.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// What of a rectangle is kept with its bytes, to tell whether it conflicts with another: sections, or a slot.
struct LifeTag {
  int first, last;
};

// `Lives` knows the rectangles of the buffers and who conflicts with whom (placing/step_lives.hpp,
// clocks/clock_lives.hpp):
//   int first(int buffer)           its first rectangle; the next buffer's is one past its last
//   std::int64_t begin(int r), end(int r)   the bytes of a rectangle, from the offset of its buffer
//   LifeTag tag(int r)              what is kept of it once it is placed
//   Ask(int r) -> question          question(first, last): 1 if r conflicts with what has that tag, else 0
//   LifeTag nobody()                a tag that conflicts with nothing
template <typename Lives>
class AddressList {
 public:
  // Keeps references to both.
  AddressList(const Problem& problem, Lives& lives) : problem_(problem), lives_(lives) {}

  // The lowest offset at which the buffer meets nothing that it conflicts with; its own if it is fixed. O(placed) for a
  // buffer of one rectangle.
  std::int64_t LowestFit(int buffer) {
    const Buffer& b = problem_.buffers[At(buffer)];
    if (b.fixed_offset != kFree) return b.fixed_offset;
    const int first = lives_.first(buffer);
    if (first == lives_.first(buffer + 1)) return 0;
    if (!IsWhole(buffer)) return LowestFitOfParts(buffer);
    return LowestRectangleFit(first, 0, b.alignment);
  }

  // The same in the smallest gap between two that it conflicts with; buffers of several rectangles go to the lowest
  // fit.
  std::int64_t TightestFit(int buffer) {
    const Buffer& b = problem_.buffers[At(buffer)];
    if (b.fixed_offset != kFree || !IsWhole(buffer)) return LowestFit(buffer);
    std::int64_t at = 0, best = -1, best_gap = INT64_MAX;
    ForEachConflict(lives_.first(buffer), [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t gap = begin - at;
      if (gap >= b.size && gap < best_gap) {
        best_gap = gap;
        best = at;
      }
      at = std::max(at, Up(end, b.alignment));
      return true;
    });
    return best >= 0 ? best : at;
  }

  void Place(int buffer, std::int64_t offset) {
    for (int r = lives_.first(buffer); r < lives_.first(buffer + 1); ++r) {
      Insert(offset + lives_.begin(r), offset + lives_.end(r), lives_.tag(r));
    }
  }

  void Clear() {
    for (auto& block : blocks_) free_.push_back(std::move(block));
    blocks_.clear();
  }

  std::int64_t work() const { return work_; }  // entries looked at so far

 private:
  static constexpr std::size_t kRun = 64;     // entries that are asked at once
  static constexpr std::size_t kBlock = 256;  // entries of a block, a multiple of kRun
  struct Block {                              // those from `count` on have the tag of nobody
    std::size_t count = 0;
    std::array<int, kBlock> first, last;
    std::array<std::int64_t, kBlock> begin, end;  // sorted by begin
  };

  static std::int64_t Up(std::int64_t offset, std::int64_t alignment) { return (offset + alignment - 1) & -alignment; }

  bool IsWhole(int buffer) const {
    const int first = lives_.first(buffer);
    return lives_.first(buffer + 1) == first + 1 &&
           lives_.end(first) - lives_.begin(first) == problem_.buffers[At(buffer)].size;
  }

  std::unique_ptr<Block> NewBlock() {
    std::unique_ptr<Block> block;
    if (free_.empty()) {
      block = std::make_unique<Block>();
    } else {
      block = std::move(free_.back());
      free_.pop_back();
    }
    block->count = 0;
    block->first.fill(lives_.nobody().first);
    block->last.fill(lives_.nobody().last);
    return block;
  }

  // In the order of addresses, until `visit` returns false. The conflicts of a run of entries are found without a
  // branch for each, as hardly any pattern is in them.
  template <typename Visit>
  void ForEachConflict(int rectangle, Visit visit) {
    const auto meets = lives_.Ask(rectangle);
    std::uint8_t flags[kRun];
    std::size_t found[kRun];
    for (const auto& block : blocks_) {
      for (std::size_t run = 0; run < block->count; run += kRun) {
        const int* const first = block->first.data() + run;
        const int* const last = block->last.data() + run;
        for (std::size_t k = 0; k < kRun; ++k) flags[k] = meets(first[k], last[k]);
        work_ += static_cast<std::int64_t>(kRun);
        std::size_t count = 0;
        for (std::size_t k = 0; k < kRun; ++k) {
          found[count] = run + k;
          count += flags[k];
        }
        for (std::size_t k = 0; k < count; ++k) {
          if (!visit(block->begin[found[k]], block->end[found[k]])) return;
        }
      }
    }
  }

  // From `floor` on, where the rectangle begins: `floor`, or where something ends, rounded up.
  std::int64_t LowestRectangleFit(int rectangle, std::int64_t floor, std::int64_t alignment) {
    const std::int64_t size = lives_.end(rectangle) - lives_.begin(rectangle);
    std::int64_t at = floor;
    ForEachConflict(rectangle, [&](std::int64_t begin, std::int64_t end) {
      if (begin >= at + size) return false;
      at = std::max(at, Up(end, alignment));
      return true;
    });
    return at;
  }

  // Every rectangle raises the offset to the first at which it fits, until none does.
  std::int64_t LowestFitOfParts(int buffer) {
    const std::int64_t alignment = problem_.buffers[At(buffer)].alignment;
    std::int64_t offset = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (int r = lives_.first(buffer); r < lives_.first(buffer + 1); ++r) {
        const std::int64_t begin = lives_.begin(r);
        const std::int64_t fit = LowestRectangleFit(r, offset + begin, 1) - begin;
        if (fit == offset) continue;
        offset = Up(fit, alignment);
        moved = true;
      }
    }
    return offset;
  }

  // The block in which an entry that begins there belongs: the last one whose first begins no later.
  std::size_t BlockOf(std::int64_t begin) const {
    std::size_t low = 0, high = blocks_.size();
    while (high - low > 1) {
      const std::size_t middle = (low + high) / 2;
      (blocks_[middle]->begin[0] <= begin ? low : high) = middle;
    }
    return low;
  }

  void Split(std::size_t index) {
    constexpr std::size_t kHalf = kBlock / 2;
    std::unique_ptr<Block> upper = NewBlock();
    Block& lower = *blocks_[index];
    std::copy(lower.begin.begin() + kHalf, lower.begin.end(), upper->begin.begin());
    std::copy(lower.end.begin() + kHalf, lower.end.end(), upper->end.begin());
    std::copy(lower.first.begin() + kHalf, lower.first.end(), upper->first.begin());
    std::copy(lower.last.begin() + kHalf, lower.last.end(), upper->last.begin());
    std::fill(lower.first.begin() + kHalf, lower.first.end(), lives_.nobody().first);
    std::fill(lower.last.begin() + kHalf, lower.last.end(), lives_.nobody().last);
    lower.count = upper->count = kHalf;
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(upper));
  }

  void Insert(std::int64_t begin, std::int64_t end, LifeTag tag) {
    if (blocks_.empty()) blocks_.push_back(NewBlock());
    std::size_t index = BlockOf(begin);
    if (blocks_[index]->count == kBlock) {
      Split(index);
      if (blocks_[index + 1]->begin[0] <= begin) ++index;
    }
    Block& block = *blocks_[index];
    const auto used = block.begin.begin() + static_cast<std::ptrdiff_t>(block.count);
    const std::ptrdiff_t at = std::upper_bound(block.begin.begin(), used, begin) - block.begin.begin();
    const auto put = [&](auto& values, auto value) {
      std::copy_backward(values.begin() + at, values.begin() + static_cast<std::ptrdiff_t>(block.count),
                         values.begin() + static_cast<std::ptrdiff_t>(block.count) + 1);
      values[At(at)] = value;
    };
    put(block.begin, begin);
    put(block.end, end);
    put(block.first, tag.first);
    put(block.last, tag.last);
    ++block.count;
  }

  const Problem& problem_;
  Lives& lives_;
  std::vector<std::unique_ptr<Block>> blocks_, free_;  // the former by address
  std::int64_t work_ = 0;
};

// Places all buffers in that order, fixed ones first, each at its lowest fit (or in its tightest gap). `Placing` is an
// AddressList, a Placer or a Placing. One offset per buffer of the problem; none where a buffer would end at `limit` or
// above.
template <typename Placing>
std::vector<std::int64_t> PlaceInOrder(const Problem& problem, Placing& placing, const std::vector<int>& buffers,
                                       bool tightest = false, std::int64_t limit = INT64_MAX) {
  placing.Clear();
  std::vector<std::int64_t> offsets(problem.buffers.size(), 0);
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    if (problem.buffers[i].fixed_offset == kFree) continue;
    offsets[i] = problem.buffers[i].fixed_offset;
    placing.Place(static_cast<int>(i), offsets[i]);
  }
  for (const int i : buffers) {
    const Buffer& buffer = problem.buffers[At(i)];
    if (buffer.fixed_offset != kFree) continue;
    std::int64_t& offset = offsets[At(i)];
    offset = tightest ? placing.TightestFit(i) : placing.LowestFit(i);
    if (offset >= limit - buffer.size) return {};
    placing.Place(i, offset);
  }
  return offsets;
}

}  // namespace orionrt
