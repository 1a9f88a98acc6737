// Builds a graph and checks it: ids, sizes, views, the order of writes and reads, streams; and its hash.
#include "orionrt/graph.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/checked.hpp"
#include "base/hash.hpp"
#include "base/index.hpp"
#include "graph/labels.hpp"
#include "orionrt/config.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {
namespace {

[[noreturn]] void RefuseGraph(const std::string& message) { throw Error(ErrorCode::kBadInput, "graph: " + message); }

// What the walk over the ops knows about one tensor.
struct Seen {
  int producer = -1;  // position of the op
  int reader = -1;    // position of the latest op that reads it
  bool viewed = false;
};

// What one tensor or workspace adds to `total`. `label`: a function, as most graphs are in order and need no words.
template <typename Label>
void CheckSize(Label label, std::size_t bytes, std::size_t aligned, std::int64_t* total) {
  const auto alignment = static_cast<std::int64_t>(aligned);
  if (aligned > static_cast<std::size_t>(kMaxBytes)) {
    RefuseGraph(label() + ": alignment " + std::to_string(aligned) + " is more than 63 bits");
  }
  if (alignment != 0 && !IsPowerOfTwo(alignment)) {
    RefuseGraph(label() + ": alignment " + std::to_string(aligned) + " is not a power of two");
  }
  if (bytes > static_cast<std::size_t>(kMaxBytes) || !CheckedAdd(*total, static_cast<std::int64_t>(bytes), total) ||
      !CheckedAdd(*total, alignment, total)) {
    RefuseGraph(label() + ": its " + std::to_string(bytes) +
                " bytes take the sum of all sizes past 63 bits; was a negative size converted?");
  }
}

// It lies within what it is a view of.
void CheckView(const Graph& graph, const TensorDesc& tensor) {
  const int whole = graph.IndexOf(tensor.view_of);
  if (whole < 0) {
    RefuseGraph(TensorLabel(tensor) + " is a view of tensor " + std::to_string(tensor.view_of) +
                ", which has no description");
  }
  const TensorDesc& root = graph.tensors()[At(whole)];
  if (tensor.bytes > root.bytes || tensor.view_offset > root.bytes - tensor.bytes) {
    RefuseGraph(TensorLabel(tensor) + " is a view of " + TensorLabel(root) +
                " that ends past it: " + std::to_string(tensor.bytes) + " bytes at " +
                std::to_string(tensor.view_offset) + " of " + std::to_string(root.bytes));
  }
  if ((tensor.roles & (TensorRole::kInput | TensorRole::kState)) != 0) {
    RefuseGraph(TensorLabel(tensor) + " is a view, yet an input or a state; give that role to " + TensorLabel(root));
  }
  if (!tensor.spaces.empty())
    RefuseGraph(TensorLabel(tensor) + " is a view, yet names spaces; " + TensorLabel(root) + " may");
}

class UseChecker {
 public:
  explicit UseChecker(const Graph& graph) : graph_(graph), seen_(graph.tensors().size()) {}

  void Check() {
    const auto& ops = graph_.ops();
    for (int step = 0; step < static_cast<int>(ops.size()); ++step) {
      for (int id : ops[At(step)].inputs) seen_[At(Find(ops[At(step)], id, "reads"))].reader = step;
      for (int id : ops[At(step)].outputs) CheckOutput(step, Find(ops[At(step)], id, "writes"));
      for (const Alias& alias : ops[At(step)].aliases) CheckAlias(ops[At(step)], alias);
    }
    for (int step = 0; step < static_cast<int>(ops.size()); ++step) {
      for (int id : ops[At(step)].inputs) CheckRootIsThere(step, graph_.IndexOf(id));
      for (int id : ops[At(step)].outputs) CheckRootIsThere(step, graph_.IndexOf(id));
    }
    for (const TensorDesc& tensor : graph_.tensors()) {
      if (tensor.view_of != kNoTensor) seen_[At(graph_.IndexOf(tensor.view_of))].viewed = true;
    }
    for (std::size_t i = 0; i < seen_.size(); ++i) CheckKept(graph_.tensors()[i], seen_[i]);
  }

