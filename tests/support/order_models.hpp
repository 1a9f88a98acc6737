// Order models for tests, and what they cost told in the plainest way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "graph/order/order_model.hpp"
#include "random.hpp"

namespace orionrt::tests {

// The most that claims[i...] save, one for each output and one for each input, by trying all.
inline std::int64_t MostSaved(const std::vector<OrderClaim>& claims, std::size_t i, std::vector<int> outputs,
                              std::vector<int> inputs) {
  if (i == claims.size()) return 0;
  std::int64_t best = MostSaved(claims, i + 1, outputs, inputs);
  const bool taken = std::count(outputs.begin(), outputs.end(), claims[i].output) != 0 ||
                     std::count(inputs.begin(), inputs.end(), claims[i].input) != 0;
  if (taken) return best;
  outputs.push_back(claims[i].output);
  inputs.push_back(claims[i].input);
  return std::max(best, claims[i].saved_bytes + MostSaved(claims, i + 1, outputs, inputs));
}

// Bytes alive at `op` when those with ran[i] != 0 have run: the definition in order_model.hpp, piece by piece.
inline std::int64_t BytesAt(const OrderModel& model, const std::vector<char>& ran, int op) {
  const bool first = std::count(ran.begin(), ran.end(), 1) == 0;
  const auto open = [&](const OrderBuffer& buffer) {  // somebody still needs it
    return buffer.kept ||
           std::any_of(buffer.users.begin(), buffer.users.end(), [&](int user) { return ran[user] == 0; });
  };
  std::int64_t bytes = model.workspace[op];
  for (const OrderBuffer& buffer : model.buffers) {
    const bool given = buffer.producer < 0;
    const bool there = given || ran[buffer.producer] != 0;
    if (buffer.producer == op || (there && open(buffer)) || (given && first)) bytes += buffer.bytes;
  }
  std::vector<OrderClaim> claims;
  for (const OrderClaim& claim : model.claims[op]) {
    const bool dies = std::all_of(claim.dying.begin(), claim.dying.end(), [&](int index) {
      const OrderBuffer& buffer = model.buffers[index];
      return !buffer.kept && std::all_of(buffer.users.begin(), buffer.users.end(),
                                         [&](int user) { return user == op || ran[user] != 0; });
    });
    if (dies) claims.push_back(claim);
  }
  return bytes - MostSaved(claims, 0, {}, {});
}

inline std::int64_t PeakOf(const OrderModel& model, const std::vector<int>& order) {
  std::vector<char> ran(order.size(), 0);
  std::int64_t peak = 0;
  for (const int op : order) {
    peak = std::max(peak, BytesAt(model, ran, op));
    ran[op] = 1;
  }
  return peak;
}

inline bool MayRun(const OrderModel& model, const std::vector<char>& ran, int op) {
  const auto& before = model.before[op];
  return ran[op] == 0 && std::all_of(before.begin(), before.end(), [&](int earlier) { return ran[earlier] != 0; });
}

// Each op once, behind those that it waits for.
inline bool IsOrder(const OrderModel& model, const std::vector<int>& order) {
  std::vector<char> ran(model.before.size(), 0);
  for (const int op : order) {
    if (op < 0 || op >= static_cast<int>(ran.size()) || !MayRun(model, ran, op)) return false;
    ran[op] = 1;
  }
  return order.size() == ran.size();
}

// The least peak over all orders, by a value for each set of ops that may have run: plain, and exponential in the
// width.
class PlainOptimum {
 public:
  explicit PlainOptimum(const OrderModel& model) : model_(model) {}
  std::int64_t Find() { return From(std::vector<char>(model_.before.size(), 0)); }

 private:
  std::int64_t From(const std::vector<char>& ran) {
    const auto known = least_.find(ran);
    if (known != least_.end()) return known->second;
    std::int64_t least = -1;
    for (int op = 0; op < static_cast<int>(ran.size()); ++op) {
      if (!MayRun(model_, ran, op)) continue;
      std::vector<char> next = ran;
      next[op] = 1;
      const std::int64_t peak = std::max(BytesAt(model_, ran, op), From(next));
      if (least < 0 || peak < least) least = peak;
    }
    return least_[ran] = std::max<std::int64_t>(least, 0);
  }

  const OrderModel& model_;
  std::map<std::vector<char>, std::int64_t> least_;
};

// The most ops that no two of which wait for each other: ops less a largest matching of each with one that waits for it
// (Dilworth, by the fewest chains that cover all; Fulkerson 1956).
class Width {
 public:
  explicit Width(const OrderModel& model) : later_(model.before.size()), match_(model.before.size(), -1) {
    const int ops = static_cast<int>(model.before.size());
    std::vector<std::vector<char>> waits(ops, std::vector<char>(ops, 0));
    for (int op = 0; op < ops; ++op) {
      for (const int earlier : model.before[op]) {
        waits[op][earlier] = 1;
        for (int i = 0; i < earlier; ++i) waits[op][i] |= waits[earlier][i];
      }
      for (int i = 0; i < op; ++i) {
        if (waits[op][i] != 0) later_[i].push_back(op);
      }
    }
  }
  int Find() {
    int chains = static_cast<int>(later_.size());
    for (int op = 0; op < static_cast<int>(later_.size()); ++op) {
      seen_.assign(later_.size(), 0);
      if (Extend(op)) --chains;
    }
    return chains;
  }

 private:
  bool Extend(int op) {
    for (const int next : later_[op]) {
      if (seen_[next] != 0) continue;
      seen_[next] = 1;
      if (match_[next] >= 0 && !Extend(match_[next])) continue;
      match_[next] = op;
      return true;
    }
    return false;
  }

