#include "plan/portfolio.hpp"

#include <algorithm>
#include <memory>

#include "orionrt/plan.hpp"
#include "plan/clique_first.hpp"
#include "plan/repair.hpp"

namespace orionrt {
namespace {

// The orders in which the buffers of the worst section are stacked, best first. This table, the next two, and the
// numbers of BudgetOf decide most results of `auto`: scripts/measure_number.py shows what another value would give,
// docs/planning.md ("The portfolio") what it gave.
constexpr Key kCliqueKeys[] = {Key::kLate, Key::kLongLate,  Key::kEarly,    Key::kLongEarly,
                               Key::kLong, Key::kSizeEarly, Key::kSizeLate, Key::kArea};

// The orders that are tried once the bound itself was missed: large random problems do best with long buffers at the
// bottom.
constexpr Key kRelaxKeys[] = {Key::kLongEarly, Key::kLate, Key::kLong, Key::kLongLate};

// One row of effort: each of the first `keys` orders of kCliqueKeys is tried with that patience.
struct Tries {
  int keys;
  CliqueFirst::Patience patience;
};
constexpr Tries kTries[] = {{4, {20, 1, 1, 2}}, {5, {60, 2, 4, 4}}, {8, {120, 3, 7, 12}}, {8, {400, 8, 7, 40}}};

// Numbers of buffers. Above kLarge a try that fails late is too dear for the default effort to be repeated often, above
// kHuge to be made at all.
constexpr std::int64_t kLarge = std::int64_t{1} << 15, kHuge = std::int64_t{1} << 18;

// A gain of less than 1/kFinest of the bound is not pursued.
constexpr std::int64_t kFinest = 8192;

// What a run may spend. A step is one buffer placed, about a microsecond.
struct Budget {
  std::int64_t search;   // aiming at the bound itself
  std::int64_t relax;    // finding some plan not far above it, if it was missed
  std::int64_t halving;  // of the gap to it
  std::int64_t repair;   // of one plan
  std::int64_t target;   // 1/target above the bound is where repair first aims, and
  std::int64_t enough;   // 1/enough above it is where it stops
};

Budget BudgetOf(std::int64_t n, Effort effort) {
  if (effort == Effort::kThorough)
    return {std::min<std::int64_t>(400 * n + 400000, 40000000), 16 * n, 100 * n + 100000, 1000000, 512, kFinest};
  if (n > kHuge) return {0, n / 4, 0, 250000, 104, 104};
  if (effort == Effort::kFast) return {n / 2, n / 2, 0, std::min<std::int64_t>(10 * n, 40000), 512, 512};
  if (n > kLarge) return {230000, 300000, 0, 75000, 512, 512};
  return {std::min<std::int64_t>(20 * n + 20000, 400000),
          n > 16384 ? 80000 : 200000,
          std::min<std::int64_t>(8 * n + 8000, 200000),
          std::min<std::int64_t>(20 * n + 10000, 75000),
          512,
          kFinest};
}

// Fewer steps where a step takes longer than usual: hundreds of buffers are alive then, and passes of first-fit find
// more in the same time.
Budget Within(Budget budget, std::int64_t cost_of_step) {
  constexpr std::int64_t kUsual = 3000;  // nanoseconds
  if (cost_of_step <= kUsual) return budget;
  for (std::int64_t* steps : {&budget.search, &budget.relax, &budget.halving, &budget.repair}) {
    *steps = *steps * kUsual / cost_of_step;
  }
  return budget;
}

Budget BriefBudget(const Problem& problem, std::int64_t most_steps) {
  const auto n = static_cast<std::int64_t>(problem.buffers.size());
  return {std::min({20 * n + 20000, std::int64_t{100000}, most_steps}), 0, 0, 0, 512, kFinest};
}

class Portfolio {
 public:
  Portfolio(const Problem& problem, std::int64_t lower_bound, Watch& watch)
      : problem_(problem), lower_bound_(lower_bound), watch_(watch) {}

  // `relax`: any plan where the bound is missed; otherwise none.
  PortfolioResult Run(const Budget& budget, bool relax = true) {
    watch_.Enter("clique_first");
    CliqueFirst packer(problem_, Core::kAllWorst, watch_);
    if (Search(packer, lower_bound_, budget.search, 4)) return Done(packer);
    if (!packer.stacks()) {
      result_.steps += packer.steps();
      CliqueFirst first(problem_, Core::kFirstWorst, watch_);
      if (Search(first, lower_bound_, budget.search, 4) || !relax) return Done(first);
      return Relax(first, budget);
    }
    return relax ? Relax(packer, budget) : Done(packer);
  }

