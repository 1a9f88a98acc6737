// From a program to memory: the plan, the arenas that it asks for, and the pool that holds them together.
#pragma once

#include <string>

#include "orionrt/orionrt.hpp"
#include "program.hpp"

namespace onnx_engine {

struct PlanningOptions {
  std::string policy = "auto";
  orionrt::Transforms transforms;
  int streams = 1;
  int spaces = 1;  // 2: a fast one of half the peak, and one for the rest
};

struct PlannedProgram {
  orionrt::Graph graph;  // the program's, on its streams
  orionrt::Plan plan;
  orionrt::Assignment assignment;
};

// Throws orionrt::Error as planning does.
PlannedProgram MakePlan(const orionrt::Graph& graph, const PlanningOptions& options);

// A pool of arenas of exactly what the plan asks for, host memory all of them.
orionrt::TensorPool MakePool(const PlannedProgram& planned);

}  // namespace onnx_engine