  std::vector<std::vector<int>> later_;
  std::vector<int> match_;
  std::vector<char> seen_;
};

// Liu's optimum for trees that end in one op (SIAM J. Alg. Disc. Meth. 8, 1987): the best order of a subtree as hills,
// falling, and the valleys behind them, rising; subtrees are merged by hill less valley.
class TreeOptimum {
 public:
  // children[v]: what v reads; bytes[v]: what it writes. The last op is the root.
  static std::int64_t Find(const std::vector<std::vector<int>>& children, const std::vector<std::int64_t>& bytes) {
    std::vector<std::vector<Hill>> best(children.size());
    for (std::size_t v = 0; v < children.size(); ++v) {
      std::vector<Hill> merged;
      std::int64_t live = 0;
      struct Segment {
        std::int64_t rise, change, drop;
      };
      std::vector<Segment> segments;
      for (const int child : children[v]) {
        std::int64_t floor = 0;
        for (const Hill& hill : best[child]) {
          segments.push_back({hill.top - floor, hill.valley - floor, hill.top - hill.valley});
          floor = hill.valley;
        }
      }
      std::stable_sort(segments.begin(), segments.end(),
                       [](const Segment& a, const Segment& b) { return a.drop > b.drop; });
      for (const Segment& segment : segments) {
        merged.push_back({live + segment.rise, live + segment.change});
        live += segment.change;
      }
      merged.push_back({live + bytes[v], bytes[v]});
      best[v] = Canonical(merged);
    }
    return best.back().front().top;
  }

 private:
  struct Hill {
    std::int64_t top, valley;
  };
  // The highest hill, the lowest valley behind it, the highest hill behind that...
  static std::vector<Hill> Canonical(const std::vector<Hill>& hills) {
    std::vector<Hill> kept;
    for (std::size_t i = 0; i < hills.size();) {
      std::size_t top = i;
      for (std::size_t j = i; j < hills.size(); ++j) top = hills[j].top >= hills[top].top ? j : top;
      std::size_t valley = top;
      for (std::size_t j = top; j < hills.size(); ++j) valley = hills[j].valley <= hills[valley].valley ? j : valley;
      kept.push_back({hills[top].top, hills[valley].valley});
      i = valley + 1;
    }
    return kept;
  }
};

struct RandomModel {
  int ops = 8;
  int window = 4;  // an op waits only for the `window` before it, which bounds the width; 0: for any
  int chains = 0;  // > 0: op i also waits for op i - chains, so that the width is at most that
  bool claims = true;
  bool extras = true;  // given and kept buffers, workspaces, edges without bytes, buffers nobody needs
  std::int64_t largest = 20;
};

inline OrderModel MakeRandomModel(const RandomModel& form, Random& random) {
  OrderModel model;
  const int ops = form.ops;
  model.before.resize(ops);
  model.workspace.assign(ops, 0);
  model.claims.resize(ops);
  const auto earlier = [&](int op) {
    return static_cast<int>(random.Between(form.window > 0 ? std::max(0, op - form.window) : 0, op - 1));
  };
  std::vector<std::vector<int>> read(ops);
  for (int op = 0; op < ops; ++op) {
    model.buffers.push_back({random.Between(1, form.largest), op, {}, form.extras && random.OneIn(12)});
    if (op > 0) {
      for (int reads = static_cast<int>(random.Below(3)); reads > 0; --reads) read[op].push_back(earlier(op));
      if (form.extras && random.OneIn(5)) model.before[op].push_back(earlier(op));
    }
    if (form.chains > 0 && op >= form.chains) read[op].push_back(op - form.chains);
    std::sort(read[op].begin(), read[op].end());
    read[op].erase(std::unique(read[op].begin(), read[op].end()), read[op].end());
    for (const int from : read[op]) model.buffers[from].users.push_back(op);
    if (form.extras && random.OneIn(4)) model.workspace[op] = random.Between(1, form.largest);
  }
  for (int given = form.extras ? static_cast<int>(random.Below(4)) : 0; given > 0; --given) {
    OrderBuffer buffer{random.Between(1, form.largest), -1, {}, random.OneIn(4)};
    for (int op = 0; op < ops; ++op) {
      if (random.OneIn(4)) buffer.users.push_back(op);
    }
    model.buffers.push_back(buffer);
  }
  if (form.extras && ops > 0 && random.OneIn(3)) {  // a second output
    model.buffers.push_back({random.Between(1, form.largest), 0, {}, false});
    for (int op = 1; op < ops; ++op) {
      if (random.OneIn(3)) model.buffers.back().users.push_back(op), read[op].push_back(-1);
    }
  }
  for (int op = 0; op < ops; ++op) {
    for (const OrderBuffer& buffer : model.buffers) {
      if (buffer.producer >= 0 && std::count(buffer.users.begin(), buffer.users.end(), op) != 0) {
        model.before[op].push_back(buffer.producer);
      }
    }
    std::sort(model.before[op].begin(), model.before[op].end());
    model.before[op].erase(std::unique(model.before[op].begin(), model.before[op].end()), model.before[op].end());
    for (int input = 0; form.claims && input < static_cast<int>(read[op].size()); ++input) {
      if (read[op][input] < 0 || !random.OneIn(2)) continue;
      const int output = static_cast<int>(random.Below(2));
      const std::int64_t most = std::min(model.buffers[read[op][input]].bytes, model.buffers[op].bytes) / 2;
      std::vector<int> dying = {read[op][input]};
      if (random.OneIn(6)) dying.push_back(static_cast<int>(random.Below(op)));
      if (most > 0) model.claims[op].push_back({dying, output, input, random.Between(1, most)});
    }
  }
  return model;
}

}  // namespace orionrt::tests
