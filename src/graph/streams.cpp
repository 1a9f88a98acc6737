// The order of ops on several streams: who waits for whom, an order in which they run, and clocks.
#include "orionrt/streams.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "base/index.hpp"
#include "base/topological_order.hpp"
#include "graph/labels.hpp"
#include "graph/op_positions.hpp"
#include "orionrt/config.hpp"

namespace orionrt {
namespace {

[[noreturn]] void RefuseStreams(const std::string& message) { throw Error(ErrorCode::kBadInput, "graph: " + message); }

std::string OnStream(const OpNode& op) { return OpLabel(op) + " on stream " + std::to_string(op.stream); }

// Per op, by position, the ops that it follows directly: the one before it on its stream first, then those it waits
// for.
std::vector<std::vector<int>> DirectlyBefore(const std::vector<OpNode>& ops) {
  const std::unordered_map<int, int> position_of = PositionsById(ops);
  std::map<int, int> last_on;  // stream -> position
  std::vector<std::vector<int>> before(ops.size());
  for (int i = 0; i < static_cast<int>(ops.size()); ++i) {
    const OpNode& op = ops[At(i)];
    if (op.stream < 0)
      RefuseStreams(OpLabel(op) + " is on stream " + std::to_string(op.stream) + ", which is negative");
    const auto [last, first_there] = last_on.try_emplace(op.stream, i);
    if (!first_there) before[At(i)].push_back(std::exchange(last->second, i));
    for (const int id : op.waits) {
      const auto found = position_of.find(id);
      if (found == position_of.end()) {
        RefuseStreams(OnStream(op) + " waits for op " + std::to_string(id) + ", which there is not");
      }
      if (found->second == i) RefuseStreams(OnStream(op) + " waits for itself");
      before[At(i)].push_back(found->second);
    }
  }
  return before;
}

// `left`: per op how many of those before it have not run; some never will. Names the ops of one circle.
[[noreturn]] void RefuseCircle(const std::vector<OpNode>& ops, const std::vector<std::vector<int>>& before,
                               const std::vector<int>& left) {
  const auto stuck = std::find_if(left.begin(), left.end(), [](int count) { return count > 0; });
  std::vector<int> way, seen(ops.size(), -1);
  int at = static_cast<int>(stuck - left.begin());
  while (seen[At(at)] < 0) {
    seen[At(at)] = static_cast<int>(way.size());
    way.push_back(at);
    const auto& previous = before[At(at)];
    at = *std::find_if(previous.begin(), previous.end(), [&](int op) { return left[At(op)] > 0; });
  }
  way.erase(way.begin(), way.begin() + seen[At(at)]);
  constexpr std::size_t kNamed = 6;
  std::string text;
  for (std::size_t i = 0; i < way.size() && i < kNamed; ++i) {
    const OpNode& op = ops[At(way[i])];
    const OpNode& next = ops[At(way[(i + 1) % way.size()])];
    const bool waits = std::find(op.waits.begin(), op.waits.end(), next.id) != op.waits.end();
    text += (i == 0 ? OnStream(op) : ", which") + (waits ? " waits for " : " runs behind ") + OnStream(next);
  }
  if (way.size() > kNamed) text += ", and so on through " + std::to_string(way.size()) + " ops";
  RefuseStreams("waits that make a circle: " + text + "; leave one of the waits out");
}

// Positions in a running order: of those that may run next the first in the list.
std::vector<int> RunningOrder(const std::vector<OpNode>& ops, const std::vector<std::vector<int>>& before) {
  TopologicalOrder sorted = SortTopologically(before);
  if (sorted.on_cycle >= 0) RefuseCircle(ops, before, sorted.waiting_for);
  return std::move(sorted.order);
}

// Streams by rank: the lowest number is lane 0.
std::vector<int> LanesOfStreams(const std::vector<OpNode>& ops, int* count) {
  std::map<int, int> rank_of;
  for (const OpNode& op : ops) rank_of.emplace(op.stream, 0);
  *count = 0;
  for (auto& [stream, rank] : rank_of) rank = (*count)++;
  std::vector<int> lane_of;
  for (const OpNode& op : ops) lane_of.push_back(rank_of.at(op.stream));
  return lane_of;
}

}  // namespace

bool HasStreams(const std::vector<OpNode>& ops) {
  return std::any_of(ops.begin(), ops.end(),
                     [&](const OpNode& op) { return op.stream != ops.front().stream || !op.waits.empty(); }) ||
         (!ops.empty() && ops.front().stream < 0);
}

std::vector<OpNode> InRunningOrder(std::vector<OpNode> ops) {
  const std::vector<int> order = RunningOrder(ops, DirectlyBefore(ops));
  if (std::is_sorted(order.begin(), order.end())) return ops;
  std::vector<OpNode> sorted;
  sorted.reserve(ops.size());
  for (const int position : order) sorted.push_back(std::move(ops[At(position)]));
  return sorted;
}

StreamOrder::StreamOrder(const std::vector<OpNode>& ops) : before_(DirectlyBefore(ops)) {
  lane_of_ = LanesOfStreams(ops, &lanes_);
  if (lanes_ > kMostLanes) {
    CoverByChains(ops);
  } else {
    Fill(ops);
    if (MergeLanes()) Fill(ops);
  }
  before_ = {};
}

// Clocks, from the lanes of the ops.
void StreamOrder::Fill(const std::vector<OpNode>& ops) {
  lengths_.assign(At(lanes_), 0);
  position_of_.assign(ops.size(), 0);
  clocks_.assign(ops.size() * At(lanes_), 0);
  for (int op = 0; op < static_cast<int>(ops.size()); ++op) {
    int* clock = clocks_.data() + At(op) * At(lanes_);
    for (const int previous : before_[At(op)]) {
      const int* other = ClockOf(previous);
      for (int lane = 0; lane < lanes_; ++lane) clock[lane] = std::max(clock[lane], other[lane]);
    }
    const std::size_t own = At(lane_of_[At(op)]);
    position_of_[At(op)] = lengths_[own]++;
    clock[own] = lengths_[own];
  }
}

// Joins lanes of which any two ops are ordered, each with the first group that takes it. Pairs decide: what is ordered
// with each of two lanes that are ordered with one another is ordered with both. True if any were joined.
bool StreamOrder::MergeLanes() {
  std::vector<std::vector<int>> ops_of(At(lanes_));
  for (int op = 0; op < static_cast<int>(lane_of_.size()); ++op) ops_of[At(LaneOf(op))].push_back(op);
  const auto total = [&](int a, int b) {
    return std::all_of(ops_of[At(a)].begin(), ops_of[At(a)].end(), [&](int op) {
      const int known = ClockOf(op)[b];  // of b's ops before this one; the next must come behind it
      return known == LengthOf(b) || IsBefore(op, ops_of[At(b)][At(known)]);
    });
  };
  std::vector<std::vector<int>> groups;
  std::vector<int> group_of(At(lanes_));
  for (int lane = 0; lane < lanes_; ++lane) {
    const auto takes = std::find_if(groups.begin(), groups.end(), [&](const std::vector<int>& group) {
      return std::all_of(group.begin(), group.end(), [&](int other) { return total(lane, other); });
    });
    group_of[At(lane)] = static_cast<int>(takes - groups.begin());
    if (takes == groups.end()) groups.emplace_back();
    groups[At(group_of[At(lane)])].push_back(lane);
  }
  if (static_cast<int>(groups.size()) == lanes_) return false;
  lanes_ = static_cast<int>(groups.size());
  for (int& lane : lane_of_) lane = group_of[At(lane)];
  return true;
}

// Many streams: each op goes to the lane that ends with the op before it on its stream; else to one that ends with an
// op it waits for, else with anything before it; or it begins one. No more lanes than streams: an op that has one
// behind it on its stream has one behind it on its lane.
void StreamOrder::CoverByChains(const std::vector<OpNode>& ops) {
  lanes_ = kMostLanes;
  lengths_.assign(At(lanes_), 0);
  position_of_.assign(ops.size(), 0);
  clocks_.assign(ops.size() * At(lanes_), 0);
  int begun = 0;
  for (int op = 0; op < static_cast<int>(ops.size()); ++op) {
    int* clock = clocks_.data() + At(op) * At(lanes_);
    const auto& before = before_[At(op)];
    for (const int previous : before) {
      const int* other = ClockOf(previous);
      for (int lane = 0; lane < lanes_; ++lane) clock[lane] = std::max(clock[lane], other[lane]);
    }
    const auto ends_before = [&](int lane) { return clock[lane] == LengthOf(lane); };
    int chosen = begun;
    for (int lane = begun; lane-- > 0;) chosen = ends_before(lane) ? lane : chosen;
    const auto is_last = [&](int other) { return PositionOf(other) + 1 == LengthOf(LaneOf(other)); };
    const auto last = std::find_if(before.begin(), before.end(), is_last);
    if (last != before.end()) chosen = LaneOf(*last);
    if (chosen == begun && ++begun > kMostLanes) {
      throw Error(ErrorCode::kBadInput, "graph: more than " + std::to_string(kMostLanes) +
                                            " streams run at the same time, those that waits order totally counted "
                                            "once; give ops that need not run at the same time one stream");
    }
    lane_of_[At(op)] = chosen;
    position_of_[At(op)] = lengths_[At(chosen)]++;
    clock[chosen] = LengthOf(chosen);
  }
  std::vector<int> kept;
  kept.reserve(ops.size() * At(begun));
  for (int op = 0; op < static_cast<int>(ops.size()); ++op) kept.insert(kept.end(), ClockOf(op), ClockOf(op) + begun);
  clocks_ = std::move(kept);
  lanes_ = begun;
  lengths_.resize(At(begun));
}

namespace {

// An op needs what another one writes or may update first.
struct Need {
  int op = 0;  // positions
  int first = 0;
  int tensor_id = 0;
};

// Who uses what: for the waits that data needs.
class DataNeeds {
 public:
  DataNeeds(const std::vector<OpNode>& ops, const std::vector<TensorDesc>& tensors) : ops_(ops), tensors_(tensors) {
    for (const TensorDesc& tensor : tensors) {
      if (tensor.view_of != kNoTensor) viewed_by_.emplace(tensor.id, tensor.view_of);
      if ((tensor.roles & TensorRole::kState) != 0) states_.emplace(tensor.id, -1);
    }
    for (int i = 0; i < static_cast<int>(ops.size()); ++i) {
      for (const int id : ops[At(i)].outputs) writer_of_.emplace(id, i);
    }
  }

