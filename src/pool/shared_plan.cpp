#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "orionrt/error.hpp"
#include "orionrt/liveness.hpp"
#include "orionrt/shared_arena.hpp"
#include "pool/nothing.hpp"

namespace orionrt {
namespace {

// One state, of one graph or of several.
struct State {
  std::int64_t bytes = 0;
  std::int64_t alignment = 1;
  std::vector<std::pair<std::size_t, std::size_t>> owners;  // graph, tensor: positions
};

std::int64_t Sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!CheckedAdd(a, b, &sum)) throw Error(ErrorCode::kBadInput, "shared plan: the sum of all graphs passes 63 bits");
  return sum;
}

// The key of each state of a graph, by position of the tensor; "" for its own ones.
std::map<std::size_t, std::string> KeysOf(const SharedGraph& shared, std::size_t g) {
  const auto& tensors = shared.graph.tensors();
  std::map<std::size_t, std::string> keys;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if ((tensors[i].roles & kState) != 0) keys[i] = "";
  }
  for (const StateKey& state : shared.states) {
    const auto refuse = [&](const std::string& why) {
      throw Error(ErrorCode::kBadInput, "shared plan: graph " + std::to_string(g) + ": state key \"" + state.key +
                                            "\" is given to tensor " + std::to_string(state.tensor_id) + ", " + why);
    };
    const auto found = keys.find(static_cast<std::size_t>(shared.graph.IndexOf(state.tensor_id)));
    if (found == keys.end()) refuse("which is no state of it; give the tensor the role kState");
    if (state.key.empty()) refuse("but an empty key names nothing; leave it out for a state of the graph's own");
    if (!found->second.empty()) refuse("which has one already");
    for (const auto& [tensor, key] : keys) {
      if (key == state.key) refuse("and to tensor " + std::to_string(tensors[tensor].id) + " of the same graph");
    }
    found->second = state.key;
  }
  return keys;
}

// All states, the most aligned first, so that no padding is needed between them.
std::vector<State> CollectStates(const std::vector<SharedGraph>& graphs, std::int64_t least_alignment) {
  std::vector<State> states;
  std::map<std::string, std::size_t> by_key;
  for (std::size_t g = 0; g < graphs.size(); ++g) {
    for (const auto& [tensor, key] : KeysOf(graphs[g], g)) {
      const TensorDesc& desc = graphs[g].graph.tensors()[tensor];
      const auto [found, is_new] = key.empty() ? std::pair(by_key.end(), true) : by_key.emplace(key, states.size());
      if (is_new) states.emplace_back();
      State& state = is_new ? states.back() : states[found->second];
      state.bytes = std::max(state.bytes, static_cast<std::int64_t>(desc.bytes));
      state.alignment = std::max({state.alignment, least_alignment, static_cast<std::int64_t>(desc.alignment)});
      state.owners.emplace_back(g, tensor);
    }
  }
  std::stable_sort(states.begin(), states.end(),
                   [](const State& a, const State& b) { return a.alignment > b.alignment; });
  return states;
}

// Whether the tensor's bytes are those of a state.
bool IsOfState(const Graph& graph, std::size_t tensor) {
  const int root = graph.RootOf(static_cast<int>(tensor)).index;
  return (graph.tensors()[static_cast<std::size_t>(root)].roles & kState) != 0;
}

// States take no part in a graph's own plan: as empty tensors, they and their views occupy nothing there.
Graph WithoutStates(const Graph& graph) {
  std::vector<TensorDesc> tensors = graph.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (IsOfState(graph, i)) tensors[i].bytes = tensors[i].view_offset = 0;
  }
  return Graph(graph.ops(), std::move(tensors));
}

std::int64_t AlignmentOf(const Problem& problem) {
  std::int64_t largest = 1;
  for (const Buffer& buffer : problem.buffers) largest = std::max(largest, buffer.alignment);
  return largest;
}

}  // namespace

// Lays things one behind the other.
struct SharedPlan::Cursor {
  std::int64_t end = 0;
  std::int64_t alignment = 1;  // the largest so far

  // Where `bytes` begin; nothing moves for none.
  std::int64_t Take(std::int64_t bytes, std::int64_t aligned_to) {
    if (bytes == 0) return end;
    alignment = std::max(alignment, aligned_to);
    (void)Sum(end, aligned_to);  // rounding up stays within 63 bits
    const std::int64_t begin = RoundUp(end, aligned_to);
    end = Sum(begin, bytes);
    return begin;
  }
};

std::shared_ptr<const SharedPlan> SharedPlan::Make(std::vector<SharedGraph> graphs, const SharedPlanOptions& options) {
  const auto least = static_cast<std::int64_t>(options.alignment);
  if (!IsPowerOfTwo(least)) {
    throw Error(ErrorCode::kMisuse,
                "shared plan: alignment " + std::to_string(options.alignment) + " is not a power of two");
  }
  std::shared_ptr<SharedPlan> made(new SharedPlan());
  Cursor cursor;
  Offsets offsets;
  for (const SharedGraph& shared : graphs) offsets.emplace_back(shared.graph.tensors().size(), 0);
  for (const State& state : CollectStates(graphs, least)) {
    const std::int64_t at = cursor.Take(state.bytes, state.alignment);
    for (const auto& [g, tensor] : state.owners) offsets[g][tensor] = at;
  }
  made->state_bytes_ = static_cast<std::size_t>(cursor.end);
  for (SharedGraph& shared : graphs) {
    made->parts_.emplace_back();
    made->parts_.back().graph = std::move(shared.graph);
    made->parts_.back().lane = shared.lane;
  }
  made->PlaceLanes(options, cursor, offsets);
  for (std::size_t g = 0; g < made->parts_.size(); ++g) MakeTable(made->parts_[g], offsets[g]);
  made->required_bytes_ = static_cast<std::size_t>(cursor.end);
  made->base_alignment_ = static_cast<std::size_t>(cursor.alignment);
  return made;
}

