#include "graph/order/order_lists.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "base/index.hpp"

namespace orionrt {
namespace {

enum class Rule {
  kGrowth,      // the op that frees most or adds least (XLA's list scheduler)
  kFitsGrowth,  // the same, among ops that leave the peak so far as it is; else the one that raises it least (LPMF)
};

constexpr int kMostLooks = 64;  // how many ops kFitsGrowth looks at for one that fits

// Picks ops that are ready, keeping what each would add up to date.
class ListScheduler {
 public:
  ListScheduler(const OrderSpace& space, Rule rule)
      : space_(space),
        rule_(rule),
        ran_(space.shared.size(), 0),
        waits_(At(space.ops)),
        claimers_(space.shared.size()) {
    live_ = space.start_bytes;
    for (int op = 0; op < space.ops; ++op) {
      waits_[At(op)] = static_cast<int>(space.before[op].size());
      for (const OrderSpace::Claim& claim : space.claims[op]) {
        for (int i = claim.first; i < claim.last; ++i) claimers_[At(space.claim_buffers[At(i)])].push_back(op);
      }
    }
    step_of_.resize(At(space.ops));
    is_ready_.assign(At(space.ops), 0);
  }

  std::vector<int> Run() {
    for (int op = 0; op < space_.ops; ++op) {
      if (waits_[At(op)] == 0) Add(op);
    }
    std::vector<int> order;
    while (!by_growth_.empty()) {
      const int op = Pick();
      order.push_back(op);
      RunOp(op);
    }
    return order;
  }

 private:
  using Key = std::tuple<std::int64_t, std::int64_t, int>;

  // Relative to what is alive.
  OrderStep Step(int op) const {
    const auto uses = space_.shared_of[op];
    return space_.StepWith(op, 0, false, [&](int buffer) {
      if (space_.backwards) return ran_[At(buffer)] == 0;
      const int own = std::binary_search(uses.begin(), uses.end(), buffer) ? 1 : 0;
      return ran_[At(buffer)] + own == static_cast<int>(space_.users[space_.shared[At(buffer)].users].size());
    });
  }
  Key ByGrowth(int op) const { return {step_of_[At(op)].after, step_of_[At(op)].at, op}; }
  Key ByNeed(int op) const { return {step_of_[At(op)].at, step_of_[At(op)].after, op}; }

  void Add(int op) {
    is_ready_[At(op)] = 1;
    step_of_[At(op)] = Step(op);
    by_growth_.insert(ByGrowth(op));
    if (rule_ == Rule::kFitsGrowth) by_need_.insert(ByNeed(op));
  }
  void Remove(int op) {
    is_ready_[At(op)] = 0;
    by_growth_.erase(ByGrowth(op));
    by_need_.erase(ByNeed(op));
  }
  void Refresh(int op) {
    if (is_ready_[At(op)] == 0) return;
    Remove(op);
    Add(op);
  }

  int Pick() const {
    const int first = std::get<2>(*by_growth_.begin());
    if (rule_ == Rule::kGrowth) return first;
    int looks = 0;
    for (auto it = by_growth_.begin(); it != by_growth_.end() && looks < kMostLooks; ++it, ++looks) {
      if (live_ + std::get<1>(*it) <= peak_) return std::get<2>(*it);
    }
    return std::get<2>(*by_need_.begin());
  }

  void RunOp(int op) {
    const OrderStep step = step_of_[At(op)];
    Remove(op);
    peak_ = std::max(peak_, live_ + step.at);
    live_ += step.after;
    for (const int buffer : space_.shared_of[op]) Touch(buffer);
    for (const int next : space_.behind[op]) {
      if (--waits_[At(next)] == 0) Add(next);
    }
  }

  // Others are told when it changes for them who is the last user, or the first.
  void Touch(int buffer) {
    const auto users = space_.users[space_.shared[At(buffer)].users];
    const int ran = ++ran_[At(buffer)];
    const bool matters = space_.backwards ? ran == 1 : ran + 1 >= static_cast<int>(users.size());
    if (!matters) return;
    for (const int user : users) Refresh(user);
    for (const int user : claimers_[At(buffer)]) Refresh(user);
  }

