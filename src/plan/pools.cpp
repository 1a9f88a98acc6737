// One plan over several pools. Every buffer starts in the first pool that it may live in and that could hold it. A pool
// that is too full is relieved by load (pools_evict.cpp), packed by the policy like an arena of its own, and, where the
// packing is still too high, trimmed: what sticks out leaves, and comes back where there is a hole. Who leaves goes on
// to its next pool, so this ends. Then whoever fits into a hole of a pool that it prefers moves back there.
#include "plan/pools.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "orionrt/error.hpp"
#include "plan/infeasible.hpp"
#include "plan/load_tree.hpp"
#include "plan/placing/placer.hpp"

namespace orionrt {
namespace {

// What lies in one pool, as far as it is decided.
struct Packing {
  std::vector<int> buffers;           // ascending
  std::vector<std::int64_t> offsets;  // one each
  std::vector<int> out;               // who found no place
  bool covered = true;                // all that sticks out, or is too much, could leave
};

void CopyLabels(const Problem& problem, const std::vector<int>& buffers, Problem& part) {
  for (const int i : buffers) {
    part.ids.push_back(BufferId(problem, i));
    if (!problem.names.empty()) part.names.push_back(problem.names[i]);
  }
}

// As RefuseCapacity does, with the pools named before the rest.
[[noreturn]] void RefusePool(const std::string& who, const Problem& problem, const Plan& plan, std::int64_t capacity) {
  try {
    RefuseCapacity(problem, plan, capacity);
  } catch (const Error& error) {
    throw Error(error.code(), who + ": " + error.what());
  }
}

class PoolPlanner {
 public:
  PoolPlanner(const Problem& problem, const PlanOptions& options, const PackOne& pack)
      : problem_(problem),
        options_(options),
        pack_(pack),
        preferences_(problem),
        costs_(PoolCosts(problem)),
        rank_(problem.buffers.size(), 0),
        offsets_(problem.buffers.size(), 0),
        changed_(problem.pools.size(), true),
        relieved_(problem.pools.size(), false),
        packed_(problem.pools.size()) {
    options_.capacity = 0;
  }

  Plan Run() {
    for (int i = 0; i < size(); ++i) Settle(i);
    RequireRoom();
    const std::int64_t bound = CostBound();
    for (bool again = true; again;) {
      again = false;
      for (int p = 0; p < pools(); ++p) again |= changed_[p] && Fit(p);
    }
    Promote();
    return Finish(bound);
  }

 private:
  int size() const { return static_cast<int>(problem_.buffers.size()); }
  int pools() const { return static_cast<int>(problem_.pools.size()); }
  const Pool& pool(int p) const { return problem_.pools[p]; }
  int PoolAt(int i) const { return preferences_.Of(i)[rank_[i]]; }
  std::int64_t Uses(int i) const { return problem_.uses.empty() ? 1 : problem_.uses[i]; }

  // SpillCost, with what it looks up at hand.
  std::int64_t CostAt(int i, int rank) const {
    const std::vector<int>& allowed = preferences_.Of(i);
    const std::int64_t per_byte = std::max<std::int64_t>(1, costs_[allowed[rank]] - costs_[allowed[0]]);
    return rank == 0 ? 0 : problem_.buffers[i].size * Uses(i) * per_byte;
  }

  // The next choice after `rank` that could hold the buffer, or -1.
  int NextRank(int i, int rank) const {
    const std::vector<int>& allowed = preferences_.Of(i);
    if (rank >= 0 && problem_.buffers[i].fixed_offset != kFree) return -1;
    for (++rank; rank < static_cast<int>(allowed.size()); ++rank) {
      if (CanHold(pool(allowed[rank]), problem_.buffers[i])) return rank;
      if (problem_.buffers[i].fixed_offset != kFree) return -1;
    }
    return -1;
  }