  // Of the writers of tensors and of what these are views of.
  std::vector<Need> OfWriters() const {
    std::vector<Need> needs;
    ForEachUse([&](int op, int id) {
      for (const int written : {id, RootOf(id)}) {
        const auto writer = writer_of_.find(written);
        if (writer != writer_of_.end() && writer->second != op) needs.push_back({op, writer->second, written});
      }
    });
    return needs;
  }

  // Of those that used a state before, in that order of positions: each may have updated it.
  std::vector<Need> OfStates(const std::vector<int>& order) {
    std::vector<std::vector<int>> used(ops_.size());
    ForEachUse([&](int op, int id) {
      if (states_.count(RootOf(id)) != 0) used[At(op)].push_back(RootOf(id));
    });
    std::vector<Need> needs;
    for (const int op : order) {
      for (const int id : used[At(op)]) {
        const int last = std::exchange(states_.at(id), op);
        if (last >= 0 && last != op) needs.push_back({op, last, id});
      }
    }
    return needs;
  }

 private:
  template <typename Take>
  void ForEachUse(Take take) const {
    for (int i = 0; i < static_cast<int>(ops_.size()); ++i) {
      for (const auto* ids : {&ops_[At(i)].inputs, &ops_[At(i)].outputs}) {
        for (const int id : *ids) take(i, id);
      }
    }
  }

