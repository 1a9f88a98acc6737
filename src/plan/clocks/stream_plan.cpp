#include "plan/clocks/stream_plan.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "plan/clocks/clock_lives.hpp"
#include "plan/clocks/conflicts.hpp"
#include "plan/clocks/displacer.hpp"
#include "plan/clocks/first_fits.hpp"
#include "plan/clocks/one_line.hpp"
#include "plan/clocks/precedence.hpp"
#include "plan/clocks/split.hpp"
#include "plan/clocks/stream_niche_model.hpp"
#include "plan/clocks/stream_niche_search.hpp"
#include "plan/clocks/stream_search.hpp"
#include "plan/fixed.hpp"
#include "plan/lower_bound.hpp"
#include "plan/one_stream.hpp"
#include "plan/policies.hpp"
#include "plan/space_table.hpp"
#include "plan/squeaky_wheel.hpp"

namespace orionrt {
namespace {

// Of the general rest, in buffers. First-fit looks at all that is placed, so its passes are few where n is large.
constexpr int kManyOrders = 8192;   // up to so many every order is tried
constexpr int kFirstFit = 40000;    // beyond: lanes alone
constexpr int kPressed = 600;       // up to so many the heaviest antichain through each buffer is found
constexpr int kSearched = 600;      // up to so many are searched exactly
constexpr int kDeepestSplit = 200;  // of parts within parts

// Of ways to advance in one line of execution, on all levels.
constexpr int kBeamStates = 400'000;
// A line of many buffers is worth no other look where it is no further above the bound than this part of it.
constexpr std::int64_t kLineIsNear = 50;
// Of niches, where more than kFirstFit buffers are in a line: once up from the bottom is as far as that goes.
constexpr std::int64_t kLineWorkOfMany = 500'000'000;

// Entries looked at: as many steps as there are buffers, some thousand times over, up to a limit.
std::int64_t WorkOf(std::size_t buffers, Effort effort) {
  constexpr std::int64_t kSteps[] = {1'000, 40'000, 250'000};  // fast, balanced, thorough
  constexpr std::int64_t kMost[] = {40'000'000, 150'000'000, 12'000'000'000};
  const std::int64_t n = static_cast<std::int64_t>(std::min<std::size_t>(buffers, 100'000));
  return std::min(kMost[static_cast<int>(effort)], n * n * kSteps[static_cast<int>(effort)]);
}

// Of the exact search, in buffers and members of antichains looked at.
std::int64_t SearchWorkOf(std::size_t buffers, Effort effort) {
  constexpr std::int64_t kSteps[] = {2'000, 60'000, 2'000'000};  // fast, balanced, thorough
  constexpr std::int64_t kMost[] = {40'000'000, 500'000'000, 30'000'000'000};
  const std::int64_t n = static_cast<std::int64_t>(std::min<std::size_t>(buffers, 100'000));
  return std::min(kMost[static_cast<int>(effort)], n * n * kSteps[static_cast<int>(effort)]);
}

// Of filling niches.
std::int64_t NicheWorkOf(std::size_t buffers, Effort effort) {
  constexpr std::int64_t kLeast[] = {0, 100'000'000, 5'000'000'000};  // fast, balanced, thorough
  constexpr std::int64_t kSteps[] = {4'000, 300'000, 15'000'000};
  constexpr std::int64_t kMost[] = {20'000'000, 700'000'000, 35'000'000'000};
  const int e = static_cast<int>(effort);
  const std::int64_t n = static_cast<std::int64_t>(std::min<std::size_t>(buffers, 100'000));
  return std::min(kMost[e], kLeast[e] + n * kSteps[e]);
}

// Of all that may be done.
std::int64_t BudgetOnStreams(std::size_t buffers, Effort effort) {
  const OneStreamBudget one = BudgetOf(buffers, effort);
  return WorkOf(buffers, effort) + NicheWorkOf(buffers, effort) + SearchWorkOf(buffers, effort) + one.total();
}

// What was found for a part of a problem. Offsets per buffer of the part.
struct Found {
  std::vector<std::int64_t> offsets;
  std::int64_t peak = 0;
  Certificate certificate;  // of the part alone: its bound, without `proven_optimal`
  std::string winner;
};

// Whether stacking is exact: all sizes and alignments are multiples of one unit, and nothing is fixed.
bool HasUnit(const Problem& problem) {
  std::int64_t unit = 1;
  for (const Buffer& buffer : problem.buffers) unit = std::max(unit, buffer.size > 0 ? buffer.alignment : 1);
  return std::all_of(problem.buffers.begin(), problem.buffers.end(),
                     [unit](const Buffer& buffer) { return buffer.size % unit == 0 && buffer.fixed_offset == kFree; });
}

// Every buffer is one rectangle of all its bytes, or several of all its bytes.
bool AreWhole(const Problem& problem, const Precedence& order) {
  return std::all_of(order.rectangles().begin(), order.rectangles().end(), [&](const Precedence::Rectangle& r) {
    return r.end - r.begin == problem.buffers[At(r.buffer)].size;
  });
}

class StreamPlanner {
 public:
  StreamPlanner(std::size_t buffers, const PlanOptions& options, Watch& watch)
      : options_(options),
        watch_(watch),
        work_(WorkOf(buffers, options.effort)),
        niche_work_(NicheWorkOf(buffers, options.effort)),
        search_work_(SearchWorkOf(buffers, options.effort)),
        most_niche_work_(niche_work_ / 3 * 2),
        one_stream_(BudgetOf(buffers, options.effort)) {}

  // `simple`: the bound without search. `enough`: a peak that ends the search.
  Found Solve(const Problem& problem, const Precedence& order, const Certificate& simple, std::int64_t enough,
              int depth = 0);

 private:
  Found SolveSeries(const Problem& problem, const std::vector<std::vector<int>>& parts, std::int64_t enough, int depth);
  Found SolveParallel(const Problem& problem, const std::vector<std::vector<int>>& parts, int depth);
  Found SolveOneStream(const Problem& problem, const Problem& single, std::int64_t enough, OneStreamBudget& budget);
  Found SolveLanes(const Problem& problem, const Precedence& order, const Found& so_far);
  void SolveInOneLine(const Problem& problem, const Precedence& order, std::int64_t enough, Found& found);
  void FillNiches(const Problem& problem, const Precedence& order, std::int64_t enough, Found& found);
  void Improve(const Problem& problem, const Precedence& order, std::int64_t enough, Found& found);
  void Search(const StreamSearch& search, const Problem& problem, std::int64_t work, Found& found);

  const PlanOptions& options_;
  Watch& watch_;
  std::int64_t work_, niche_work_, search_work_;  // left, of the whole problem
  const std::int64_t most_niche_work_;            // for one part
  OneStreamBudget one_stream_;                    // the same, for parts in one line of execution
};

// Keeps the lower of two plans of one part, and the higher bound.
void Keep(Found&& other, Watch& watch, Found& found) {
  watch.Prove(other.certificate.lower_bound_bytes);
  if (!other.offsets.empty()) watch.Reach(other.peak);
  if (other.certificate.lower_bound_bytes > found.certificate.lower_bound_bytes) {
    found.certificate = std::move(other.certificate);
  }
  if (!found.offsets.empty() && other.peak >= found.peak) return;
  found.offsets = std::move(other.offsets);
  found.peak = other.peak;
  found.winner = std::move(other.winner);
}

std::vector<int> Mapped(const std::vector<int>& witness, const std::vector<int>& buffers) {
  std::vector<int> mapped;
  for (const int i : witness) mapped.push_back(buffers[At(i)]);
  return mapped;
}

// Parts take the same bytes, so only the worst matters: it is planned first, and the others need be no lower.
Found StreamPlanner::SolveSeries(const Problem& problem, const std::vector<std::vector<int>>& parts,
                                 std::int64_t enough, int depth) {
  struct Ranked {
    Problem problem;
    Certificate simple;
    std::size_t index;
  };
  std::vector<Ranked> ranked;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    Problem part = ProblemIn(problem, parts[p], Space());
    Certificate simple = StreamBound(part, Precedence(part));
    ranked.push_back({std::move(part), std::move(simple), p});
  }
  const auto bound = [](const Ranked& part) { return part.simple.lower_bound_bytes; };
  std::stable_sort(ranked.begin(), ranked.end(), [&](const Ranked& a, const Ranked& b) { return bound(a) > bound(b); });
  const Watch::Subproblem within(watch_);
  Found found;
  found.offsets.assign(problem.buffers.size(), 0);
  for (const Ranked& next : ranked) {
    const std::vector<int>& buffers = parts[next.index];
    const std::int64_t most = std::max({enough, found.peak, bound(ranked.front())});
    const Found part = Solve(next.problem, Precedence(next.problem), next.simple, most, depth + 1);
    for (std::size_t k = 0; k < buffers.size(); ++k) found.offsets[At(buffers[k])] = part.offsets[k];
    if (part.peak > found.peak || found.winner.empty()) found.winner = part.winner;
    found.peak = std::max(found.peak, part.peak);
    if (part.certificate.lower_bound_bytes <= found.certificate.lower_bound_bytes) continue;
    found.certificate = part.certificate;
    found.certificate.witness = Mapped(part.certificate.witness, buffers);
  }
  return found;
}

// Stacked, each at the next multiple of its largest alignment. The sum of the bounds is one where there is a unit.
Found StreamPlanner::SolveParallel(const Problem& problem, const std::vector<std::vector<int>>& parts, int depth) {
  const Watch::Subproblem within(watch_);
  Found found;
  found.offsets.assign(problem.buffers.size(), 0);
  const bool exact = HasUnit(problem);
  std::size_t left = 0;
  for (const std::vector<int>& buffers : parts) left += buffers.size();
  for (const std::vector<int>& buffers : parts) {
    // Each has its share, and what those before it left.
    const auto of_others = [&](std::int64_t work) {
      return work / static_cast<std::int64_t>(left) * static_cast<std::int64_t>(left - buffers.size());
    };
    const std::int64_t kept = of_others(work_);
    const OneStreamBudget kept_one{of_others(one_stream_.passes), of_others(one_stream_.niches),
                                   of_others(one_stream_.search)};
    const std::int64_t kept_niches = of_others(niche_work_);
    work_ -= kept;
    niche_work_ -= kept_niches;
    one_stream_.passes -= kept_one.passes;
    one_stream_.niches -= kept_one.niches;
    one_stream_.search -= kept_one.search;
    const Problem subproblem = ProblemIn(problem, buffers, Space());
    const Precedence order(subproblem);
    const Found part = Solve(subproblem, order, StreamBound(subproblem, order), 0, depth + 1);
    work_ += kept;
    niche_work_ += kept_niches;
    one_stream_.passes += kept_one.passes;
    one_stream_.niches += kept_one.niches;
    one_stream_.search += kept_one.search;
    left -= buffers.size();
    std::int64_t alignment = 1;
    for (const int i : buffers) alignment = std::max(alignment, problem.buffers[At(i)].alignment);
    const std::int64_t base = RoundUp(found.peak, alignment);
    for (std::size_t k = 0; k < buffers.size(); ++k) found.offsets[At(buffers[k])] = base + part.offsets[k];
    found.peak = base + part.peak;
    if (found.winner.empty() || part.peak > part.certificate.lower_bound_bytes) found.winner = part.winner;
    if (!exact) continue;
    Certificate& all = found.certificate;
    all.lower_bound_bytes += part.certificate.lower_bound_bytes;
    all.search_nodes += part.certificate.search_nodes;
    if (part.certificate.bound_kind == BoundKind::kRefutation) all.bound_kind = BoundKind::kRefutation;
    for (const int i : Mapped(part.certificate.witness, buffers)) all.witness.push_back(i);
  }
  std::sort(found.certificate.witness.begin(), found.certificate.witness.end());
  return found;
}

// By all that `auto` has.
Found StreamPlanner::SolveOneStream(const Problem& problem, const Problem& single, std::int64_t enough,
                                    OneStreamBudget& budget) {
  PlanOptions options = options_;
  options.capacity = enough;
  Plan plan = PlanOneStream(single, options, budget, watch_);
  for (std::size_t i = 0; i < single.buffers.size(); ++i) {
    if (single.buffers[i].size == 0) plan.offsets[i] = std::max<std::int64_t>(0, problem.buffers[i].fixed_offset);
  }
  Found found{std::move(plan.offsets), 0, std::move(plan.certificate), plan.policy.substr(plan.policy.find(':') + 1)};
  found.peak = PeakOf(problem, found.offsets);
  Certificate simple = LowerBound(single);
  if (simple.lower_bound_bytes >= found.certificate.lower_bound_bytes) found.certificate = std::move(simple);
  return found;
}

// What engines do: every stream has bytes of its own. What begins on one chain is an interval order.
// Without offsets where even its bound is no better than what is there.
Found StreamPlanner::SolveLanes(const Problem& problem, const Precedence& order, const Found& so_far) {
  std::vector<std::vector<int>> lanes(At(order.chains()));
  std::vector<char> placed(problem.buffers.size(), 0);
  for (int r = 0; r < order.count(); ++r) {
    const int i = order.rectangles()[At(r)].buffer;
    if (std::exchange(placed[At(i)], 1) == 0) lanes[At(order.chain(r))].push_back(i);
  }
  std::vector<Problem> singles;
  std::int64_t bounds = 0;
  for (const std::vector<int>& buffers : lanes) {
    const Problem lane = ProblemIn(problem, buffers, Space());
    const Precedence within(lane);
    std::vector<int> all(At(within.count()));
    std::iota(all.begin(), all.end(), 0);
    const std::vector<Precedence::Span> spans = AsIntervals(within, all);
    if (spans.empty()) return {};  // a buffer whose parts begin on several chains
    singles.push_back(OnOneStream(lane, spans));
    bounds += LowerBound(singles.back()).lower_bound_bytes;
  }
  if (!so_far.offsets.empty() && bounds >= so_far.peak) return {};
  const Watch::Subproblem within(watch_);
  Found found;
  found.offsets.assign(problem.buffers.size(), 0);
  for (std::size_t l = 0; l < lanes.size(); ++l) {
    const std::vector<int>& buffers = lanes[l];
    OneStreamBudget share{one_stream_.passes / 2 / static_cast<std::int64_t>(lanes.size()), 0};
    const Found part = SolveOneStream(ProblemIn(problem, buffers, Space()), singles[l], 0, share);
    std::int64_t alignment = 1;
    for (const int i : buffers) alignment = std::max(alignment, problem.buffers[At(i)].alignment);
    const std::int64_t base = RoundUp(found.peak, alignment);
    for (std::size_t k = 0; k < buffers.size(); ++k) found.offsets[At(buffers[k])] = base + part.offsets[k];
    found.peak = base + part.peak;
  }
  found.winner = "lanes";
  return found;
}

// As if all streams were one, advancing so that least is alive. Its bound is none of the problem.
void StreamPlanner::SolveInOneLine(const Problem& problem, const Precedence& order, std::int64_t enough, Found& found) {
  const std::int64_t bound = std::max(found.certificate.lower_bound_bytes, enough);
  const bool is_answered = !found.offsets.empty() && found.peak <= bound;
  if (is_answered || !problem.apart.empty() || HasFixed(problem) || watch_.IsOver()) return;
  watch_.Enter("one_line");
  const std::int64_t limit = found.offsets.empty() ? INT64_MAX : found.peak;
  const int width = std::clamp(kBeamStates / order.count(), 4, 100);
  const std::vector<Precedence::Span> spans = InOneLine(order, bound, limit, width, watch_);
  if (spans.empty()) return;
  const bool is_all = order.count() > kManyOrders;  // that there is time for
  OneStreamBudget share{one_stream_.passes / (is_all ? 1 : 4), one_stream_.niches / (is_all ? 1 : 3), 0};
  if (order.count() > kFirstFit) share.niches = std::min(share.niches, kLineWorkOfMany);
  const OneStreamBudget before = share;
  Found line;
  {
    const Watch::Subproblem within(watch_);
    line = SolveOneStream(problem, OnOneStream(problem, spans), enough, share);
  }
  one_stream_.passes -= before.passes - share.passes;
  one_stream_.niches -= before.niches - share.niches;
  line.certificate = Certificate();
  Keep(std::move(line), watch_, found);
}

void StreamPlanner::FillNiches(const Problem& problem, const Precedence& order, std::int64_t enough, Found& found) {
  const std::int64_t bound = std::max(found.certificate.lower_bound_bytes, enough);
  if (found.peak <= bound || niche_work_ <= 0 || watch_.IsOver() || !StreamNichesCarry(problem, order)) return;
  watch_.Enter("niches");
  const StreamNicheModel model(problem, order, found.certificate.witness);
  std::vector<std::int64_t> offsets;
  StreamNicheSearch search(model);
  const std::int64_t most = std::min(niche_work_, most_niche_work_);
  std::int64_t work = most;
  const bool better = orionrt::FillNiches(search, model.count(), bound, watch_, work, offsets, found.peak);
  niche_work_ -= most - work;
  if (!better) return;
  for (int row = 0; row < model.count(); ++row) found.offsets[At(model.rows[At(row)].buffer)] = offsets[At(row)];
  found.winner = "niches";
}

// Aims at the bound itself, then at half the gap, and so on, with what costs found the most where they were tried: up
// to a thousand buffers slow growth, beyond quick growth of plain sizes. Found on the sync patterns of omnimalloc,
// seeds 1 to 5, 200 and 2,000 buffers: docs/streams.md.
void StreamPlanner::Improve(const Problem& problem, const Precedence& order, std::int64_t enough, Found& found) {
  constexpr Displacer::Costs kFew[] = {{true, 1000}, {true, 64}, {false, 1000}, {true, 16}};
  constexpr Displacer::Costs kMany[] = {{false, 8}, {true, 8}, {false, 16}, {true, 16}};
  constexpr int kFewBuffers = 1000, kTurns = 4;
  const std::int64_t bound = std::max(found.certificate.lower_bound_bytes, enough);
  if (found.peak <= bound || work_ <= 0) return;
  Conflicts conflicts(problem, order);
  Displacer displacer(problem, order, conflicts);
  const Displacer::Costs* costs = order.count() <= kFewBuffers ? kFew : kMany;
  const std::int64_t budget = work_, least = std::max<std::int64_t>(1, bound / 8192);
  std::int64_t step = found.peak - bound;
  watch_.Enter("displaced");
  for (int turn = 0; work_ > 0 && found.peak > bound && !watch_.IsOver(); ++turn) {
    std::int64_t work = std::min(work_, budget / kTurns);
    const std::int64_t before = work;
    if (displacer.Lower(found.offsets, found.peak - step, costs[turn % 4], work)) {
      found.peak = PeakOf(problem, found.offsets);
      found.winner = "displaced";
      watch_.Reach(found.peak);
    } else {
      step = step / 2 < least ? found.peak - bound : step / 2;
    }
    work_ -= before - work;
    watch_.Spend(before - work);
    const std::int64_t gap = found.peak - bound;
    step = std::max<std::int64_t>(1, std::min(step, turn % 8 == 7 ? gap : (gap + 1) / 2));
  }
}

// A lower plan, or the proof that there is none, if so much work finds one.
void StreamPlanner::Search(const StreamSearch& search, const Problem& problem, std::int64_t work, Found& found) {
  if (found.peak <= found.certificate.lower_bound_bytes || work <= 0 || watch_.IsOver()) return;
  watch_.Enter("exact");
  SearchResult searched = search.Run(found.certificate.lower_bound_bytes, found.peak, work, watch_);
  search_work_ -= searched.work;
  if (!searched.offsets.empty()) {
    found.offsets = std::move(searched.offsets);
    found.peak = searched.peak;
    found.winner = "exact";
    watch_.Reach(found.peak);
  }
  Certificate& certificate = found.certificate;
  if (searched.proven_bound <= certificate.lower_bound_bytes) return;
  certificate.lower_bound_bytes = searched.proven_bound;
  certificate.bound_kind = BoundKind::kRefutation;
  certificate.search_nodes = searched.nodes;
  watch_.Prove(searched.proven_bound);
  certificate.witness.clear();
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    if (problem.buffers[At(i)].size > 0) certificate.witness.push_back(i);
  }
}

Found StreamPlanner::Solve(const Problem& problem, const Precedence& order, const Certificate& simple,
                           std::int64_t enough, int depth) {
  Found found;
  found.certificate = simple;
  watch_.Prove(found.certificate.lower_bound_bytes);
  std::vector<int> all(At(order.count()));
  std::iota(all.begin(), all.end(), 0);
  if (order.count() == 0) {
    found.offsets.assign(problem.buffers.size(), 0);
    found.winner = "none";
    return found;
  }
  const std::int64_t bound = std::max(found.certificate.lower_bound_bytes, enough);
  if (problem.apart.empty()) {
    const std::vector<Precedence::Span> spans = AsIntervals(order, all);
    if (!spans.empty()) {
      Keep(SolveOneStream(problem, OnOneStream(problem, spans), enough, one_stream_), watch_, found);
      return found;
    }
  }
  if (depth < kDeepestSplit) {
    const std::vector<std::vector<int>> series = SplitInSeries(problem, order);
    if (series.size() > 1) {
      Keep(SolveSeries(problem, series, enough, depth), watch_, found);
      return found;
    }
    const std::vector<std::vector<int>> parallel = SplitInParallel(problem, order);
    if (parallel.size() > 1 && !HasFixed(problem)) {
      Keep(SolveParallel(problem, parallel, depth), watch_, found);
      if (found.peak <= bound || HasUnit(problem)) return found;
    }
  }
  const int n = order.count();
  if (n > kManyOrders) {
    SolveInOneLine(problem, order, enough, found);
    if (!found.offsets.empty() && found.peak - bound <= bound / kLineIsNear) return found;
  }
  if (n <= kFirstFit) {
    Conflicts conflicts(problem, order);
    ClockLives lives(problem, order, conflicts);
    AddressList<ClockLives> list(problem, lives);
    FirstFits orders(problem, order, found.certificate.lower_bound_bytes);
    const int tried = n > kManyOrders ? 1 : FirstFits::kOrders;
    for (int number = 0; number < tried && (found.offsets.empty() || found.peak > bound); ++number) {
      if (number == FirstFits::kPressure && n > kPressed) continue;
      const std::int64_t pass = static_cast<std::int64_t>(n) * n / 4;
      if (!found.offsets.empty() && (work_ - list.work() < pass || watch_.IsOver())) break;
      Found placed;
      const std::int64_t before = list.work();
      placed.offsets = PlaceInOrder(problem, list, orders.Sorted(number));
      watch_.Spend(list.work() - before);
      placed.peak = PeakOf(problem, placed.offsets);
      placed.winner = std::string("first_fit:") + FirstFits::Name(number);
      Keep(std::move(placed), watch_, found);
    }
    work_ -= list.work();
    if (n <= kManyOrders) SolveInOneLine(problem, order, enough, found);
    FillNiches(problem, order, enough, found);
    if (found.peak > bound) {
      SqueakyWheel wheel(orders.Items());
      std::int64_t passes = std::max<std::int64_t>(1, work_ / 2);  // one in any case
      work_ -= passes;
      if (TurnWheel(problem, wheel, list, bound, watch_, passes, found.offsets, found.peak)) {
        found.winner = "squeaky_wheel";
      }
      work_ += passes;
    }
  }
  const bool in_lanes = problem.apart.empty() && order.chains() > 1 && !HasFixed(problem);
  if (in_lanes && (found.offsets.empty() || (found.peak > bound && !watch_.stopped()))) {
    Found lanes = SolveLanes(problem, order, found);
    if (!lanes.offsets.empty()) Keep(std::move(lanes), watch_, found);
  }
  if (found.offsets.empty()) {  // many, and no lanes: one pass is better than none
    const StreamOrderKey key = StreamOrderKey::kSize;
    found.offsets = PlaceOnStreams(problem, key, false).offsets;
    found.peak = PeakOf(problem, found.offsets);
    found.winner = "first_fit:size";
  }
  if (found.peak <= bound || HasFixed(problem) || !AreWhole(problem, order)) return found;
  if (n > kSearched) {
    if (n <= kFirstFit) Improve(problem, order, enough, found);
    return found;
  }
  // Most that can be settled is settled soon; what is not then takes the rest.
  const StreamSearch search(problem, order);
  const std::int64_t work = search_work_ / 4;
  Search(search, problem, work, found);
  Improve(problem, order, enough, found);
  Search(search, problem, search_work_, found);
  return found;
}

// In steps, as whoever knows no clocks is handed it. Where fixed offsets leave it no room there is no plan.
Found ScanOnStreams(const Problem& problem, const PlanOptions& options) try {
  Problem whole = WithoutClocks(problem);
  whole.parts.clear();
  Plan plan = PlanLinearScan(whole, options);
  plan.peak_bytes = PeakOf(problem, plan.offsets);
  if (HasFixed(problem) && Validate(problem, plan)) return {};
  return {std::move(plan.offsets), plan.peak_bytes, {}, "linear_scan"};
} catch (const Error&) {
  return {};
}

// The policies of one pass over the whole: `auto` is never worse than one of them, whatever parts it made. Returns
// those that were to be run and were not: past so many buffers a pass takes too long.
std::vector<std::string> TryTheTable(const Problem& problem, const PlanOptions& options, Watch& watch, Found& found) {
  struct Row {
    const char* name;
    StreamOrderKey key;
    bool tightest;
  };
  constexpr Row kRows[] = {{"best_fit", StreamOrderKey::kSize, true},
                           {"first_fit", StreamOrderKey::kBegin, false},
                           {"greedy_by_size", StreamOrderKey::kSize, false}};
  const auto is_answered = [&] {
    return found.peak <= std::max(found.certificate.lower_bound_bytes, EnoughBytes(options));
  };
  std::vector<std::string> not_run;
  for (const Row& row : kRows) {
    if (is_answered()) return {};
    if (watch.stopped() || problem.buffers.size() > At(kManyOrders)) {
      not_run.push_back(row.name);
      continue;
    }
    watch.Enter(row.name);
    Found placed;
    placed.offsets = PlaceOnStreams(problem, row.key, row.tightest).offsets;
    placed.peak = PeakOf(problem, placed.offsets);
    placed.winner = row.name;
    Keep(std::move(placed), watch, found);
  }
  if (is_answered()) return {};
  if (watch.stopped() || problem.buffers.size() > At(kManyOrders)) {
    not_run.push_back("linear_scan");
    return not_run;
  }
  watch.Enter("linear_scan");
  Found scanned = ScanOnStreams(problem, options);
  if (!scanned.offsets.empty()) Keep(std::move(scanned), watch, found);
  return is_answered() ? std::vector<std::string>() : not_run;
}

Plan PlanOf(Found&& found) {
  Plan plan;
  plan.offsets = std::move(found.offsets);
  plan.peak_bytes = found.peak;
  plan.policy = "auto:" + found.winner;
  if (found.certificate.bound_kind == BoundKind::kRefutation) plan.certificate = std::move(found.certificate);
  return plan;
}

// Whether pairs kept apart share no byte.
bool KeepsApart(const Problem& problem, const std::vector<std::int64_t>& offsets) {
  return std::all_of(problem.apart.begin(), problem.apart.end(), [&](const std::pair<int, int>& pair) {
    const std::int64_t a = offsets[At(pair.first)], b = offsets[At(pair.second)];
    const std::int64_t a_size = problem.buffers[At(pair.first)].size, b_size = problem.buffers[At(pair.second)].size;
    return a_size == 0 || b_size == 0 || a + a_size <= b || b + b_size <= a;
  });
}

}  // namespace

Plan PlanStreams(const Problem& problem, const PlanOptions& options) {
  Watch watch(options, BudgetOnStreams(problem.buffers.size(), options.effort));
  if (problem.clocks.streams == 0) {  // pairs alone: by luck the plan without them keeps them apart
    Problem free = problem;
    free.apart.clear();
    PlanOptions within = options;
    within.observer = watch.OfSubproblem();
    Plan plan = PlanAuto(free, within);
    if (KeepsApart(problem, plan.offsets)) {
      watch.Seal(plan);
      return plan;
    }
  }
  const Problem clocked = WithClocks(problem);
  watch.Enter("first_fit");
  const Precedence order(clocked);
  Certificate bound = LowerBound(clocked, order);
  Found found =
      StreamPlanner(problem.buffers.size(), options, watch).Solve(clocked, order, bound, EnoughBytes(options));
  std::vector<std::string> not_run = TryTheTable(clocked, options, watch, found);
  Plan plan = PlanOf(std::move(found));
  // Of steps the caller finds the bound: as clocks they tell less.
  if (problem.clocks.streams > 0 && bound.lower_bound_bytes >= plan.certificate.lower_bound_bytes) {
    plan.certificate = std::move(bound);
  }
  plan.policies_not_run = std::move(not_run);
  watch.Seal(plan);
  return plan;
}

Plan PlaceOnStreams(const Problem& problem, StreamOrderKey key, bool tightest) {
  const Problem clocked = WithClocks(problem);
  const Precedence order(clocked);
  Conflicts conflicts(clocked, order);
  ClockLives lives(clocked, order, conflicts);
  AddressList<ClockLives> list(clocked, lives);
  FirstFits orders(clocked, order, 0);
  Plan plan;
  plan.offsets = PlaceInOrder(
      clocked, list, orders.Sorted(key == StreamOrderKey::kSize ? FirstFits::kSize : FirstFits::kBegin), tightest);
  return plan;
}

Plan PlanStreamsExact(const Problem& problem, const PlanOptions& options) {
  PlanOptions more = options;
  more.effort = std::max(options.effort, Effort::kBalanced);
  Plan plan = PlanStreams(problem, more);
  if (plan.policy.rfind("auto:", 0) == 0) plan.policy = "exact:" + plan.policy.substr(5);
  return plan;
}

}  // namespace orionrt