  const OrderSpace& space_;
  Rule rule_;
  std::vector<int> ran_;    // per shared buffer: users that have run
  std::vector<int> waits_;  // per op: those before it that have not
  std::vector<std::vector<int>> claimers_;
  std::vector<OrderStep> step_of_;
  std::vector<char> is_ready_;
  std::set<Key> by_growth_;
  std::set<Key> by_need_;
  std::int64_t live_ = 0;
  std::int64_t peak_ = 0;
};

enum class Visit { kAsGiven, kReversed, kLargeFirst, kSmallFirst };

// Depth first from the ops that nobody waits for: what each waits for runs before it, the subtrees in order of what
// they add in sum (an op with several readers counts for each of them).
std::vector<int> PostOrder(const OrderSpace& space, Visit visit) {
  std::vector<std::int64_t> weight(At(space.ops), 0);
  for (int op = 0; op < space.ops; ++op) {
    constexpr std::int64_t kMost = std::int64_t{1} << 61;
    weight[At(op)] = std::max<std::int64_t>(space.need[At(op)], 0) / 1024 + 1;
    for (const int earlier : space.before[op]) weight[At(op)] = std::min(kMost, weight[At(op)] + weight[At(earlier)]);
  }
  const auto sorted = [&](std::vector<int> ops) {
    if (visit == Visit::kReversed) std::reverse(ops.begin(), ops.end());
    const auto heavier = [&](int a, int b) { return weight[At(a)] > weight[At(b)]; };
    const auto lighter = [&](int a, int b) { return weight[At(a)] < weight[At(b)]; };
    if (visit == Visit::kLargeFirst) std::stable_sort(ops.begin(), ops.end(), heavier);
    if (visit == Visit::kSmallFirst) std::stable_sort(ops.begin(), ops.end(), lighter);
    return ops;
  };
  std::vector<int> order;
  std::vector<char> seen(At(space.ops), 0);
  std::vector<std::pair<int, std::vector<int>>> stack;  // an op, and what is to be visited before it, the next one last
  const auto enter = [&](int op) {
    seen[At(op)] = 1;
    std::vector<int> open = sorted({space.before[op].begin(), space.before[op].end()});
    std::reverse(open.begin(), open.end());
    stack.emplace_back(op, std::move(open));
  };
  std::vector<int> ends;
  for (int op = 0; op < space.ops; ++op) {
    if (space.behind[op].empty()) ends.push_back(op);
  }
  for (const int end : sorted(std::move(ends))) {
    enter(end);
    while (!stack.empty()) {
      std::vector<int>& open = stack.back().second;
      if (open.empty()) {
        order.push_back(stack.back().first);
        stack.pop_back();
        continue;
      }
      const int next = open.back();
      open.pop_back();
      if (seen[At(next)] == 0) enter(next);
    }
  }
  return order;
}

}  // namespace

std::vector<std::vector<int>> MakeListOrders(const OrderSpace& forwards, const OrderSpace& backwards) {
  std::vector<std::vector<int>> orders;
  const auto add = [&](std::vector<int> order, const OrderSpace& space) {
    if (space.backwards) {
      std::reverse(order.begin(), order.end());
      for (int& op : order) op = space.ops - 1 - op;
    }
    if (std::find(orders.begin(), orders.end(), order) == orders.end()) orders.push_back(std::move(order));
  };
  for (const OrderSpace* space : {&forwards, &backwards}) {
    for (const Rule rule : {Rule::kGrowth, Rule::kFitsGrowth}) add(ListScheduler(*space, rule).Run(), *space);
    for (const Visit visit : {Visit::kAsGiven, Visit::kReversed, Visit::kLargeFirst, Visit::kSmallFirst}) {
      add(PostOrder(*space, visit), *space);
    }
  }
  return orders;
}

}  // namespace orionrt
