// Everything of the core: planning and run time. The importers and file formats have headers of their own.
#pragma once

#include "orionrt/arena.hpp"
#include "orionrt/buddy.hpp"
#include "orionrt/error.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/guard.hpp"
#include "orionrt/liveness.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/plan_cache.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"
#include "orionrt/scratch.hpp"
#include "orionrt/shared_arena.hpp"
#include "orionrt/tensor_pool.hpp"
#include "orionrt/validate.hpp"
#include "orionrt/version.hpp"
