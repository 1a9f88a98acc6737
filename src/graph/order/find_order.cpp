#include "graph/order/find_order.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "graph/order/order_lists.hpp"
#include "graph/order/order_parts.hpp"
#include "graph/order/order_search.hpp"

namespace orionrt {
namespace {

constexpr int kMostOpsSearched = 8192;      // a set of ops is then 1 KiB
constexpr std::int64_t kFirstSteps = 4096;  // tried from one end before the other has its turn
constexpr int kWindows[] = {16, 32, 64, 128};

std::int64_t Largest(const std::vector<std::int64_t>& bytes, int first, int last) {
  std::int64_t largest = 0;
  for (int i = first; i < last; ++i) largest = std::max(largest, bytes[i]);
  return largest;
}

std::vector<int> Count(int n) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// Searches a model from both ends in turn, each on what the other has left.
class TwoEnds {
 public:
  TwoEnds(const OrderModel& model, std::int64_t bound)
      : model_(model), bound_(bound), order_(Count(static_cast<int>(model.before.size()))), last_(order_.size()) {
    for (const OrderPiece& piece : model.pieces) {
      const bool at_start_only = piece.producer < 0 && piece.users.empty() && !piece.kept && piece.bytes > 0;
      forwards_only_ = forwards_only_ || at_start_only;  // who runs first pays for it, and backwards that is the last
    }
  }

  // Whether order() is one of less than `enough`: then it has bound() and is the best if the search began at a bound.
  bool Run(std::int64_t enough, std::int64_t* steps) {
    bool backwards = false;
    for (std::int64_t most = kFirstSteps; *steps > 0; most += backwards ? 0 : most) {
      const OrderSpace space(PartOfOrder(model_, order_, first_, last_), backwards);
      OrderSearch search(space, bound_);
      const OrderSearch::State state = search.Run(enough, std::min(most, *steps));
      *steps -= search.steps() + space.ops;
      bound_ = search.budget();
      Settle(search.first_ops(), backwards);
      if (state != OrderSearch::State::kOpen) return state == OrderSearch::State::kDone;
      backwards = !backwards && !forwards_only_;
    }
    return false;
  }

  std::int64_t bound() const { return bound_; }
  const std::vector<int>& order() const { return order_; }

 private:
  // Moves the ops to the end that they were found for.
  void Settle(const std::vector<int>& ops, bool backwards) {
    std::vector<char> is_settled(last_ - first_, 0);
    std::vector<int> settled;
    for (const int op : ops) {
      const int place = backwards ? last_ - first_ - 1 - op : op;
      is_settled[place] = 1;
      settled.push_back(order_[first_ + place]);
    }
    std::vector<int> others;
    for (int i = first_; i < last_; ++i) {
      if (is_settled[i - first_] == 0) others.push_back(order_[i]);
    }
    if (backwards) {
      std::copy(others.begin(), others.end(), order_.begin() + first_);
      std::copy(settled.rbegin(), settled.rend(), order_.begin() + first_ + others.size());
      last_ -= static_cast<int>(settled.size());
    } else {
      std::copy(settled.begin(), settled.end(), order_.begin() + first_);
      std::copy(others.begin(), others.end(), order_.begin() + first_ + settled.size());
      first_ += static_cast<int>(settled.size());
    }
  }

  const OrderModel& model_;
  std::int64_t bound_;
  std::vector<int> order_;
  int first_ = 0;
  int last_;
  bool forwards_only_ = false;
};

class OrderFinder {
 public:
  OrderFinder(const OrderModel& model, const OrderOptions& options)
      : model_(model), options_(options), steps_(options.steps), places_(PlacesThatAllOrdersPass(model)) {}

  OrderResult Find() {
    const int ops = static_cast<int>(model_.before.size());
    Offer(Count(ops));
    {
      const OrderSpace forwards(model_, false);
      const OrderSpace backwards(model_, true);
      for (std::vector<int>& order : MakeListOrders(forwards, backwards)) Offer(std::move(order));
    }
    best_ = BestOfEachPart();
    Offer(best_);
    bound_ = std::min(UnavoidableBytes(model_), Peak());
    SearchParts();
    ImproveWindows();
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
    candidate.bytes = BytesInOrder(model_, candidate.order);
    candidate.peak = Largest(candidate.bytes, 0, static_cast<int>(candidate.bytes.size()));
    const auto same = [&](const Candidate& other) { return other.order == candidate.order; };
    if (std::none_of(candidates_.begin(), candidates_.end(), same)) candidates_.push_back(std::move(candidate));
  }

