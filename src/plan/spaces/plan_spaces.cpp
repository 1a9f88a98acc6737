// One plan over several spaces. Every buffer starts in the first space that it may live in and that could hold it. A
// space that is too full spills by load (choose_spills.cpp), is packed by the policy like an arena of its own, and,
// where the packing is still too high, spills by packing: what sticks out spills, and comes back where there is a hole.
// A buffer that spills goes on to its next space, so this ends. Then every buffer that fits into a hole of a space that
// it prefers moves back there.
#include "plan/spaces/plan_spaces.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/index.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "plan/spaces/choose_spills.hpp"
#include "plan/spaces/residency.hpp"

namespace orionrt {
namespace {

class SpacePlanner {
 public:
  SpacePlanner(const Problem& problem, const PlanOptions& options, const PackOne& pack)
      : problem_(problem),
        options_(options),
        pack_(pack),
        residency_(problem),
        offsets_(problem.buffers.size(), 0),
        changed_(problem.spaces.size(), true),
        spilled_from_(problem.spaces.size(), false),
        packed_(problem.spaces.size()) {
    options_.capacity.reset();
  }

  Plan Run() {
    RequireRoom(residency_);
    const std::int64_t bound = CostBound();
    for (bool again = true; again;) {
      again = false;
      for (int p = 0; p < residency_.spaces(); ++p) again |= changed_[At(p)] && Fit(p);
    }
    Promote();
    return Finish(bound);
  }

 private:
  // Per space, what it costs those that would best be in it that not all of them can; and those that never can.
  std::int64_t CostBound() const {
    std::int64_t sum = 0;
    for (int p = 0; p < residency_.spaces(); ++p) {
      std::vector<int> held;
      std::vector<Resident> residents;
      for (int i = 0; i < residency_.size(); ++i) {
        if (residency_.Allowed(i)[0] != p) continue;
        if (residency_.RankNow(i) > 0) {
          sum += residency_.CheapestFrom(i, residency_.RankNow(i));
          continue;
        }
        const int next = residency_.NextRank(i, 0);
        held.push_back(i);
        residents.push_back({next < 0 ? 0 : residency_.CheapestFrom(i, next), next < 0});
      }
      sum += ChooseSpills(InOneExecution(ProblemIn(problem_, held, residency_.space(p))), residents,
                          residency_.Capacity(p), options_.effort)
                 .bound;
    }
    return sum;
  }

  // Within the space's capacity, if the policy can; then the peak may be higher than it has to be.
  Plan Pack(const std::vector<int>& buffers, int p, Effort effort) const {
    PlanOptions within = options_;
    within.effort = effort;
    within.capacity = residency_.space(p).capacity;
    return pack_(ProblemIn(problem_, buffers, residency_.space(p)), within);
  }

  // Which buffers stay and which spill when no more than `capacity` bytes are to be alive at any step.
  Packing SpillByLoad(int p, const std::vector<int>& held, std::int64_t capacity) const {
    std::vector<Resident> residents;
    for (const int i : held) residents.push_back({residency_.CostOfSpilling(i), residency_.Pinned(i)});
    const SpillChoice choice = ChooseSpills(InOneExecution(ProblemIn(problem_, held, residency_.space(p))), residents,
                                            capacity, options_.effort);
    Packing packing;
    packing.covered = choice.covers;
    for (std::size_t k = 0; k < held.size(); ++k)
      (choice.spilled[k] ? packing.spilled : packing.buffers).push_back(held[k]);
    return packing;
  }

  // Brings a space below its capacity. True if a buffer had to spill.
  bool Fit(int p) {
    changed_[At(p)] = false;
    const std::vector<int> held = residency_.Held(p);
    Packing packing = SpillByLoad(p, held, residency_.Capacity(p));
    if (!packing.covered) RefuseHeld(p, held);
    Plan plan = Pack(packing.buffers, p, options_.effort);
    if (policy_.empty()) policy_ = plan.policy;
    time_limited_ |= plan.time_limited;
    packing.offsets = plan.offsets;
    packed_[At(p)].reset();
    if (plan.peak_bytes > residency_.Capacity(p)) {
      packing = SpillByPacking(p, held, std::move(packing), plan.peak_bytes);
    } else if (!residency_.space(p).capacity || plan.certificate.proven_optimal) {
      packed_[At(p)] = std::move(plan);
    }
    Install(packing);
    spilled_from_[At(p)] = spilled_from_[At(p)] || !packing.spilled.empty();
    for (const int i : packing.spilled) {
      residency_.SetRank(i, residency_.NextRank(i, residency_.RankNow(i)));
      changed_[At(residency_.SpaceAt(i))] = true;
    }
    return !packing.spilled.empty();
  }

