#include "plan/least_padding.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/index.hpp"

namespace orionrt {
namespace {

// Sets that differ in the first items only follow one another, so that what an item on top comes to is additions of 16
// bits, which compilers turn into vectors: blocks of 64 sets, of eight within them, and of one.
constexpr std::size_t kItemsInBlock = 6, kItemsInEight = 3;
constexpr std::size_t kSetsInBlock = 1 << kItemsInBlock, kSetsInEight = 1 << kItemsInEight;

// Of `kSets` sets the least padding, as far as one item, which they all have, is on top. `below`: the same of the sets
// without it, `sums`: their sizes less `sum`; `mask`: its alignment less one. All modulo 2^16.
template <std::size_t kSets>
void PutOnTop(const std::int16_t* below, const std::uint16_t* sums, std::uint16_t sum, std::uint16_t mask,
              std::int16_t* least) {
  std::int16_t lowest[kSets];  // nothing else is kept there, so that no store waits for a load
  for (std::size_t k = 0; k < kSets; ++k) {
    const auto padding = static_cast<std::uint16_t>(below[k]);
    const auto height = static_cast<std::uint16_t>(sum + sums[k] + padding);
    const auto more = static_cast<std::uint16_t>(static_cast<std::uint16_t>(-height) & mask);
    const auto with = static_cast<std::int16_t>(static_cast<std::uint16_t>(padding + more));
    lowest[k] = with < least[k] ? with : least[k];
  }
  for (std::size_t k = 0; k < kSets; ++k) least[k] = lowest[k];
}

}  // namespace

LeastPadding::LeastPadding(std::vector<Item> items) : items_(std::move(items)), count_(items_.size()) {
  while (items_.size() < kItemsInBlock) items_.emplace_back();  // of no size, which changes nothing
  std::vector<std::uint16_t> sizes, masks;
  for (const Item& item : items_) {
    sum_ += item.size;
    sizes.push_back(static_cast<std::uint16_t>(item.size));
    masks.push_back(static_cast<std::uint16_t>(item.alignment - 1));
  }
  std::uint16_t sums[kSetsInBlock] = {};
  for (std::size_t set = 1; set < kSetsInBlock; ++set) {
    sums[set] = static_cast<std::uint16_t>(sums[set & (set - 1)] + sizes[At(__builtin_ctzll(set))]);
  }
  const std::size_t blocks = std::size_t{1} << (items_.size() - kItemsInBlock);
  table_.assign(blocks * kSetsInBlock, kMostKnown);
  table_[0] = 0;
  std::uint16_t sum = 0;  // of the items that a whole block has
  for (std::size_t block = 0; block < blocks; ++block) {
    std::int16_t* least = table_.data() + block * kSetsInBlock;
    for (std::size_t rest = block; rest != 0; rest &= rest - 1) {
      const std::size_t top = kItemsInBlock + At(__builtin_ctzll(rest));
      const std::int16_t* below = table_.data() + (block & ~(rest & -rest)) * kSetsInBlock;
      PutOnTop<kSetsInBlock>(below, sums, static_cast<std::uint16_t>(sum - sizes[top]), masks[top], least);
    }
    for (std::size_t set = 0; set < kSetsInBlock; ++set) {
      const std::size_t eights = set / kSetsInEight * kSetsInEight;
      for (std::size_t rest = set == eights ? eights : 0; rest != 0; rest &= rest - 1) {
        const std::size_t below = eights & ~(rest & -rest);
        PutOnTop<kSetsInEight>(least + below, sums + below, sum, masks[At(__builtin_ctzll(rest))], least + eights);
      }
      for (std::size_t rest = set - eights; rest != 0; rest &= rest - 1) {
        const std::size_t below = set & ~(rest & -rest);
        PutOnTop<1>(least + below, sums + below, sum, masks[At(__builtin_ctzll(rest))], least + set);
      }
    }
    std::size_t bit = 0;  // from the items of this block to those of the next
    for (; (block >> bit & 1) != 0; ++bit) sum = static_cast<std::uint16_t>(sum - sizes[kItemsInBlock + bit]);
    if (block + 1 < blocks) sum = static_cast<std::uint16_t>(sum + sizes[kItemsInBlock + bit]);
  }
}

bool LeastPadding::CanDraw(std::int64_t capacity) const {
  return table_.back() < kMostKnown && capacity >= least_height();
}

std::vector<std::int64_t> LeastPadding::Draw(std::int64_t capacity, std::mt19937_64& random) const {
  std::vector<std::size_t> from_top, next;
  std::vector<std::int64_t> highest(items_.size());
  std::size_t set = table_.size() - 1;
  std::int64_t sum = sum_;
  for (std::int64_t ceiling = capacity; set != 0;) {
    next.clear();
    for (std::size_t rest = set; rest != 0; rest &= rest - 1) {
      const auto k = At(__builtin_ctzll(rest));
      const std::size_t below = set & ~(rest & -rest);
      highest[k] = (ceiling - items_[k].size) & ~(items_[k].alignment - 1);
      if (highest[k] >= sum - items_[k].size + table_[below] && table_[below] < kMostKnown) next.push_back(k);
    }
    const std::size_t k = next[random() % next.size()];
    from_top.push_back(k);
    ceiling = highest[k];
    sum -= items_[k].size;
    set &= ~(std::size_t{1} << k);
  }
  std::vector<std::int64_t> begins(items_.size());
  std::int64_t end = 0;
  for (auto k = from_top.rbegin(); k != from_top.rend(); ++k) {
    begins[*k] = (end + items_[*k].alignment - 1) & ~(items_[*k].alignment - 1);
    end = begins[*k] + items_[*k].size;
  }
  begins.resize(count_);
  return begins;
}

}  // namespace orionrt
