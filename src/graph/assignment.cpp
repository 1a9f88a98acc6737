// Making an assignment, and the identity of the graph that it is for. No search; what judges one is
// check_assignment.cpp.
#include "orionrt/assignment.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/checked.hpp"
#include "base/hash.hpp"
#include "base/index.hpp"
#include "graph/labels.hpp"
#include "graph/regroup.hpp"
#include "orionrt/config.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {
namespace {

// Positions of a list in ascending order of their ids.
template <typename Item>
std::vector<std::size_t> ById(const std::vector<Item>& items) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return items[a].id < items[b].id; });
  return order;
}

void AddTensor(const TensorDesc& tensor, Hasher& hash) {
  hash.Add(tensor.id);
  hash.Add(static_cast<std::uint64_t>(tensor.bytes));
  hash.Add(static_cast<std::uint64_t>(tensor.alignment));
  hash.Add(static_cast<std::uint64_t>(tensor.roles));
  hash.Add(static_cast<std::uint64_t>(tensor.spaces.size()));
  for (const std::string& space : tensor.spaces) hash.Add(HashText(space));
  hash.Add(tensor.view_of);
  hash.Add(static_cast<std::uint64_t>(tensor.view_offset));
}

void AddOp(const OpNode& op, Hasher& hash) {
  hash.Add(op.id);
  for (const auto* ids : {&op.inputs, &op.outputs}) {
    hash.Add(static_cast<std::uint64_t>(ids->size()));
    for (const int id : *ids) hash.Add(id);
  }
  hash.Add(static_cast<std::uint64_t>(op.workspace_bytes));
  hash.Add(static_cast<std::uint64_t>(op.workspace_alignment));
}

// Who runs where and waits for whom: the sequence of every stream, in the order of their numbers.
void AddStreams(const std::vector<OpNode>& ops, Hasher& hash) {
  std::map<int, std::vector<const OpNode*>> streams;
  for (const OpNode& op : ops) streams[op.stream].push_back(&op);
  for (const auto& [stream, sequence] : streams) {
    hash.Add(stream);
    hash.Add(static_cast<std::uint64_t>(sequence.size()));
    for (const OpNode* op : sequence) {
      std::vector<int> waits = op->waits;
      std::sort(waits.begin(), waits.end());
      hash.Add(op->id);
      hash.Add(static_cast<std::uint64_t>(waits.size()));
      for (const int id : waits) hash.Add(id);
    }
  }
}

// Ascending by id.
void Sort(std::vector<Place>& places) {
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.id < b.id; });
}

// What no claim was made for, but came of several: groups that were joined for one output may have another lie on an
// operand, where its aliases allow that too. Whoever runs the op is told of each output once at least.
void AddInPlace(const Graph& graph, Assignment& made) {
  std::set<std::pair<int, int>> stated;  // ids of op and output
  for (const InPlaceUse& use : made.in_place) stated.emplace(use.op, use.output);
  std::vector<InPlaceUse> all;
  auto next = made.in_place.begin();
  const std::vector<InPlaceUse> found = FindInPlace(graph, made);
  for (const OpNode& op : graph.ops()) {
    for (; next != made.in_place.end() && next->op == op.id; ++next) all.push_back(*next);
  }
  for (const InPlaceUse& use : found) {
    if (stated.emplace(use.op, use.output).second) all.push_back(use);
  }
  made.in_place = std::move(all);
}

std::vector<AssignedSpace> SpacesOf(const Problem& problem, const Plan& plan) {
  std::vector<AssignedSpace> spaces;
  for (std::size_t p = 0; p < problem.spaces.size(); ++p) {
    const Space& space = problem.spaces[p];
    spaces.push_back({space.name, plan.spaces.figures[p].peak_bytes, space.alignment});
  }
  if (spaces.empty()) spaces.push_back({"", plan.peak_bytes, 1});
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    std::int64_t& alignment = spaces[At(SpaceOf(plan, static_cast<int>(i)))].base_alignment;
    alignment = std::max(alignment, problem.buffers[i].alignment);
  }
  return spaces;
}

