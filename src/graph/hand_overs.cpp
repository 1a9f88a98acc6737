// Who lies over whom across streams: a walk along the addresses that keeps, for the byte it has come to, all who hold
// it at some time, in the order in which they do.
//
//   address    |  t1          t2               t1 hands its upper bytes over to t2, and its lower ones to t3, which
//         ^    | [##########][########]        takes t2's lower bytes after t2 is over. Where t2 ends t1 is the one
//         |    | [##########]    [########]    before t3 again.
//              +-----------------------------> order
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/index.hpp"
#include "graph/op_positions.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {
namespace {

// A tensor and its views, or the workspace of an op. Ops are positions.
struct Holder {
  int tensor = kNoTensor;  // id
  int writer = -1;         // -1: there from the start
  bool kept = false;       // to the end of the run
  std::vector<int> last;   // uses that no other use comes behind
  const Place* place = nullptr;
};

// Collects the uses of a holder, and who writes it first.
class Uses {
 public:
  explicit Uses(const Graph& graph) : order_(*graph.streams()), of_(graph.tensors().size()) {
    for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
      const OpNode& op = graph.ops()[At(step)];
      for (const int id : op.inputs) Use(of_[At(graph.RootOf(graph.IndexOf(id)).index)], step);
      for (const int id : op.outputs) {
        const int tensor = graph.IndexOf(id), root = graph.RootOf(tensor).index;
        Holder& holder = of_[At(root)];
        if (root == tensor) holder.writer = step;
        Use(holder, step);
      }
    }
    for (int t = 0; t < static_cast<int>(of_.size()); ++t) {
      const bool kept = (graph.tensors()[At(t)].roles & (TensorRole::kOutput | TensorRole::kState)) != 0;
      of_[At(graph.RootOf(t).index)].kept |= kept;
      of_[At(t)].tensor = graph.tensors()[At(t)].id;
    }
  }

  const Holder& Of(int tensor) const { return of_[At(tensor)]; }

 private:
  // Steps only grow.
  void Use(Holder& holder, int step) const {
    auto& last = holder.last;
    last.erase(std::remove_if(last.begin(), last.end(),
                              [&](int other) { return other == step || order_.IsBefore(other, step); }),
               last.end());
    last.push_back(step);
  }

  const StreamOrder& order_;
  std::vector<Holder> of_;  // by tensor; a view's uses are its root's
};

