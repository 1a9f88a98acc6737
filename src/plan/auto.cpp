// The policies that search. `auto`: a portfolio of packings, which reaches the lower bound on most graphs; where it
// does not, an exact search improves on it, or proves that nothing can; and where hundreds are alive at once, passes of
// first-fit whose order learns. `exact`: the search alone.
#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "orionrt/error.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "plan/exact/exact.hpp"
#include "plan/one_stream.hpp"
#include "plan/placing/orders.hpp"
#include "plan/placing/placing.hpp"
#include "plan/policies.hpp"
#include "plan/pools.hpp"
#include "plan/portfolio.hpp"
#include "plan/squeaky_wheel.hpp"

namespace orionrt {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

// Of the search, by effort: fast, balanced, thorough.
constexpr std::int64_t kNodes[] = {30'000, 100'000, 20'000'000};
constexpr std::int64_t kSearch[] = {20'000'000, 1'000'000'000, 400'000'000'000};
// Of a first try, which settles most that can be settled, before anything else is spent.
constexpr std::int64_t kBriefSearch = 120'000'000;

ExactLimits LimitsOf(const PlanOptions& options, std::int64_t work) {
  return {kNodes[static_cast<int>(options.effort)], work, options.time_limit_seconds};
}

// Whether the question is answered without search: the best there can be, or, with a capacity, whether it fits.
bool IsAnswered(const Plan& plan, std::int64_t bound, const PlanOptions& options) {
  if (plan.peak_bytes <= std::max(bound, options.capacity)) return true;
  return options.capacity > 0 && bound > options.capacity;
}

// Takes over what a search found: a better plan, a higher bound. True if the plan is a new one.
bool Adopt(const Problem& problem, ExactResult result, Plan& plan) {
  const bool better = !result.offsets.empty() && result.peak < plan.peak_bytes;
  if (better) {
    plan.offsets = std::move(result.offsets);
    plan.peak_bytes = result.peak;
  }
  plan.time_limited |= result.time_limited;
  Certificate& certificate = plan.certificate;
  if (!result.witness.empty() && result.proven_bound > certificate.lower_bound_bytes) {
    certificate.lower_bound_bytes = result.proven_bound;
    certificate.bound_kind = BoundKind::kRefutation;
    certificate.witness = std::move(result.witness);
    certificate.witness_step = problem.buffers[At(certificate.witness.front())].lower;
    certificate.search_nodes = result.nodes;
  }
  return better;
}

// Searches for a better plan, a higher bound, or, with a capacity, any plan that fits. The plan at hand does not guide
// the search: so `auto` is never worse than `exact`. True if the plan is a new one.
bool Search(const Problem& problem, std::int64_t bound, const PlanOptions& options, const ExactLimits& limits,
            Plan& plan) {
  if (IsAnswered(plan, bound, options) || !ExactCarries(problem)) return false;
  bool better = false;
  if (options.capacity > 0) {
    better = Adopt(problem, FitExact(problem, options.capacity, limits), plan);
    if (IsAnswered(plan, std::max(bound, plan.certificate.lower_bound_bytes), options)) return better;
  }
  return Adopt(problem, SolveExact(problem, bound, nullptr, limits), plan) || better;
}

// Buffers alive at once, on average, from which on a step of the portfolio's long search takes too long, and passes
// whose order learns find more.
constexpr std::int64_t kDense = 256;

class StepPlanner {
 public:
  StepPlanner(const Problem& problem, const PlanOptions& options, OneStreamBudget& budget)
      : problem_(problem), options_(options), budget_(budget), bound_(LowerBound(problem).lower_bound_bytes) {}

  Plan Run() {
    const bool searchable = ExactCarries(problem_);
    const Shapes shapes(problem_);
    Placing placing(problem_, shapes);
    const bool dense = placing.mean_alive() >= kDense;
    Pack(searchable || dense);
    if (IsDone()) return std::move(plan_);
    Search(std::min(kBriefSearch, budget_.search));
    TryTheTable(placing, shapes);
    TurnTheWheel(placing, shapes);
    Search(budget_.search);
    if (!IsDone() && searchable && !dense) Pack(false);
    return std::move(plan_);
  }

 private:
  bool IsDone() const { return IsAnswered(plan_, std::max(bound_, plan_.certificate.lower_bound_bytes), options_); }