// An order of launching: none before one that it waits for, and those of each of several streams as the graph lists
// them.
void CheckLaunches(const Graph& graph, const std::vector<int>& order_ids) {
  if (!HasStreams(graph.ops())) return;
  std::unordered_map<int, std::size_t> step_of;  // by id; looked up, never walked
  for (const int id : order_ids) step_of.emplace(id, step_of.size());
  const auto refuse = [](const OpNode& op, int earlier, const std::string& why) {
    throw Error(ErrorCode::kBadInput, "graph: an order with " + OpLabel(op) + " before op " + std::to_string(earlier) +
                                          ", " + why + std::to_string(op.stream));
  };
  const int first_stream = graph.ops().front().stream;
  const bool several =
      std::any_of(graph.ops().begin(), graph.ops().end(), [&](const OpNode& op) { return op.stream != first_stream; });
  std::map<int, int> last_on;  // stream -> id
  for (const OpNode& op : graph.ops()) {
    for (const int id : op.waits) {
      if (step_of.at(id) > step_of.at(op.id)) refuse(op, id, "for which it waits on stream ");
    }
    const auto [last, first_there] = last_on.try_emplace(op.stream, op.id);
    const int previous = std::exchange(last->second, op.id);
    if (several && !first_there && step_of.at(previous) > step_of.at(op.id)) {
      refuse(op, previous, "behind which it runs on stream ");
    }
  }
}

// The number that a file of before calls a thing by, as the id of what stands at that position of `items`.
template <typename Item>
int IdAt(const std::vector<Item>& items, int position, const char* what) {
  if (position >= 0 && static_cast<std::size_t>(position) < items.size()) {
    return items[At(position)].id;
  }
  throw Error(ErrorCode::kBadInput, std::string("the plan places ") + what + " number " + std::to_string(position) +
                                        ", the graph has " + std::to_string(items.size()));
}

}  // namespace

std::uint64_t GraphId(const Graph& graph) {
  Hasher hash;
  hash.Add(static_cast<std::uint64_t>(graph.tensors().size()));
  for (const std::size_t i : ById(graph.tensors())) AddTensor(graph.tensors()[i], hash);
  hash.Add(static_cast<std::uint64_t>(graph.ops().size()));
  for (const std::size_t i : ById(graph.ops())) AddOp(graph.ops()[i], hash);
  if (graph.streams() != nullptr) {
    AddStreams(graph.ops(), hash);  // between streams effects have no sequence but that of waits
    return std::max<std::uint64_t>(1, hash.value());
  }
  for (const OpNode& op : graph.ops()) {
    if (HasEffects(graph, op)) hash.Add(op.id);
  }
  return std::max<std::uint64_t>(1, hash.value());
}

Graph InOrder(const Graph& graph, const std::vector<int>& order_ids) {
  std::unordered_map<int, const OpNode*> op_of;  // looked up, never walked
  for (const OpNode& op : graph.ops()) op_of.emplace(op.id, &op);
  if (order_ids.size() != op_of.size()) {
    throw Error(ErrorCode::kBadInput, "graph: an order of " + std::to_string(order_ids.size()) + " ops for its " +
                                          std::to_string(op_of.size()));
  }
  std::vector<OpNode> ops;
  ops.reserve(order_ids.size());
  for (const int id : order_ids) {
    const auto found = op_of.find(id);
    if (found == op_of.end()) {
      throw Error(ErrorCode::kBadInput, "graph: an order with op " + std::to_string(id) + ", which it does not have");
    }
    ops.push_back(*found->second);
  }
  Graph ordered(std::move(ops), graph.tensors());  // refuses what stands twice or too early
  CheckLaunches(graph, order_ids);
  return ordered;
}

Assignment Assign(const TransformedGraph& transformed, const Plan& plan) {
  const Graph& graph = transformed.graph;
  const Lowered& lowered = transformed.lowered;
  Assignment made;
  made.graph_id = GraphId(graph);
  made.graph_hash = HashGraph(graph);
  for (const OpNode& op : graph.ops()) {
    made.order_ids.push_back(op.id);
    if (graph.streams() != nullptr) made.launches.push_back({op.stream, op.waits});
  }
  made.vanished_ids = transformed.vanished;
  made.in_place = transformed.in_place;
  const auto place = [&](int id, const Binding& at, std::size_t bytes) {
    Place here{id, at.buffer < 0 && bytes > 0 ? kExternal : 0, 0, static_cast<std::int64_t>(bytes)};
    if (at.buffer < 0) return here;
    here.space = SpaceOf(plan, at.buffer);
    here.offset = plan.offsets[At(at.buffer)] + at.delta;
    return here;
  };
  for (std::size_t i = 0; i < graph.tensors().size(); ++i) {
    made.tensors.push_back(place(graph.tensors()[i].id, lowered.bindings[i], graph.tensors()[i].bytes));
  }
  for (std::size_t step = 0; step < lowered.workspaces.size(); ++step) {
    const OpNode& op = graph.ops()[step];
    if (op.workspace_bytes > 0) made.workspaces.push_back(place(op.id, lowered.workspaces[step], op.workspace_bytes));
  }
  Sort(made.tensors);
  Sort(made.workspaces);
  AddInPlace(graph, made);
  made.spaces = SpacesOf(lowered.problem, plan);
  made.made_with.version = ORIONRT_VERSION;
  made.made_with.policy = plan.policy;
  made.made_with.transforms = transformed.transforms;
  return made;
}