  void Settle(int i) {
    rank_[i] = NextRank(i, -1);
    if (rank_[i] >= 0) return;
    std::string limits;
    std::int64_t most = 0;
    for (const int p : preferences_.Of(i)) {
      const std::int64_t takes = std::min(pool(p).capacity, pool(p).largest);
      most = std::max(most, takes);
      limits += (limits.empty() ? "" : ", ") + Printable(pool(p).name) + " (" + FormatThousands(takes) + ")";
      if (problem_.buffers[i].fixed_offset != kFree) break;
    }
    const std::int64_t bytes = problem_.buffers[i].size;
    throw Error(ErrorCode::kInfeasible,
                "does not fit: buffer " + BufferLabel(problem_, i) + ", alive from step " +
                    std::to_string(problem_.buffers[i].lower) + ", has " + FormatThousands(bytes) +
                    " bytes, and the pools that it may live in take less as one buffer: " + limits + "; " +
                    FormatThousands(std::max<std::int64_t>(1, bytes - most)) + " short");
  }

  // Buffers that may live in `allowed` alone need no more at any step than these hold together, or no plan exists.
  void RequireRoomIn(const std::set<int>& allowed) const {
    std::int64_t capacity = 0;
    std::string who;
    for (const int p : allowed) {
      if (pool(p).capacity >= kUnlimited - capacity) return;
      capacity += pool(p).capacity;
      who += (who.empty() ? "pool " : " and ") + Printable(pool(p).name);
    }
    std::vector<int> captive;
    for (int i = 0; i < size(); ++i) {
      const std::vector<int> mine = Choices(i);
      if (std::all_of(mine.begin(), mine.end(), [&](int p) { return allowed.count(p) != 0; })) captive.push_back(i);
    }
    const bool alone = allowed.size() == 1;
    Problem part = ProblemIn(problem_, captive, alone ? pool(*allowed.begin()) : Pool());
    for (Buffer& b : part.buffers) {  // in several pools there are several topmost buffers without padding
      if (!alone) b.alignment = 1;
      if (!alone) b.fixed_offset = kFree;
    }
    Plan bound;
    bound.certificate = LowerBound(part);
    if (bound.certificate.lower_bound_bytes <= capacity) return;
    CopyLabels(problem_, captive, part);
    RefusePool(who, part, bound, capacity);
  }

  void RequireRoom() const {
    constexpr std::size_t kMost = 64;  // different lists that are looked at
    std::set<std::set<int>> lists;
    for (int i = 0; i < size() && lists.size() < kMost; ++i) {
      const std::vector<int> mine = Choices(i);
      lists.insert(std::set<int>(mine.begin(), mine.end()));
    }
    std::set<int> all;
    for (int p = 0; p < pools(); ++p) all.insert(p);
    lists.insert(all);
    for (const std::set<int>& list : lists) RequireRoomIn(list);
  }

  std::vector<int> Held(int p) const {
    std::vector<int> held;
    for (int i = 0; i < size(); ++i) {
      if (PoolAt(i) == p) held.push_back(i);
    }
    return held;
  }

  // Per pool, what it costs those that would best be in it that not all of them can; and those that never can.
  std::int64_t CostBound() const {
    std::int64_t sum = 0;
    for (int p = 0; p < pools(); ++p) {
      std::vector<int> held;
      std::vector<Tenant> tenants;
      for (int i = 0; i < size(); ++i) {
        if (preferences_.Of(i)[0] != p) continue;
        if (rank_[i] > 0) {
          sum += CheapestFrom(i, rank_[i]);
          continue;
        }
        const int next = NextRank(i, 0);
        held.push_back(i);
        tenants.push_back({next < 0 ? 0 : CheapestFrom(i, next), next < 0});
      }
      sum += ChooseEviction(ProblemIn(problem_, held, pool(p)), tenants, pool(p).capacity, options_.effort).bound;
    }
    return sum;
  }

  std::int64_t CheapestFrom(int i, int rank) const {
    std::int64_t least = CostAt(i, rank);
    for (; rank >= 0; rank = NextRank(i, rank)) least = std::min(least, CostAt(i, rank));
    return least;
  }