  void Keep(std::vector<std::int64_t> offsets, std::int64_t peak, const std::string& winner) {
    if (!plan_.offsets.empty() && peak >= plan_.peak_bytes) return;
    plan_.offsets = std::move(offsets);
    plan_.peak_bytes = peak;
    plan_.policy = "auto:" + winner;
  }

  void Pack(bool briefly) {
    PortfolioResult packed = RunPortfolio(problem_, bound_, options_.effort, briefly);
    Keep(std::move(packed.offsets), packed.peak, packed.winner);
  }

  void Search(std::int64_t work) {
    if (IsDone() || work <= 0) return;
    if (orionrt::Search(problem_, bound_, options_, LimitsOf(options_, work), plan_)) plan_.policy = "auto:exact";
    if (ExactCarries(problem_)) budget_.search -= work;
  }

  // The policies of one pass, as far as they fit the budget: `auto` is never worse than one of them. A pass ends where
  // it cannot be better than what there is.
  void TryTheTable(Placing& placing, const Shapes& shapes) {
    struct Row {
      const char* name;
      Key key;
      bool tightest;
    };
    constexpr Row kRows[] = {{"greedy_by_size", Key::kSizeEarly, false},
                             {"first_fit", Key::kEarly, false},
                             {"best_fit", Key::kSizeEarly, true}};
    const Orders orders(problem_, shapes, {});
    std::vector<int> movable = orders.movable();
    for (const Row& row : kRows) {
      if (IsDone() || placing.work_of_pass() > budget_.passes) return;
      orders.Sort(movable, row.key);
      const std::int64_t before = placing.work();
      std::vector<std::int64_t> offsets = PlaceInOrder(problem_, placing, movable, row.tightest, plan_.peak_bytes);
      budget_.passes -= placing.work() - before;
      if (offsets.empty()) continue;
      const std::int64_t peak = PeakOf(problem_, offsets);
      Keep(std::move(offsets), peak, row.name);
    }
  }

  void TurnTheWheel(Placing& placing, const Shapes& shapes) {
    if (IsDone() || placing.work_of_pass() > budget_.passes / 4) return;
    SqueakyWheel wheel(WheelItems(problem_, shapes));
    std::vector<std::int64_t> offsets = plan_.offsets;
    std::int64_t peak = plan_.peak_bytes;
    const std::int64_t target = std::max(bound_, options_.capacity);
    if (TurnWheel(
            problem_, wheel, placing, target, [this] { return IsLate(); }, budget_.passes, offsets, peak)) {
      Keep(std::move(offsets), peak, "squeaky_wheel");
    }
  }

  // Whether the limit on the clock, if there is one, has passed.
  bool IsLate() {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begun_;
    const bool late = options_.time_limit_seconds > 0 && spent.count() > options_.time_limit_seconds;
    plan_.time_limited |= late;
    return late;
  }

  const Problem& problem_;
  const PlanOptions& options_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  OneStreamBudget& budget_;
  const std::int64_t bound_;
  Plan plan_;
};

}  // namespace

OneStreamBudget BudgetOf(std::size_t buffers, Effort effort) {
  const auto n = static_cast<std::int64_t>(std::min<std::size_t>(buffers, 1'000'000));
  const std::int64_t search = kSearch[static_cast<int>(effort)];
  if (effort == Effort::kFast) return {8'000 * n, search};
  const std::int64_t balanced = std::min<std::int64_t>(150'000'000 + 250'000 * n, 800'000'000);
  return {effort == Effort::kThorough ? 50 * balanced : balanced, search};
}

Plan PlanOneStream(const Problem& problem, const PlanOptions& options, OneStreamBudget& budget) {
  return StepPlanner(problem, options, budget).Run();
}

Plan PlanAuto(const Problem& problem, const PlanOptions& options) {
  if (NeedsStreams(problem)) return PlanStreams(problem, options);
  OneStreamBudget budget = BudgetOf(problem.buffers.size(), options.effort);
  return PlanOneStream(problem, options, budget);
}

Plan PlanExact(const Problem& problem, const PlanOptions& options) {
  if (NeedsStreams(problem)) return PlanStreamsExact(problem, options);
  Plan plan = PlanGreedyBySize(problem, options);
  plan.peak_bytes = PeakOf(problem, plan.offsets);
  if (!ExactCarries(problem)) plan.policy = "exact:greedy_by_size";  // too many to search, and the plan says so
  Search(problem, LowerBound(problem).lower_bound_bytes, options,
         LimitsOf(options, 10 * kSearch[static_cast<int>(options.effort)]), plan);
  return plan;
}

}  // namespace orionrt