 private:
  int Find(const OpNode& op, int id, const char* verb) const {
    const int index = graph_.IndexOf(id);
    if (index < 0)
      RefuseGraph(OpLabel(op) + " " + verb + " tensor " + std::to_string(id) + ", which has no description");
    return index;
  }

  void CheckOutput(int step, int index) {
    const OpNode& op = graph_.ops()[At(step)];
    const TensorDesc& tensor = graph_.tensors()[At(index)];
    Seen& seen = seen_[At(index)];
    if (seen.producer >= 0) {
      if (seen.producer == step) RefuseGraph(OpLabel(op) + " writes " + TensorLabel(tensor) + " twice");
      RefuseGraph(TensorLabel(tensor) + " is produced twice, by " + OpLabel(graph_.ops()[At(seen.producer)]) +
                  " and by " + OpLabel(op));
    }
    if (seen.reader == step) {
      RefuseGraph(OpLabel(op) + " reads and writes " + TensorLabel(tensor) + "; give what it writes an id of its own");
    }
    if (seen.reader >= 0) {
      RefuseGraph(TensorLabel(tensor) + " is read by " + OpLabel(graph_.ops()[At(seen.reader)]) + " before " +
                  OpLabel(op) + " produces it; list the ops in execution order");
    }
    if ((tensor.roles & (TensorRole::kInput | TensorRole::kState)) != 0) {
      RefuseGraph(TensorLabel(tensor) + " is an input or a state, yet " + OpLabel(op) + " produces it");
    }
    seen.producer = step;
  }

  void CheckAlias(const OpNode& op, const Alias& alias) const {
    if (alias.output < 0 || alias.output >= static_cast<int>(op.outputs.size()) || alias.input < 0 ||
        alias.input >= static_cast<int>(op.inputs.size())) {
      RefuseGraph(OpLabel(op) + " has an alias of output " + std::to_string(alias.output) + " and input " +
                  std::to_string(alias.input) + ", which are no positions in its lists");
    }
    const TensorDesc& output = graph_.tensors()[At(graph_.IndexOf(op.outputs[At(alias.output)]))];
    const TensorDesc& input = graph_.tensors()[At(graph_.IndexOf(op.inputs[At(alias.input)]))];
    const bool in_output = alias.kind == AliasKind::kPiece;
    const std::size_t whole = in_output ? output.bytes : input.bytes;
    const std::size_t piece = in_output ? input.bytes : output.bytes;
    bool suits = true;
    if (alias.kind == AliasKind::kView || in_output) suits = piece <= whole && alias.offset <= whole - piece;
    if (alias.kind == AliasKind::kSameIndex) suits = piece == whole;
    if (alias.kind == AliasKind::kSameIndex || alias.kind == AliasKind::kReadsFirst) suits &= alias.offset == 0;
    if (alias.offset > static_cast<std::size_t>(kMaxBytes) / 2) suits = false;
    if (suits) return;
    RefuseGraph(OpLabel(op) + " has an alias of " + TensorLabel(output) + " and " + TensorLabel(input) + " at offset " +
                std::to_string(alias.offset) + ", which their " + std::to_string(output.bytes) + " and " +
                std::to_string(input.bytes) + " bytes do not allow");
  }

  // A view is there once its root is.
  void CheckRootIsThere(int step, int index) const {
    const int root = graph_.RootOf(index).index;
    if (root == index || seen_[At(root)].producer < step) return;
    RefuseGraph(OpLabel(graph_.ops()[At(step)]) + " uses a view of " + TensorLabel(graph_.tensors()[At(root)]) +
                ", which " + OpLabel(graph_.ops()[At(seen_[At(root)].producer)]) +
                " is still to write; list the ops in execution order");
  }

  static void CheckKept(const TensorDesc& tensor, const Seen& seen) {
    if (seen.producer < 0 && seen.reader < 0 && !seen.viewed && tensor.roles == 0) {
      RefuseGraph(TensorLabel(tensor) +
                  " is used by no op; leave it out, or give it the role of an input, output or state");
    }
  }

