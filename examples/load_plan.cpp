// Loads a plan that was made elsewhere, and gives out its addresses:
//
//   orionrt plan graph.json --all -o plan.json        (on a laptop, as often as one likes)
//   load_plan graph.json plan.json                    (where the graph runs)
//
// The graph is the engine's own; here it is read from orionrt.graph/1. Nothing is searched: of the static library this
// program links no policy and no transform.
#include <cstdio>
#include <exception>

#include "orionrt/formats.hpp"
#include "orionrt/tensor_pool.hpp"

using namespace orionrt;

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: load_plan GRAPH.json PLAN.json\n");
    return 2;
  }
  const Graph graph = ReadGraphJson(ReadFile(argv[1]), argv[1]);
  const PlanFile file = ReadPlanJson(ReadFile(argv[2]), argv[2]);
  if (!file.assignment) {
    std::fprintf(stderr, "load_plan: %s is a plan of lifetimes alone; plan the graph\n", argv[2]);
    return 3;
  }
  const Assignment& assignment = *file.assignment;

  PoolOptions options;
  options.alignment = static_cast<std::size_t>(assignment.made_with.alignment);
  std::vector<SpaceMemory> memories;  // one a space of the plan, exactly as large as it says
  for (const AssignedSpace& space : assignment.spaces) {
    Space pool;
    pool.name = space.name;
    memories.push_back({pool, Arena::Host(static_cast<std::size_t>(space.required_bytes),
                                          static_cast<std::size_t>(space.base_alignment))});
  }
  std::vector<const std::byte*> bases;
  for (const SpaceMemory& memory : memories) bases.push_back(memory.arena.base());

  TensorPool tensors(std::move(memories), options);
  tensors.RegisterGraph(graph);
  tensors.LoadPlan(assignment);  // judged: throws for a plan of another graph, or one that breaks it

  std::printf("order:");
  for (const OpNode& op : tensors.graph().ops()) std::printf(" %d", op.id);
  std::printf("\n");
  for (const TensorDesc& tensor : tensors.graph().tensors()) {
    const TensorHandle handle = tensors.Allocate(tensor.id);
    const Place* const place = FindPlace(tensors.assignment().tensors, tensor.id);
    const long long offset =
        place->bytes == 0 ? 0
                          : static_cast<const std::byte*>(handle.ptr) - bases[static_cast<std::size_t>(place->space)];
    std::printf("tensor %d: %zu bytes at %lld of space %d\n", tensor.id, handle.bytes, offset, place->space);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "load_plan: %s\n", error.what());
  return 3;
}
