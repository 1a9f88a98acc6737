#include "graph/colocation_problem.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "graph/colocation_clocks.hpp"
#include "graph/labels.hpp"
#include "orionrt/config.hpp"
#include "orionrt/streams.hpp"
#include "plan/part_union.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kWorkspaceUses = 2;  // its op writes it, and reads what it wrote

// Appends a buffer; gives where it lies.
Binding Append(Problem& problem, Buffer buffer, std::string id, std::string name) {
  problem.buffers.push_back(buffer);
  problem.ids.push_back(std::move(id));
  problem.names.push_back(std::move(name));
  return {static_cast<int>(problem.buffers.size()) - 1, 0};
}

// A workspace belongs to its op, and so to the op's stream.
void AppendWorkspaceClock(const StreamOrder& order, int step, Problem& problem) {
  std::vector<std::int64_t> from(order.ClockOf(step), order.ClockOf(step) + order.lanes()), to = from;
  --from[At(order.LaneOf(step))];
  AppendClocks(problem, {{0, problem.buffers.back().size, from.data(), to.data()}});
}

void AppendWorkspaces(const Graph& graph, std::int64_t alignment, Lowered& lowered) {
  const std::vector<OpNode>& ops = graph.ops();
  const bool any = std::any_of(ops.begin(), ops.end(), [](const OpNode& op) { return op.workspace_bytes > 0; });
  if (!any) return;
  for (int step = 0; step < static_cast<int>(ops.size()); ++step) {
    const OpNode& op = ops[At(step)];
    lowered.workspaces.push_back({});
    if (op.workspace_bytes == 0) continue;
    const Buffer buffer{step, step + 1, static_cast<std::int64_t>(op.workspace_bytes),
                        std::max(alignment, static_cast<std::int64_t>(op.workspace_alignment)), kFree};
    lowered.workspaces.back() = Append(lowered.problem, buffer, "w" + std::to_string(op.id),
                                       "workspace of " + (op.name.empty() ? "op " + std::to_string(op.id) : op.name));
    if (graph.streams() != nullptr) AppendWorkspaceClock(*graph.streams(), step, lowered.problem);
  }
}

// How often ops read or write each tensor; an op that reads one twice does so twice.
std::vector<std::int64_t> CountUses(const Graph& graph, const std::vector<char>& vanished) {
  std::vector<std::int64_t> uses(graph.tensors().size(), 0);
  for (std::size_t step = 0; step < graph.ops().size(); ++step) {
    if (!vanished.empty() && vanished[step] != 0) continue;
    for (const int id : graph.ops()[step].inputs) ++uses[At(graph.IndexOf(id))];
    for (const int id : graph.ops()[step].outputs) ++uses[At(graph.IndexOf(id))];
  }
  return uses;
}

// `members`: windows of the group, and when they are alive; which buffer they are of is told here.
void AppendColocation(Problem& problem, std::vector<Part>& members, std::int64_t need, std::string id,
                      std::string name) {
  Buffer buffer;
  buffer.lower = members[0].lower;
  buffer.alignment = need;
  for (const Part& member : members) {
    buffer.lower = std::min(buffer.lower, member.lower);
    buffer.upper = std::max(buffer.upper, member.upper);
    buffer.size = std::max(buffer.size, member.end);
  }
  const int index = Append(problem, buffer, std::move(id), std::move(name)).buffer;
  if (problem.clocks.streams > 0 || members.size() == 1) return;
  for (Part& member : members) member.buffer = index;
  const std::vector<Part> parts = UnionOf(members);
  if (parts.size() == 1) return;  // the whole
  problem.parts.insert(problem.parts.end(), parts.begin(), parts.end());
}

}  // namespace

std::vector<char> HeldTensors(const Graph& graph) {
  std::vector<char> held(graph.tensors().size(), 0);
  for (std::size_t i = 0; i < held.size(); ++i) {
    if ((graph.tensors()[i].roles & TensorRole::kHeld) != 0) held[At(graph.RootOf(static_cast<int>(i)).index)] = 1;
  }
  for (std::size_t i = 0; i < held.size(); ++i) held[i] = held[At(graph.RootOf(static_cast<int>(i)).index)];
  return held;
}

