// Random graphs on several streams, and plans of them by the slow and obvious order: what the library plans is judged
// beside these.
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "graph/regroup.hpp"
#include "naive_streams.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/streams.hpp"
#include "sharing_graph.hpp"

namespace orionrt::tests {

class StreamGraphMaker {
 public:
  explicit StreamGraphMaker(Random& random) : random_(random) {}

  Graph Make(int n) {
    const Graph plain = SharingGraphMaker(random_).Make(n);
    ops_ = plain.ops();
    tensors_ = plain.tensors();
    const int streams = static_cast<int>(random_.Between(2, 5));
    switch (random_.Below(4)) {
      case 0:  // anywhere
        for (OpNode& op : ops_) op.stream = static_cast<int>(random_.Below(streams));
        break;
      case 1:  // runs of ops, one after another
        for (std::size_t i = 0, stream = 0; i < ops_.size(); ++i) {
          if (random_.OneIn(3)) stream = static_cast<std::size_t>(random_.Below(streams));
          ops_[i].stream = static_cast<int>(stream);
        }
        break;
      case 2:  // branches: an op stays with what it reads, or leaves it
        Branch(streams);
        break;
      default:  // an engine that copies
        for (OpNode& op : ops_) op.stream = random_.OneIn(4) ? 1 : 0;
        for (std::int64_t k = random_.Between(1, 3); k > 0; --k) AddCopy();
    }
    ImplyWaits(ops_, tensors_);
    AddWaits();
    if (random_.OneIn(2)) ops_ = Relaunched(ops_, random_);
    return Graph(ops_, tensors_);
  }

 private:
  std::size_t Below(std::size_t bound) {
    return static_cast<std::size_t>(random_.Below(static_cast<std::int64_t>(bound)));
  }

  void Branch(int streams) {
    std::map<int, int> stream_of;  // of what writes a tensor
    for (OpNode& op : ops_) {
      const bool stays = !op.inputs.empty() && stream_of.count(op.inputs[0]) != 0 && !random_.OneIn(3);
      op.stream = stays ? stream_of[op.inputs[0]] : static_cast<int>(random_.Below(streams));
      for (const int id : op.outputs) stream_of[id] = op.stream;
    }
  }

  // One input, one output, on a stream of its own; an op further behind may read the copy instead.
  void AddCopy() {
    const std::size_t reader = Below(ops_.size());
    if (ops_[reader].inputs.empty()) return;
    const std::size_t slot = Below(ops_[reader].inputs.size());
    const int source = ops_[reader].inputs[slot];
    const TensorDesc& copied = tensors_[static_cast<std::size_t>(source)];
    if (copied.id != source || copied.view_of != kNoTensor || (copied.roles & TensorRole::kState) != 0) return;
    TensorDesc copy = copied;
    copy.id = static_cast<int>(tensors_.size());
    copy.roles = random_.OneIn(4) ? TensorRole::kOutput : 0u;
    OpNode op{2000 + copy.id, {source}, {copy.id}};
    op.stream = 9;
    ops_[reader].inputs[slot] = copy.id;
    tensors_.push_back(copy);
    ops_.insert(ops_.begin() + static_cast<std::ptrdiff_t>(reader), op);
  }

  // Waits that no data needs: whoever plans may lean on them.
  void AddWaits() {
    const auto often = static_cast<std::int64_t>(random_.OneIn(3) ? 1 : random_.Between(2, 8));
    const std::vector<OpNode> sorted = InRunningOrder(ops_);
    std::map<int, OpNode*> op_of;
    for (OpNode& op : ops_) op_of[op.id] = &op;
    for (std::size_t i = 1; i < sorted.size(); ++i) {
      if (!random_.OneIn(often)) continue;
      const OpNode& other = sorted[i - 1 - Below(std::min<std::size_t>(i, 5))];
      if (other.stream != sorted[i].stream) op_of[sorted[i].id]->waits.push_back(other.id);
    }
  }

  Random& random_;
  std::vector<OpNode> ops_;
  std::vector<TensorDesc> tensors_;
};

// Places of a graph, by first fit; before that, what aliases allow is laid over each other as far as the judge takes it
// with all else apart.
class NaiveStreamPlan {
 public:
  NaiveStreamPlan(const Graph& graph, Random& random) : graph_(graph), order_(graph.ops()), random_(random) {
    const auto& tensors = graph.tensors();
    for (int t = 0; t < static_cast<int>(tensors.size()); ++t) {
      const TensorRoot root = graph.RootOf(t);
      at_.push_back(root);
    }
    spaces_ = random.OneIn(6) ? 2 : 1;
  }

