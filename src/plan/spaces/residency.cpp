#include "plan/spaces/residency.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"

namespace orionrt {

Residency::Residency(const Problem& problem)
    : problem_(problem), preferences_(problem), costs_(SpaceCosts(problem)), rank_(problem.buffers.size(), 0) {
  for (int i = 0; i < size(); ++i) Settle(i);
}

void Residency::Settle(int i) {
  rank_[At(i)] = NextRank(i, -1);
  if (rank_[At(i)] >= 0) return;
  std::string limits;
  std::int64_t most = 0;
  for (const int p : preferences_.Of(i)) {
    const std::int64_t takes = std::min(Capacity(p), LimitOf(space(p).largest));
    most = std::max(most, takes);
    limits += (limits.empty() ? "" : ", ") + Printable(space(p).name) + " (" + FormatThousands(takes) + ")";
    if (problem_.buffers[At(i)].fixed_offset != kFree) break;
  }
  const std::int64_t bytes = problem_.buffers[At(i)].size;
  throw Error(ErrorCode::kInfeasible,
              "does not fit: buffer " + BufferLabel(problem_, i) + ", alive from step " +
                  FormatThousands(problem_.buffers[At(i)].lower) + ", has " + FormatThousands(bytes) +
                  " bytes, and the spaces that it may live in take less as one buffer: " + limits + "; " +
                  FormatThousands(std::max<std::int64_t>(1, bytes - most)) + " short");
}

std::vector<int> Residency::Held(int p) const {
  std::vector<int> held;
  for (int i = 0; i < size(); ++i) {
    if (SpaceAt(i) == p) held.push_back(i);
  }
  return held;
}

int Residency::NextRank(int i, int rank) const {
  const std::vector<int>& allowed = preferences_.Of(i);
  if (rank >= 0 && problem_.buffers[At(i)].fixed_offset != kFree) return -1;
  for (++rank; rank < static_cast<int>(allowed.size()); ++rank) {
    if (CanHold(space(allowed[At(rank)]), problem_.buffers[At(i)])) return rank;
    if (problem_.buffers[At(i)].fixed_offset != kFree) return -1;
  }
  return -1;
}

int Residency::RankOf(int i, int p) const {
  for (int rank = NextRank(i, -1); rank >= 0; rank = NextRank(i, rank)) {
    if (preferences_.Of(i)[At(rank)] == p) return rank;
  }
  return -1;
}

std::vector<int> Residency::Choices(int i) const {
  std::vector<int> choices;
  for (int rank = NextRank(i, -1); rank >= 0; rank = NextRank(i, rank)) choices.push_back(preferences_.Of(i)[At(rank)]);
  return choices;
}

std::int64_t Residency::CostAt(int i, int rank) const {
  const std::vector<int>& allowed = preferences_.Of(i);
  const std::int64_t per_byte = std::max<std::int64_t>(1, costs_[At(allowed[At(rank)])] - costs_[At(allowed[0])]);
  return rank == 0 ? 0 : problem_.buffers[At(i)].size * Uses(i) * per_byte;
}

std::int64_t Residency::CostOfSpilling(int i) const {
  const int next = NextRank(i, rank_[At(i)]);
  return next < 0 ? 0 : std::max<std::int64_t>(0, CostAt(i, next) - CostAt(i, rank_[At(i)]));
}

std::int64_t Residency::CheapestFrom(int i, int rank) const {
  std::int64_t least = CostAt(i, rank);
  for (; rank >= 0; rank = NextRank(i, rank)) least = std::min(least, CostAt(i, rank));
  return least;
}

}  // namespace orionrt
