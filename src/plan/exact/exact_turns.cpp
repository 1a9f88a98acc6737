#include "plan/exact/exact_turns.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

#include "base/index.hpp"
#include "base/wide.hpp"

namespace orionrt {
namespace {

using RankValue = std::array<std::int64_t, 2>;

// rank[row] = how many rows have a larger key; ties by row, whose order is total.
std::vector<int> RankDescending(const std::vector<RankValue>& keys) {
  std::vector<int> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return keys[At(a)] > keys[At(b)]; });
  std::vector<int> rank(keys.size());
  for (std::size_t i = 0; i < order.size(); ++i) rank[At(order[i])] = static_cast<int>(i);
  return rank;
}

// Of many rows that fill all there is, a dive either gets through, turning back a little here and there, or is stuck
// after a fifth of them: it ends after so many nodes, as a part of the rows, without one row more. Of 34 such problems
// of 1,000 pieces 28 are solved within the work of 1.2 billion; with dives of twice the rows 23.
constexpr int kManyInFull = 500, kPatienceInFull = 8;

enum RankKey { kDuration, kSize, kLength, kArea, kRankKeyCount };

// A bundle is as long as all of its rows, and harder to place than one row of that length: it comes earlier.
RankValue KeyOf(const ExactModel& model, int row, int rank_key) {
  constexpr int kHarder = 2;
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::int64_t length = model.Length(row), duration = model.duration[At(row)];
  const std::int64_t size = model.size[At(row)];
  if (const int bundle = model.bundle[At(row)]; bundle >= 0) {
    Wide lengths = 0, durations = 0;
    for (int k = model.bundle_begin[At(bundle)]; k < model.bundle_begin[At(bundle + 1)]; ++k) {
      lengths += model.Length(model.bundle_rows[At(k)]);
      durations += model.duration[At(model.bundle_rows[At(k)])];
    }
    length = static_cast<std::int64_t>(lengths * kHarder);
    duration = static_cast<std::int64_t>(std::min<Wide>(durations * kHarder, kMost));
  }
  switch (rank_key) {
    case kDuration:
      return {duration, size};
    case kSize:
      return {size, duration};
    case kLength:
      return {length, size};
    default: {
      const bool fits = size <= kMost / length;
      return {fits ? length * size : kMost, size};
    }
  }
}

std::vector<int> MakeRank(const ExactModel& model, int rank_key) {
  std::vector<RankValue> keys;
  for (int row = 0; row < model.row_count; ++row) keys.push_back(KeyOf(model, row, rank_key));
  return RankDescending(keys);
}

// A copy in which ranks have moved by a few places; the same on every machine.
std::vector<int> Shaken(const std::vector<int>& rank, std::uint64_t seed) {
  constexpr std::uint64_t kReach = 8;   // places
  constexpr std::uint64_t kGrain = 16;  // steps per place
  std::vector<RankValue> keys;
  for (std::size_t i = 0; i < rank.size(); ++i) {
    const std::uint64_t noise = MixBits(seed * rank.size() + i) % (kReach * kGrain);
    keys.push_back({-static_cast<std::int64_t>(static_cast<std::uint64_t>(rank[i]) * kGrain + noise), 0});
  }
  return RankDescending(keys);
}

// 1, 1, 2, 1, 1, 2, 4, ... for i = 1, 2, 3, ...: within a log factor of the best restart interval for a distribution of
// run lengths that nobody knows (Luby, Sinclair and Zuckerman, IPL 1993).
std::int64_t Luby(std::int64_t i) {
  while (true) {
    std::int64_t power = 1;
    while (2 * power - 1 < i) power *= 2;
    if (2 * power - 1 == i) return power;
    i -= power - 1;
  }
}

// In order of turns. Found on 11 hard instances, each with 8 shaken starts; no single one was best on more than three.
// `in_full`: of 30 problems of 1,000 pieces that fill a rectangle, and that were solved, it solved some.
constexpr struct {
  RankKey rank_key;
  bool probe, in_full;
} kTurns[] = {{kDuration, true, true},  {kSize, true, false},   {kLength, true, true},
              {kDuration, false, true}, {kLength, false, true}, {kArea, false, true}};

}  // namespace

ExactTurns::ExactTurns(const ExactModel& model, bool is_full, int dead_states_bits, std::int64_t table_work,
                       WorkMeter& work)
    : model_(model),
      patience_(is_full && model.row_count >= kManyInFull ? model.row_count / kPatienceInFull : 0),
      work_(work),
      dead_(dead_states_bits),
      search_(model, table_work, dead_, work) {
  for (int rank_key = 0; rank_key < kRankKeyCount; ++rank_key) ranks_.push_back(MakeRank(model, rank_key));
  for (const auto& turn : kTurns) {
    ExactStrategy strategy;
    strategy.rank = ranks_[turn.rank_key];
    strategy.probe = turn.probe;
    strategy.chains = patience_ > 0 && !model.HasBundles();
    strategy.weights.assign(At(model.section_count), 1);
    strategies_.push_back(std::move(strategy));
  }
  work_.Add(Look::kRanked, std::int64_t{kRankKeyCount} * model.row_count);
}

// A dive takes about one node per row, so twice that leaves as much again for mending; and several where space is given
// up in many steps, between what is aligned.
Outcome ExactTurns::Try(std::int64_t capacity, const ExactQuota& budget) {
  constexpr std::int64_t kDive = 8;
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max() / 2;
  constexpr auto kTurnCount = static_cast<std::int64_t>(std::size(kTurns));
  const bool plain = model_.max_alignment == model_.grain;
  const std::int64_t shortest = (plain ? 2 : kDive) * std::int64_t{model_.row_count} + 2;
  const ExactQuota end = work_.After(budget);
  while (!work_.IsPast(end)) {
    const std::int64_t round = runs_ / kTurnCount;
    const std::int64_t turn = runs_ % kTurnCount;
    ExactStrategy& strategy = strategies_[At(turn)];
    if (patience_ > 0 && !kTurns[turn].in_full) {
      ++runs_;
      continue;
    }
    if (round > 0) {
      strategy.rank = Shaken(ranks_[kTurns[turn].rank_key], static_cast<std::uint64_t>(runs_));
      work_.Add(Look::kRanked, model_.row_count);
    }
    ++runs_;
    const std::int64_t times = Luby(round + 1), work = end.work - work_.spent().work;
    const Outcome outcome = patience_ > 0 ? search_.Run(capacity, strategy, {kNever, work}, patience_ * times)
                                          : search_.Run(capacity, strategy, {shortest * times, work});
    if (outcome != Outcome::kStopped) return outcome;
  }
  return Outcome::kStopped;
}

}  // namespace orionrt