  // What of each kind of alias to try.
  Assignment Make(bool views, bool colocate, bool in_place) {
    for (const OpNode& op : graph_.ops()) {
      for (const Alias& alias : op.aliases) {
        const bool wanted = alias.kind == AliasKind::kView    ? views
                            : alias.kind == AliasKind::kPiece ? colocate
                                                              : in_place;
        if (wanted && !random_.OneIn(4)) Try(op, alias);
      }
    }
    return Place(true);
  }

 private:
  static std::size_t Cast(int i) { return static_cast<std::size_t>(i); }
  const TensorDesc& Desc(int tensor) const { return graph_.tensors()[Cast(tensor)]; }

  // What lies together: tensors, or a workspace.
  struct Piece {
    std::vector<int> tensors;
    std::vector<int> ops;  // that use it
    std::int64_t begin = 0, end = 0, alignment = 1;
    bool from_start = false, to_end = false;
    int space = 0;
    std::int64_t offset = 0;  // of byte 0; the first is `begin`
  };

  void Try(const OpNode& op, const Alias& alias) {
    const int output = graph_.IndexOf(op.outputs[Cast(alias.output)]);
    const int input = graph_.IndexOf(op.inputs[Cast(alias.input)]);
    const auto offset = static_cast<std::int64_t>(alias.offset);
    if (at_[Cast(output)].index == at_[Cast(input)].index) return;
    const std::int64_t behind = alias.kind == AliasKind::kView                                           ? offset
                                : alias.kind == AliasKind::kPiece || alias.kind == AliasKind::kStreaming ? -offset
                                                                                                         : 0;
    const std::vector<TensorRoot> before = at_;
    const TensorRoot own = at_[Cast(output)], whole = at_[Cast(input)];
    for (TensorRoot& at : at_) {
      if (at.index == own.index) at = {whole.index, at.offset - own.offset + whole.offset + behind};
    }
    if (CheckAssignment(graph_, Place(false))) at_ = before;
  }

  std::vector<Piece> Pieces() const {
    std::vector<Piece> pieces(at_.size());
    std::vector<char> produced(at_.size(), 0);
    for (const OpNode& op : graph_.ops()) {
      for (const int id : op.outputs) produced[Cast(graph_.IndexOf(id))] = 1;
    }
    for (int t = 0; t < static_cast<int>(at_.size()); ++t) {
      const TensorRoot at = at_[Cast(t)];
      Piece& piece = pieces[Cast(at.index)];
      const auto end = at.offset + static_cast<std::int64_t>(Desc(t).bytes);
      piece.begin = piece.tensors.empty() ? at.offset : std::min(piece.begin, at.offset);
      piece.end = piece.tensors.empty() ? end : std::max(piece.end, end);
      piece.tensors.push_back(t);
      piece.alignment = std::max(piece.alignment, static_cast<std::int64_t>(Desc(t).alignment));
      piece.from_start |= Desc(t).view_of == kNoTensor && produced[Cast(t)] == 0;
      piece.to_end |= (Desc(t).roles & (TensorRole::kOutput | TensorRole::kState)) != 0;
    }
    for (int step = 0; step < order_.size(); ++step) {
      const OpNode& op = graph_.ops()[Cast(step)];
      for (const auto* ids : {&op.inputs, &op.outputs}) {
        for (const int id : *ids) pieces[Cast(at_[Cast(graph_.IndexOf(id))].index)].ops.push_back(step);
      }
    }
    for (int step = 0; step < order_.size(); ++step) {
      Piece scratch;
      scratch.ops = {step};
      scratch.end = static_cast<std::int64_t>(graph_.ops()[Cast(step)].workspace_bytes);
      pieces.push_back(scratch);
    }
    return pieces;
  }

  bool IsOver(const Piece& a, const Piece& b) const {
    if (a.to_end || b.from_start) return false;
    return std::all_of(a.ops.begin(), a.ops.end(), [&](int first) {
      return std::all_of(b.ops.begin(), b.ops.end(), [&](int op) { return order_.IsBefore(first, op); });
    });
  }