  void Install(const Packing& packing) {
    for (std::size_t k = 0; k < packing.buffers.size(); ++k) offsets_[At(packing.buffers[k])] = packing.offsets[k];
  }

  // What is alive fits, but its packing does not. The cheapest of: the packing less what sticks out; one of less,
  // chosen as if the space were smaller by what stuck out, or twice, or four times that; and the pinned ones packed
  // first. Each with the spilled buffers put back into the holes.
  Packing SpillByPacking(int p, const std::vector<int>& held, Packing packing, std::int64_t peak) {
    constexpr std::size_t kFew = 4096;
    std::vector<Packing> found;
    Packing low = WithoutTop(p, packing);
    if (low.covered) found.push_back(Fill(residency_, p, low));
    for (int k = 0; k < 3; ++k) {
      const std::int64_t over = peak - residency_.Capacity(p);
      if (over > residency_.Capacity(p) >> k) break;
      Packing smaller = SpillByLoad(p, held, residency_.Capacity(p) - (over << k));
      if (!smaller.covered || !PackWithin(p, &smaller)) continue;
      found.push_back(Fill(residency_, p, smaller));
      break;
    }
    if (found.empty() || held.size() <= kFew) {
      Packing pinned;
      for (const int i : held) (residency_.Pinned(i) ? pinned.buffers : pinned.spilled).push_back(i);
      if (PackWithin(p, &pinned)) found.push_back(Fill(residency_, p, pinned));
    }
    if (found.empty()) RefuseHeld(p, held);
    Packing best = *std::min_element(found.begin(), found.end(), [&](const Packing& a, const Packing& b) {
      return CostOfSpilled(residency_, a) < CostOfSpilled(residency_, b);
    });
    return PackWithin(p, &best) ? Fill(residency_, p, best) : best;
  }

  // Those of the packing that end within the capacity; `covered` if what sticks out can spill.
  Packing WithoutTop(int p, const Packing& packing) const {
    Packing low;
    low.spilled = packing.spilled;
    for (std::size_t k = 0; k < packing.buffers.size(); ++k) {
      const int i = packing.buffers[k];
      if (packing.offsets[k] + BytesIn(residency_.space(p), problem_.buffers[At(i)]) > residency_.Capacity(p)) {
        low.covered = low.covered && !residency_.Pinned(i);
        low.spilled.push_back(i);
        continue;
      }
      low.buffers.push_back(i);
      low.offsets.push_back(packing.offsets[k]);
    }
    return low;
  }

  // Offsets by the policy, if they stay within the capacity; else the packing stays as it is. Briefly: there are
  // several of these, and a miss costs no more than the hole that is not found.
  bool PackWithin(int p, Packing* packing) const {
    Plan plan = Pack(packing->buffers, p, Effort::kFast);
    if (plan.peak_bytes > residency_.Capacity(p)) return false;
    packing->offsets = std::move(plan.offsets);
    return true;
  }

  [[noreturn]] void RefuseHeld(int p, const std::vector<int>& held) const {
    std::vector<int> pinned;
    for (const int i : held) {
      if (residency_.Pinned(i)) pinned.push_back(i);
    }
    RefusePinned(residency_, p, pinned, Pack(pinned, p, options_.effort));
  }

