#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "graph/labels.hpp"
#include "graph/shown.hpp"
#include "orionrt/transform.hpp"

namespace orionrt {
namespace {

// A run of bytes, as one op wrote them: bytes [from, from + bytes) of `tensor` as it was after `step`.
struct Piece {
  std::int64_t begin = 0;  // where it lies, or belongs
  std::int64_t bytes = 0;
  int tensor = -1;
  std::int64_t from = 0;
  int step = -1;  // -1: from outside
};
using Pieces = std::vector<Piece>;  // one behind the other

// The pieces of [begin, end), moved so that `begin` becomes `to`.
Pieces Slice(const Pieces& pieces, std::int64_t begin, std::int64_t end, std::int64_t to) {
  Pieces slice;
  for (const Piece& piece : pieces) {
    const std::int64_t first = std::max(piece.begin, begin);
    const std::int64_t last = std::min(piece.begin + piece.bytes, end);
    if (first < last)
      slice.push_back({first - begin + to, last - first, piece.tensor, piece.from + first - piece.begin, piece.step});
  }
  return slice;
}

// Who wrote each byte of one buffer last.
class Bytes {
 public:
  void Write(const Piece& piece) {
    Split(piece.begin);
    Split(piece.begin + piece.bytes);
    pieces_.erase(pieces_.lower_bound(piece.begin), pieces_.lower_bound(piece.begin + piece.bytes));
    pieces_[piece.begin] = piece;
  }

  // The first byte that is not as `wanted` says, or -1.
  std::int64_t FirstWrong(const Piece& wanted) const {
    std::int64_t at = wanted.begin;
    for (auto it = At(at); at < wanted.begin + wanted.bytes; ++it) {
      if (it == pieces_.end() || it->first > at || it->second.tensor != wanted.tensor ||
          it->second.step != wanted.step || it->second.from + at - it->first != wanted.from + at - wanted.begin)
        return at;
      at = it->first + it->second.bytes;
    }
    return -1;
  }

  int WriterAt(std::int64_t at) const {
    const auto it = At(at);
    return it == pieces_.end() || it->first > at ? -1 : it->second.tensor;
  }

 private:
  using Map = std::map<std::int64_t, Piece>;

  // The piece that holds a byte, or the next one.
  Map::const_iterator At(std::int64_t at) const {
    auto it = pieces_.upper_bound(at);
    if (it != pieces_.begin() && std::prev(it)->first + std::prev(it)->second.bytes > at) --it;
    return it;
  }

  // Makes a piece begin at `at`, if one holds it.
  void Split(std::int64_t at) {
    auto it = pieces_.lower_bound(at);
    if (it == pieces_.begin()) return;
    Piece& before = (--it)->second;
    const std::int64_t kept = at - before.begin;
    if (kept >= before.bytes) return;
    pieces_[at] = {at, before.bytes - kept, before.tensor, before.from + kept, before.step};
    before.bytes = kept;
  }

  Map pieces_;
};

class SharingChecker {
 public:
  explicit SharingChecker(const TransformedGraph& transformed)
      : graph_(transformed.graph),
        bound_(transformed.bound),
        lives_(GraphLiveness(graph_).lifetimes()),
        holds_(graph_.tensors().size()),
        buffers_(bound_.problem.buffers.size()),
        produced_(graph_.tensors().size()),
        vanished_(transformed.vanished) {
    for (const OpNode& op : graph_.ops()) {
      for (const int id : op.outputs) produced_[Index(id)] = 1;
    }
    std::sort(vanished_.begin(), vanished_.end());
    CountUsers();
  }