  const Graph& graph_;
  std::vector<Seen> seen_;
};

// Uses on several streams: each happens after what writes the tensor, and what writes its root; and those of a state
// one after another, since any op that lists it may update it.
class OrderChecker {
 public:
  OrderChecker(const Graph& graph, const StreamOrder& order)
      : graph_(graph), order_(order), writers_(graph.tensors().size(), -1), last_uses_(graph.tensors().size(), -1) {}

  void Check() {
    const auto& ops = graph_.ops();
    for (int step = 0; step < static_cast<int>(ops.size()); ++step) {
      for (const int id : ops[At(step)].outputs) {
        if (graph_.IndexOf(id) >= 0) writers_[At(graph_.IndexOf(id))] = step;
      }
    }
    for (int step = 0; step < static_cast<int>(ops.size()); ++step) {
      for (const auto* ids : {&ops[At(step)].inputs, &ops[At(step)].outputs}) {
        for (const int id : *ids) {
          if (graph_.IndexOf(id) >= 0) CheckUse(step, graph_.IndexOf(id));  // else UseChecker says so
        }
      }
    }
  }

 private:
  void CheckUse(int step, int tensor) {
    const int root = graph_.RootOf(tensor).index;
    for (const int written : {tensor, root}) {
      const int writer = writers_[At(written)];
      // One that writes too late is told as in one line of execution.
      if (writer >= 0 && !order_.IsBefore(step, writer)) Expect(writer, step, written, " writes, and");
    }
    if ((graph_.tensors()[At(root)].roles & TensorRole::kState) == 0) return;
    const int last = std::exchange(last_uses_[At(root)], step);
    if (last >= 0) Expect(last, step, root, " uses too; either may update it, and");
  }

  void Expect(int first, int step, int tensor, const char* what) const {
    if (first == step || order_.IsBefore(first, step)) return;
    const OpNode& op = graph_.ops()[At(step)];
    const OpNode& other = graph_.ops()[At(first)];
    RefuseGraph(OpLabel(op) + " on stream " + std::to_string(op.stream) + " uses " +
                TensorLabel(graph_.tensors()[At(tensor)]) + ", which " + OpLabel(other) + " on stream " +
                std::to_string(other.stream) + what + " nothing orders the two; let op " + std::to_string(op.id) +
                " wait for op " + std::to_string(other.id) + ", or have such waits added (ImplyWaits, --imply-waits)");
  }

  const Graph& graph_;
  const StreamOrder& order_;
  std::vector<int> writers_;    // per tensor, or -1
  std::vector<int> last_uses_;  // per root of a state, so far
};

}  // namespace

Graph::Graph(std::vector<OpNode> ops, std::vector<TensorDesc> tensors)
    : ops_(HasStreams(ops) ? InRunningOrder(std::move(ops)) : std::move(ops)), tensors_(std::move(tensors)) {
  std::int64_t total = 0;
  int largest = -1;
  for (const TensorDesc& tensor : tensors_) {
    if (tensor.id < 0) RefuseGraph("tensor id " + std::to_string(tensor.id) + " is negative");
    CheckSize([&] { return TensorLabel(tensor); }, tensor.bytes, tensor.alignment, &total);
    largest = tensor.id > largest ? tensor.id : largest;
  }
  // A table as long as a few times the number of tensors is worth its direct look-up.
  const bool dense = static_cast<std::size_t>(largest) < 4 * tensors_.size() + 64;
  if (dense) dense_.assign(static_cast<std::size_t>(largest) + 1, -1);
  for (int i = 0; i < static_cast<int>(tensors_.size()); ++i) {
    const int id = tensors_[At(i)].id;
    if (IndexOf(id) >= 0) RefuseGraph("tensor id " + std::to_string(id) + " is described twice");
    if (dense) {
      dense_[At(id)] = i;
    } else {
      sparse_.emplace(id, i);
    }
  }
  std::unordered_set<int> earlier;
  for (const OpNode& op : ops_) {
    if (op.id < 0) RefuseGraph("op id " + std::to_string(op.id) + " is negative");
    for (const int id : op.after) {
      if (earlier.count(id) == 0)
        RefuseGraph(OpLabel(op) + " runs after op " + std::to_string(id) + ", which is not before it");
    }
    if (!earlier.insert(op.id).second) RefuseGraph("op id " + std::to_string(op.id) + " is used twice");
    CheckSize([&] { return "workspace of " + OpLabel(op); }, op.workspace_bytes, op.workspace_alignment, &total);
  }
  FindRoots();
  if (HasStreams(ops_)) {
    auto order = std::make_shared<const StreamOrder>(ops_);
    if (order->lanes() > 1) streams_ = std::move(order);
  }
  if (streams_ != nullptr) OrderChecker(*this, *streams_).Check();
  UseChecker(*this).Check();
}

