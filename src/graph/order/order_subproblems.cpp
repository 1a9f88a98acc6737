#include "graph/order/order_subproblems.hpp"

#include <algorithm>
#include <numeric>

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
    for (int i = 0; i < static_cast<int>(order.size()); ++i) rank_[order[i]] = i;
    const int ops = last - first;
    made_.before.resize(ops);
    made_.workspace.resize(ops);
    made_.claims.resize(ops);
  }

  OrderModel Make() {
    for (int i = 0; i < static_cast<int>(model_.buffers.size()); ++i) AddBuffer(i);
    if (throughout_ > 0) made_.buffers.push_back({throughout_, -1, {}, true});
    for (int i = first_; i < last_; ++i) AddOp(order_[i]);
    return std::move(made_);
  }

 private:
  bool Within(int op) const { return rank_[op] >= first_ && rank_[op] < last_; }

  void AddBuffer(int index) {
    const OrderBuffer& buffer = model_.buffers[index];
    OrderBuffer seen{buffer.bytes, -1, {}, buffer.kept};
    for (const int user : buffer.users) {
      if (Within(user)) seen.users.push_back(rank_[user] - first_);
      seen.kept = seen.kept || rank_[user] >= last_;
    }
    std::sort(seen.users.begin(), seen.users.end());
    const bool produced = buffer.producer >= 0;
    const bool behind = produced && rank_[buffer.producer] >= last_;
    if (produced && Within(buffer.producer)) seen.producer = rank_[buffer.producer] - first_;
    const bool is_new = seen.producer >= 0;
    const bool at_start_only = !produced && buffer.users.empty() && !buffer.kept && first_ == 0;
    if (behind || (!is_new && !seen.kept && seen.users.empty() && !at_start_only)) return;
    if (!is_new && seen.kept) {
      throughout_ += buffer.bytes;
      return;
    }
    seen_as_[index] = static_cast<int>(made_.buffers.size());
    made_.buffers.push_back(std::move(seen));
  }

  void AddOp(int op) {
    const int place = rank_[op] - first_;
    made_.workspace[place] = model_.workspace[op];
    for (const int earlier : model_.before[op]) {
      if (Within(earlier)) made_.before[place].push_back(rank_[earlier] - first_);
    }
    std::sort(made_.before[place].begin(), made_.before[place].end());
    for (const OrderClaim& claim : model_.claims[op]) {
      OrderClaim seen{{}, claim.output, claim.input, claim.saved_bytes};
      bool possible = true;
      for (const int buffer : claim.dying) {
        if (seen_as_[buffer] >= 0) seen.dying.push_back(seen_as_[buffer]);
        const std::vector<int>& users = model_.buffers[buffer].users;
        const auto later = [&](int user) { return rank_[user] >= last_; };
        possible = possible && !model_.buffers[buffer].kept && std::none_of(users.begin(), users.end(), later);
      }
      if (possible) made_.claims[place].push_back(std::move(seen));
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
  const std::size_t words = space.words;
  std::vector<std::uint64_t> table(words * space.ops, 0);
  for (int op = 0; op < space.ops; ++op) {
    std::uint64_t* row = table.data() + words * op;
    for (const int earlier : space.before[op]) {
      for (std::size_t w = 0; w < words; ++w) row[w] |= table[words * earlier + w];
      row[earlier >> 6] |= std::uint64_t{1} << (earlier & 63);
    }
  }
  return table;
}

// The fewest bytes alive before `op` runs, in any order.
std::int64_t FewestBefore(const OrderSpace& space, const std::vector<std::uint64_t>& ancestors, int op,
                          std::int64_t* steps) {
  const OpSet low = ancestors.data() + static_cast<std::size_t>(space.words) * op;
  std::vector<std::uint64_t> high(space.words, 0);
  std::vector<std::uint64_t> done(space.words, 0);
  std::int64_t live = space.start_bytes;
  for (int i = 0; i < space.ops; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << (i & 63);
    const bool after = i == op || Has(ancestors.data() + static_cast<std::size_t>(space.words) * i, op);
    if (!after) high[i >> 6] |= bit;
    if (!Has(low, i)) *steps -= after ? 0 : kStepsPerCutOp;
    if (!Has(low, i)) continue;
    live = space.Step(i, done.data(), live, false).after;
    done[i >> 6] |= bit;
  }
  return live + LowestBetween(space, low, high.data());
}

// The most that `op` could claim, in any order.
std::int64_t MostClaimed(const OrderSpace& space, int op) {
  return space.need[op] - space.StepWith(op, 0, false, [&](int) { return !space.backwards; }).at;
}

// What the op itself reads and writes, and what is always there.
std::vector<std::int64_t> OwnBytes(const OrderModel& model, const OrderSpace& space) {
  std::vector<std::int64_t> bytes(space.ops);
  std::int64_t always = 0;
  for (int op = 0; op < space.ops; ++op) bytes[op] = model.workspace[op] - MostClaimed(space, op);
  for (const OrderBuffer& buffer : model.buffers) {
    const bool given = buffer.producer < 0;
    if (given && buffer.kept) {
      always += buffer.bytes;
      continue;
    }
    if (!given) bytes[buffer.producer] += buffer.bytes;
    for (const int user : buffer.users) bytes[user] += buffer.bytes;
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
  std::vector<std::int64_t> firsts(space.ops + 2, 0), lasts(space.ops + 2, 0), edges(space.ops + 2, 0);
  const auto add = [](std::vector<std::int64_t>& changes, int from, int to) {  // places in [from, to]
    if (from > to) return;
    ++changes[from];
    --changes[to + 1];
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
    first += firsts[place];
    last += lasts[place];
    edge += edges[place];
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
  std::vector<int> ops(space.ops);
  std::iota(ops.begin(), ops.end(), 0);
  std::stable_sort(ops.begin(), ops.end(), [&](int a, int b) { return bytes[a] > bytes[b]; });
  for (const int op : ops) {
    if (bytes[op] <= bound || *steps <= 0) break;
    *steps -= space.ops / 4;
    const std::int64_t needed = space.need[op] - MostClaimed(space, op);
    bound = std::max(bound, FewestBefore(space, ancestors, op, steps) + needed);
  }
  return bound;
}

}  // namespace orionrt