  std::optional<SharingFault> Run() {
    if (bound_.bindings.size() != graph_.tensors().size()) {
      return SharingFault{-1, -1,
                          "the graph has " + std::to_string(graph_.tensors().size()) + " tensors, of which " +
                              std::to_string(bound_.bindings.size()) + " are bound"};
    }
    for (std::size_t t = 0; t < graph_.tensors().size(); ++t) CheckPlace(static_cast<int>(t));
    for (std::size_t op = 0; op < graph_.ops().size(); ++op) CheckWorkspace(op);
    if (fault_) return fault_;
    for (std::size_t t = 0; t < graph_.tensors().size(); ++t) {
      if (produced_[t] == 0 && !IsView(static_cast<int>(t))) Write(static_cast<int>(t));
    }
    for (step_ = 0; step_ < static_cast<int>(graph_.ops().size()) && !fault_; ++step_) RunOp(graph_.ops()[Cast(step_)]);
    step_ = -1;
    for (std::size_t t = 0; t < graph_.tensors().size(); ++t) {
      if ((graph_.tensors()[t].roles & (kOutput | kState)) != 0) Read(static_cast<int>(t));
    }
    return fault_;
  }

 private:
  static std::size_t Cast(int i) { return static_cast<std::size_t>(i); }
  std::size_t Index(int id) const { return Cast(graph_.IndexOf(id)); }
  const TensorDesc& Desc(int tensor) const { return graph_.tensors()[Cast(tensor)]; }
  std::int64_t BytesOf(int tensor) const { return static_cast<std::int64_t>(Desc(tensor).bytes); }
  bool IsView(int tensor) const { return Desc(tensor).view_of != kNoTensor; }
  const Binding& Of(int tensor) const { return bound_.bindings[Cast(tensor)]; }
  std::string Label(int tensor) const { return TensorLabel(Desc(tensor)); }

  void Refuse(int tensor, const std::string& what) {
    if (fault_) return;
    fault_ = SharingFault{-1, Desc(tensor).id, Label(tensor) + " " + what};
    if (step_ < 0) return;
    const OpNode& op = graph_.ops()[Cast(step_)];
    fault_->op = op.id;
    fault_->message = OpLabel(op) + ": " + fault_->message;
  }

  // A workspace has a buffer to itself while its op runs.
  void CheckWorkspace(std::size_t step) {
    const OpNode& op = graph_.ops()[step];
    if (op.workspace_bytes == 0 || fault_) return;
    const auto& workspaces = bound_.workspaces;
    const Binding at = step < workspaces.size() ? workspaces[step] : Binding();
    bool fits = at.buffer >= 0 && at.buffer < static_cast<int>(buffers_.size()) && at.delta == 0;
    if (fits) {
      const Buffer& buffer = bound_.problem.buffers[Cast(at.buffer)];
      fits = buffer.size >= static_cast<std::int64_t>(op.workspace_bytes) && users_[Cast(at.buffer)] == 1 &&
             buffer.lower <= static_cast<std::int64_t>(step) && static_cast<std::int64_t>(step) < buffer.upper &&
             buffer.alignment >= static_cast<std::int64_t>(op.workspace_alignment);
    }
    if (fits) return;
    fault_ = SharingFault{op.id, -1, OpLabel(op) + " has no buffer to itself for its workspace"};
  }

  // How many tensors and workspaces lie in each buffer.
  void CountUsers() {
    users_.assign(buffers_.size(), 0);
    for (const auto* bindings : {&bound_.bindings, &bound_.workspaces}) {
      for (const Binding& at : *bindings) {
        if (at.buffer >= 0 && at.buffer < static_cast<int>(users_.size())) ++users_[Cast(at.buffer)];
      }
    }
  }

