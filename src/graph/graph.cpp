#include "orionrt/graph.hpp"

#include <utility>

#include "base/checked.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "orionrt/error.hpp"

namespace orionrt {
namespace {

std::string Label(const char* kind, int id, const std::string& name) {
  std::string text = std::string(kind) + " " + std::to_string(id);
  return name.empty() ? text : text + " \"" + Printable(name) + "\"";
}
std::string Label(const OpNode& op) { return Label("op", op.id, op.name); }
std::string Label(const TensorDesc& tensor) { return Label("tensor", tensor.id, tensor.name); }

[[noreturn]] void Refuse(const std::string& message) { throw Error(ErrorCode::kBadInput, "graph: " + message); }

// What the walk over the ops knows about one tensor.
struct Seen {
  int producer = -1;  // position of the op
  int reader = -1;    // position of the latest op that reads it
};

// What one tensor or workspace adds to `total`.
void CheckSize(const std::string& label, std::size_t bytes, std::size_t aligned, std::int64_t* total) {
  const auto alignment = static_cast<std::int64_t>(aligned);
  if (aligned > static_cast<std::size_t>(kMaxBytes)) {
    Refuse(label + ": alignment " + std::to_string(aligned) + " is more than 63 bits");
  }
  if (alignment != 0 && !IsPowerOfTwo(alignment)) {
    Refuse(label + ": alignment " + std::to_string(aligned) + " is not a power of two");
  }
  if (bytes > static_cast<std::size_t>(kMaxBytes) || !CheckedAdd(*total, static_cast<std::int64_t>(bytes), total) ||
      !CheckedAdd(*total, alignment, total)) {
    Refuse(label + ": its " + std::to_string(bytes) +
           " bytes take the sum of all sizes past 63 bits; was a negative size converted?");
  }
}

class UseChecker {
 public:
  explicit UseChecker(const Graph& graph) : graph_(graph), seen_(graph.tensors().size()) {}

  void Check() {
    const auto& ops = graph_.ops();
    for (int step = 0; step < static_cast<int>(ops.size()); ++step) {
      for (int id : ops[step].inputs) seen_[Find(ops[step], id, "reads")].reader = step;
      for (int id : ops[step].outputs) CheckOutput(step, Find(ops[step], id, "writes"));
    }
    for (std::size_t i = 0; i < seen_.size(); ++i) CheckKept(graph_.tensors()[i], seen_[i]);
  }

 private:
  int Find(const OpNode& op, int id, const char* verb) const {
    const int index = graph_.IndexOf(id);
    if (index < 0) Refuse(Label(op) + " " + verb + " tensor " + std::to_string(id) + ", which has no description");
    return index;
  }

  void CheckOutput(int step, int index) {
    const OpNode& op = graph_.ops()[step];
    const TensorDesc& tensor = graph_.tensors()[index];
    Seen& seen = seen_[index];
    if (seen.producer >= 0) {
      if (seen.producer == step) Refuse(Label(op) + " writes " + Label(tensor) + " twice");
      Refuse(Label(tensor) + " is produced twice, by " + Label(graph_.ops()[seen.producer]) + " and by " + Label(op));
    }
    if (seen.reader == step) {
      Refuse(Label(op) + " reads and writes " + Label(tensor) + "; give what it writes an id of its own");
    }
    if (seen.reader >= 0) {
      Refuse(Label(tensor) + " is read by " + Label(graph_.ops()[seen.reader]) + " before " + Label(op) +
             " produces it; list the ops in execution order");
    }
    if ((tensor.roles & (kInput | kState)) != 0) {
      Refuse(Label(tensor) + " is an input or a state, yet " + Label(op) + " produces it");
    }
    seen.producer = step;
  }

  static void CheckKept(const TensorDesc& tensor, const Seen& seen) {
    if (seen.producer < 0 && seen.reader < 0 && tensor.roles == 0) {
      Refuse(Label(tensor) + " is used by no op; leave it out, or give it the role of an input, output or state");
    }
  }

  const Graph& graph_;
  std::vector<Seen> seen_;
};

}  // namespace

Graph::Graph(std::vector<OpNode> ops, std::vector<TensorDesc> tensors)
    : ops_(std::move(ops)), tensors_(std::move(tensors)) {
  std::int64_t total = 0;
  int largest = -1;
  for (const TensorDesc& tensor : tensors_) {
    if (tensor.id < 0) Refuse("tensor id " + std::to_string(tensor.id) + " is negative");
    CheckSize(Label(tensor), tensor.bytes, tensor.alignment, &total);
    largest = tensor.id > largest ? tensor.id : largest;
  }
  // A table as long as a few times the number of tensors is worth its direct look-up.
  const bool dense = static_cast<std::size_t>(largest) < 4 * tensors_.size() + 64;
  if (dense) dense_.assign(static_cast<std::size_t>(largest + 1), -1);
  for (int i = 0; i < static_cast<int>(tensors_.size()); ++i) {
    const int id = tensors_[i].id;
    if (IndexOf(id) >= 0) Refuse("tensor id " + std::to_string(id) + " is described twice");
    if (dense) {
      dense_[id] = i;
    } else {
      sparse_.emplace(id, i);
    }
  }
  std::unordered_map<int, int> op_ids;
  for (const OpNode& op : ops_) {
    if (op.id < 0) Refuse("op id " + std::to_string(op.id) + " is negative");
    if (!op_ids.emplace(op.id, 0).second) Refuse("op id " + std::to_string(op.id) + " is used twice");
    CheckSize("workspace of " + Label(op), op.workspace_bytes, op.workspace_alignment, &total);
  }
  UseChecker(*this).Check();
}

int Graph::IndexOf(int tensor_id) const noexcept {
  if (!dense_.empty()) {
    return tensor_id >= 0 && static_cast<std::size_t>(tensor_id) < dense_.size() ? dense_[tensor_id] : -1;
  }
  const auto found = sparse_.find(tensor_id);
  return found == sparse_.end() ? -1 : found->second;
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
  }
  for (const OpNode& op : graph.ops()) {
    hash.Add(op.id);
    hash.Add(static_cast<std::uint64_t>(op.inputs.size()));
    for (int id : op.inputs) hash.Add(id);
    hash.Add(static_cast<std::uint64_t>(op.outputs.size()));
    for (int id : op.outputs) hash.Add(id);
    if (op.workspace_bytes == 0) continue;
    hash.Add(static_cast<std::uint64_t>(op.workspace_bytes));
    hash.Add(static_cast<std::uint64_t>(op.workspace_alignment));
  }
  return hash.value();
}

}  // namespace orionrt