// Plans every graph, and adds its lane's begin to all that is no state.
void SharedPlan::PlaceLanes(const SharedPlanOptions& options, Cursor& cursor, Offsets& offsets) {
  struct Lane {
    std::int64_t bytes = 0;
    std::int64_t alignment = 1;
    std::vector<std::size_t> parts;
  };
  std::map<int, Lane> lanes;
  const ReusePlanner planner(options.policy);
  for (std::size_t g = 0; g < parts_.size(); ++g) {
    const Graph stateless = WithoutStates(parts_[g].graph);
    const BoundProblem bound =
        MakeProblem(stateless, GraphLiveness(stateless), static_cast<std::int64_t>(options.alignment));
    Plan& plan = parts_[g].plan;
    plan = planner.Run(bound.problem, options.planning);
    for (std::size_t i = 0; i < bound.bindings.size(); ++i) {
      const Binding& binding = bound.bindings[i];
      if (binding.buffer < 0) continue;
      offsets[g][i] = plan.offsets[static_cast<std::size_t>(binding.buffer)] + binding.delta;
    }
    for (std::size_t step = 0; step < bound.workspaces.size(); ++step) {
      const Binding& binding = bound.workspaces[step];
      const OpNode& op = parts_[g].graph.ops()[step];
      if (binding.buffer < 0) continue;
      parts_[g].workspaces.push_back(
          {op.id, plan.offsets[static_cast<std::size_t>(binding.buffer)] + binding.delta, op.workspace_bytes});
    }
    Lane& lane = lanes[parts_[g].lane];
    lane.bytes = std::max(lane.bytes, plan.peak_bytes);
    lane.alignment = std::max(lane.alignment, AlignmentOf(bound.problem));
    lane.parts.push_back(g);
  }
  for (const auto& [number, lane] : lanes) {
    const std::int64_t begin = cursor.Take(lane.bytes, lane.alignment);
    for (const std::size_t g : lane.parts) {
      const auto& tensors = parts_[g].graph.tensors();
      for (std::size_t i = 0; i < tensors.size(); ++i) {
        const TensorRoot root = parts_[g].graph.RootOf(static_cast<int>(i));
        const bool of_state = IsOfState(parts_[g].graph, i);
        if (!of_state) offsets[g][i] += begin;
        if (of_state && (tensors[i].roles & kState) == 0) {
          offsets[g][i] = offsets[g][static_cast<std::size_t>(root.index)] + root.offset;
        }
      }
      for (TensorView::Sparse& workspace : parts_[g].workspaces) workspace.offset += begin;
    }
  }
}

void SharedPlan::MakeTable(Part& part, const std::vector<std::int64_t>& offsets) {
  const auto& tensors = part.graph.tensors();
  std::size_t ids = 0;  // one more than the largest
  for (const TensorDesc& tensor : tensors) ids = std::max(ids, static_cast<std::size_t>(tensor.id) + 1);
  const bool dense = ids <= 4 * tensors.size() + 64;
  if (dense) {
    part.offsets.assign(ids, -1);
    part.bytes.assign(ids, 0);
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (dense) {
      part.offsets[static_cast<std::size_t>(tensors[i].id)] = offsets[i];
      part.bytes[static_cast<std::size_t>(tensors[i].id)] = tensors[i].bytes;
    } else {
      part.sparse.push_back({tensors[i].id, offsets[i], tensors[i].bytes});
    }
  }
  for (auto* table : {&part.sparse, &part.workspaces}) {
    std::sort(table->begin(), table->end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  }
}

TensorView SharedPlan::View(void* base, int i) const noexcept {
  TensorView view;
  if (i < 0 || i >= graph_count()) return view;
  const Part& part = parts_[static_cast<std::size_t>(i)];
  view.base_ = base == nullptr && required_bytes_ == 0 ? Nothing() : static_cast<std::byte*>(base);
  view.size_ = part.offsets.size();
  view.offsets_ = part.offsets.data();
  view.bytes_ = part.bytes.data();
  view.sparse_ = part.sparse.data();
  view.sparse_size_ = part.sparse.size();
  view.workspaces_ = part.workspaces.data();
  view.workspaces_size_ = part.workspaces.size();
  return view;
}

TensorHandle TensorView::Find(const Sparse* sorted, std::size_t count, int id) const noexcept {
  const auto* const end = sorted + count;
  const auto* const found = std::lower_bound(sorted, end, id, [](const Sparse& a, int b) { return a.id < b; });
  if (found == end || found->id != id) return {};
  return {base_ + found->offset, found->bytes};
}

std::size_t SharedPlan::metadata_bytes() const noexcept {
  std::size_t bytes = sizeof *this;
  for (const Part& part : parts_) {
    bytes += part.offsets.capacity() * sizeof part.offsets[0] + part.bytes.capacity() * sizeof part.bytes[0] +
             (part.sparse.capacity() + part.workspaces.capacity()) * sizeof part.sparse[0];
  }
  return bytes;
}

}  // namespace orionrt
