// Assignment -> pool -> pointers.
#include <optional>
#include <utility>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "capi/handles.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/tensor_pool.hpp"

struct orionrt_pool {
  std::optional<orionrt::TensorPool> pool;  // where the graph is known
  // Where it is not, look-ups alone.
  std::vector<orionrt::Arena> arenas;  // one a space
  std::vector<std::byte*> bases;
  orionrt::PlaceTable table;
  orionrt::TensorView view;
};

namespace orionrt::capi {
namespace {

Arena TakeArena(const AssignedSpace& space, std::int64_t needs, const orionrt_buffer* buffer) {
  const std::string name = space.name.empty() ? "the arena" : "space " + space.name;
  if (static_cast<std::uint64_t>(needs) > SIZE_MAX || static_cast<std::uint64_t>(space.base_alignment) > SIZE_MAX) {
    throw Error(ErrorCode::kInfeasible, name + " needs more than this machine can address");
  }
  const auto bytes = static_cast<std::size_t>(needs), alignment = static_cast<std::size_t>(space.base_alignment);
  if (buffer == nullptr) return Arena::Host(bytes, alignment);
  if (bytes > 0) RefuseNull(buffer->base, "orionrt_buffer.base");
  if (buffer->bytes < bytes) {
    throw Error(ErrorCode::kInfeasible, name + " needs " + FormatThousands(needs) + " bytes, and its buffer has " +
                                            std::to_string(buffer->bytes));
  }
  if (reinterpret_cast<std::uintptr_t>(buffer->base) % alignment != 0) {
    Misuse("the buffer of " + name + " is not aligned to " + std::to_string(alignment) + " bytes, as the plan asks");
  }
  return Arena::Borrow(buffer->base, buffer->bytes);
}

// With room behind the plan for one piece of scratch of that size: a block of its power of two, where one can begin.
std::int64_t WithScratch(std::int64_t needs, std::int64_t scratch) {
  constexpr std::int64_t kMost = std::int64_t{1} << 60, kMostBlocks = 1 << 24;  // blocks: as a TensorPool's
  if (scratch == 0) return needs;
  if (scratch > kMost || needs > kMost) {
    throw Error(ErrorCode::kInfeasible, "the plan and its scratch are more than any machine can address");
  }
  std::int64_t block = static_cast<std::int64_t>(PoolOptions().scratch_block);
  while (block < scratch || needs / block >= kMostBlocks) block *= 2;
  return RoundUp(needs, block) + block;
}

// Over the caller's buffers, or over arenas with room for scratch.
std::vector<Arena> TakeArenas(const Assignment& assignment, const orionrt_buffer* buffers, std::size_t buffer_count,
                              std::int64_t scratch) {
  const std::size_t spaces = assignment.spaces.size();
  if (buffer_count != 0 && buffer_count != spaces) {
    Misuse("the buffers are " + std::to_string(buffer_count) + ", and the plan has " + std::to_string(spaces) +
           " spaces");
  }
  const std::vector<orionrt_buffer> given = ReadArray(buffers, buffer_count, "the buffers");
  std::vector<Arena> arenas;
  for (std::size_t i = 0; i < spaces; ++i) {
    const std::int64_t needs = assignment.spaces[i].required_bytes;
    arenas.push_back(given.empty() ? TakeArena(assignment.spaces[i], WithScratch(needs, scratch), nullptr)
                                   : TakeArena(assignment.spaces[i], needs, &given[i]));
  }
  return arenas;
}

orionrt_pool_options ReadPoolOptions(const orionrt_pool_options* given, const orionrt_graph* graph) {
  const orionrt_pool_options options = ReadOptions(given, "orionrt_pool_options");
  if (options.scratch_bytes < 0) Misuse("orionrt_pool_options.scratch_bytes is negative");
  const bool needs_graph = options.scratch_bytes > 0 || options.guard != 0;
  if (needs_graph && graph == nullptr) Misuse("the graph is NULL, and a guard and scratch need it");
  return options;
}

constexpr bool Same(int theirs, GuardFault mine) { return theirs == static_cast<int>(mine); }
static_assert(Same(ORIONRT_GUARD_DEAD, GuardFault::kDead) && Same(ORIONRT_GUARD_UNBORN, GuardFault::kUnborn) &&
              Same(ORIONRT_GUARD_UNLISTED, GuardFault::kUnlisted) &&
              Same(ORIONRT_GUARD_READ_ONLY, GuardFault::kReadOnly) &&
              Same(ORIONRT_GUARD_OVERRUN, GuardFault::kOverrun) && Same(ORIONRT_GUARD_STRAY, GuardFault::kStray) &&
              Same(ORIONRT_GUARD_ORDER, GuardFault::kOrder) && Same(ORIONRT_GUARD_UNORDERED, GuardFault::kUnordered));

GuardOptions GuardOf(const orionrt_pool_options& options) {
  GuardOptions guard;
  guard.pages = options.guard_pages != 0;
  if (options.observer == nullptr) return guard;
  guard.report = [observer = options.observer, user = options.user](const GuardReport& report) {
    const orionrt_guard_report told = {sizeof told,
                                       static_cast<std::int32_t>(report.fault),
                                       report.op,
                                       report.tensor,
                                       report.other,
                                       report.other_op,
                                       report.first,
                                       report.bytes,
                                       report.message.c_str()};
    observer(user, &told);
  };
  return guard;
}

// What a guarded pool needs of its only arena.
AssignedSpace GuardedSpace(const ImportedModel& model, const Assignment& assignment, const PoolOptions& options) {
  if (assignment.spaces.size() != 1) {
    Misuse("a guard watches one arena, and the plan has " + std::to_string(assignment.spaces.size()) + " spaces");
  }
  AssignedSpace space = assignment.spaces[0];
  space.required_bytes = static_cast<std::int64_t>(GuardedBytes(model.graph, assignment, options));
  constexpr std::int64_t kLargestPage = 1 << 16;  // of the machines that there are
  if (options.guard->pages) space.base_alignment = std::max(space.base_alignment, kLargestPage);
  return space;
}

// A pool that knows the graph. Spaces have the capacity of their arenas.
TensorPool MakeTensorPool(Assignment assignment, const orionrt_graph* graph, const orionrt_buffer* buffers,
                          std::size_t buffer_count, const orionrt_pool_options& given) {
  ImportedModel model = ModelOf(graph);
  CompleteAssignment(model.graph, assignment);
  if (const auto fault = CheckAssignment(model.graph, assignment, model.bodies)) {
    throw Error(ErrorCode::kBadInput, fault->message);
  }
  PoolOptions options;
  options.alignment = static_cast<std::size_t>(std::max<std::int64_t>(1, assignment.made_with.alignment));
  Assignment needs;
  needs.spaces = assignment.spaces;
  if (given.guard != 0) {
    options.guard = GuardOf(given);
    needs.spaces = {GuardedSpace(model, assignment, options)};
  }
  std::vector<Arena> arenas = TakeArenas(needs, buffers, buffer_count, given.scratch_bytes);
  std::vector<SpaceMemory> memories;
  for (std::size_t i = 0; i < arenas.size(); ++i) {
    Space space;
    space.name = assignment.spaces[i].name;
    memories.push_back({std::move(space), std::move(arenas[i])});
  }
  const bool one = memories.size() == 1;
  TensorPool pool = one ? TensorPool(std::move(memories[0].arena), options) : TensorPool(std::move(memories), options);
  pool.RegisterModel(std::move(model.graph), std::move(model.bodies));
  pool.LoadPlan(std::move(assignment));
  return pool;
}

void MakeView(orionrt_pool& pool, const Assignment& assignment, const orionrt_buffer* buffers,
              std::size_t buffer_count) {
  (void)WriteAssignmentBinary(assignment);  // throws where places lie outside their spaces
  pool.arenas = TakeArenas(assignment, buffers, buffer_count, 0);
  for (const Arena& arena : pool.arenas) pool.bases.push_back(arena.base());
  pool.table = PlaceTable(assignment);
  pool.view = TensorView(pool.table, pool.bases.data());
}

void* Address(const TensorHandle& handle, std::size_t* bytes) {
  if (bytes != nullptr) *bytes = handle.bytes;
  return handle.ptr;
}

// A look-up in whichever there is; both answer an unknown id with nothing.
template <typename LookUp>
void* Find(const orionrt_pool* pool, std::size_t* bytes, const LookUp& look_up) {
  if (pool == nullptr) return Address({}, bytes);
  return Address(pool->pool ? look_up(*pool->pool) : look_up(pool->view), bytes);
}

TensorPool& WithGraph(orionrt_pool* pool) {
  RefuseNull(pool, "the pool");
  if (!pool->pool) Misuse("the pool was made without its graph, which this call needs");
  return *pool->pool;
}

template <typename Call>
void Tell(orionrt_pool* pool, const Call& call) {
  if (pool != nullptr && pool->pool) call(*pool->pool);
}

}  // namespace

}  // namespace orionrt::capi

