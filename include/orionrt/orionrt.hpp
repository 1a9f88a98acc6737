// Everything of the core: planning and run time. The importers and file formats have headers of their own.
#pragma once

#include "orionrt/arena.hpp"
#include "orionrt/buddy.hpp"
#include "orionrt/buddy_recorder.hpp"
#include "orionrt/error.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/liveness.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"
#include "orionrt/tensor_pool.hpp"
#include "orionrt/validate.hpp"
#include "orionrt/version.hpp"