  // Whoever fits into a hole of a space that it prefers to its own moves there.
  void Promote() {
    for (int p = 0; p < residency_.spaces(); ++p) {
      Packing packing;
      std::vector<std::pair<int, int>> saved;  // buffers to be asked, and their ranks
      for (int i = 0; i < residency_.size(); ++i) {
        if (residency_.SpaceAt(i) == p) {
          packing.buffers.push_back(i);
          packing.offsets.push_back(offsets_[At(i)]);
          continue;
        }
        const int rank = residency_.RankOf(i, p);
        if (rank < 0 || rank >= residency_.RankNow(i)) continue;
        packing.spilled.push_back(i);
        saved.emplace_back(i, rank);
      }
      if (packing.spilled.empty()) continue;
      const Packing filled = FillBack(p, packing, saved);
      for (const auto& [i, rank] : saved) {
        const auto found = std::lower_bound(filled.buffers.begin(), filled.buffers.end(), i);
        if (found == filled.buffers.end() || *found != i) continue;
        changed_[At(residency_.SpaceAt(i))] = changed_[At(p)] = true;
        residency_.SetRank(i, rank);
      }
      Install(filled);
    }
  }

  // Fill asks what spilling costs from the rank that a buffer has: here, from the one that it would get.
  Packing FillBack(int p, const Packing& packing, const std::vector<std::pair<int, int>>& ranks) const {
    Residency there = residency_;
    for (const auto& [i, rank] : ranks) there.SetRank(i, rank);
    return Fill(there, p, packing);
  }

  // The figures of what a space holds in the end. Where nothing had to spill, after a last packing that goes for the
  // least peak; a space that is full has no use for one.
  SpaceFigures Seal(int p) {
    const std::vector<int> held = residency_.Held(p);
    const Problem subproblem = ProblemIn(problem_, held, residency_.space(p));
    if (changed_[At(p)]) packed_[At(p)].reset();
    if (!packed_[At(p)] && !spilled_from_[At(p)]) packed_[At(p)] = pack_(subproblem, options_);
    std::vector<std::int64_t> offsets;
    for (const int i : held) offsets.push_back(offsets_[At(i)]);
    SpaceFigures figures;
    figures.peak_bytes = PeakOf(subproblem, offsets);
    if (packed_[At(p)]) {
      Plan& plan = *packed_[At(p)];
      time_limited_ |= plan.time_limited;
      figures.certificate = std::move(plan.certificate);
      if (plan.peak_bytes <= figures.peak_bytes) {
        figures.peak_bytes = plan.peak_bytes;
        for (std::size_t k = 0; k < held.size(); ++k) offsets_[At(held[k])] = plan.offsets[k];
      }
    } else {
      figures.certificate = LowerBound(subproblem);
    }
    figures.certificate.proven_optimal = figures.peak_bytes == figures.certificate.lower_bound_bytes;
    for (int& i : figures.certificate.witness) i = held[At(i)];
    return figures;
  }

  Plan Finish(std::int64_t bound) {
    Plan plan;
    for (int p = 0; p < residency_.spaces(); ++p) {
      plan.spaces.figures.push_back(Seal(p));
      plan.peak_bytes += plan.spaces.figures.back().peak_bytes;
    }
    if (residency_.spaces() == 1) plan.certificate = plan.spaces.figures[0].certificate;  // nobody could lie elsewhere
    plan.policy = policy_;
    plan.time_limited = time_limited_;
    plan.offsets = offsets_;
    for (int i = 0; i < residency_.size(); ++i) plan.spaces.space_of.push_back(residency_.SpaceAt(i));
    for (int p = 0; p < residency_.spaces(); ++p) ListSpills(residency_, p, plan.spaces.spills);
    std::sort(plan.spaces.spills.begin(), plan.spaces.spills.end(),
              [](const Spill& a, const Spill& b) { return a.buffer < b.buffer; });
    for (const Spill& spill : plan.spaces.spills) plan.spaces.spill_cost += spill.cost;
    plan.spaces.spill_cost_bound = bound;
    return plan;
  }

  const Problem& problem_;
  PlanOptions options_;
  const PackOne& pack_;
  Residency residency_;
  std::vector<std::int64_t> offsets_;  // per buffer
  std::vector<bool> changed_;          // per space: who is in it has changed since it was fitted
  std::vector<bool> spilled_from_;     // per space: a buffer had to spill from it
  std::string policy_;                 // what packed the first space
  bool time_limited_ = false;
  std::vector<std::optional<Plan>> packed_;  // per space the policy's plan of what it held then, if its packing fitted
};

}  // namespace

Plan PlanSpaces(const Problem& problem, const PlanOptions& options, const PackOne& pack) {
  return SpacePlanner(problem, options, pack).Run();
}

}  // namespace orionrt