  std::int64_t CostOfLeaving(int i) const {
    const int next = NextRank(i, rank_[i]);
    return next < 0 ? 0 : std::max<std::int64_t>(0, CostAt(i, next) - CostAt(i, rank_[i]));
  }
  bool Pinned(int i) const { return NextRank(i, rank_[i]) < 0; }

  // Within the pool's capacity, if the policy can; then the peak may be higher than it has to be.
  Plan Pack(const std::vector<int>& buffers, int p) const {
    PlanOptions within = options_;
    if (pool(p).capacity != kUnlimited) within.capacity = pool(p).capacity;
    return pack_(ProblemIn(problem_, buffers, pool(p)), within);
  }

  // Who stays and who leaves when no more than `capacity` bytes are to be alive at any step.
  Packing Relieve(int p, const std::vector<int>& held, std::int64_t capacity) const {
    std::vector<Tenant> tenants;
    for (const int i : held) tenants.push_back({CostOfLeaving(i), Pinned(i)});
    const Eviction eviction = ChooseEviction(ProblemIn(problem_, held, pool(p)), tenants, capacity, options_.effort);
    Packing packing;
    packing.covered = eviction.covers;
    for (std::size_t k = 0; k < held.size(); ++k)
      (eviction.leaves[k] ? packing.out : packing.buffers).push_back(held[k]);
    return packing;
  }

  // Brings a pool below its capacity. True if someone had to leave.
  bool Fit(int p) {
    changed_[p] = false;
    const std::vector<int> held = Held(p);
    Packing packing = Relieve(p, held, pool(p).capacity);
    if (!packing.covered) RefusePinned(p, held);
    Plan plan = Pack(packing.buffers, p);
    if (policy_.empty()) policy_ = plan.policy;
    time_limited_ |= plan.time_limited;
    packing.offsets = plan.offsets;
    packed_[p].reset();
    if (plan.peak_bytes > pool(p).capacity) {
      packing = Trim(p, held, std::move(packing), plan.peak_bytes);
    } else if (pool(p).capacity == kUnlimited || plan.certificate.proven_optimal) {
      packed_[p] = std::move(plan);
    }
    Install(packing);
    relieved_[p] = relieved_[p] || !packing.out.empty();
    for (const int i : packing.out) {
      rank_[i] = NextRank(i, rank_[i]);
      changed_[PoolAt(i)] = true;
    }
    return !packing.out.empty();
  }

  void Install(const Packing& packing) {
    for (std::size_t k = 0; k < packing.buffers.size(); ++k) offsets_[packing.buffers[k]] = packing.offsets[k];
  }

  std::int64_t CostOfOut(const Packing& packing) const {
    std::int64_t sum = 0;
    for (const int i : packing.out) sum += CostOfLeaving(i);
    return sum;
  }

  // What is alive fits, but its packing does not. The cheapest of: the packing less what sticks out; one of less,
  // chosen as if the pool were smaller by what stuck out, or twice, or four times that; and the pinned ones packed
  // first. Each with whoever is out put back into the holes.
  Packing Trim(int p, const std::vector<int>& held, Packing packing, std::int64_t peak) {
    constexpr std::size_t kFew = 4096;
    std::vector<Packing> found;
    Packing low = WithoutTop(p, packing);
    if (low.covered) found.push_back(Fill(p, low));
    for (int k = 0; k < 3; ++k) {
      const std::int64_t target = pool(p).capacity - (peak - pool(p).capacity) * (std::int64_t{1} << k);
      if (target <= 0) break;
      Packing smaller = Relieve(p, held, target);
      if (!smaller.covered || !PackWithin(p, &smaller)) continue;
      found.push_back(Fill(p, smaller));
      break;
    }
    if (found.empty() || held.size() <= kFew) {
      Packing pinned;
      for (const int i : held) (Pinned(i) ? pinned.buffers : pinned.out).push_back(i);
      if (PackWithin(p, &pinned)) found.push_back(Fill(p, pinned));
    }
    if (found.empty()) RefusePinned(p, held);
    Packing best = *std::min_element(found.begin(), found.end(),
                                     [&](const Packing& a, const Packing& b) { return CostOfOut(a) < CostOfOut(b); });
    return PackWithin(p, &best) ? Fill(p, best) : best;
  }

