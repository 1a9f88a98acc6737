// Several graphs in one arena: assignments, each moved to where its lane begins.
#include "orionrt/shared_plan.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "pool/nothing.hpp"

namespace orionrt {
namespace {

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
    if ((tensors[i].roles & TensorRole::kState) != 0) keys[i] = "";
  }
  for (const StateKey& state : shared.states) {
    const auto refuse = [&](const std::string& why) {
      throw Error(ErrorCode::kBadInput, "shared plan: graph " + std::to_string(g) + ": state key \"" + state.key +
                                            "\" is given to tensor " + std::to_string(state.tensor_id) + ", " + why);
    };
    const auto found = keys.find(static_cast<std::size_t>(shared.graph.IndexOf(state.tensor_id)));
    if (found == keys.end()) refuse("which is no state of it; give the tensor the role TensorRole::kState");
    if (state.key.empty()) refuse("but an empty key names nothing; leave it out for a state of the graph's own");
    if (!found->second.empty()) refuse("which has one already");
    for (const auto& [tensor, key] : keys) {
      if (key == state.key) refuse("and to tensor " + std::to_string(tensors[tensor].id) + " of the same graph");
    }
    found->second = state.key;
  }
  return keys;
}

// Whether the tensor's bytes are those of a state.
bool IsOfState(const Graph& graph, std::size_t tensor) {
  const int root = graph.RootOf(static_cast<int>(tensor)).index;
  return (graph.tensors()[At(root)].roles & TensorRole::kState) != 0;
}

// States take no part in a graph's own plan: as empty tensors, they and their views occupy nothing there.
Graph WithoutStates(const Graph& graph) {
  std::vector<TensorDesc> tensors = graph.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (IsOfState(graph, i)) tensors[i].bytes = tensors[i].view_offset = 0;
  }
  return Graph(graph.ops(), std::move(tensors));
}

// What is no longer the graph's own to place: its states, and their views.
void HoldStatesOutside(const Graph& graph, Assignment& assignment) {
  for (Place& place : assignment.tensors) {
    const auto tensor = static_cast<std::size_t>(graph.IndexOf(place.id));
    if (!IsOfState(graph, tensor) || graph.tensors()[tensor].bytes == 0) continue;
    place = {place.id, kExternal, 0, static_cast<std::int64_t>(graph.tensors()[tensor].bytes)};
  }
}

// Moves all that an assignment places, by `begins` a space.
void Shift(Assignment& assignment, const std::vector<std::int64_t>& begins) {
  for (auto* places : {&assignment.tensors, &assignment.workspaces}) {
    for (Place& place : *places) {
      if (place.bytes > 0 && place.space != kExternal) place.offset += begins[At(place.space)];
    }
  }
  for (BodyAssignment& body : assignment.bodies) Shift(body.assignment, begins);
}

std::size_t SpaceCount(const SharedPlanOptions& options) { return std::max<std::size_t>(1, options.spaces.size()); }

// The first space that a state names, or the last of all.
std::size_t SpaceOf(const TensorDesc& state, const SharedPlanOptions& options) {
  for (std::size_t i = 0; i < options.spaces.size() && !state.spaces.empty(); ++i) {
    if (options.spaces[i].name == state.spaces[0]) return i;
  }
  if (state.spaces.empty() || options.spaces.empty()) return SpaceCount(options) - 1;
  throw Error(ErrorCode::kBadInput, "shared plan: state " + std::to_string(state.id) + " names space \"" +
                                        state.spaces[0] + "\", which the options do not have");
}

}  // namespace

// One state, of one graph or of several.
struct SharedPlan::State {
  std::size_t space = 0;
  std::int64_t bytes = 0;
  std::int64_t alignment = 1;
  std::int64_t offset = 0;
  std::vector<std::pair<std::size_t, std::size_t>> owners;  // graph, tensor: positions
};

// Lays things one behind the other, in one space.
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