  // Parts do not depend on each other's orders.
  std::vector<int> BestOfEachPart() const {
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

  std::vector<std::int64_t> Bytes() const { return BytesInOrder(model_, best_); }
  std::int64_t Peak() const {
    const std::vector<std::int64_t> bytes = Bytes();
    return Largest(bytes, 0, static_cast<int>(bytes.size()));
  }

  // The part that has the peak is searched next, until it is one that cannot be lowered.
  void SearchParts() {
    std::vector<char> searched(places_.size(), 0);
    while (steps_ > 0) {
      const std::vector<std::int64_t> bytes = Bytes();
      int part = -1;
      std::int64_t highest = bound_;
      for (int i = 0; i + 1 < static_cast<int>(places_.size()); ++i) {
        const std::int64_t peak = Largest(bytes, places_[i], places_[i + 1]);
        if (searched[i] != 0 || peak <= highest) continue;
        part = i;
        highest = peak;
      }
      if (part < 0) return;
      searched[part] = 1;
      if (places_[part + 1] - places_[part] > kMostOpsSearched) continue;
      SearchPart(places_[part], places_[part + 1], highest);
    }
  }

  void SearchPart(int first, int last, std::int64_t peak) {
    const OrderModel part = PartOfOrder(model_, best_, first, last);
    TwoEnds search(part, bound_);
    std::int64_t steps = steps_ / 2;
    steps_ -= steps;
    const bool found = search.Run(peak, &steps);
    steps_ += steps;
    bound_ = std::max(bound_, std::min(search.bound(), peak));
    if (found) Replace(first, search.order());
    if (!found && bound_ < peak) Bisect(part, first, peak);
  }

  // Budgets between the bound and the peak, until one is too hard.
  void Bisect(const OrderModel& part, int first, std::int64_t peak) {
    std::int64_t low = bound_;
    while (steps_ > 0 && low + 1 < peak) {
      const std::int64_t budget = low + (peak - low) / 2;
      TwoEnds search(part, budget);
      std::int64_t steps = steps_ / 4;
      steps_ -= steps;
      const bool found = search.Run(budget + 1, &steps);
      const std::int64_t left = steps;
      steps_ += left;
      if (!found) {
        low = budget;
        if (search.bound() > budget) bound_ = std::max(bound_, search.bound());
        if (left <= 0 && steps_ < options_.steps / 16) return;
        continue;
      }
      Replace(first, search.order());
      const std::vector<std::int64_t> bytes = Bytes();
      peak = Largest(bytes, first, first + static_cast<int>(part.before.size()));
    }
  }

  // `order`: of the ops best_[first...].
  void Replace(int first, const std::vector<int>& order) {
    std::vector<int> ops;
    for (const int place : order) ops.push_back(best_[first + place]);
    std::copy(ops.begin(), ops.end(), best_.begin() + first);
  }

  // Windows around the step that has the peak, the rest as it is.
  void ImproveWindows() {
    const int ops = static_cast<int>(best_.size());
    for (std::size_t size = 0; size < std::size(kWindows) && steps_ > 0;) {
      const std::vector<std::int64_t> bytes = Bytes();
      const int step = static_cast<int>(std::max_element(bytes.begin(), bytes.end()) - bytes.begin());
      if (ops == 0 || bytes[step] <= bound_) return;
      const int first = std::max(0, step - kWindows[size]);
      const int last = std::min(ops, step + kWindows[size]);
      const OrderModel part = PartOfOrder(model_, best_, first, last);
      TwoEnds search(part, bytes[step] - 1);
      std::int64_t steps = std::max<std::int64_t>(steps_ / 8, kFirstSteps);
      steps_ -= steps;
      const bool found = search.Run(bytes[step], &steps);
      steps_ += std::max<std::int64_t>(steps, 0) - static_cast<std::int64_t>(model_.pieces.size()) / 8 - ops / 8;
      if (found) {
        Replace(first, search.order());
      } else {
        ++size;
      }
    }
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
      result.runners_up.push_back(candidates_[i].order);
    }
    return result;
  }

  const OrderModel& model_;
  OrderOptions options_;
  std::int64_t steps_;
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