  // Those of the packing that end within the capacity; `covered` if what sticks out can leave.
  Packing WithoutTop(int p, const Packing& packing) const {
    Packing low;
    low.out = packing.out;
    for (std::size_t k = 0; k < packing.buffers.size(); ++k) {
      const int i = packing.buffers[k];
      if (packing.offsets[k] + BytesIn(pool(p), problem_.buffers[i]) > pool(p).capacity) {
        low.covered = low.covered && !Pinned(i);
        low.out.push_back(i);
        continue;
      }
      low.buffers.push_back(i);
      low.offsets.push_back(packing.offsets[k]);
    }
    return low;
  }

  // Offsets by the policy, if they stay within the capacity; else the packing stays as it is.
  bool PackWithin(int p, Packing* packing) const {
    Plan plan = Pack(packing->buffers, p);
    if (plan.peak_bytes > pool(p).capacity) return false;
    packing->offsets = std::move(plan.offsets);
    return true;
  }

  // Puts whoever is out into the holes that are left, as far as they fit: the dearest first, or the dearest for the
  // bytes and steps that it takes first, whichever leaves less cost outside.
  Packing Fill(int p, const Packing& packing) const {
    std::vector<int> by_cost = packing.out;
    std::sort(by_cost.begin(), by_cost.end());
    std::stable_sort(by_cost.begin(), by_cost.end(), [&](int a, int b) { return CostOfLeaving(a) > CostOfLeaving(b); });
    const auto area = [&](int i) {
      const Buffer& b = problem_.buffers[i];
      return static_cast<__int128>(BytesIn(pool(p), b)) * (b.upper - b.lower);
    };
    std::vector<int> by_density = by_cost;
    std::stable_sort(by_density.begin(), by_density.end(), [&](int a, int b) {
      // Uses per step, as bytes are in both; 128 bits hold the product.
      const Buffer &first = problem_.buffers[a], &second = problem_.buffers[b];
      return static_cast<__int128>(Uses(a)) * (second.upper - second.lower) >
             static_cast<__int128>(Uses(b)) * (first.upper - first.lower);
    });
    std::vector<int> by_area = by_cost;
    std::stable_sort(by_area.begin(), by_area.end(), [&](int a, int b) { return area(a) > area(b); });
    Packing best;
    std::int64_t least = -1;
    for (const std::vector<int>& order : {by_cost, by_density, by_area}) {
      Packing filled = FillInOrder(p, packing, order);
      const std::int64_t cost = CostOfOut(filled);
      if (least >= 0 && cost >= least) continue;
      least = cost;
      best = std::move(filled);
    }
    return best;
  }

  Packing FillInOrder(int p, const Packing& packing, const std::vector<int>& order) const {
    std::vector<int> all = packing.buffers;
    all.insert(all.end(), order.begin(), order.end());
    std::sort(all.begin(), all.end());
    const auto position = [&](int i) {
      return static_cast<int>(std::lower_bound(all.begin(), all.end(), i) - all.begin());
    };
    const Problem part = ProblemIn(problem_, all, pool(p));
    const Shapes shapes(part);
    Placer placer(part, shapes);
    std::vector<std::int64_t> offset(all.size(), -1);
    for (std::size_t k = 0; k < packing.buffers.size(); ++k) {
      const int at = position(packing.buffers[k]);
      offset[at] = packing.offsets[k];
      placer.Place(at, offset[at]);
    }
    Packing result;
    for (const int i : order) {
      const int at = position(i);
      const std::int64_t fit = placer.LowestFit(at, pool(p).capacity);
      if (fit == kNoFit) {
        result.out.push_back(i);
        continue;
      }
      offset[at] = fit;
      placer.Place(at, fit);
    }
    for (std::size_t k = 0; k < all.size(); ++k) {
      if (offset[k] < 0) continue;
      result.buffers.push_back(all[k]);
      result.offsets.push_back(offset[k]);
    }
    return result;
  }