 private:
  // Aims at `target` along the first rows of kTries. True if it was reached; the plan is kept.
  bool Search(CliqueFirst& packer, std::int64_t target, std::int64_t steps, int rows) {
    const std::int64_t limit = packer.steps() + steps;
    packer.set_step_limit(limit);
    for (int r = 0; r < rows; ++r) {
      for (int k = 0; k < kTries[r].keys; ++k) {
        if (packer.steps() >= limit || watch_.IsOver()) return false;
        if (packer.Pack(kCliqueKeys[k], kTries[r].patience, target)) {
          Keep(packer, kCliqueKeys[k]);
          return true;
        }
      }
    }
    return false;
  }

  // Makes some plans in which the buffers that fit nowhere lie above a target near the bound, and repairs each as far
  // as the budget goes.
  void FindSome(CliqueFirst& packer, const Budget& budget) {
    const std::int64_t limit = packer.steps() + budget.relax;
    packer.set_step_limit(limit);
    for (const std::int64_t part : {budget.target, std::int64_t{128}, std::int64_t{32}}) {
      const std::int64_t target = lower_bound_ + lower_bound_ / part;
      for (const Key key : kRelaxKeys) {
        if (!result_.offsets.empty() && (packer.steps() >= limit || result_.peak <= target || watch_.IsOver())) break;
        packer.Pack(key, {60, 2, 1, 0}, target, true);
        Improve(packer, key, target, budget);
      }
    }
  }

  // Keeps the packer's plan, repaired: lowers the peak by steps that halve when one fails.
  void Improve(const CliqueFirst& packer, Key key, std::int64_t first, const Budget& budget) {
    std::vector<std::int64_t> offsets = packer.offsets();
    std::int64_t peak = packer.Peak(), step = peak - first, left = budget.repair;
    const std::int64_t enough = lower_bound_ + lower_bound_ / budget.enough;
    while (repair_ != nullptr && left > 0 && peak > enough && step > lower_bound_ / kFinest && !watch_.IsOver()) {
      if (repair_->Lower(offsets, peak - step, left, watch_)) {
        peak = PeakOf(problem_, offsets);
      } else {
        step /= 2;
      }
      step = std::min(step, (peak - lower_bound_ + 1) / 2);
    }
    result_.steps += budget.repair - left;
    Keep(offsets, peak, key);
  }

  // Some plan, then better ones: halves the gap between the best peak and the highest target that was missed.
  PortfolioResult Relax(CliqueFirst& packer, const Budget& budget) {
    if (Repair::CanRepair(problem_)) repair_ = std::make_unique<Repair>(problem_, packer.shapes(), packer.sort_keys());
    FindSome(packer, budget);
    std::int64_t missed = lower_bound_;
    const std::int64_t end = packer.steps() + budget.halving;
    // A peak of one byte above a target that was missed leaves nothing to look for between the two.
    const std::int64_t close = std::max<std::int64_t>(1, lower_bound_ / 8192);
    while (packer.steps() < end && result_.peak - missed > close && !watch_.IsOver()) {
      const std::int64_t target = missed + (result_.peak - missed) / 2;
      if (!Search(packer, target, (end - packer.steps()) / 2 + 1000, 2)) missed = target;
    }
    return Done(packer);
  }

  void Keep(const CliqueFirst& packer, Key key) { Keep(packer.offsets(), packer.Peak(), key); }
  void Keep(const std::vector<std::int64_t>& offsets, std::int64_t peak, Key key) {
    if (!result_.offsets.empty() && peak >= result_.peak) return;
    result_.offsets = offsets;
    result_.peak = peak;
    result_.winner = std::string("clique_first:") + KeyName(key);
    watch_.Reach(peak);
  }

  PortfolioResult Done(const CliqueFirst& packer) {
    result_.steps += packer.steps();
    return std::move(result_);
  }

  const Problem& problem_;
  const std::int64_t lower_bound_;
  Watch& watch_;
  std::unique_ptr<Repair> repair_;
  PortfolioResult result_;
};

}  // namespace

PortfolioResult RunPortfolio(const Problem& problem, std::int64_t lower_bound, Effort effort, Watch& watch,
                             std::int64_t cost_of_step) {
  const Budget budget = BudgetOf(static_cast<std::int64_t>(problem.buffers.size()), effort);
  return Portfolio(problem, lower_bound, watch)
      .Run(effort == Effort::kThorough ? budget : Within(budget, cost_of_step));
}

PortfolioResult RunPortfolioBriefly(const Problem& problem, std::int64_t lower_bound, std::int64_t most_steps,
                                    Watch& watch) {
  return Portfolio(problem, lower_bound, watch).Run(BriefBudget(problem, most_steps));
}

PortfolioResult AimAtBound(const Problem& problem, std::int64_t lower_bound, std::int64_t most_steps, Watch& watch) {
  return Portfolio(problem, lower_bound, watch).Run(BriefBudget(problem, most_steps), false);
}

}  // namespace orionrt