using namespace orionrt;
using namespace orionrt::capi;

orionrt_status orionrt_pool_create(const orionrt_assignment* assignment, const orionrt_graph* graph,
                                   const orionrt_buffer* buffers, size_t buffer_count, orionrt_pool** pool) {
  return orionrt_pool_create_with(assignment, graph, buffers, buffer_count, nullptr, pool);
}

orionrt_status orionrt_pool_create_with(const orionrt_assignment* assignment, const orionrt_graph* graph,
                                        const orionrt_buffer* buffers, size_t buffer_count,
                                        const orionrt_pool_options* options, orionrt_pool** pool) {
  return Create(pool, [&] {
    RefuseNull(assignment, "the assignment");
    const orionrt_pool_options read = ReadPoolOptions(options, graph);
    auto made = std::make_unique<orionrt_pool>();
    if (graph == nullptr) {
      MakeView(*made, assignment->assignment, buffers, buffer_count);
    } else {
      made->pool.emplace(MakeTensorPool(assignment->assignment, graph, buffers, buffer_count, read));
    }
    return made;
  });
}

void* orionrt_pool_tensor(const orionrt_pool* pool, int32_t tensor_id, size_t* bytes) {
  return Find(pool, bytes, [&](const auto& inside) { return inside.Allocate(tensor_id); });
}