  // Throughout its life it lies in bytes that the problem says are taken. Parts of a buffer are disjoint, so areas add.
  void CheckPlace(int tensor) {
    if (BytesOf(tensor) == 0) return;
    const Binding& at = Of(tensor);
    const Lifetime& life = lives_[Cast(tensor)];
    if (at.buffer < 0 || at.buffer >= static_cast<int>(buffers_.size())) return Refuse(tensor, "lies in no buffer");
    const Buffer& buffer = bound_.problem.buffers[Cast(at.buffer)];
    const auto own = std::max<std::int64_t>(1, static_cast<std::int64_t>(Desc(tensor).alignment));
    if (at.delta < 0 || at.delta > buffer.size - BytesOf(tensor)) return Refuse(tensor, "lies outside its buffer");
    if (at.delta % own != 0 || buffer.alignment % own != 0) return Refuse(tensor, "is less aligned than it asks for");
    const auto area = [&](std::int64_t lower, std::int64_t upper, std::int64_t begin, std::int64_t end) {
      const std::int64_t steps =
          std::min<std::int64_t>(upper, life.end + 1) - std::max<std::int64_t>(lower, life.start);
      const std::int64_t bytes = std::min(end, at.delta + BytesOf(tensor)) - std::max(begin, at.delta);
      return steps > 0 && bytes > 0 ? static_cast<__int128>(steps) * bytes : 0;
    };
    const auto& parts = bound_.problem.parts;
    const auto [first, last] = std::equal_range(parts.begin(), parts.end(), Part{at.buffer, 0, 0, 0, 0},
                                                [](const Part& a, const Part& b) { return a.buffer < b.buffer; });
    __int128 taken = first == last ? area(buffer.lower, buffer.upper, 0, buffer.size) : 0;
    for (auto part = first; part != last; ++part) taken += area(part->lower, part->upper, part->begin, part->end);
    if (taken == static_cast<__int128>(life.end + 1 - life.start) * BytesOf(tensor)) return;
    Refuse(tensor, "is alive in steps " + std::to_string(life.start) + " to " + std::to_string(life.end) +
                       ", in which its buffer does not have all of its bytes");
  }

  // An op that runs reads everything before it writes anything: which of its bytes it may still need while it writes is
  // CheckOverwrite's to say. An output that is shown may be written too, with the bytes that are there.
  void RunOp(const OpNode& op) {
    for (const int id : op.inputs) Read(graph_.IndexOf(id));
    if (std::binary_search(vanished_.begin(), vanished_.end(), op.id)) {
      for (std::size_t o = 0; o < op.outputs.size(); ++o) Show(op, static_cast<int>(o));
      return;
    }
    for (std::size_t o = 0; o < op.outputs.size(); ++o) {
      const int output = graph_.IndexOf(op.outputs[o]);
      if (IsView(output) || BytesOf(output) == 0) continue;
      if (IsShown(graph_, bound_.bindings, op, static_cast<int>(o))) {
        Show(op, static_cast<int>(o));
      } else {
        for (std::size_t i = 0; i < op.inputs.size(); ++i) CheckOverwrite(op, static_cast<int>(o), static_cast<int>(i));
        for (const int id : op.outputs) CheckTwice(output, graph_.IndexOf(id));
        Write(output);
      }
    }
    for (const int id : op.inputs) {  // an op that lists a state may update it
      if ((Desc(graph_.IndexOf(id)).roles & kState) != 0) Write(graph_.IndexOf(id));
    }
  }

  // What the bytes of an output that is not written should be, by what its op does.
  void Show(const OpNode& op, int output) {
    const int tensor = graph_.IndexOf(op.outputs[Cast(output)]);
    if (IsView(tensor) || BytesOf(tensor) == 0) return;
    Pieces& pieces = holds_[Cast(tensor)];
    for (const Alias& alias : op.aliases) {
      if (alias.output != output) continue;
      const int input = graph_.IndexOf(op.inputs[Cast(alias.input)]);
      const auto offset = static_cast<std::int64_t>(alias.offset);
      if (alias.kind == AliasKind::kView && pieces.empty()) {
        pieces = Slice(Holds(input), offset, offset + BytesOf(tensor), 0);
      } else if (alias.kind == AliasKind::kPart) {
        const Pieces part = Slice(Holds(input), 0, BytesOf(input), offset);
        pieces.insert(pieces.end(), part.begin(), part.end());
      }
    }
    std::int64_t known = 0;
    for (const Piece& piece : pieces) known += piece.bytes;
    if (known != BytesOf(tensor)) Refuse(tensor, "should be written, but its op is said to have vanished");
    Read(tensor);
  }