  // `sharing`: of what is over before what; else all apart.
  Assignment Place(bool sharing) {
    std::vector<Piece> pieces = Pieces();
    std::vector<std::size_t> turns(pieces.size());
    std::iota(turns.begin(), turns.end(), std::size_t{0});
    for (std::size_t i = turns.size(); sharing && i > 1; --i) {
      std::swap(turns[i - 1], turns[static_cast<std::size_t>(random_.Below(static_cast<std::int64_t>(i)))]);
    }
    std::vector<std::int64_t> ends(Cast(spaces_), 0);
    std::vector<const Piece*> placed;
    for (const std::size_t turn : turns) {
      Piece& piece = pieces[turn];
      piece.space = sharing ? static_cast<int>(random_.Below(spaces_)) : 0;
      const auto aligned = [&](std::int64_t first) {  // the least place whose first byte is not below
        return (first - piece.begin + piece.alignment - 1) & -piece.alignment;
      };
      std::vector<std::pair<std::int64_t, std::int64_t>> taken;
      for (const Piece* other : placed) {
        if (other->space != piece.space || (sharing && (IsOver(piece, *other) || IsOver(*other, piece)))) continue;
        taken.emplace_back(other->offset + other->begin, other->offset + other->end);
      }
      std::sort(taken.begin(), taken.end());
      piece.offset = aligned(0);
      for (const auto& [begin, end] : taken) {
        if (begin < piece.offset + piece.end && end > piece.offset + piece.begin) piece.offset = aligned(end);
      }
      ends[Cast(piece.space)] = std::max(ends[Cast(piece.space)], piece.offset + piece.end);
      placed.push_back(&piece);
    }
    return Assigned(pieces, ends);
  }

  Assignment Assigned(const std::vector<Piece>& pieces, const std::vector<std::int64_t>& ends) const {
    Assignment made;
    made.graph_id = GraphId(graph_);
    made.graph_hash = HashGraph(graph_);
    for (const OpNode& op : graph_.ops()) made.order_ids.push_back(op.id);
    for (int t = 0; t < static_cast<int>(at_.size()); ++t) {
      const Piece& piece = pieces[Cast(at_[Cast(t)].index)];
      made.tensors.push_back(
          {Desc(t).id, piece.space, piece.offset + at_[Cast(t)].offset, static_cast<std::int64_t>(Desc(t).bytes)});
    }
    for (int step = 0; step < order_.size(); ++step) {
      const Piece& piece = pieces[at_.size() + Cast(step)];
      const OpNode& op = graph_.ops()[Cast(step)];
      if (op.workspace_bytes > 0) made.workspaces.push_back({op.id, piece.space, piece.offset, piece.end});
    }
    const auto by_id = [](const orionrt::Place& a, const orionrt::Place& b) { return a.id < b.id; };
    std::sort(made.tensors.begin(), made.tensors.end(), by_id);
    std::sort(made.workspaces.begin(), made.workspaces.end(), by_id);
    for (const std::int64_t end : ends) made.spaces.push_back({"", end, 64});
    for (const OpNode& op : graph_.ops()) {
      if (HasNothingToDo(op)) made.vanished_ids.push_back(op.id);
    }
    made.in_place = FindInPlace(graph_, made);
    return made;
  }

  // Whether all outputs lie where they are read already.
  bool HasNothingToDo(const OpNode& op) const {
    if (HasEffects(graph_, op) || op.workspace_bytes > 0 || op.id % 3 == 0) return false;
    for (int o = 0; o < static_cast<int>(op.outputs.size()); ++o) {
      const int output = graph_.IndexOf(op.outputs[Cast(o)]);
      if (Desc(output).view_of != kNoTensor || Desc(output).bytes == 0) continue;
      std::size_t shown = 0;
      for (const Alias& alias : op.aliases) {
        if (alias.output != o) continue;
        const int input = graph_.IndexOf(op.inputs[Cast(alias.input)]);
        const TensorRoot in = at_[Cast(input)], out = at_[Cast(output)];
        const auto offset = static_cast<std::int64_t>(alias.offset);
        if (in.index != out.index) continue;
        if (alias.kind == AliasKind::kView && out.offset == in.offset + offset) shown = Desc(output).bytes;
        if (alias.kind == AliasKind::kPiece && in.offset == out.offset + offset) shown += Desc(input).bytes;
      }
      if (shown != Desc(output).bytes) return false;
    }
    return true;
  }

  const Graph& graph_;
  NaiveOrder order_;
  Random& random_;
  std::vector<TensorRoot> at_;  // per tensor the piece it lies in, by the position of one, and from which byte on
  int spaces_ = 1;
};

}  // namespace orionrt::tests