// All states, the most aligned first, so that no padding is needed between them.
std::vector<SharedPlan::State> SharedPlan::PlaceStates(const std::vector<SharedGraph>& graphs,
                                                       const SharedPlanOptions& options, Cursors& cursors) {
  std::vector<State> states;
  std::map<std::string, std::size_t> by_key;
  for (std::size_t g = 0; g < graphs.size(); ++g) {
    for (const auto& [tensor, key] : KeysOf(graphs[g], g)) {
      const TensorDesc& desc = graphs[g].graph.tensors()[tensor];
      const auto [found, is_new] = key.empty() ? std::pair(by_key.end(), true) : by_key.emplace(key, states.size());
      if (is_new) {
        states.emplace_back();
        states.back().space = SpaceOf(desc, options);
      }
      State& state = is_new ? states.back() : states[found->second];
      state.bytes = std::max(state.bytes, static_cast<std::int64_t>(desc.bytes));
      state.alignment = std::max(
          {state.alignment, static_cast<std::int64_t>(options.alignment), static_cast<std::int64_t>(desc.alignment)});
      state.owners.emplace_back(g, tensor);
    }
  }
  std::stable_sort(states.begin(), states.end(),
                   [](const State& a, const State& b) { return a.alignment > b.alignment; });
  for (State& state : states) state.offset = cursors[state.space].Take(state.bytes, state.alignment);
  return states;
}

void SharedPlan::Judge(const SharedGraph& shared, std::size_t g, const SharedPlanOptions& options) {
  const auto refuse = [g](const std::string& why) {
    throw Error(ErrorCode::kBadInput, "shared plan: graph " + std::to_string(g) + ": " + why);
  };
  if (const auto fault = CheckAssignment(shared.graph, *shared.assignment, shared.bodies)) refuse(fault->message);
  const std::vector<AssignedSpace>& spaces = shared.assignment->spaces;
  bool same = spaces.size() == SpaceCount(options);
  for (std::size_t i = 0; i < options.spaces.size() && same; ++i) same = spaces[i].name == options.spaces[i].name;
  if (!same) refuse("its assignment is over other spaces than SharedPlanOptions::spaces");
}

std::shared_ptr<const SharedPlan> SharedPlan::Make(std::vector<SharedGraph> graphs, const SharedPlanOptions& options) {
  if (!IsPowerOfTwo(static_cast<std::int64_t>(options.alignment))) {
    throw Error(ErrorCode::kMisuse,
                "shared plan: alignment " + std::to_string(options.alignment) + " is not a power of two");
  }
  std::shared_ptr<SharedPlan> made(new SharedPlan());
  Cursors cursors(SpaceCount(options));
  for (std::size_t i = 0; i < options.spaces.size(); ++i) cursors[i].alignment = options.spaces[i].alignment;
  const std::vector<State> states = PlaceStates(graphs, options, cursors);
  for (const Cursor& cursor : cursors) made->state_bytes_.push_back(SizeOrMost(cursor.end));
  std::map<int, std::vector<std::size_t>> lanes;
  std::vector<char> brought;
  for (std::size_t g = 0; g < graphs.size(); ++g) {
    SharedGraph& shared = graphs[g];
    brought.push_back(shared.assignment ? 1 : 0);
    if (shared.assignment) CompleteAssignment(shared.graph, *shared.assignment);
    if (shared.assignment) Judge(shared, g, options);
    lanes[shared.lane].push_back(g);
    made->graphs_.emplace_back();
    PlannedGraph& entry = made->graphs_.back();
    entry.graph = std::move(shared.graph);
    entry.bodies = std::move(shared.bodies);
    entry.lane = shared.lane;
    if (shared.assignment) entry.assignment = *std::move(shared.assignment);
  }
  for (const auto& [number, lane] : lanes) made->PlaceLane(lane, options, states, brought, cursors);
  for (const Cursor& cursor : cursors) {
    made->required_bytes_.push_back(SizeOrMost(cursor.end));
    made->base_alignment_.push_back(static_cast<std::size_t>(cursor.alignment));
  }
  return made;
}

