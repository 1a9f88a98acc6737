// Who lies in which space, as far as it is decided, and what other choices cost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "orionrt/plan.hpp"
#include "plan/space_table.hpp"

namespace orionrt {

// A buffer's rank is the position of its space in the list of those that it may live in. Keeps a reference to the
// problem.
class Residency {
 public:
  // Everyone where they would best be, of the spaces that could hold them if these were empty. Throws Error
  // (kInfeasible) for a buffer that none could.
  explicit Residency(const Problem& problem);

  const Problem& problem() const { return problem_; }
  int size() const { return static_cast<int>(problem_.buffers.size()); }
  int spaces() const { return static_cast<int>(problem_.spaces.size()); }
  const Space& space(int p) const { return problem_.spaces[At(p)]; }
  std::int64_t Capacity(int p) const { return LimitOf(space(p).capacity); }
  const std::vector<int>& Allowed(int i) const { return preferences_.Of(i); }
  std::int64_t Uses(int i) const { return problem_.uses.empty() ? 1 : problem_.uses[At(i)]; }

  int RankNow(int i) const { return rank_[At(i)]; }
  void SetRank(int i, int rank) { rank_[At(i)] = rank; }
  int SpaceAt(int i) const { return preferences_.Of(i)[At(rank_[At(i)])]; }
  std::vector<int> Held(int p) const;

  // The next rank whose space could hold the buffer, or -1. A fixed buffer has its first alone.
  int NextRank(int i, int rank) const;
  // The rank of space `p`, if it could hold the buffer; else -1.
  int RankOf(int i, int p) const;
  // The spaces that could hold the buffer.
  std::vector<int> Choices(int i) const;
  bool Pinned(int i) const { return NextRank(i, rank_[At(i)]) < 0; }

  // SpillCost by rank.
  std::int64_t CostAt(int i, int rank) const;
  // What it costs more in its next space.
  std::int64_t CostOfSpilling(int i) const;
  // The least cost from that rank on.
  std::int64_t CheapestFrom(int i, int rank) const;

 private:
  void Settle(int i);

  const Problem& problem_;
  const Preferences preferences_;
  const std::vector<std::int64_t> costs_;
  std::vector<int> rank_;
};

// What lies in one space, as far as it is decided.
struct Packing {
  std::vector<int> buffers;           // ascending
  std::vector<std::int64_t> offsets;  // one each
  std::vector<int> spilled;           // who found no place
  bool covered = true;                // all that sticks out, or is too much, could spill
};

// What the spilled buffers of a packing cost.
std::int64_t CostOfSpilled(const Residency& residency, const Packing& packing);

// Puts spilled buffers back into the holes that are left, as far as they fit: the dearest first, or the dearest for the
// steps that it takes, or the largest, whichever leaves the cheapest spilled.
Packing Fill(const Residency& residency, int p, const Packing& packing);

// Those that would best be in space `p`, and why they are not.
void ListSpills(const Residency& residency, int p, std::vector<Spill>& spills);

// Throws Error (kInfeasible) where buffers that some spaces alone can hold need more at a step than these have
// together.
void RequireRoom(const Residency& residency);

// As RefuseCapacity does, with the space named before the rest: `pinned` are in space `p`, cannot spill, and `plan` is
// a plan of them. Where they had a choice that was made for them, whether another one fits is open (kLimit).
[[noreturn]] void RefusePinned(const Residency& residency, int p, const std::vector<int>& pinned, const Plan& plan);

}  // namespace orionrt
