// Assignment -> pool -> pointers.
#include "base/text.hpp"
#include "capi/handles.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/tensor_pool.hpp"

struct orionrt_pool {
  std::vector<orionrt::Arena> arenas;  // one a space
  std::vector<std::byte*> bases;
  orionrt::PlaceTable table;
  orionrt::TensorView view;
};

namespace orionrt::capi {
namespace {

Arena TakeArena(const AssignedSpace& space, const orionrt_buffer* buffer) {
  const std::string name = space.name.empty() ? "the arena" : "space " + space.name;
  const std::int64_t needs = space.required_bytes;
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

std::unique_ptr<orionrt_pool> MakePool(const Assignment& assignment, const orionrt_buffer* buffers,
                                       std::size_t buffer_count) {
  const std::size_t spaces = assignment.spaces.size();
  if (buffer_count != 0 && buffer_count != spaces) {
    Misuse("the buffers are " + std::to_string(buffer_count) + ", and the plan has " + std::to_string(spaces) +
           " spaces");
  }
  const std::vector<orionrt_buffer> given = ReadArray(buffers, buffer_count, "the buffers");
  auto pool = std::make_unique<orionrt_pool>();
  for (std::size_t i = 0; i < spaces; ++i) {
    pool->arenas.push_back(TakeArena(assignment.spaces[i], given.empty() ? nullptr : &given[i]));
    pool->bases.push_back(pool->arenas.back().base());
  }
  pool->table = PlaceTable(assignment);
  pool->view = TensorView(pool->table, pool->bases.data());
  return pool;
}

void* Address(const TensorHandle& handle, std::size_t* bytes) {
  if (bytes != nullptr) *bytes = handle.bytes;
  return handle.ptr;
}

}  // namespace

}  // namespace orionrt::capi

using namespace orionrt;
using namespace orionrt::capi;

orionrt_status orionrt_pool_create(const orionrt_assignment* assignment, const orionrt_graph* graph,
                                   const orionrt_buffer* buffers, size_t buffer_count, orionrt_pool** pool) {
  return Create(pool, [&] {
    RefuseNull(assignment, "the assignment");
    Assignment judged = assignment->assignment;
    const std::string fault = graph == nullptr ? std::string() : CompleteAndJudge(judged, graph);
    if (!fault.empty()) throw Error(ErrorCode::kBadInput, fault);
    if (graph == nullptr) (void)WriteAssignmentBinary(judged);  // throws where places lie outside their spaces
    return MakePool(judged, buffers, buffer_count);
  });
}

void* orionrt_pool_tensor(const orionrt_pool* pool, int32_t tensor_id, size_t* bytes) {
  return Address(pool == nullptr ? TensorHandle() : pool->view.Allocate(tensor_id), bytes);
}

void* orionrt_pool_workspace(const orionrt_pool* pool, int32_t op_id, size_t* bytes) {
  return Address(pool == nullptr ? TensorHandle() : pool->view.Workspace(op_id), bytes);
}

void* orionrt_pool_body_tensor(const orionrt_pool* pool, int32_t op_id, const char* attribute, int32_t tensor_id,
                               size_t* bytes) {
  const bool asked = pool != nullptr && attribute != nullptr;
  return Address(asked ? pool->view.Body(op_id, attribute).Allocate(tensor_id) : TensorHandle(), bytes);
}

void orionrt_pool_destroy(orionrt_pool* pool) { delete pool; }
