// Files of our own formats.
#include "capi/load.hpp"
#include "orionrt/formats.hpp"

using namespace orionrt;
using namespace orionrt::capi;

orionrt_status orionrt_graph_read_json(const char* text, size_t bytes, const char* source, orionrt_graph** graph) {
  return Create(graph, [&] {
    auto made = std::make_unique<orionrt_graph>();
    made->source = SourceOf(source);
    const Graph read = ReadGraphJson(ReadBytes(text, bytes), made->source);
    made->ops = read.ops();
    made->tensors = read.tensors();
    return made;
  });
}

orionrt_status orionrt_problem_read_csv(const char* text, size_t bytes, const char* source, orionrt_problem** problem) {
  return Create(problem, [&] {
    CsvFile file = ReadCsv(ReadBytes(text, bytes), SourceOf(source));
    auto made = std::make_unique<orionrt_problem>(orionrt_problem{std::move(file.problem)});
    for (std::size_t i = 0; i < file.offsets.size(); ++i) made->problem.buffers[i].fixed_offset = file.offsets[i];
    return made;
  });
}

orionrt_status orionrt_problem_read_json(const char* text, size_t bytes, const char* source,
                                         orionrt_problem** problem) {
  return Create(problem, [&] {
    return std::make_unique<orionrt_problem>(
        orionrt_problem{ReadProblemJson(ReadBytes(text, bytes), SourceOf(source)).problem});
  });
}

orionrt_status orionrt_assignment_read_json(const char* text, size_t bytes, const char* source,
                                            orionrt_assignment** assignment) {
  return Create(assignment, [&] {
    PlanFile file = ReadPlanJson(ReadBytes(text, bytes), SourceOf(source));
    if (!file.assignment) {
      throw Error(ErrorCode::kBadInput, SourceOf(source) + ": is a plan of lifetimes alone; plan the graph");
    }
    return std::make_unique<orionrt_assignment>(orionrt_assignment{std::move(*file.assignment)});
  });
}