void MovePlaces(Assignment& assignment, int space, std::int64_t by) {
  for (auto* places : {&assignment.tensors, &assignment.workspaces}) {
    for (Place& place : *places) {
      if (place.bytes == 0 || place.space == kExternal) continue;
      place.space = space;
      place.offset += by;
    }
  }
  for (BodyAssignment& inner : assignment.bodies) MovePlaces(inner.assignment, space, by);
}

std::vector<std::int64_t> LayBodies(std::int64_t from, const std::vector<AssignedSpace>& needs,
                                    const KeptApart& apart) {
  const auto add = [](std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    if (CheckedAdd(a, b, &sum)) return sum;
    throw Error(ErrorCode::kBadInput, "the bodies of control-flow ops take an arena past 63 bits");
  };
  std::vector<std::int64_t> begins;
  for (std::size_t i = 0; i < needs.size(); ++i) {
    const auto aligned = [&](std::int64_t offset) {
      return add(offset, needs[i].base_alignment - 1) & -needs[i].base_alignment;
    };
    std::vector<std::pair<std::int64_t, std::int64_t>> taken;
    for (std::size_t j = 0; j < i && apart; ++j) {
      if (apart(i, j)) taken.emplace_back(begins[j], begins[j] + needs[j].required_bytes);
    }
    std::sort(taken.begin(), taken.end());
    std::int64_t begin = aligned(from);
    for (const auto& [first, end] : taken) {
      if (end > begin && first < add(begin, needs[i].required_bytes)) begin = aligned(end);
    }
    add(begin, needs[i].required_bytes);
    begins.push_back(begin);
  }
  return begins;
}

void AddBodies(Assignment& whole, std::vector<BodyAssignment> bodies, const KeptApart& apart) {
  AssignedSpace& space = whole.spaces.back();
  std::vector<AssignedSpace> needs;
  std::int64_t alignment = 1;
  for (const BodyAssignment& body : bodies) {
    needs.push_back(body.assignment.spaces.back());
    alignment = std::max(alignment, needs.back().base_alignment);
  }
  space.base_alignment = std::max(space.base_alignment, alignment);
  // Those that stand side by side do so as they would from 0 on, where they were counted.
  std::vector<std::int64_t> begins = LayBodies(apart ? 0 : space.required_bytes, needs, apart);
  if (apart && !bodies.empty()) {
    const std::int64_t base = LayBodies(space.required_bytes, {{"", 0, alignment}}, {}).front();
    for (std::int64_t& begin : begins) begin += base;
  }
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    space.required_bytes = std::max(space.required_bytes, begins[i] + needs[i].required_bytes);
    MovePlaces(bodies[i].assignment, static_cast<int>(whole.spaces.size()) - 1, begins[i]);
    bodies[i].assignment.spaces.clear();
    whole.bodies.push_back(std::move(bodies[i]));
  }
}

void CompleteAssignment(const Graph& graph, Assignment& assignment) {
  if (assignment.graph_id != 0) return;
  if (assignment.order_ids.empty()) {
    for (const OpNode& op : graph.ops()) assignment.order_ids.push_back(op.id);
  }
  const Graph ordered = InOrder(graph, assignment.order_ids);
  if (assignment.graph_hash != HashGraph(ordered)) {
    throw Error(ErrorCode::kBadInput,
                "the plan was made for another graph, or another order of its ops: its graph_hash differs");
  }
  const bool by_position = !Any(assignment.made_with.transforms);  // else it lists tensors by their ids
  for (Place& place : assignment.tensors) {
    if (by_position) place.id = IdAt(ordered.tensors(), place.id, "tensor");
  }
  for (Place& place : assignment.workspaces) place.id = IdAt(ordered.ops(), place.id, "the workspace of op");
  Sort(assignment.tensors);
  Sort(assignment.workspaces);
  assignment.graph_id = GraphId(graph);
}

std::size_t RequiredBytes(const Assignment& assignment, int space) {
  const bool known = space >= 0 && static_cast<std::size_t>(space) < assignment.spaces.size();
  return known ? SizeOrMost(assignment.spaces[At(space)].required_bytes) : 0;
}

const Place* FindPlace(const std::vector<Place>& places, int id) {
  const auto found = std::lower_bound(places.begin(), places.end(), id,
                                      [](const Place& place, int wanted) { return place.id < wanted; });
  return found == places.end() || found->id != id ? nullptr : &*found;
}

}  // namespace orionrt
