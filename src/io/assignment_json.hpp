// The keys of orionrt.plan/1 that are about an assignment.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/json.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {

// An array of an object, a row at a time; or, where `row` is empty, the numbers of `line` on one line.
struct JsonRows {
  const char* key;
  std::size_t count;
  std::function<Json(std::size_t)> row;
  const std::vector<int>* line = nullptr;
};

// Adds to `head` what is said of the graph as a whole, and to `rows` what is said of its tensors; `file` has its plan.
// Both outlive the rows. Of a body too: then `spaces` of the assignment is empty.
void AddAssignment(const PlanFile& file, const Assignment& assignment, Json& head, std::vector<JsonRows>& rows);

// What was read of a plan into an assignment: the plan and the problem in `file` are read already. `last_space`: of a
// body, the number of the space that it lies in; -1: of the whole. Nothing where the object says nothing of a graph.
std::optional<Assignment> ReadAssignment(const ObjectReader& object, const ParsedJson& json, const PlanFile& file,
                                         int last_space);

// {"version": ..., "dims": {"batch": 2, "*": 1}, "inputs": {"x": [1, 3]}, "fold": "none"}; what is not set is left out.
Json MadeWithJson(const MadeWith& made_with);
MadeWith ReadMadeWith(const ParsedJson& json, const std::string& place);

std::string Hex(std::uint64_t value);  // 16 digits

}  // namespace orionrt
