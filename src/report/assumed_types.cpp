#include "report/assumed_types.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/index.hpp"
#include "graph/engine_options.hpp"
#include "graph/op_table.hpp"
#include "plan/peaks.hpp"
#include "report/changes.hpp"

namespace orionrt {
namespace {

constexpr int kRounds = 4;  // of assumptions, each on top of the one before

using Types = std::set<std::string>;

// Without words, which only tell what the types allow.
Graph Assuming(const Graph& graph, const Types& types) {
  const Graph bare = WithoutWords(graph);
  if (types.empty()) return bare;
  std::vector<OpNode> ops = bare.ops();
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const OpNode& named = graph.ops()[i];
    if (types.count(named.type) != 0) ops[i].aliases = WithInPlaceAssumed(graph, named);
  }
  return Graph(std::move(ops), bare.tensors());
}

AssumedTypes Made(const Graph& graph, const Types& types, const Transforms& transforms, std::int64_t alignment) {
  std::vector<int> ids;
  for (const OpNode& op : graph.ops()) ids.push_back(op.id);
  TransformedGraph made = TransformAt(Assuming(graph, types), transforms, ids, alignment);
  std::set<int> in_place;
  for (const InPlaceUse& use : made.in_place) in_place.insert(use.op);
  AssumedTypes assumed;
  assumed.types.assign(types.begin(), types.end());
  for (const OpNode& op : graph.ops()) {
    if (in_place.count(op.id) != 0) ++(types.count(op.type) != 0 ? assumed.ops : assumed.other_ops);
  }
  assumed.lowered = std::move(made.lowered);
  return assumed;
}

// Types at the peak that may be assumed, and are not yet.
Types InTheWay(const Graph& graph, const AssumedTypes& now) {
  Types types;
  for (const StepSpan& span : PeakSpans(now.lowered.problem)) {
    if (span.first < 0 || span.first >= static_cast<std::int64_t>(graph.ops().size())) continue;
    const OpNode& op = graph.ops()[At(span.first)];
    if (op.type.empty() || HasEffects(graph, op) || MixesElements(op.type) || IsKnownCopy(op)) continue;
    const bool gains = WithInPlaceAssumed(graph, op).size() > op.aliases.size();
    if (gains && !std::binary_search(now.types.begin(), now.types.end(), op.type)) types.insert(op.type);
  }
  return types;
}

}  // namespace

std::vector<AssumedTypes> AssumeTypes(const Graph& graph, Transforms transforms, std::int64_t alignment) {
  transforms.in_place = true;
  transforms.reorder = false;
  Types types;
  std::vector<AssumedTypes> made;
  made.push_back(Made(graph, types, transforms, alignment));
  for (int round = 0; round < kRounds; ++round) {
    const Types more = InTheWay(graph, made.back());
    if (more.empty()) break;
    types.insert(more.begin(), more.end());
    made.push_back(Made(graph, types, transforms, alignment));
  }
  return made;
}

}  // namespace orionrt
