// From places back to a Problem: which tensors share bytes is read off an assignment.
#pragma once

#include "orionrt/assignment.hpp"
#include "orionrt/lowering.hpp"

namespace orionrt {

// The buffers that the places of an assignment amount to. `ordered`: the graph in its order (InOrder); the assignment
// is one that CheckAssignment takes. Tensors lie in one buffer where an op or a view makes them share bytes, each as
// far from the buffer's first byte as now. `alignment`: the least that any tensor gets. External tensors have no
// buffer. O(n log n + uses).
ORIONRT_API Lowered RecoverProblem(const Graph& ordered, const Assignment& assignment, std::int64_t alignment,
                                   const std::vector<Space>& spaces = {});

// Where those buffers lie: per buffer an offset in its space, and the number of that space.
struct BufferPlaces {
  std::vector<std::int64_t> offsets;
  std::vector<int> spaces;
};
ORIONRT_API BufferPlaces PlacesOf(const Graph& ordered, const Assignment& assignment, const Lowered& lowered);

// Where bodies that need that much begin: each, in turn, at the lowest aligned offset from `from` on that is clear of
// those before it that are kept apart from it. Throws Error (kBadInput) past 63 bits. O(bodies^2 log bodies); linear
// where none are.
ORIONRT_API std::vector<std::int64_t> LayBodies(std::int64_t from, const std::vector<AssignedSpace>& needs,
                                                const KeptApart& apart);

// Moves all places that have bytes in an arena, and those of bodies, into space `space`, by that many bytes.
ORIONRT_API void MovePlaces(Assignment& assignment, int space, std::int64_t by);

// Every output that lies on an input of its op and is not what is there already: the in-place uses that the places of
// an assignment amount to, in its order. O(uses).
ORIONRT_API std::vector<InPlaceUse> FindInPlace(const Graph& ordered, const Assignment& assignment);

}  // namespace orionrt
