// A report taken apart: each graph with its plans, as pages, drawings and texts show them. Internal to the report.
#pragma once

#include <string>
#include <vector>

#include "orionrt/plan.hpp"
#include "orionrt/report.hpp"

namespace orionrt {

// What a graph knows of a buffer beyond its lifetime and size.
struct BufferInfo {
  int producer = -1;         // the step that writes it; -1: none does, or it is not known
  std::vector<int> readers;  // steps, ascending
  std::string type;          // "float32[1,3,224,224]"; empty: not known
  std::string also;          // names of other tensors that lie in it, ", " between; empty: none
};

struct GraphPlan {
  PlanFile file;                             // `source` names the body, where it is one
  const Explanation* explanation = nullptr;  // null: none was asked for
};

struct ShownGraph {
  std::string name;  // empty: what was planned; otherwise a body: "2.else_branch", "2.else_branch/4.body"
  Problem problem;
  std::vector<BufferClass> classes;     // one per buffer, or none
  std::vector<BufferInfo> infos;        // one per buffer, or none
  std::vector<std::string> step_names;  // by step, or none
  std::vector<std::string> step_types;  // of ops: "Conv"; as many
  std::vector<GraphPlan> plans;         // as many in every graph of a report
};

// What was planned, without the folders that lead to it: "model.onnx". A picture is handed on, and these are nobody's.
std::string FileNameOf(const Report& report);

// The dimensions that were given: "batch=1, *=128"; empty: none.
std::string DimsOf(const Report& report);

// Both: "model.onnx, batch=1".
std::string TitleOf(const Report& report);

// What was planned, then its bodies, each before those within it. Points into the report, which outlives it.
std::vector<ShownGraph> ShownGraphs(const Report& report);

}  // namespace orionrt
