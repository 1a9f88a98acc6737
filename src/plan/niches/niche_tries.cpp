// Ranks are permutations of the rows, so that ties always fall the same way; weights fall with the slack, as 1 / (slack
// + a constant), since a section that may give up little must not.
#include "plan/niches/niche_tries.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kSlackOffset = 17;  // grains
constexpr int kPlainTries = 3;             // with ranks that are not shaken
constexpr int kShake = 2;                  // up to this part of all places

}  // namespace

void NicheRanks::Set(int tries) {
  const std::vector<int>& order = orders_[At(tries) % orders_.size()];
  const auto shake = static_cast<std::uint64_t>(ranks_.size() / kShake + 1);
  for (std::size_t place = 0; place < order.size(); ++place) {
    const int shaken = tries < kPlainTries ? 0 : static_cast<int>(random_() % shake);
    ranks_[At(order[place])] = static_cast<int>(place) + shaken;
  }
}

NicheWeights::NicheWeights() {
  for (std::int64_t slack = 0; slack <= kMostGrains; ++slack) shares_.push_back((1 << 20) / (slack + kSlackOffset));
}

void NicheWeights::SetCapacity(std::int64_t capacity) {
  grain_ = 0;
  while ((capacity >> grain_) > 1024) ++grain_;
}

void NicheShortlist::Insert(int row, std::int64_t waste, const NicheRanks& ranks) {
  int place = count_;
  const auto is_better = [&](int other) {
    return waste != wastes_[other] ? waste < wastes_[other] : ranks[row] < ranks[rows_[other]];
  };
  if (place == kNicheChoices && !is_better(--place)) return;
  for (; place > 0 && is_better(place - 1); --place) {
    wastes_[place] = wastes_[place - 1];
    rows_[place] = rows_[place - 1];
  }
  wastes_[place] = waste;
  rows_[place] = row;
  count_ = std::min(count_ + 1, kNicheChoices);
}

}  // namespace orionrt
