// Random assignments for what writes and reads them: transforms, several spaces, streams, workspaces, bodies.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "orionrt/assignment.hpp"
#include "sharing_graph.hpp"
#include "stream_graph.hpp"

namespace orionrt::tests {

inline Assignment AssignedBy(const Graph& graph, const LowerOptions& options) {
  const Workload workload = Lower(graph, {}, options);
  return Assign(workload, PlanWorkload(workload, ReusePlanner("first_fit")));
}

// Bodies of bodies included; that it is one of any model is not said.
inline Assignment AnyAssignment(Random& random, int depth = 2) {
  const bool streams = random.OneIn(3);
  const int ops = static_cast<int>(random.Between(1, 12));
  const Graph graph = streams ? StreamGraphMaker(random).Make(ops) : SharingGraphMaker(random).Make(ops);
  LowerOptions options;
  options.alignment = std::int64_t{1} << random.Below(7);
  if (!streams && random.OneIn(2)) options.transforms = {true, true, true, random.OneIn(2)};
  if (depth == 2 && random.OneIn(3)) {
    options.spaces = {Space(), Space()};
    options.spaces[0].name = "sram";
    options.spaces[0].capacity = random.Below(200);
    options.spaces[1].name = "dram";
  }
  Assignment made = AssignedBy(graph, options);
  made.made_with.import.dims = {{"batch", random.Below(9)}, {"", 3}};
  made.made_with.import.inputs["x"] = {1, 3, random.Below(99)};
  made.made_with.import.shapes["h"] = {random.Below(9), 4};
  made.made_with.import.trust_shapes = random.Below(2) == 0;
  made.made_with.import.in_place_types = {"Gelu"};
  made.made_with.import.external = {"inputs", "y"};
  made.made_with.import.fold_shapes = random.OneIn(2);
  if (random.OneIn(2)) made.made_with.import.default_dim = 0;
  if (!made.tensors.empty() && random.OneIn(2)) {
    made.tensors[0].space = kExternal;
    made.tensors[0].offset = 0;
  }
  std::vector<BodyAssignment> bodies;
  for (std::int64_t count = depth > 0 ? random.Below(3) : 0; count > 0; --count) {
    Assignment body = AnyAssignment(random, depth - 1);
    body.spaces.resize(1);
    bodies.push_back({made.order_ids.empty() ? 0 : made.order_ids[0], "body" + std::to_string(count), std::move(body)});
  }
  AddBodies(made, std::move(bodies));
  return made;
}

}  // namespace orionrt::tests
