// What an assignment says, and assignments as bytes.
#include <algorithm>
#include <limits>

#include "capi/handles.hpp"

namespace orionrt::capi {
namespace {

const Assignment& AssignmentOf(const orionrt_assignment* assignment) {
  RefuseNull(assignment, "the assignment");
  return assignment->assignment;
}

std::size_t WaitsOf(const Assignment& assignment) {
  std::size_t waits = 0;
  for (const Launch& launch : assignment.launches) waits += launch.waits.size();
  return waits;
}

orionrt_assignment_figures FiguresOf(const Assignment& assignment) {
  orionrt_assignment_figures figures = {};
  figures.graph_id = assignment.graph_id;
  figures.tensor_count = assignment.tensors.size();
  figures.workspace_count = assignment.workspaces.size();
  figures.space_count = assignment.spaces.size();
  figures.op_count = assignment.order_ids.size();
  figures.vanished_count = assignment.vanished_ids.size();
  figures.in_place_count = assignment.in_place.size();
  figures.wait_count = WaitsOf(assignment);
  figures.has_streams = assignment.launches.empty() ? 0 : 1;
  figures.body_count = assignment.bodies.size();
  return figures;
}

orionrt_status FillPlaces(const orionrt_assignment* assignment, orionrt_place* out, std::size_t capacity,
                          std::vector<Place> Assignment::*list) noexcept {
  return Try([&] {
    const std::vector<Place>& places = AssignmentOf(assignment).*list;
    FillArray(out, capacity, places.size(), "the places", [&](std::size_t i) {
      return orionrt_place{places[i].id, places[i].space, places[i].offset, places[i].bytes};
    });
  });
}
static_assert(ORIONRT_EXTERNAL == kExternal);

orionrt_status FillIds(const orionrt_assignment* assignment, std::int32_t* out, std::size_t capacity,
                       std::vector<int> Assignment::*list) noexcept {
  return Try([&] {
    const std::vector<int>& ids = AssignmentOf(assignment).*list;
    FillArray(out, capacity, ids.size(), "the ids", [&](std::size_t i) { return ids[i]; });
  });
}

void FillWaits(const Assignment& assignment, std::int32_t* waits, std::size_t capacity) {
  std::vector<int> all;
  for (const Launch& launch : assignment.launches) all.insert(all.end(), launch.waits.begin(), launch.waits.end());
  FillArray(waits, capacity, all.size(), "waits", [&](std::size_t i) { return all[i]; });
}

void FillWaitEnds(const Assignment& assignment, std::size_t* ends, std::size_t capacity) {
  std::size_t end = 0;
  FillArray(ends, capacity, assignment.order_ids.size(), "wait_ends", [&](std::size_t i) {
    if (!assignment.launches.empty()) end += assignment.launches[i].waits.size();
    return end;
  });
}

}  // namespace

std::string CompleteAndJudge(Assignment& assignment, const orionrt_graph* graph) {
  const Graph judged = GraphOf(graph);
  CompleteAssignment(judged, assignment);
  const auto fault = CheckAssignment(judged, assignment, graph->bodies);
  return fault ? fault->message : std::string();
}

}  // namespace orionrt::capi

using namespace orionrt;
using namespace orionrt::capi;

orionrt_status orionrt_assignment_get_figures(const orionrt_assignment* assignment,
                                              orionrt_assignment_figures* figures) {
  return Try([&] { WriteFigures(figures, FiguresOf(capi::AssignmentOf(assignment)), "orionrt_assignment_figures"); });
}

orionrt_status orionrt_assignment_tensors(const orionrt_assignment* assignment, orionrt_place* places,
                                          size_t capacity) {
  return FillPlaces(assignment, places, capacity, &Assignment::tensors);
}

orionrt_status orionrt_assignment_workspaces(const orionrt_assignment* assignment, orionrt_place* places,
                                             size_t capacity) {
  return FillPlaces(assignment, places, capacity, &Assignment::workspaces);
}

orionrt_status orionrt_assignment_order(const orionrt_assignment* assignment, int32_t* op_ids, size_t capacity) {
  return FillIds(assignment, op_ids, capacity, &Assignment::order_ids);
}

orionrt_status orionrt_assignment_vanished(const orionrt_assignment* assignment, int32_t* op_ids, size_t capacity) {
  return FillIds(assignment, op_ids, capacity, &Assignment::vanished_ids);
}

orionrt_status orionrt_assignment_in_place(const orionrt_assignment* assignment, orionrt_in_place* uses,
                                           size_t capacity) {
  return Try([&] {
    const std::vector<InPlaceUse>& list = capi::AssignmentOf(assignment).in_place;
    FillArray(uses, capacity, list.size(), "the uses", [&](std::size_t i) {
      return orionrt_in_place{list[i].op, list[i].output, list[i].input};
    });
  });
}

orionrt_status orionrt_assignment_streams(const orionrt_assignment* assignment, int32_t* streams, size_t* wait_ends,
                                          size_t capacity, int32_t* waits, size_t wait_capacity) {
  return Try([&] {
    const Assignment& inside = capi::AssignmentOf(assignment);
    const auto stream = [&](std::size_t i) { return inside.launches.empty() ? 0 : inside.launches[i].stream; };
    if (waits != nullptr && wait_capacity < WaitsOf(inside)) FillWaits(inside, waits, wait_capacity);  // refuses
    if (streams != nullptr) FillArray(streams, capacity, inside.order_ids.size(), "streams", stream);
    if (wait_ends != nullptr) FillWaitEnds(inside, wait_ends, capacity);
    if (waits != nullptr) FillWaits(inside, waits, wait_capacity);
  });
}

orionrt_status orionrt_assignment_needs(const orionrt_assignment* assignment, orionrt_need* needs, size_t capacity) {
  return Try([&] {
    const std::vector<AssignedSpace>& spaces = capi::AssignmentOf(assignment).spaces;
    FillArray(needs, capacity, spaces.size(), "the needs", [&](std::size_t i) {
      return orionrt_need{spaces[i].name.c_str(), spaces[i].required_bytes, spaces[i].base_alignment};
    });
  });
}

orionrt_status orionrt_assignment_check(const orionrt_assignment* assignment, const orionrt_graph* graph) {
  std::string fault;
  const orionrt_status status = Try([&] {
    Assignment judged = capi::AssignmentOf(assignment);
    fault = CompleteAndJudge(judged, graph);
  });
  return AnswerCheck(status, fault);
}

orionrt_status orionrt_assignment_write(const orionrt_assignment* assignment, void* buffer, size_t capacity,
                                        size_t* bytes) {
  return Try([&] { FillBuffer(buffer, capacity, WriteAssignmentBinary(capi::AssignmentOf(assignment)), bytes); });
}

orionrt_status orionrt_assignment_read(const void* buffer, size_t bytes, orionrt_assignment** assignment) {
  return Create(assignment, [&] {
    if (bytes > 0) RefuseNull(buffer, "the buffer");
    return std::make_unique<orionrt_assignment>(
        orionrt_assignment{ReadAssignmentBinary({static_cast<const char*>(buffer), bytes}, "the buffer")});
  });
}

void orionrt_assignment_destroy(orionrt_assignment* assignment) { delete assignment; }
