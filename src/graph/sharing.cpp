#include "graph/sharing.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/index.hpp"

namespace orionrt {
namespace {

std::int64_t BytesOf(const Graph& graph, int tensor) {
  return static_cast<std::int64_t>(graph.tensors()[At(tensor)].bytes);
}

unsigned RootRoles(const Graph& graph, int tensor) { return graph.tensors()[At(graph.RootOf(tensor).index)].roles; }

// A tensor, and where it begins in an output.
struct PieceOf {
  std::int64_t at = 0;
  int tensor = 0;
};

std::vector<PieceOf> PiecesOf(const Graph& graph, const OpNode& op, int output) {
  std::vector<PieceOf> pieces;
  for (const Alias& alias : op.aliases) {
    if (alias.kind != AliasKind::kPiece || alias.output != output) continue;
    const int tensor = graph.IndexOf(op.inputs[At(alias.input)]);
    if (BytesOf(graph, tensor) > 0) pieces.push_back({static_cast<std::int64_t>(alias.offset), tensor});
  }
  std::sort(pieces.begin(), pieces.end(), [](const PieceOf& a, const PieceOf& b) { return a.at < b.at; });
  return pieces;
}

// One behind the other, from the first byte to the last.
bool Covers(const Graph& graph, const std::vector<PieceOf>& pieces, std::int64_t bytes) {
  std::int64_t end = 0;
  for (const PieceOf& piece : pieces) {
    if (piece.at != end) return false;
    end += BytesOf(graph, piece.tensor);
  }
  return end == bytes;
}

// All of them or none.
bool BindWhole(const std::vector<PieceOf>& pieces, int output, Colocations& colocations) {
  const std::size_t mark = colocations.mark();
  colocations.SetWritten(output, false);
  for (const PieceOf& piece : pieces) {
    const bool given = colocations.IsGiven(colocations.Find(piece.tensor).group);
    if (!given && colocations.Bind(piece.tensor, output, piece.at)) continue;
    colocations.RollBack(mark);
    colocations.SetWritten(output, true);
    return false;
  }
  return true;
}

}  // namespace

bool Allows(const OpNode& op, bool Transforms::*transform) {
  return std::any_of(op.aliases.begin(), op.aliases.end(), [transform](const Alias& alias) {
    return transform == (alias.kind == AliasKind::kView    ? &Transforms::views
                         : alias.kind == AliasKind::kPiece ? &Transforms::colocate
                                                           : &Transforms::in_place);
  });
}

// The view is shown and no longer written, or the bytes of its input would be written twice; refused, it is as before.
void BindViews(const Graph& graph, const std::vector<int>& walk, const std::vector<char>& left_out,
               Colocations& colocations) {
  for (const int step : walk) {
    if (left_out[At(step)] != 0) continue;
    const OpNode& op = graph.ops()[At(step)];
    for (const Alias& alias : op.aliases) {
      if (alias.kind != AliasKind::kView) continue;
      const int view = graph.IndexOf(op.outputs[At(alias.output)]);
      const int whole = graph.IndexOf(op.inputs[At(alias.input)]);
      if (!colocations.IsWritten(view) || (RootRoles(graph, whole) & TensorRole::kState) != 0) continue;
      colocations.SetWritten(view, false);
      if (!colocations.Bind(view, whole, static_cast<std::int64_t>(alias.offset))) colocations.SetWritten(view, true);
    }
  }
}

// Largest first: where two wholes want one tensor, the copy that stays is the smaller one.
void BindPieces(const Graph& graph, const std::vector<int>& walk, const std::vector<char>& left_out,
                Colocations& colocations) {
  std::vector<std::pair<int, int>> outputs;  // steps, positions
  for (const int step : walk) {
    if (left_out[At(step)] != 0) continue;
    const OpNode& op = graph.ops()[At(step)];
    const auto is_piece = [](const Alias& alias) { return alias.kind == AliasKind::kPiece; };
    if (std::none_of(op.aliases.begin(), op.aliases.end(), is_piece)) continue;
    for (int o = 0; o < static_cast<int>(op.outputs.size()); ++o) outputs.emplace_back(step, o);
  }
  const auto tensor_of = [&](const std::pair<int, int>& output) {
    const OpNode& op = graph.ops()[At(output.first)];
    return graph.IndexOf(op.outputs[At(output.second)]);
  };
  std::stable_sort(outputs.begin(), outputs.end(), [&](const auto& a, const auto& b) {
    return BytesOf(graph, tensor_of(a)) > BytesOf(graph, tensor_of(b));
  });
  for (const auto& output : outputs) {
    const int tensor = tensor_of(output);
    if (!colocations.IsWritten(tensor)) continue;
    const auto pieces = PiecesOf(graph, graph.ops()[At(output.first)], output.second);
    if (Covers(graph, pieces, BytesOf(graph, tensor))) BindWhole(pieces, tensor, colocations);
  }
}

std::vector<char> FindVanished(const Graph& graph, const Colocations& colocations) {
  std::vector<char> vanished;
  for (const OpNode& op : graph.ops()) {
    bool any = false, all = true;
    for (const int id : op.outputs) {
      const int tensor = graph.IndexOf(id);
      any |= BytesOf(graph, tensor) > 0 && graph.RootOf(tensor).index == tensor;
      all &= !colocations.IsWritten(tensor);
    }
    vanished.push_back(any && all && !HasEffects(graph, op) ? 1 : 0);
  }
  return vanished;
}

}  // namespace orionrt