  // A view that must be one has whatever its root has now: ops may write through it into a state.
  Pieces Holds(int tensor) const {
    if (!IsView(tensor)) return holds_[Cast(tensor)];
    const TensorRoot root = graph_.RootOf(tensor);
    return Slice(holds_[Cast(root.index)], root.offset, root.offset + BytesOf(tensor), 0);
  }

  void Write(int tensor) {
    if (BytesOf(tensor) == 0 || Of(tensor).buffer < 0) return;
    holds_[Cast(tensor)].assign(1, {0, BytesOf(tensor), tensor, 0, step_});
    buffers_[Cast(Of(tensor).buffer)].Write({Of(tensor).delta, BytesOf(tensor), tensor, 0, step_});
  }

  // Bytes that an op has written since, or that nobody has, are found where they are needed: a byte is only as wrong as
  // its reader.
  void Read(int tensor) {
    if (BytesOf(tensor) == 0 || Of(tensor).buffer < 0) return;
    for (Piece piece : Holds(tensor)) {
      piece.begin += Of(tensor).delta;
      const Bytes& bytes = buffers_[Cast(Of(tensor).buffer)];
      const std::int64_t at = bytes.FirstWrong(piece);
      if (at < 0) continue;
      const int writer = bytes.WriterAt(at);
      return Refuse(tensor, "should hold in byte " + std::to_string(at - Of(tensor).delta) + " what " +
                                Label(piece.tensor) + " put there, but " +
                                (writer < 0 ? "nobody wrote it" : "it is " + Label(writer) + "'s"));
    }
  }

  bool Meet(int a, int b) const {
    const Binding& x = Of(a);
    const Binding& y = Of(b);
    return x.buffer >= 0 && x.buffer == y.buffer && x.delta < y.delta + BytesOf(b) && y.delta < x.delta + BytesOf(a);
  }

  void CheckTwice(int output, int other) {
    if (other != output && Meet(output, other) && !IsView(other)) {
      Refuse(output, "would be written over " + Label(other) + ", another result of its op");
    }
  }

  // The op may still read what it writes over, unless it says how it reads that.
  void CheckOverwrite(const OpNode& op, int output, int input) {
    const int written = graph_.IndexOf(op.outputs[Cast(output)]);
    const int read = graph_.IndexOf(op.inputs[Cast(input)]);
    if (!Meet(written, read)) return;
    const std::int64_t ahead = Of(read).delta - Of(written).delta;
    for (const Alias& alias : op.aliases) {
      if (alias.output != output || alias.input != input) continue;
      if (alias.kind == AliasKind::kReadsFirst || (alias.kind == AliasKind::kSameIndex && ahead == 0)) return;
      if (alias.kind == AliasKind::kStreaming && ahead >= static_cast<std::int64_t>(alias.offset)) return;
    }
    Refuse(written, "would be written over " + Label(read) + ", which the op may still read");
  }

  const Graph& graph_;
  const BoundProblem& bound_;
  std::vector<Lifetime> lives_;
  std::vector<Pieces> holds_;  // per tensor what its bytes should be, by who wrote them; a view's are its root's
  std::vector<Bytes> buffers_;
  std::vector<char> produced_;
  std::vector<int> vanished_;  // ids, ascending
  std::vector<int> users_;     // per buffer
  int step_ = -1;
  std::optional<SharingFault> fault_;
};

}  // namespace

std::optional<SharingFault> CheckSharing(const TransformedGraph& transformed) {
  return SharingChecker(transformed).Run();
}

}  // namespace orionrt