class Walk {
 public:
  Walk(const Graph& graph, const Assignment& assignment)
      : graph_(graph), order_(*graph.streams()), position_of_(PositionsById(graph.ops())) {
    for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
      ops_of_[graph.ops()[At(step)].stream].push_back(step);
    }
    const Uses uses(graph);
    for (int t = 0; t < static_cast<int>(graph.tensors().size()); ++t) {
      if (graph.RootOf(t).index == t) Add(uses.Of(t), FindPlace(assignment.tensors, graph.tensors()[At(t)].id));
    }
    for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
      if (graph.ops()[At(step)].workspace_bytes == 0) continue;
      Holder scratch;
      scratch.writer = step;
      scratch.last = {step};
      Add(scratch, FindPlace(assignment.workspaces, graph.ops()[At(step)].id));
    }
  }

  std::vector<HandOver> Find(int spaces) {
    open_.resize(holders_.size());
    for (int space = 0; space < spaces; ++space) WalkSpace(space);
    std::vector<HandOver> found;
    for (const auto& [pair, bytes] : bytes_) {
      if (bytes > 0) AddHandOver(pair.first, pair.second, bytes, found);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const HandOver& a, const HandOver& b) { return a.bytes > b.bytes; });
    return found;
  }

 private:
  using Key = std::pair<int, int>;  // first write, number: a linear extension of who is over before whom

  void Add(const Holder& holder, const Place* place) {
    if (place == nullptr || place->bytes == 0 || place->space == kExternal) return;
    holders_.push_back(holder);
    holders_.back().place = place;
  }

  // Every use of `a` has happened when `b` is written, or is that write: who writes in place shares bytes until then.
  bool IsOver(int a, int b) const {
    const Holder &first = holders_[At(a)], &second = holders_[At(b)];
    return !first.kept && second.writer >= 0 && std::all_of(first.last.begin(), first.last.end(), [&](int use) {
      return use == second.writer || order_.IsBefore(use, second.writer);
    });
  }

  void WalkSpace(int space) {
    struct Edge {
      std::int64_t at;
      bool begins;
      int holder;
    };
    std::vector<Edge> edges;
    for (int h = 0; h < static_cast<int>(holders_.size()); ++h) {
      const Place& place = *holders_[At(h)].place;
      if (place.space != space) continue;
      edges.push_back({place.offset, true, h});
      edges.push_back({place.offset + place.bytes, false, h});
    }
    std::stable_sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
      return std::pair(a.at, a.begins) < std::pair(b.at, b.begins);  // who ends goes first
    });
    for (const Edge& edge : edges) {
      const Key key{holders_[At(edge.holder)].writer, edge.holder};
      if (edge.begins) {
        Relink(chain_.insert(key).first, edge.at);
      } else {
        Close(edge.holder, edge.at);
        const auto next = chain_.erase(chain_.find(key));
        if (next != chain_.end()) Relink(next, edge.at);
      }
    }
  }

  // Who hands over to whom from `address` on, where another stands before `at` than did: for it, for the one behind it,
  // and on while one shares bytes with the next.
  void Relink(std::set<Key>::iterator at, std::int64_t address) {
    Link(at, address);
    for (auto next = std::next(at); next != chain_.end(); at = next++) {
      Link(next, address);
      if (IsOver(at->second, next->second)) return;
    }
  }

  // Looks down the chain from a holder past all who share bytes.
  void Link(std::set<Key>::iterator at, std::int64_t address) {
    const int holder = at->second;
    Close(holder, address);
    for (auto before = at; before != chain_.begin();) {
      const auto later = before--;
      if (later != at && IsOver(before->second, later->second)) break;  // nobody further down still has the bytes
      if (IsOver(before->second, holder)) open_[At(holder)].emplace_back(before->second, address);
    }
  }

  void Close(int holder, std::int64_t address) {
    auto& links = open_[At(holder)];
    for (const auto& [from, since] : links) bytes_[{from, holder}] += address - since;
    links.clear();
  }

  void AddHandOver(int a, int b, std::int64_t bytes, std::vector<HandOver>& found) const {
    const Holder &from = holders_[At(a)], &to = holders_[At(b)];
    const OpNode& writer = graph_.ops()[At(to.writer)];
    HandOver made{from.tensor, to.tensor, writer.id, writer.stream, bytes, {}};
    for (const int use : from.last) {
      const OpNode& last = graph_.ops()[At(use)];
      if (use != to.writer && last.stream != writer.stream) made.waits.push_back(WaitFor(use, writer.stream));
    }
    if (!made.waits.empty()) found.push_back(std::move(made));
  }

  // The first op on a stream that comes behind `use`, and what it waits for to do so.
  HandOverWait WaitFor(int use, int stream) const {
    const std::vector<int>& ops = ops_of_.at(stream);
    const auto waiting =
        std::partition_point(ops.begin(), ops.end(), [&](int op) { return !order_.IsBefore(use, op); });
    const OpNode &op = graph_.ops()[At(*waiting)], &last = graph_.ops()[At(use)];
    HandOverWait wait{op.id, last.id, last.id, last.stream};
    for (const int id : op.waits) {
      const int other = position_of_.at(id);
      if (other == use) return wait;
      if (order_.IsBefore(use, other)) wait.waits_for = id;
    }
    return wait;
  }

  const Graph& graph_;
  const StreamOrder& order_;
  std::map<int, std::vector<int>> ops_of_;    // by stream
  std::unordered_map<int, int> position_of_;  // by id of op; looked up, never walked
  std::vector<Holder> holders_;
  std::set<Key> chain_;                                          // who holds the byte that the walk has come to
  std::vector<std::vector<std::pair<int, std::int64_t>>> open_;  // to -> from, since which address
  std::map<std::pair<int, int>, std::int64_t> bytes_;            // from, to
};

}  // namespace

std::vector<HandOver> FindHandOvers(const Graph& graph, const Assignment& assignment) {
  if (graph.streams() == nullptr) return {};
  return Walk(graph, assignment).Find(static_cast<int>(assignment.spaces.size()));
}

}  // namespace orionrt