  int RootOf(int id) const {
    for (std::size_t hops = 0; hops <= tensors_.size(); ++hops) {  // a view of itself is for Graph to refuse
      const auto whole = viewed_by_.find(id);
      if (whole == viewed_by_.end()) break;
      id = whole->second;
    }
    return id;
  }

  const std::vector<OpNode>& ops_;
  const std::vector<TensorDesc>& tensors_;
  // By id; looked up, never walked.
  std::unordered_map<int, int> viewed_by_;  // a view -> what it is a view of
  std::unordered_map<int, int> writer_of_;  // -> position of the op
  std::unordered_map<int, int> states_;     // -> position of the last op that used it
};

// The ops at these positions, each with what it follows as its waits: all that an order of streams is made of.
std::vector<OpNode> Skeleton(const std::vector<OpNode>& ops, const std::vector<int>& order,
                             const std::vector<std::vector<int>>& before) {
  std::vector<OpNode> bare;
  bare.reserve(order.size());
  for (const int i : order) {
    bare.emplace_back();
    bare.back().id = i;
    bare.back().stream = ops[At(i)].stream;
    bare.back().waits = before[At(i)];
  }
  return bare;
}

}  // namespace

std::vector<ImpliedWait> ImplyWaits(std::vector<OpNode>& ops, const std::vector<TensorDesc>& tensors) {
  const std::vector<std::vector<int>> before = DirectlyBefore(ops);
  std::vector<std::vector<int>> with_data = before;
  std::vector<std::vector<Need>> needs(ops.size());
  const auto add = [&](const std::vector<Need>& found) {
    for (const Need& need : found) {
      needs[At(need.op)].push_back(need);
      with_data[At(need.op)].push_back(need.first);
    }
  };
  DataNeeds data(ops, tensors);
  add(data.OfWriters());
  const std::vector<int> order = RunningOrder(ops, with_data);
  add(data.OfStates(order));

  // What will happen before what once all needs are met; so an op need not wait for what any other that it follows
  // does.
  const StreamOrder met(Skeleton(ops, order, with_data));
  std::vector<int> rank(ops.size());
  for (int r = 0; r < static_cast<int>(order.size()); ++r) rank[At(order[At(r)])] = r;
  std::vector<ImpliedWait> added;
  std::vector<int> clock;
  for (const int i : order) {
    clock.assign(At(met.lanes()), 0);
    const auto join = [&](int other) {
      const int* theirs = met.ClockOf(rank[At(other)]);
      for (int lane = 0; lane < met.lanes(); ++lane) clock[At(lane)] = std::max(clock[At(lane)], theirs[lane]);
    };
    for (const int previous : before[At(i)]) join(previous);
    auto& wanted = needs[At(i)];
    std::stable_sort(wanted.begin(), wanted.end(),
                     [&](const Need& a, const Need& b) { return rank[At(a.first)] > rank[At(b.first)]; });
    for (const Need& need : wanted) {
      const int first = rank[At(need.first)];
      if (clock[At(met.LaneOf(first))] > met.PositionOf(first)) continue;
      ops[At(i)].waits.push_back(ops[At(need.first)].id);
      added.push_back({ops[At(i)].id, ops[At(need.first)].id, need.tensor_id});
      join(need.first);
    }
  }
  return added;
}

}  // namespace orionrt
