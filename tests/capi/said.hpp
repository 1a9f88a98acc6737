// All that an assignment says, in words: two that differ in anything differ here.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "orionrt/assignment.hpp"

namespace orionrt::tests {

inline void SayIds(std::ostream& out, const char* name, const std::vector<int>& ids) {
  out << name;
  for (const int id : ids) out << ' ' << id;
  out << '\n';
}

inline void SayPlaces(std::ostream& out, const char* name, const std::vector<Place>& places) {
  out << name << '\n';
  for (const Place& p : places) out << p.id << " in " << p.space << " at " << p.offset << ": " << p.bytes << '\n';
}

inline void SayMade(std::ostream& out, const MadeWith& made) {
  const Transforms& on = made.transforms;
  const ImportOptions& import = made.import;
  out << "made by " << made.version << '/' << made.policy << '/' << made.alignment << ' ' << on.views << on.colocate
      << on.in_place << on.reorder << import.fold_constants << import.fold_shapes << import.imply_waits << ' '
      << import.streams << ' ' << import.default_dim.value_or(-1);
  for (const auto& [name, size] : import.dims) out << ' ' << name << '=' << size;
  for (const auto& [name, shape] : import.inputs) {
    out << ' ' << name << '=';
    for (const std::int64_t size : shape) out << size << 'x';
  }
  out << '\n';
}

inline std::string Said(const Assignment& a) {
  std::ostringstream out;
  out << a.graph_id << ' ' << a.graph_hash << '\n';
  SayIds(out, "order", a.order_ids);
  SayIds(out, "vanished", a.vanished_ids);
  for (const Launch& launch : a.launches) SayIds(out, std::to_string(launch.stream).c_str(), launch.waits);
  for (const InPlaceUse& use : a.in_place) SayIds(out, "in place", {use.op, use.output, use.input});
  SayPlaces(out, "tensors", a.tensors);
  SayPlaces(out, "workspaces", a.workspaces);
  for (const AssignedSpace& s : a.spaces) out << s.name << ' ' << s.required_bytes << ' ' << s.base_alignment << '\n';
  SayMade(out, a.made_with);
  for (const BodyAssignment& body : a.bodies) {
    out << "body " << body.op_id << ' ' << body.attribute << '\n' << Said(body.assignment) << "end\n";
  }
  return out.str();
}

}  // namespace orionrt::tests