void Graph::FindRoots() {
  const auto is_view = [](const TensorDesc& tensor) { return tensor.view_of != kNoTensor; };
  if (std::none_of(tensors_.begin(), tensors_.end(), is_view)) return;
  constexpr int kUnknown = -1;
  constexpr int kOnTheWay = -2;
  roots_.assign(tensors_.size(), {kUnknown, 0});
  std::vector<int> way;
  for (int i = 0; i < static_cast<int>(tensors_.size()); ++i) {
    int t = i;
    for (; roots_[At(t)].index == kUnknown && is_view(tensors_[At(t)]); t = IndexOf(tensors_[At(t)].view_of)) {
      CheckView(*this, tensors_[At(t)]);
      roots_[At(t)].index = kOnTheWay;
      way.push_back(t);
    }
    if (roots_[At(t)].index == kOnTheWay) RefuseGraph(TensorLabel(tensors_[At(t)]) + " is a view of itself");
    if (roots_[At(t)].index == kUnknown) roots_[At(t)].index = t;
    for (; !way.empty(); way.pop_back()) {
      const int view = way.back();
      const TensorRoot& whole = roots_[At(IndexOf(tensors_[At(view)].view_of))];
      roots_[At(view)] = {whole.index, whole.offset + static_cast<std::int64_t>(tensors_[At(view)].view_offset)};
    }
  }
}

int Graph::IndexOf(int tensor_id) const noexcept {
  if (!dense_.empty()) {
    return tensor_id >= 0 && static_cast<std::size_t>(tensor_id) < dense_.size() ? dense_[At(tensor_id)] : -1;
  }
  const auto found = sparse_.find(tensor_id);
  return found == sparse_.end() ? -1 : found->second;
}

bool HasEffects(const Graph& graph, const OpNode& op) {
  const auto is_state = [&](int id) {
    const int root = graph.RootOf(graph.IndexOf(id)).index;
    return (graph.tensors()[At(root)].roles & TensorRole::kState) != 0;
  };
  return op.has_effects || op.outputs.empty() || std::any_of(op.inputs.begin(), op.inputs.end(), is_state) ||
         std::any_of(op.outputs.begin(), op.outputs.end(), is_state);
}

std::uint64_t HashGraph(const Graph& graph) {
  Hasher hash;
  hash.Add(static_cast<std::uint64_t>(graph.tensors().size()));
  for (const TensorDesc& tensor : graph.tensors()) {
    hash.Add(tensor.id);
    hash.Add(static_cast<std::uint64_t>(tensor.bytes));
    hash.Add(static_cast<std::uint64_t>(tensor.alignment));
    hash.Add(static_cast<std::uint64_t>(tensor.roles));
    for (const std::string& space : tensor.spaces) hash.Add(HashText(space));
    if (tensor.view_of == kNoTensor) continue;
    hash.Add(tensor.view_of);
    hash.Add(static_cast<std::uint64_t>(tensor.view_offset));
  }
  for (const OpNode& op : graph.ops()) {
    hash.Add(op.id);
    hash.Add(static_cast<std::uint64_t>(op.inputs.size()));
    for (int id : op.inputs) hash.Add(id);
    hash.Add(static_cast<std::uint64_t>(op.outputs.size()));
    for (int id : op.outputs) hash.Add(id);
    if (op.workspace_bytes > 0) {
      hash.Add(static_cast<std::uint64_t>(op.workspace_bytes));
      hash.Add(static_cast<std::uint64_t>(op.workspace_alignment));
    }
    if (graph.streams() == nullptr) continue;
    hash.Add(op.stream);
    hash.Add(static_cast<std::uint64_t>(op.waits.size()));
    for (const int id : op.waits) hash.Add(id);
  }
  return hash.value();
}

}  // namespace orionrt
