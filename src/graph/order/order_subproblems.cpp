#include "graph/order/order_subproblems.hpp"

#include <algorithm>
#include <numeric>

#include "base/index.hpp"
#include "graph/order/order_search.hpp"
#include "graph/order/order_space.hpp"

namespace orionrt {
namespace {

constexpr int kMostOpsRelated = 4096;       // 2 MiB a table
constexpr std::int64_t kStepsPerCutOp = 3;  // what a minimum cut takes per op, in the time of steps

// A buffer as the ops `rank` in [first, last) see it.
class SubproblemMaker {
 public:
  SubproblemMaker(const OrderModel& model, const std::vector<int>& order, int first, int last)
      : model_(model),
        order_(order),
        first_(first),
        last_(last),
        rank_(order.size()),
        seen_as_(model.buffers.size(), -1) {
    for (int i = 0; i < static_cast<int>(order.size()); ++i) rank_[At(order[At(i)])] = i;
    const int ops = last - first;
    made_.before.resize(At(ops));
    made_.workspace.resize(At(ops));
    made_.claims.resize(At(ops));
  }

  OrderModel Make() {
    for (int i = 0; i < static_cast<int>(model_.buffers.size()); ++i) AddBuffer(i);
    if (throughout_ > 0) made_.buffers.push_back({throughout_, -1, {}, true});
    for (int i = first_; i < last_; ++i) AddOp(order_[At(i)]);
    return std::move(made_);
  }

 private:
  bool Within(int op) const { return rank_[At(op)] >= first_ && rank_[At(op)] < last_; }

  void AddBuffer(int index) {
    const OrderBuffer& buffer = model_.buffers[At(index)];
    OrderBuffer seen{buffer.bytes, -1, {}, buffer.kept};
    for (const int user : buffer.users) {
      if (Within(user)) seen.users.push_back(rank_[At(user)] - first_);
      seen.kept = seen.kept || rank_[At(user)] >= last_;
    }
    std::sort(seen.users.begin(), seen.users.end());
    const bool produced = buffer.producer >= 0;
    const bool behind = produced && rank_[At(buffer.producer)] >= last_;
    if (produced && Within(buffer.producer)) seen.producer = rank_[At(buffer.producer)] - first_;
    const bool is_new = seen.producer >= 0;
    const bool at_start_only = !produced && buffer.users.empty() && !buffer.kept && first_ == 0;
    if (behind || (!is_new && !seen.kept && seen.users.empty() && !at_start_only)) return;
    if (!is_new && seen.kept) {
      throughout_ += buffer.bytes;
      return;
    }
    seen_as_[At(index)] = static_cast<int>(made_.buffers.size());
    made_.buffers.push_back(std::move(seen));
  }

  void AddOp(int op) {
    const int place = rank_[At(op)] - first_;
    made_.workspace[At(place)] = model_.workspace[At(op)];
    for (const int earlier : model_.before[At(op)]) {
      if (Within(earlier)) made_.before[At(place)].push_back(rank_[At(earlier)] - first_);
    }
    std::sort(made_.before[At(place)].begin(), made_.before[At(place)].end());
    for (const OrderClaim& claim : model_.claims[At(op)]) {
      OrderClaim seen{{}, claim.output, claim.input, claim.saved_bytes};
      bool possible = true;
      for (const int buffer : claim.dying) {
        if (seen_as_[At(buffer)] >= 0) seen.dying.push_back(seen_as_[At(buffer)]);
        const std::vector<int>& users = model_.buffers[At(buffer)].users;
        const auto later = [&](int user) { return rank_[At(user)] >= last_; };
        possible = possible && !model_.buffers[At(buffer)].kept && std::none_of(users.begin(), users.end(), later);
      }
      if (possible) made_.claims[At(place)].push_back(std::move(seen));
    }
  }

