#include "plan/one_stream.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "plan/columns.hpp"
#include "plan/exact/exact.hpp"
#include "plan/exact/improve.hpp"
#include "plan/fixed.hpp"
#include "plan/groups_in_time.hpp"
#include "plan/least_stack.hpp"
#include "plan/niches/niche_search.hpp"
#include "plan/placing/placing.hpp"
#include "plan/placing/sort_keys.hpp"
#include "plan/policies.hpp"
#include "plan/portfolio.hpp"
#include "plan/space_table.hpp"
#include "plan/squeaky_wheel.hpp"

namespace orionrt {
namespace {

// Work of the exact search by effort: fast, balanced, thorough. docs/planning.md, "What effort means", has what these
// amounts take and find; scripts/measure_number.py shows what others would.
constexpr std::int64_t kSearch[] = {20'000'000, 1'000'000'000, 400'000'000'000};
// Of more buffers than kFewBuffers: a longer one settles no more of the families of scripts/measure_planners.py.
constexpr std::int64_t kSearchOfMore[] = {4'500'000, 300'000'000, 400'000'000'000};
constexpr std::int64_t kFewBuffers = 300;
// Of a first try where there is hardly any room, which nothing else fills as well, and of up to so many buffers.
constexpr std::int64_t kFirstSearchOfFull = 1'200'000'000;
constexpr std::size_t kMostFull = 1500;
constexpr std::int64_t kShareOfNichesInFull = 8;
// Of any other first try, which settles most that can be settled, before anything else is spent.
constexpr std::int64_t kBriefSearch = 120'000'000;

// Buffers alive at once, on average, from which on a step of the portfolio's long search takes too long, and passes
// whose order learns find more.
constexpr std::int64_t kDense = 256;

// Of more than kManyBuffers buffers, with fewer than kSparse alive, the portfolio finds more than passes do.
constexpr std::int64_t kSparse = 48;
constexpr std::size_t kManyBuffers = 4096;

// The entries of more buffers than that are seldom in a cache when they are looked at, which then takes twice the time.
constexpr std::int64_t kBeyondCaches = 10'000;

// Filling the niches of that many buffers once takes about a second.
constexpr std::size_t kMostInNiches = 200'000;

// Work of one pass of first-fit per buffer: there is time for that however many buffers there are.
constexpr std::int64_t kLeast = 2'000;

// Work on stacks that need least padding, by effort.
constexpr std::int64_t kStackWork[] = {5'000'000, 300'000'000, 15'000'000'000};

class StepPlanner {
 public:
  StepPlanner(const Problem& problem, const PlanOptions& options, OneStreamBudget& budget, Watch& watch)
      : problem_(problem),
        options_(options),
        budget_(budget),
        watch_(watch),
        bound_(LowerBound(problem).lower_bound_bytes) {
    watch_.Prove(bound_);
  }

  Plan Run();

 private:
  bool IsAnswered() const {
    return orionrt::IsAnswered(plan_, std::max(bound_, plan_.certificate.lower_bound_bytes), options_);
  }
  bool IsDone() const { return watch_.stopped() || IsAnswered(); }

  void FindPlan();
  void RunInGroups(const std::vector<std::vector<int>>& groups);

  void Keep(std::vector<std::int64_t> offsets, std::int64_t peak, const std::string& winner) {
    if (!plan_.offsets.empty() && peak >= plan_.peak_bytes) return;
    plan_.offsets = std::move(offsets);
    plan_.peak_bytes = peak;
    plan_.policy = "auto:" + winner;
    watch_.Reach(peak);
  }

  void Pack(std::int64_t cost_of_step) {
    PortfolioResult packed = RunPortfolio(problem_, bound_, options_.effort, watch_, cost_of_step);
    Keep(std::move(packed.offsets), packed.peak, packed.winner);
  }
  void PackBriefly(std::int64_t most_steps) {
    PortfolioResult packed = RunPortfolioBriefly(problem_, bound_, most_steps, watch_);
    Keep(std::move(packed.offsets), packed.peak, packed.winner);
  }

  void Aim(std::int64_t most_steps) {
    PortfolioResult packed = AimAtBound(problem_, bound_, most_steps, watch_);
    if (!packed.offsets.empty()) Keep(std::move(packed.offsets), packed.peak, packed.winner);
  }

  void Search(std::int64_t work) {
    if (IsDone() || work <= 0) return;
    watch_.Enter("exact");
    if (ImproveBySearch(problem_, bound_, options_, work, watch_, plan_)) plan_.policy = "auto:exact";
    watch_.Prove(plan_.certificate.lower_bound_bytes);
    if (ExactCarries(problem_)) budget_.search -= work;
  }

  // Only where padding may be what lies between the bound and the plan.
  void TryLeastStack() {
    if (IsDone() || !HasMixedAlignments(problem_)) return;
    const std::int64_t bound = std::max(bound_, plan_.certificate.lower_bound_bytes);
    std::int64_t work = kStackWork[static_cast<int>(options_.effort)];
    LeastStack found = PackOnLeastStack(problem_, plan_.certificate.witness, bound, plan_.peak_bytes, work, watch_);
    if (!found.offsets.empty()) Keep(std::move(found.offsets), found.peak, "least_stack");
    if (found.bound <= bound) return;
    plan_.certificate.lower_bound_bytes = found.bound;
    plan_.certificate.bound_kind = BoundKind::kRefutation;
    plan_.certificate.witness = std::move(found.buffers);
    plan_.certificate.witness_step = problem_.buffers[At(plan_.certificate.witness.front())].lower;
    watch_.Prove(found.bound);
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
    const SortKeys sort_keys(problem_, shapes, {});
    std::vector<int> movable = sort_keys.movable();
    for (const Row& row : kRows) {
      if (IsDone() || placing.work_of_pass() > budget_.passes) return;
      watch_.Enter(row.name);
      sort_keys.Sort(movable, row.key);
      const std::int64_t before = placing.work();
      std::vector<std::int64_t> offsets = PlaceInOrder(problem_, placing, movable, row.tightest, plan_.peak_bytes);
      budget_.passes -= placing.work() - before;
      watch_.Spend(placing.work() - before);
      not_run_.erase(row.name);
      if (offsets.empty()) continue;
      const std::int64_t peak = PeakOf(problem_, offsets);
      Keep(std::move(offsets), peak, row.name);
    }
    if (placing.work_of_pass() <= budget_.passes) TryWithoutParts();
  }

  // The policies of one pass know no parts. Where fixed offsets leave the buddy allocator no room there is no plan.
  void TryWithoutParts() {
    struct Row {
      const char* name;
      Plan (*run)(const Problem&, const PlanOptions&);
    };
    constexpr Row kRows[] = {{"linear_scan", PlanLinearScan}, {"greedy_by_size", PlanGreedyBySize}};
    Problem whole = problem_;
    whole.parts.clear();
    for (const Row& row : kRows) {
      if (IsDone() || (row.run == PlanGreedyBySize && problem_.parts.empty())) return;
      not_run_.erase(row.name);
      try {
        Plan plan = row.run(whole, options_);
        watch_.Spend(plan.work);
        plan.peak_bytes = PeakOf(problem_, plan.offsets);
        if (HasFixed(problem_) && Validate(problem_, plan)) continue;
        Keep(std::move(plan.offsets), plan.peak_bytes, row.name);
      } catch (const Error&) {
        continue;
      }
    }
  }

  void PutInColumns(const Shapes& shapes) {
    watch_.Enter("columns");
    std::vector<std::int64_t> offsets = PackInColumns(problem_, shapes);
    watch_.Spend(WorkOfColumns(problem_.buffers.size()));
    const std::int64_t peak = PeakOf(problem_, offsets);
    Keep(std::move(offsets), peak, "columns");
  }

  // `once`: however long a pass takes.
  void TurnTheWheel(Placing& placing, const Shapes& shapes, bool once = false) {
    const bool too_large = placing.work_of_pass() > budget_.passes / 4 ||
                           (placing.mean_alive() < kSparse && problem_.buffers.size() > kManyBuffers);
    if (!plan_.offsets.empty() && (IsDone() || (too_large && !once))) return;
    SqueakyWheel wheel(WheelItems(problem_, shapes));
    std::vector<std::int64_t> offsets = plan_.offsets;
    std::int64_t peak = plan_.peak_bytes;
    const std::int64_t target = std::max(bound_, EnoughBytes(options_));
    if (TurnWheel(problem_, wheel, placing, target, watch_, budget_.passes, offsets, peak)) {
      Keep(std::move(offsets), peak, "squeaky_wheel");
    }
  }

  // Whether they found a lower plan.
  bool TryNiches(const Shapes& shapes) {
    if (IsDone() || budget_.niches <= 0 || problem_.buffers.size() > kMostInNiches) return false;
    watch_.Enter("niches");
    const NicheModel model(problem_, shapes);
    std::vector<std::int64_t> of_rows;
    std::int64_t peak = plan_.peak_bytes;
    const std::int64_t target = std::max(bound_, EnoughBytes(options_));
    NicheSearch search(model, budget_.niches);
    if (!FillNiches(search, model.count(), target, watch_, budget_.niches, of_rows, peak)) return false;
    std::vector<std::int64_t> offsets(problem_.buffers.size(), 0);
    for (std::size_t row = 0; row < of_rows.size(); ++row) offsets[At(model.rows[row].buffer)] = of_rows[row];
    Keep(std::move(offsets), peak, "niches");
    return true;
  }

  const Problem& problem_;
  const PlanOptions& options_;
  OneStreamBudget& budget_;
  Watch& watch_;
  const std::int64_t bound_;
  std::set<std::string> not_run_ = {"best_fit", "first_fit", "greedy_by_size", "linear_scan"};  // of the table, so far
  Plan plan_;
};

// Groups take the same bytes, so only the worst matters: it is planned first, and the others need be no lower. Equal
// ones, an instance that is repeated, are planned once.
class GroupPlanner {
 public:
  GroupPlanner(const Problem& problem, const PlanOptions& options, OneStreamBudget& budget, Watch& watch)
      : problem_(problem), options_(options), budget_(budget), watch_(watch) {}

  Plan Run(const std::vector<std::vector<int>>& groups) {
    const Watch::Subproblem within(watch_);
    std::vector<Group> sorted;
    for (const std::vector<int>& buffers : groups) {
      Problem subproblem = ProblemIn(problem_, buffers, Space());
      const std::int64_t bound = LowerBound(subproblem).lower_bound_bytes;
      ShiftToZero(subproblem);
      const std::uint64_t hash = HashProblem(subproblem);
      sorted.push_back({&buffers, std::move(subproblem), bound, hash});
    }
    std::stable_sort(sorted.begin(), sorted.end(), [](const Group& a, const Group& b) { return a.bound > b.bound; });
    plan_.offsets.assign(problem_.buffers.size(), 0);
    for (std::size_t i = 0; i < problem_.buffers.size(); ++i) {  // of what is empty
      plan_.offsets[i] = std::max<std::int64_t>(0, problem_.buffers[i].fixed_offset);
    }
    std::map<std::uint64_t, std::vector<std::int64_t>> known;
    std::size_t left = 0;
    for (const Group& group : sorted) left += group.buffers->size();
    for (const Group& group : sorted) {
      std::vector<std::int64_t>& offsets = known[group.hash];
      if (offsets.size() != group.buffers->size()) offsets = Solve(group, left);
      left -= group.buffers->size();
      for (std::size_t k = 0; k < offsets.size(); ++k) plan_.offsets[At((*group.buffers)[k])] = offsets[k];
    }
    plan_.policies_not_run.assign(not_run_.begin(), not_run_.end());
    return std::move(plan_);
  }

 private:
  struct Group {
    const std::vector<int>* buffers;
    Problem problem;  // from step 0 on
    std::int64_t bound;
    std::uint64_t hash;
  };

  static void ShiftToZero(Problem& subproblem) {
    std::int64_t first = INT64_MAX;
    for (const Buffer& buffer : subproblem.buffers) first = std::min(first, buffer.lower);
    for (Buffer& buffer : subproblem.buffers) {
      buffer.lower -= first;
      buffer.upper -= first;
    }
    for (Part& rectangle : subproblem.parts) {
      rectangle.lower -= first;
      rectangle.upper -= first;
    }
  }

  // Whether they fit on top of each other below what is needed anyway; many groups are as small as that.
  bool Stack(const Problem& subproblem, std::vector<std::int64_t>& offsets) const {
    std::int64_t top = 0;
    for (const Buffer& buffer : subproblem.buffers) {
      if (buffer.fixed_offset != kFree) return false;
      offsets.push_back(RoundUp(top, buffer.alignment));
      top = offsets.back() + buffer.size;
    }
    return top <= plan_.peak_bytes;
  }

  // With its share of the budget, `left` being the buffers that are not planned yet, and what those before it left.
  std::vector<std::int64_t> Solve(const Group& group, std::size_t left) {
    const auto share = [&](std::int64_t work) {
      return work / static_cast<std::int64_t>(left) * static_cast<std::int64_t>(group.buffers->size());
    };
    std::vector<std::int64_t> stacked;
    if (Stack(group.problem, stacked)) return stacked;
    // The first is the highest: all may go into it that the others can do without.
    const bool first = plan_.peak_bytes == 0;
    OneStreamBudget budget = budget_;
    if (!first) budget = {share(budget_.passes), share(budget_.niches), share(budget_.search)};
    PlanOptions options = options_;
    options.capacity = std::max(EnoughBytes(options), plan_.peak_bytes);
    const OneStreamBudget before = budget;
    Plan found = StepPlanner(group.problem, options, budget, watch_).Run();
    budget_.passes -= before.passes - budget.passes;
    budget_.niches -= before.niches - budget.niches;
    budget_.search -= before.search - budget.search;
    not_run_.insert(found.policies_not_run.begin(), found.policies_not_run.end());
    const std::int64_t peak = PeakOf(group.problem, found.offsets);
    if (plan_.policy.empty() || peak > plan_.peak_bytes) plan_.policy = found.policy;
    plan_.peak_bytes = std::max(plan_.peak_bytes, peak);
    if (found.certificate.lower_bound_bytes > plan_.certificate.lower_bound_bytes) {
      plan_.certificate = std::move(found.certificate);
      for (int& i : plan_.certificate.witness) i = (*group.buffers)[At(i)];
      plan_.certificate.witness_step = problem_.buffers[At(plan_.certificate.witness.front())].lower;
    }
    return std::move(found.offsets);
  }

  const Problem& problem_;
  const PlanOptions& options_;
  OneStreamBudget& budget_;
  Watch& watch_;
  std::set<std::string> not_run_;
  Plan plan_;
};

void StepPlanner::RunInGroups(const std::vector<std::vector<int>>& groups) {
  Plan plan = GroupPlanner(problem_, options_, budget_, watch_).Run(groups);
  not_run_ = {plan.policies_not_run.begin(), plan.policies_not_run.end()};
  if (plan.certificate.lower_bound_bytes > plan_.certificate.lower_bound_bytes) {
    plan_.certificate = std::move(plan.certificate);
    watch_.Prove(plan_.certificate.lower_bound_bytes);
  }
  if (plan.peak_bytes >= plan_.peak_bytes) return;
  plan_.offsets = std::move(plan.offsets);
  plan_.peak_bytes = plan.peak_bytes;
  plan_.policy = std::move(plan.policy);
  watch_.Reach(plan_.peak_bytes);
}

Plan StepPlanner::Run() {
  FindPlan();
  if (!IsAnswered()) plan_.policies_not_run.assign(not_run_.begin(), not_run_.end());
  return std::move(plan_);
}

void StepPlanner::FindPlan() {
  const bool searchable = ExactCarries(problem_), niches = NichesCarry(problem_);
  const Shapes shapes(problem_);
  Placing placing(problem_, shapes);
  const bool dense = placing.mean_alive() >= kDense, is_fast = options_.effort == Effort::kFast;
  const bool many = placing.work_of_pass() > budget_.passes / 4 || problem_.buffers.size() > At(kBeyondCaches);
  if (dense && (many || is_fast)) {  // there is time for few passes, if any
    const std::int64_t most = std::max(budget_.passes, kLeast * static_cast<std::int64_t>(problem_.buffers.size()));
    const bool is_there_time = placing.work_of_pass() <= most;
    if (niches || (!is_there_time && !HasFixed(problem_))) PutInColumns(shapes);
    if (niches && TryNiches(shapes)) {
      if (placing.work_of_pass() <= budget_.passes / 16) TryTheTable(placing, shapes);
      const bool is_small = problem_.buffers.size() <= kManyBuffers && placing.work_of_pass() <= budget_.passes / 2;
      if (is_fast && is_small) TurnTheWheel(placing, shapes, true);
      return;
    }
    if (is_there_time || plan_.offsets.empty()) TurnTheWheel(placing, shapes, true);
    return;
  }
  if (is_fast && niches && placing.mean_alive() >= kSparse) {  // niches find more in the same time
    Aim(budget_.passes / std::max<std::int64_t>(1, placing.cost_of_placer()));
    if (plan_.offsets.empty()) PutInColumns(shapes);
  } else if (searchable || dense) {
    const std::int64_t most = dense ? budget_.passes / 4 : is_fast ? budget_.passes : INT64_MAX;
    PackBriefly(most / std::max<std::int64_t>(1, placing.cost_of_placer()));
  } else {
    Pack(placing.cost_of_placer());
  }
  if (IsDone()) return;
  const std::vector<std::vector<int>> groups = GroupsInTime(problem_);
  if (groups.size() > 1) {
    const OneStreamBudget kept = budget_;
    Search(std::min(kBriefSearch, budget_.search));
    budget_ = kept;
    if (!IsDone()) RunInGroups(groups);
    return;
  }
  const bool full = searchable && IsFull(problem_, bound_);
  if (full && !is_fast && problem_.buffers.size() <= kMostFull) {
    budget_.search = std::max(budget_.search, kFirstSearchOfFull);
    budget_.niches /= kShareOfNichesInFull;
  }
  Search(std::min(full ? kFirstSearchOfFull : kBriefSearch, budget_.search));
  TryLeastStack();
  const bool filled = niches && TryNiches(shapes);
  TryTheTable(placing, shapes);
  if (!filled) TurnTheWheel(placing, shapes);
  // Niches took as long as a half of it; under mixed alignments, and with parts, a unit of it takes longer.
  const bool dear = HasMixedAlignments(problem_) || !problem_.parts.empty();
  Search(filled ? budget_.search / 2 : dear ? budget_.search / 3 * 2 : budget_.search);
  if (!IsDone() && !filled && searchable && !is_fast && placing.mean_alive() < kSparse) Pack(placing.cost_of_placer());
}

}  // namespace

OneStreamBudget BudgetOf(std::size_t buffers, Effort effort) {
  const auto n = static_cast<std::int64_t>(std::min<std::size_t>(buffers, 1'000'000));
  const std::int64_t search = (n > kFewBuffers ? kSearchOfMore : kSearch)[static_cast<int>(effort)];
  if (effort == Effort::kFast) {
    return {std::min<std::int64_t>(1'500'000 + 3'000 * n, 400'000'000), std::min<std::int64_t>(6'000 * n, 200'000'000),
            search};
  }
  const std::int64_t times = effort == Effort::kThorough ? 50 : 1;
  return {times * std::min<std::int64_t>(150'000'000 + 250'000 * n, 800'000'000),
          times * std::min<std::int64_t>(150'000'000 + 250'000 * n, n > kBeyondCaches ? 700'000'000 : 900'000'000),
          search};
}

Plan PlanOneStream(const Problem& problem, const PlanOptions& options, OneStreamBudget& budget, Watch& watch) {
  return StepPlanner(problem, options, budget, watch).Run();
}

}  // namespace orionrt