  // What cannot leave is too much for the pool; whether other choices elsewhere would have helped is open, unless these
  // buffers never had a choice (RequireRoom).
  [[noreturn]] void RefusePinned(int p, const std::vector<int>& held) const {
    std::vector<int> stuck;
    for (const int i : held) {
      if (Pinned(i)) stuck.push_back(i);
    }
    Problem part = ProblemIn(problem_, stuck, pool(p));
    const Plan plan = Pack(stuck, p);
    CopyLabels(problem_, stuck, part);
    const bool chosen = std::any_of(stuck.begin(), stuck.end(), [&](int i) { return Choices(i).size() > 1; });
    const std::string who = "pool " + Printable(pool(p).name);
    if (!chosen) RefusePool(who, part, plan, pool(p).capacity);
    try {
      RefuseCapacity(part, plan, pool(p).capacity);
    } catch (const Error& error) {
      throw Error(ErrorCode::kLimit, who + ": what found no room in other pools " + error.what() +
                                         "; whether another choice of pools fits is open");
    }
  }

  // The pools that it may live in and that could hold it.
  std::vector<int> Choices(int i) const {
    std::vector<int> choices;
    for (int rank = NextRank(i, -1); rank >= 0; rank = NextRank(i, rank)) choices.push_back(preferences_.Of(i)[rank]);
    return choices;
  }

  // Whoever fits into a hole of a pool that it prefers to its own moves there.
  void Promote() {
    for (int p = 0; p < pools(); ++p) {
      Packing packing;
      std::vector<std::pair<int, int>> saved;  // buffers to be asked, and their ranks
      for (int i = 0; i < size(); ++i) {
        if (PoolAt(i) == p) {
          packing.buffers.push_back(i);
          packing.offsets.push_back(offsets_[i]);
          continue;
        }
        const int rank = RankOf(i, p);
        if (rank < 0 || rank >= rank_[i]) continue;
        packing.out.push_back(i);
        saved.emplace_back(i, rank);
      }
      if (packing.out.empty()) continue;
      const Packing filled = FillBack(p, packing, saved);
      for (const auto& [i, rank] : saved) {
        const auto found = std::lower_bound(filled.buffers.begin(), filled.buffers.end(), i);
        if (found == filled.buffers.end() || *found != i) continue;
        changed_[PoolAt(i)] = changed_[p] = true;
        rank_[i] = rank;
      }
      Install(filled);
    }
  }

  // Fill asks what leaving costs from the rank that a buffer has: here, from the one that it would get.
  Packing FillBack(int p, const Packing& packing, const std::vector<std::pair<int, int>>& ranks) {
    const std::vector<int> kept = rank_;
    for (const auto& [i, rank] : ranks) rank_[i] = rank;
    Packing filled = Fill(p, packing);
    rank_ = kept;
    return filled;
  }

  // The place of pool `p` in the buffer's list, if it could be held there; else -1.
  int RankOf(int i, int p) const {
    for (int rank = NextRank(i, -1); rank >= 0; rank = NextRank(i, rank)) {
      if (preferences_.Of(i)[rank] == p) return rank;
    }
    return -1;
  }

  // The figures of what a pool holds in the end. Where nobody had to leave, after a last packing that goes for the
  // least peak; a pool that is full has no use for one.
  PoolFigures Seal(int p) {
    const std::vector<int> held = Held(p);
    const Problem part = ProblemIn(problem_, held, pool(p));
    if (changed_[p]) packed_[p].reset();
    if (!packed_[p] && !relieved_[p]) packed_[p] = pack_(part, options_);
    std::vector<std::int64_t> offsets;
    for (const int i : held) offsets.push_back(offsets_[i]);
    PoolFigures figures;
    figures.peak_bytes = PeakOf(part, offsets);
    if (packed_[p]) {
      Plan& plan = *packed_[p];
      time_limited_ |= plan.time_limited;
      figures.certificate = std::move(plan.certificate);
      if (plan.peak_bytes <= figures.peak_bytes) {
        figures.peak_bytes = plan.peak_bytes;
        for (std::size_t k = 0; k < held.size(); ++k) offsets_[held[k]] = plan.offsets[k];
      }
    } else {
      figures.certificate = LowerBound(part);
    }
    figures.certificate.proven_optimal = figures.peak_bytes == figures.certificate.lower_bound_bytes;
    for (int& i : figures.certificate.witness) i = held[i];
    return figures;
  }

