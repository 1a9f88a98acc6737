#include "graph/order/find_order.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <numeric>
#include <utility>

#include "base/index.hpp"
#include "graph/order/order_lists.hpp"
#include "graph/order/order_search.hpp"
#include "graph/order/order_subproblems.hpp"

namespace orionrt {
namespace {

// These numbers decide which orders are found. scripts/measure_order.py measures them on irregularly wired nets (its
// table is in docs/order.md), scripts/measure_number.py on any graphs, with --reorder.
constexpr int kMostOpsSearched = 8192;      // a set of ops is then 1 KiB
constexpr std::int64_t kFirstSteps = 4096;  // tried from one end before the other has its turn
constexpr int kNarrowestBeam = 16;
constexpr int kWidestBeam = 1024;
constexpr int kWindows[] = {16, 32, 64, 128, 256};  // ops before and behind the peak
constexpr int kFirstShare = 3;                      // of the steps that are left, like the next three
constexpr int kBisectShare = 64;
constexpr int kBeamShare = 3;
constexpr int kWindowShare = 16;

std::int64_t Largest(const std::vector<std::int64_t>& bytes, int first, int last) {
  std::int64_t largest = 0;
  for (int i = first; i < last; ++i) largest = std::max(largest, bytes[At(i)]);
  return largest;
}

// Of the model that the space was made of.
std::vector<int> ForwardOrder(const OrderSpace& space, std::vector<int> order) {
  if (!space.backwards) return order;
  std::reverse(order.begin(), order.end());
  for (int& op : order) op = space.ops - 1 - op;
  return order;
}

std::vector<int> Count(int n) {
  std::vector<int> order(At(n));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// Whether there are bytes that only whoever runs first finds: backwards, that is known at the very end alone.
bool PaysAtStart(const OrderModel& model) {
  return std::any_of(model.buffers.begin(), model.buffers.end(), [](const OrderBuffer& buffer) {
    return buffer.producer < 0 && buffer.users.empty() && !buffer.kept && buffer.bytes > 0;
  });
}

// Searches a model from both ends in turn: what one end has settled, the other need not search.
class TwoEnds {
 public:
  TwoEnds(const OrderModel& model, std::int64_t bound)
      : model_(model),
        bound_(bound),
        order_(Count(static_cast<int>(model.before.size()))),
        last_(static_cast<int>(order_.size())),
        forwards_only_(PaysAtStart(model)) {}

  // Whether order() is one of less than `enough`: then it has no more than bound(), and is the best if the search began
  // at a bound. May be called again, to go on.
  bool Run(std::int64_t enough, std::int64_t* steps) {
    while (*steps > 0 && bound_ < enough) {
      if (ends_[0].search == nullptr) Open(steps);
      End& end = ends_[turn_];
      turn_ = forwards_only_ ? 0 : 1 - turn_;
      if (end.search->is_full()) {
        if (forwards_only_ || ends_[turn_].search->is_full()) return false;
        continue;
      }
      const std::int64_t before = end.search->steps();
      const OrderSearch::State state = end.search->Run(bound_, enough, std::min(*steps, end.turn_steps));
      *steps -= end.search->steps() - before;
      end.turn_steps *= 2;
      bound_ = end.search->budget();
      if (state == OrderSearch::State::kRefuted) return false;
      if (end.search->first_ops().empty()) continue;
      Settle(end.search->first_ops(), end.space->backwards);
      ends_[0] = {};
      ends_[1] = {};
      if (state == OrderSearch::State::kDone) return true;
    }
    return false;
  }

  std::int64_t bound() const { return bound_; }
  const std::vector<int>& order() const { return order_; }

 private:
  struct End {
    std::unique_ptr<OrderSpace> space;
    std::unique_ptr<OrderSearch> search;
    std::int64_t turn_steps = kFirstSteps;
  };

  void Open(std::int64_t* steps) {
    const OrderModel rest = SubproblemOf(model_, order_, first_, last_);
    for (const bool backwards : {false, true}) {
      End& end = ends_[backwards ? 1 : 0];
      end.space = std::make_unique<OrderSpace>(rest, backwards);
      end.search = std::make_unique<OrderSearch>(*end.space, bound_);
    }
    *steps -= static_cast<std::int64_t>(model_.buffers.size() + order_.size());
  }

  // Moves the ops to the end that they were found for.
  void Settle(const std::vector<int>& ops, bool backwards) {
    std::vector<char> is_settled(At(last_ - first_), 0);
    std::vector<int> settled;
    for (const int op : ops) {
      const int place = backwards ? last_ - first_ - 1 - op : op;
      is_settled[At(place)] = 1;
      settled.push_back(order_[At(first_ + place)]);
    }
    std::vector<int> others;
    for (int i = first_; i < last_; ++i) {
      if (is_settled[At(i - first_)] == 0) others.push_back(order_[At(i)]);
    }
    if (backwards) {
      std::copy(others.begin(), others.end(), order_.begin() + first_);
      std::copy(settled.rbegin(), settled.rend(), order_.begin() + first_ + static_cast<std::ptrdiff_t>(others.size()));
      last_ -= static_cast<int>(settled.size());
    } else {
      std::copy(settled.begin(), settled.end(), order_.begin() + first_);
      std::copy(others.begin(), others.end(), order_.begin() + first_ + static_cast<std::ptrdiff_t>(settled.size()));
      first_ += static_cast<int>(settled.size());
    }
  }

  const OrderModel& model_;
  std::int64_t bound_;
  std::vector<int> order_;
  int first_ = 0;
  int last_;
  bool forwards_only_;
  End ends_[2];
  int turn_ = 0;
};

class OrderFinder {
 public:
  OrderFinder(const OrderModel& model, const OrderOptions& options)
      : model_(model),
        options_(options),
        steps_(options.steps),
        space_(model, false),
        places_(PlacesThatAllOrdersPass(space_)) {}

  OrderResult Find() {
    const int ops = static_cast<int>(model_.before.size());
    Offer(Count(ops));
    {
      const OrderSpace backwards(model_, true);
      for (std::vector<int>& order : MakeListOrders(space_, backwards)) Offer(std::move(order));
    }
    best_ = BestOfEachSubproblem();
    Offer(best_);
    bound_ = BoundOfSubproblems();
    SearchSubproblems();
    return Result();
  }

 private:
  struct Candidate {
    std::vector<int> order;
    std::vector<std::int64_t> bytes;
    std::int64_t peak = 0;
  };

  void Offer(std::vector<int> order) {
    Candidate candidate{std::move(order), {}, 0};
    candidate.bytes = BytesInOrder(space_, candidate.order);
    candidate.peak = Largest(candidate.bytes, 0, static_cast<int>(candidate.bytes.size()));
    const auto same = [&](const Candidate& other) { return other.order == candidate.order; };
    if (std::none_of(candidates_.begin(), candidates_.end(), same)) candidates_.push_back(std::move(candidate));
  }

  // Subproblems do not depend on each other's orders.
  std::vector<int> BestOfEachSubproblem() const {
    std::vector<int> order;
    for (std::size_t i = 0; i + 1 < places_.size(); ++i) {
      const int first = places_[i];
      const int last = places_[i + 1];
      const auto lower = [&](const Candidate& a, const Candidate& b) {
        return Largest(a.bytes, first, last) < Largest(b.bytes, first, last);
      };
      const Candidate& best = *std::min_element(candidates_.begin(), candidates_.end(), lower);
      order.insert(order.end(), best.order.begin() + first, best.order.begin() + last);
    }
    return order;
  }

  std::vector<std::int64_t> Bytes() const { return BytesInOrder(space_, best_); }
  std::int64_t Peak() const {
    const std::vector<std::int64_t> bytes = Bytes();
    return Largest(bytes, 0, static_cast<int>(bytes.size()));
  }

  // The subproblem that has the peak is searched next, until it is one that cannot be lowered.
  void SearchSubproblems() {
    std::vector<char> searched(places_.size(), 0);
    while (steps_ > 0) {
      const std::vector<std::int64_t> bytes = Bytes();
      int subproblem = -1;
      std::int64_t highest = bound_;
      for (int i = 0; i + 1 < static_cast<int>(places_.size()); ++i) {
        const std::int64_t peak = Largest(bytes, places_[At(i)], places_[At(i + 1)]);
        if (searched[At(i)] != 0 || peak <= highest) continue;
        subproblem = i;
        highest = peak;
      }
      if (subproblem < 0) return;
      searched[At(subproblem)] = 1;
      if (places_[At(subproblem + 1)] - places_[At(subproblem)] > kMostOpsSearched) {
        ImproveWindows(places_[At(subproblem)], places_[At(subproblem + 1)]);
        continue;
      }
      SearchSubproblem(places_[At(subproblem)], places_[At(subproblem + 1)], highest);
    }
  }

  std::int64_t BoundOfSubproblems() {
    const std::vector<std::int64_t> bytes = Bytes();
    std::int64_t bound = 0;
    std::int64_t steps = steps_ / 4;
    steps_ -= steps;
    for (std::size_t i = 0; i + 1 < places_.size(); ++i) {
      if (Largest(bytes, places_[i], places_[i + 1]) <= bound) continue;
      const OrderModel subproblem = SubproblemOf(model_, best_, places_[i], places_[i + 1]);
      const std::vector<std::int64_t> own(bytes.begin() + places_[i], bytes.begin() + places_[i + 1]);
      bound = std::max(bound, UnavoidableBytes(subproblem, own, &steps));
    }
    steps_ += std::max<std::int64_t>(steps, 0);
    return bound;
  }

  // Runs `search` with no more than that share of the steps that are left.
  bool RunShare(TwoEnds& search, std::int64_t enough, int share) {
    std::int64_t steps = steps_ / share;
    steps_ -= steps;
    const bool found = search.Run(enough, &steps);
    steps_ += steps;
    return found;
  }

  // From below, which proves; then, if that is too hard, from above; then from below with what is left.
  void SearchSubproblem(int first, int last, std::int64_t peak) {
    const OrderModel subproblem = SubproblemOf(model_, best_, first, last);
    const std::vector<int> given(best_.begin() + first, best_.begin() + last);
    TwoEnds search(subproblem, bound_);
    for (const int share : {kFirstShare, 1}) {
      const bool found = RunShare(search, peak, share);
      bound_ = std::max(bound_, std::min(search.bound(), peak));
      if (found) {
        std::copy(given.begin(), given.end(), best_.begin() + first);
        Replace(first, search.order());
      }
      if (found || bound_ >= peak || steps_ <= 0 || share == 1) return;
      const std::int64_t kept = steps_ / kFirstShare;
      steps_ -= kept;
      peak = Bisect(first, last, peak);
      RunBeams(first, last, peak, kBeamShare);
      peak = ImproveWindows(first, last);
      steps_ += kept;
    }
  }

  // Exact searches of best_[first..last) under budgets between the bound and the peak, for those that are easy; gives
  // the peak reached.
  std::int64_t Bisect(int first, int last, std::int64_t peak) {
    for (std::int64_t low = bound_; steps_ > 0 && low + 1 < peak;) {
      const std::int64_t budget = low + (peak - low) / 2;
      const OrderModel subproblem = SubproblemOf(model_, best_, first, last);
      TwoEnds search(subproblem, budget);
      const bool found = RunShare(search, budget + 1, kBisectShare);
      low = found ? low : budget;
      if (found) Replace(first, search.order());
      if (found) peak = Largest(Bytes(), first, last);
    }
    return peak;
  }

  // Beams from both ends of best_[first..last) below the peak, wider when they find nothing; gives the peak reached.
  std::int64_t RunBeams(int first, int last, std::int64_t peak, int share) {
    std::int64_t steps = steps_ / share;
    steps_ -= steps;
    const std::int64_t making_steps = static_cast<std::int64_t>(model_.buffers.size() + best_.size());
    OrderModel subproblem = SubproblemOf(model_, best_, first, last);
    for (int width = kNarrowestBeam; width <= kWidestBeam && steps > 0 && peak > bound_;) {
      bool found = false;
      for (const bool backwards : {false, true}) {
        if (steps <= 0 || peak <= bound_ || (backwards && PaysAtStart(subproblem))) continue;
        const OrderSpace space(subproblem, backwards);
        OrderSearch search(space, peak - 1);
        const bool lower = search.RunBeam(width, steps);
        steps -= search.steps() + making_steps;
        if (!lower) continue;
        const std::vector<int> order = ForwardOrder(space, search.first_ops());
        peak = Largest(BytesInOrder(OrderSpace(subproblem, false), order), 0, last - first);
        Replace(first, order);
        subproblem = SubproblemOf(model_, best_, first, last);
        found = true;
      }
      if (!found) width *= 4;
    }
    steps_ += std::max<std::int64_t>(steps, 0);
    return peak;
  }

  // `order`: of the ops best_[first...].
  void Replace(int first, const std::vector<int>& order) {
    std::vector<int> ops;
    for (const int place : order) ops.push_back(best_[At(first + place)]);
    std::copy(ops.begin(), ops.end(), best_.begin() + first);
  }

  // Windows around the step of best_[first..last) that has the peak, the rest as it is; gives the peak reached.
  std::int64_t ImproveWindows(int first, int last) {
    std::vector<std::int64_t> bytes = Bytes();
    std::int64_t peak = Largest(bytes, first, last);
    for (std::size_t size = 0; size < std::size(kWindows) && steps_ > 0 && peak > bound_;) {
      const int step = static_cast<int>(std::max_element(bytes.begin() + first, bytes.begin() + last) - bytes.begin());
      const int from = std::max(first, step - kWindows[size]);
      const bool found = RunBeams(from, std::min(last, step + kWindows[size]), peak, kWindowShare) < peak;
      if (!found) {
        ++size;
        continue;
      }
      bytes = Bytes();
      peak = Largest(bytes, first, last);
    }
    return peak;
  }

  OrderResult Result() {
    Offer(best_);
    const auto lower = [](const Candidate& a, const Candidate& b) { return a.peak < b.peak; };
    std::stable_sort(candidates_.begin(), candidates_.end(), lower);
    OrderResult result;
    result.order = candidates_[0].order;
    result.peak_bytes = candidates_[0].peak;
    result.lower_bound_bytes = std::min(bound_, result.peak_bytes);
    result.proven_optimal = result.lower_bound_bytes == result.peak_bytes;
    for (int i = 1; i < static_cast<int>(candidates_.size()) && i <= options_.runners_up; ++i) {
      result.runners_up.push_back(candidates_[At(i)].order);
    }
    return result;
  }

  const OrderModel& model_;
  OrderOptions options_;
  std::int64_t steps_;
  OrderSpace space_;  // of the model, forwards
  std::vector<int> places_;
  std::vector<Candidate> candidates_;
  std::vector<int> best_;
  std::int64_t bound_ = 0;
};

}  // namespace

OrderResult FindOrder(const OrderModel& model, const OrderOptions& options) {
  return OrderFinder(model, options).Find();
}

}  // namespace orionrt