  const OrderModel& model_;
  const std::vector<int>& order_;
  int first_, last_;
  std::vector<int> rank_;
  std::vector<int> seen_as_;  // buffer -> buffer of the subproblem, or -1
  std::int64_t throughout_ = 0;
  OrderModel made_;
};

// Row `op`: all ops that run before it in any order.
std::vector<std::uint64_t> Ancestors(const OrderSpace& space) {
  const std::size_t words = At(space.words);
  std::vector<std::uint64_t> table(words * At(space.ops), 0);
  for (int op = 0; op < space.ops; ++op) {
    std::uint64_t* row = table.data() + words * At(op);
    for (const int earlier : space.before[op]) {
      for (std::size_t w = 0; w < words; ++w) row[w] |= table[words * At(earlier) + w];
      row[earlier >> 6] |= std::uint64_t{1} << (earlier & 63);
    }
  }
  return table;
}

// The fewest bytes alive before `op` runs, in any order.
std::int64_t FewestBefore(const OrderSpace& space, const std::vector<std::uint64_t>& ancestors, int op,
                          std::int64_t* steps) {
  const OpSet low = ancestors.data() + static_cast<std::size_t>(space.words) * At(op);
  std::vector<std::uint64_t> high(At(space.words), 0);
  std::vector<std::uint64_t> done(At(space.words), 0);
  std::int64_t live = space.start_bytes;
  for (int i = 0; i < space.ops; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << (i & 63);
    const bool after = i == op || Has(ancestors.data() + static_cast<std::size_t>(space.words) * At(i), op);
    if (!after) high[At(i >> 6)] |= bit;
    if (!Has(low, i)) *steps -= after ? 0 : kStepsPerCutOp;
    if (!Has(low, i)) continue;
    live = space.Step(i, done.data(), live, false).after;
    done[At(i >> 6)] |= bit;
  }
  return live + LowestBetween(space, low, high.data());
}

// The most that `op` could claim, in any order.
std::int64_t MostClaimed(const OrderSpace& space, int op) {
  return space.need[At(op)] - space.StepWith(op, 0, false, [&](int) { return !space.backwards; }).at;
}

// What the op itself reads and writes, and what is always there.
std::vector<std::int64_t> OwnBytes(const OrderModel& model, const OrderSpace& space) {
  std::vector<std::int64_t> bytes(At(space.ops));
  std::int64_t always = 0;
  for (int op = 0; op < space.ops; ++op) bytes[At(op)] = model.workspace[At(op)] - MostClaimed(space, op);
  for (const OrderBuffer& buffer : model.buffers) {
    const bool given = buffer.producer < 0;
    if (given && buffer.kept) {
      always += buffer.bytes;
      continue;
    }
    if (!given) bytes[At(buffer.producer)] += buffer.bytes;
    for (const int user : buffer.users) bytes[At(user)] += buffer.bytes;
  }
  for (std::int64_t& own : bytes) own += always;
  return bytes;
}

}  // namespace

OrderModel SubproblemOf(const OrderModel& model, const std::vector<int>& order, int first, int last) {
  return SubproblemMaker(model, order, first, last).Make();
}

// An op behind the place that waits for none there must wait for every op before it that no other there waits for. So
// count those two kinds, and the edges between them: there must be one for each pair.
std::vector<int> PlacesThatAllOrdersPass(const OrderSpace& space) {
  std::vector<std::int64_t> firsts(At(space.ops + 2), 0), lasts(At(space.ops + 2), 0), edges(At(space.ops + 2), 0);
  const auto add = [](std::vector<std::int64_t>& changes, int from, int to) {  // places in [from, to]
    if (from > to) return;
    ++changes[At(from)];
    --changes[At(to + 1)];
  };
  for (int op = 0; op < space.ops; ++op) {
    const int waits_for = space.before[op].empty() ? -1 : *(space.before[op].end() - 1);
    add(firsts, waits_for + 1, op);
    add(lasts, op + 1, space.behind[op].empty() ? space.ops : space.behind[op].begin()[0]);
    for (const int earlier : space.before[op]) add(edges, waits_for + 1, space.behind[earlier].begin()[0]);
  }
  std::vector<int> places = {0};
  std::int64_t first = firsts[0], last = lasts[0], edge = edges[0];
  for (int place = 1; place < space.ops; ++place) {
    first += firsts[At(place)];
    last += lasts[At(place)];
    edge += edges[At(place)];
    if (edge == first * last) places.push_back(place);
  }
  if (space.ops > 0) places.push_back(space.ops);
  return places;
}

std::int64_t UnavoidableBytes(const OrderModel& model, const std::vector<std::int64_t>& bytes, std::int64_t* steps) {
  const OrderSpace space(model, false);
  const std::vector<std::int64_t> own = OwnBytes(model, space);
  std::int64_t bound = 0;
  for (const std::int64_t least : own) bound = std::max(bound, least);
  if (space.ops > kMostOpsRelated) return bound;
  const std::vector<std::uint64_t> ancestors = Ancestors(space);
  std::vector<int> ops(At(space.ops));
  std::iota(ops.begin(), ops.end(), 0);
  std::stable_sort(ops.begin(), ops.end(), [&](int a, int b) { return bytes[At(a)] > bytes[At(b)]; });
  for (const int op : ops) {
    if (bytes[At(op)] <= bound || *steps <= 0) break;
    *steps -= space.ops / 4;
    const std::int64_t needed = space.need[At(op)] - MostClaimed(space, op);
    bound = std::max(bound, FewestBefore(space, ancestors, op, steps) + needed);
  }
  return bound;
}

}  // namespace orionrt
