// Everything of the core: planning and run time. The importers and file formats have headers of their own:
// import.hpp, formats.hpp, cuda.hpp, opencl.hpp. Start at tensor_pool.hpp, or, to plan alone, at planner.hpp.
#pragma once

#include "orionrt/assignment.hpp"
#include "orionrt/buddy.hpp"
#include "orionrt/buddy_adaptors.hpp"
#include "orionrt/config.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"
#include "orionrt/shared_plan.hpp"
#include "orionrt/stream_scratch.hpp"
#include "orionrt/streams.hpp"
#include "orionrt/tensor_pool.hpp"
