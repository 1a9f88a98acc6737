#include "plan/portfolio.hpp"

#include <algorithm>

#include "plan/clique_first.hpp"

namespace orionrt {
namespace {

// Orders of the clique, best first.
constexpr Key kCliqueKeys[] = {Key::kLate, Key::kLongLate,  Key::kEarly,    Key::kLongEarly,
                               Key::kLong, Key::kSizeEarly, Key::kSizeLate, Key::kArea};

// The same where the bound itself was missed: what is large and random likes long buffers at the bottom.
constexpr Key kRelaxKeys[] = {Key::kLongEarly, Key::kLong, Key::kLate, Key::kLongLate};

// One rung of effort: every one of the first `keys` orders of the clique, with that patience.
struct Rung {
  int keys;
  CliqueFirst::Patience patience;
};
constexpr Rung kRungs[] = {{4, {20, 1, 1, 2}}, {5, {60, 2, 4, 4}}, {8, {120, 3, 7, 12}}, {8, {400, 8, 7, 40}}};

// Buffers from which on even one try that fails late is too dear for the default effort.
constexpr std::int64_t kHuge = std::int64_t{1} << 18;

// In steps per buffer, and some more for small problems.
struct Budget {
  std::int64_t search;  // aiming at the bound itself
  std::int64_t relax;   // finding some plan not far above it, if it was missed
  std::int64_t ladder;  // halving the gap to it
};

Budget BudgetOf(std::int64_t n, Effort effort) {
  if (effort == Effort::kThorough)
    return {std::min<std::int64_t>(400 * n + 400000, 40000000), 16 * n, 100 * n + 100000};
  if (n > kHuge) return {0, n / 4, 0};
  if (effort == Effort::kFast) return {n / 2, n / 2, 0};
  return {std::min<std::int64_t>(20 * n + 20000, 700000), n, std::min<std::int64_t>(8 * n + 8000, 200000)};
}

class Portfolio {
 public:
  Portfolio(const Problem& problem, std::int64_t lower_bound) : problem_(problem), lower_bound_(lower_bound) {}

  PortfolioResult Run(Effort effort) {
    const auto n = static_cast<std::int64_t>(problem_.buffers.size());
    const Budget budget = BudgetOf(n, effort);
    CliqueFirst packer(problem_, Core::kAllWorst);
    if (Search(packer, lower_bound_, budget.search, 4)) return Done(packer);
    if (!packer.stacks()) {
      result_.steps += packer.steps();
      CliqueFirst first(problem_, Core::kFirstWorst);
      if (Search(first, lower_bound_, budget.search, 4)) return Done(first);
      return Relax(first, budget);
    }
    return Relax(packer, budget);
  }

 private:
  // Aims at `target` along the rungs. True if it was reached; the plan is kept.
  bool Search(CliqueFirst& packer, std::int64_t target, std::int64_t steps, int rungs) {
    const std::int64_t limit = packer.steps() + steps;
    packer.set_step_limit(limit);
    for (int r = 0; r < rungs; ++r) {
      for (int k = 0; k < kRungs[r].keys; ++k) {
        if (packer.steps() >= limit) return false;
        if (packer.Pack(kCliqueKeys[k], kRungs[r].patience, target)) {
          Keep(packer, kCliqueKeys[k]);
          return true;
        }
      }
    }
    return false;
  }

  // Some plan: with a target as near the bound as the cores allow.
  void FindSome(CliqueFirst& packer, std::int64_t steps) {
    const std::int64_t limit = packer.steps() + steps;
    packer.set_step_limit(limit);
    for (int shift = 7; shift >= 5; --shift) {
      for (const Key key : kRelaxKeys) {
        if (packer.steps() >= limit) break;
        const std::int64_t target = lower_bound_ + (lower_bound_ >> shift);
        if (!packer.Pack(key, {40, 2, 2, 2}, target, CliqueFirst::Insist::kCore)) continue;
        Keep(packer, key);
        return;
      }
    }
    const std::int64_t target = lower_bound_ + (lower_bound_ >> 5);
    packer.Pack(kCliqueKeys[0], {20, 1, 1, 0}, target, CliqueFirst::Insist::kNothing);
    Keep(packer, kCliqueKeys[0]);
  }

  // Some plan, then better ones: halves the gap between the best peak and the highest target that was missed.
  PortfolioResult Relax(CliqueFirst& packer, const Budget& budget) {
    FindSome(packer, budget.relax);
    std::int64_t missed = lower_bound_;
    const std::int64_t end = packer.steps() + budget.ladder;
    // One above what was missed there is nothing between.
    const std::int64_t close = std::max<std::int64_t>(1, lower_bound_ / 8192);
    while (packer.steps() < end && result_.peak - missed > close) {
      const std::int64_t target = missed + (result_.peak - missed) / 2;
      if (!Search(packer, target, (end - packer.steps()) / 2 + 1000, 2)) missed = target;
    }
    return Done(packer);
  }

  void Keep(const CliqueFirst& packer, Key key) {
    const std::int64_t peak = packer.Peak();
    if (!result_.offsets.empty() && peak >= result_.peak) return;
    result_.offsets = packer.offsets();
    result_.peak = peak;
    result_.winner = std::string("clique_first:") + KeyName(key);
  }

  PortfolioResult Done(const CliqueFirst& packer) {
    result_.steps += packer.steps();
    return std::move(result_);
  }

  const Problem& problem_;
  const std::int64_t lower_bound_;
  PortfolioResult result_;
};

}  // namespace

PortfolioResult RunPortfolio(const Problem& problem, std::int64_t lower_bound, Effort effort) {
  return Portfolio(problem, lower_bound).Run(effort);
}

}  // namespace orionrt