void* orionrt_pool_workspace(const orionrt_pool* pool, int32_t op_id, size_t* bytes) {
  return Find(pool, bytes, [&](const auto& inside) { return inside.Workspace(op_id); });
}

void* orionrt_pool_body_tensor(const orionrt_pool* pool, int32_t op_id, const char* attribute, int32_t tensor_id,
                               size_t* bytes) {
  return Find(attribute == nullptr ? nullptr : pool, bytes,
              [&](const auto& inside) { return inside.Body(op_id, attribute).Allocate(tensor_id); });
}

orionrt_status orionrt_pool_bind(orionrt_pool* pool, int32_t tensor_id, void* memory) {
  return Try([&] { WithGraph(pool).BindExternal(tensor_id, memory); });
}

void* orionrt_pool_scratch(orionrt_pool* pool, int32_t space, size_t bytes) {
  return pool != nullptr && pool->pool ? pool->pool->AllocateScratch(bytes, space).ptr : nullptr;
}

orionrt_status orionrt_pool_free_scratch(orionrt_pool* pool, int32_t space, void* scratch, size_t bytes) {
  return Try([&] {
    if (WithGraph(pool).FreeScratch({scratch, bytes}, space) == FreeStatus::kFreed) return;
    Misuse("what is given back is no scratch of space " + std::to_string(space) + " with " + std::to_string(bytes) +
           " bytes");
  });
}

void orionrt_pool_begin_op(orionrt_pool* pool, int32_t op_id) {
  Tell(pool, [&](TensorPool& inside) { inside.BeginOp(op_id); });
}

void orionrt_pool_end_op(orionrt_pool* pool, int32_t op_id) {
  Tell(pool, [&](TensorPool& inside) { inside.EndOp(op_id); });
}

void orionrt_pool_end_run(orionrt_pool* pool) {
  Tell(pool, [](TensorPool& inside) { inside.EndRun(); });
}

void orionrt_pool_record(orionrt_pool* pool, int32_t op_id) {
  Tell(pool, [&](TensorPool& inside) { inside.Record(op_id); });
}

void orionrt_pool_wait(orionrt_pool* pool, int32_t stream, int32_t op_id) {
  Tell(pool, [&](TensorPool& inside) { inside.Wait(stream, op_id); });
}

void orionrt_pool_destroy(orionrt_pool* pool) { delete pool; }
