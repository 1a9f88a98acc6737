// Files of our own formats.
#include <utility>

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
    auto made = std::make_unique<orionrt_problem>();
    made->source = SourceOf(source);
    made->problem = std::move(file.problem);
    for (std::size_t i = 0; i < file.offsets.size(); ++i) made->problem.buffers[i].fixed_offset = file.offsets[i];
    return made;
  });
}

orionrt_status orionrt_problem_read_json(const char* text, size_t bytes, const char* source,
                                         orionrt_problem** problem) {
  return Create(problem, [&] {
    ProblemFile file = ReadProblemJson(ReadBytes(text, bytes), SourceOf(source));
    return std::make_unique<orionrt_problem>(
        orionrt_problem{std::move(file.problem), std::move(file.source), file.alignment});
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

orionrt_status orionrt_op_rules_read_json(const char* text, size_t bytes, const char* source,
                                          orionrt_op_rules** rules) {
  return Create(rules, [&] {
    const std::string name = source == nullptr ? "the rules" : source;
    return std::make_unique<orionrt_op_rules>(orionrt_op_rules{ReadOpRules(ReadBytes(text, bytes), name)});
  });
}

void orionrt_op_rules_destroy(orionrt_op_rules* rules) { delete rules; }

orionrt_status orionrt_graph_write_json(const orionrt_graph* graph, char* buffer, size_t capacity, size_t* bytes) {
  return Try([&] {
    const Graph written = capi::GraphOf(graph);
    if (!graph->bodies.empty()) {
      throw Error(ErrorCode::kUnsupported,
                  "graph JSON has no place for bodies of control-flow ops; keep the model itself");
    }
    FillBuffer(buffer, capacity, WriteGraphJson(written), bytes);
  });
}

orionrt_status orionrt_problem_write_json(const orionrt_problem* problem, char* buffer, size_t capacity,
                                          size_t* bytes) {
  return Try([&] {
    RefuseNull(problem, "the problem");
    CheckProblem(problem->problem);
    FillBuffer(buffer, capacity, WriteProblemJson({problem->problem, problem->source, problem->alignment}), bytes);
  });
}

orionrt_status orionrt_plan_write_json(const orionrt_plan* plan, char* buffer, size_t capacity, size_t* bytes) {
  return Try([&] {
    RefuseNull(plan, "the plan");
    FillBuffer(buffer, capacity, WritePlanJson(MakePlanFile(plan->workload, plan->planned)), bytes);
  });
}