std::vector<std::int64_t> AlignmentNeeds(const Graph& graph, std::int64_t alignment) {
  std::vector<std::int64_t> needs;
  for (int i = 0; i < static_cast<int>(graph.tensors().size()); ++i) {
    const TensorDesc& tensor = graph.tensors()[At(i)];
    const TensorRoot root = graph.RootOf(i);
    const auto own = std::max<std::int64_t>(1, static_cast<std::int64_t>(tensor.alignment));
    needs.push_back(root.index == i ? std::max(own, alignment) : own);
    if (root.offset % own == 0) continue;
    const TensorDesc& whole = graph.tensors()[At(root.index)];
    throw Error(ErrorCode::kBadInput, "graph: " + TensorLabel(tensor) + " wants to be aligned to " +
                                          std::to_string(own) + ", but is a view of " + TensorLabel(whole) +
                                          " from byte " + std::to_string(root.offset) +
                                          " on; ask for less, or let it have bytes of its own");
  }
  return needs;
}

Lowered MakeColocatedProblem(const Graph& graph, const GraphLiveness& liveness, std::int64_t alignment,
                             const std::vector<TensorRoot>& places, const std::vector<char>& vanished,
                             const std::vector<Space>& spaces) {
  if (!IsPowerOfTwo(alignment)) {
    throw Error(ErrorCode::kMisuse, "alignment " + std::to_string(alignment) + " is not a power of two");
  }
  const auto& tensors = graph.tensors();
  const std::vector<std::int64_t> needs = AlignmentNeeds(graph, alignment);
  const std::vector<std::int64_t> uses = CountUses(graph, vanished);
  const std::vector<char> held = HeldTensors(graph);
  std::vector<int> order;  // tensors by the name of their group
  for (int i = 0; i < static_cast<int>(tensors.size()); ++i) {
    if (tensors[At(i)].bytes > 0 && places[At(i)].index >= 0 && held[At(i)] == 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return places[At(a)].index < places[At(b)].index; });

  Lowered lowered;
  lowered.bindings.resize(tensors.size());
  std::vector<std::vector<std::string>> space_names;
  std::vector<Part> members;
  std::vector<ClockedWindow> windows;  // the same, on several streams
  lowered.problem.clocks.streams = liveness.lanes();
  for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
    const int name = places[At(order[first])].index;
    std::int64_t need = 1, group_uses = 0;
    members.clear();
    windows.clear();
    for (; last < order.size() && places[At(order[last])].index == name; ++last) {
      const int t = order[last];
      const std::int64_t at = places[At(t)].offset;
      const Lifetime& life = liveness.lifetimes()[At(t)];
      const auto bytes = static_cast<std::int64_t>(tensors[At(t)].bytes);
      members.push_back({0, life.start, std::int64_t{life.end} + 1, at, at + bytes});
      if (liveness.lanes() > 0) windows.push_back({at, at + bytes, liveness.BeginOf(t), liveness.EndOf(t)});
      need = std::max(need, needs[At(t)]);
      group_uses += uses[At(t)];
      lowered.bindings[At(t)] = {static_cast<int>(lowered.problem.buffers.size()), at};
    }
    AppendColocation(lowered.problem, members, need, std::to_string(tensors[At(name)].id), tensors[At(name)].name);
    if (!windows.empty()) AppendClocks(lowered.problem, windows);
    lowered.problem.uses.push_back(group_uses);
    space_names.push_back(tensors[At(name)].spaces);
  }
  AppendWorkspaces(graph, alignment, lowered);
  lowered.problem.uses.resize(lowered.problem.buffers.size(), kWorkspaceUses);
  space_names.resize(lowered.problem.buffers.size());
  if (!spaces.empty()) SetSpaces(lowered.problem, spaces, space_names);
  if (lowered.problem.buffers.empty()) lowered.problem.clocks = {};
  CheckProblem(lowered.problem);
  WidenLives(lowered.problem);
  return lowered;
}

}  // namespace orionrt