  Plan Finish(std::int64_t bound) {
    Plan plan;
    for (int p = 0; p < pools(); ++p) {
      plan.pools.figures.push_back(Seal(p));
      plan.peak_bytes += plan.pools.figures.back().peak_bytes;
    }
    plan.policy = policy_;
    plan.time_limited = time_limited_;
    plan.offsets = offsets_;
    for (int i = 0; i < size(); ++i) plan.pools.pool_of.push_back(PoolAt(i));
    for (int p = 0; p < pools(); ++p) ListSpills(p, plan.pools.spills);
    std::sort(plan.pools.spills.begin(), plan.pools.spills.end(),
              [](const Spill& a, const Spill& b) { return a.buffer < b.buffer; });
    for (const Spill& spill : plan.pools.spills) plan.pools.spill_cost += spill.cost;
    plan.pools.spill_cost_bound = bound;
    return plan;
  }

  // Those that would best be in pool `p`, and why they are not.
  void ListSpills(int p, std::vector<Spill>& spills) const {
    std::vector<int> all;
    for (int i = 0; i < size(); ++i) {
      if (PoolAt(i) == p || preferences_.Of(i)[0] == p) all.push_back(i);
    }
    const Problem part = ProblemIn(problem_, all, pool(p));
    const Shapes shapes(part);
    LoadTree loads(std::max(1, shapes.sections()));
    for (int k = 0; k < static_cast<int>(all.size()); ++k) {
      if (PoolAt(all[k]) != p) continue;
      for (const Rectangle* r = shapes.begin(k); r != shapes.end(k); ++r) loads.Add(r->span, r->end - r->begin);
    }
    for (int k = 0; k < static_cast<int>(all.size()); ++k) {
      const int i = all[k];
      if (PoolAt(i) == p) continue;
      Spill spill{i, p, PoolAt(i), SpillReason::kTooLarge, problem_.buffers[i].lower, 0, CostAt(i, rank_[i])};
      spill.room_bytes = std::min(pool(p).capacity, pool(p).largest);
      if (CanHold(pool(p), problem_.buffers[i]) && shapes.bounds[k].length() > 0) {
        const LoadTree::Peak peak = loads.Max(shapes.bounds[k]);
        spill.room_bytes = pool(p).capacity - peak.bytes;
        spill.step = shapes.steps[peak.section];
        spill.reason = spill.room_bytes < part.buffers[k].size ? SpillReason::kNoRoom : SpillReason::kNoHole;
      }
      spills.push_back(spill);
    }
  }

  const Problem& problem_;
  PlanOptions options_;
  const PackOne& pack_;
  const Preferences preferences_;
  const std::vector<std::int64_t> costs_;
  std::vector<int> rank_;              // per buffer the place of its pool in its list
  std::vector<std::int64_t> offsets_;  // per buffer
  std::vector<bool> changed_;          // per pool: who is in it has changed since it was fitted
  std::vector<bool> relieved_;         // per pool: someone had to leave it
  std::string policy_;                 // what packed the first pool
  bool time_limited_ = false;
  std::vector<std::optional<Plan>> packed_;  // per pool the policy's plan of what it held then, if nobody was trimmed
};

}  // namespace

Plan PlanPools(const Problem& problem, const PlanOptions& options, const PackOne& pack) {
  return PoolPlanner(problem, options, pack).Run();
}

}  // namespace orionrt