// By itself, and without its states, in what is left of the spaces that have a limit.
void SharedPlan::PlanGraph(PlannedGraph& entry, const SharedPlanOptions& options, const Cursors& cursors) {
  LowerOptions lowering{options.transforms, static_cast<std::int64_t>(options.alignment), options.spaces};
  Workload workload = Lower(WithoutStates(entry.graph), entry.bodies, lowering);
  std::int64_t alignment = 1;
  for (const Buffer& buffer : workload.problem.buffers) alignment = std::max(alignment, buffer.alignment);
  for (std::size_t i = 0; i < workload.problem.spaces.size(); ++i) {
    Space& space = workload.problem.spaces[i];
    if (!space.capacity) continue;
    const std::int64_t begin = RoundUp(cursors[i].end, std::max(alignment, space.alignment));
    space.capacity = std::max<std::int64_t>(0, *space.capacity - begin);
  }
  PlannedWorkload planned = PlanWorkload(workload, ReusePlanner(options.policy), options.planning);
  entry.assignment = Assign(workload, planned);
  entry.assignment.graph_id = GraphId(entry.graph);
  entry.assignment.graph_hash = HashGraph(InOrder(entry.graph, entry.assignment.order_ids));
  entry.plan = std::move(planned.plan);
}

// The graphs of a lane lie over each other, from behind what was placed before.
void SharedPlan::PlaceLane(const std::vector<std::size_t>& lane, const SharedPlanOptions& options,
                           const std::vector<State>& states, const std::vector<char>& brought, Cursors& cursors) {
  std::vector<AssignedSpace> needs(cursors.size());
  for (const std::size_t g : lane) {
    PlannedGraph& entry = graphs_[g];
    if (brought[g] == 0) PlanGraph(entry, options, cursors);
    HoldStatesOutside(entry.graph, entry.assignment);
    for (std::size_t i = 0; i < needs.size(); ++i) {
      const AssignedSpace& space = entry.assignment.spaces[i];
      needs[i].required_bytes = std::max(needs[i].required_bytes, space.required_bytes);
      needs[i].base_alignment = std::max(needs[i].base_alignment, space.base_alignment);
    }
  }
  std::vector<std::int64_t> begins;
  for (std::size_t i = 0; i < needs.size(); ++i) {
    begins.push_back(cursors[i].Take(needs[i].required_bytes, needs[i].base_alignment));
  }
  for (const std::size_t g : lane) {
    PlannedGraph& entry = graphs_[g];
    Assignment placed = entry.assignment;
    Shift(placed, begins);
    std::map<int, const State*> state_of;  // by position of the tensor
    for (const State& state : states) {
      for (const auto& [graph, tensor] : state.owners) {
        if (graph == g) state_of[static_cast<int>(tensor)] = &state;
      }
    }
    for (Place& place : placed.tensors) {
      const TensorRoot root = entry.graph.RootOf(entry.graph.IndexOf(place.id));
      const auto state = state_of.find(root.index);
      if (state == state_of.end()) continue;
      place.space = static_cast<int>(state->second->space);
      place.offset = state->second->offset + root.offset;
    }
    entry.table = PlaceTable(placed);
  }
}

TensorView SharedPlan::View(void* base, int i) const noexcept {
  if (i < 0 || i >= graph_count()) return {};
  auto* const first = static_cast<std::byte*>(base);
  const bool empty = first == nullptr && required_bytes() == 0;
  return TensorView(graphs_[At(i)].table, empty ? Nothing() : first);
}

TensorView SharedPlan::View(std::byte* const* bases, int i) const noexcept {
  if (i < 0 || i >= graph_count()) return {};
  return TensorView(graphs_[At(i)].table, bases);
}

std::size_t SharedPlan::metadata_bytes() const noexcept {
  std::size_t bytes = sizeof *this;
  for (const PlannedGraph& entry : graphs_) bytes += entry.table.metadata_bytes();
  return bytes;
}

}  // namespace orionrt
