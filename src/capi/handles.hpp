// What the handles of the C API are, and how its calls keep their conventions (orionrt.h): inside they throw, and one
// place turns that into a status and a last error.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/orionrt.h"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"

struct orionrt_problem {
  orionrt::Problem problem;
  std::string source;          // where it was read from
  std::int64_t alignment = 1;  // the least of every buffer, as the file says
};

// With what was planned, so that it can be written whole.
struct orionrt_plan {
  orionrt::Workload workload;
  orionrt::PlannedWorkload planned;
};

struct orionrt_graph {
  std::vector<orionrt::OpNode> ops;
  std::vector<orionrt::TensorDesc> tensors;
  std::vector<orionrt::Space> spaces;
  std::vector<orionrt::NestedGraph> bodies;  // of a model
  std::optional<orionrt::WeightBytes> weights;
  orionrt::ImportOptions import;  // how that was read
  std::string source;
};

struct orionrt_assignment {
  orionrt::Assignment assignment;
};

struct orionrt_op_rules {
  std::vector<orionrt::OpRule> rules;
};

namespace orionrt::capi {

[[noreturn]] inline void Misuse(const std::string& message) { throw Error(ErrorCode::kMisuse, message); }

inline void RefuseNull(const void* pointer, const char* what) {
  if (pointer == nullptr) Misuse(std::string(what) + " is NULL");
}

// Sets the last error of this thread; cut where it is very long, and never a reason to fail.
ORIONRT_API orionrt_status Fail(orionrt_status status, const char* message) noexcept;

// The status of the exception that is being handled.
ORIONRT_API orionrt_status FailByException() noexcept;

template <typename Call>
orionrt_status Try(const Call& call) noexcept {
  try {
    call();
    return ORIONRT_OK;
  } catch (...) {
    return FailByException();
  }
}

// A call that makes a handle: NULL unless `make` returns one.
template <typename Handle, typename Make>
orionrt_status Create(Handle** handle, const Make& make) noexcept {
  return Try([&] {
    RefuseNull(handle, "the place for the handle");
    *handle = nullptr;
    *handle = make().release();
  });
}

// A struct of options as this version has it: fields that the caller's lacks are zero. Those that only a later version
// has must be. A new field goes behind the sizeof of before, as what pads a struct at its end may be anything.
template <typename Options>
Options ReadOptions(const Options* given, const char* what) {
  Options options;
  std::memset(&options, 0, sizeof options);
  if (given == nullptr) return options;
  constexpr std::size_t kMostBytes = 4096;  // what no struct of ours will have: the field was not set
  const std::size_t bytes = given->struct_size;
  if (bytes < sizeof bytes || bytes > kMostBytes) Misuse(std::string(what) + ".struct_size is not set to its sizeof");
  const auto* const raw = reinterpret_cast<const unsigned char*>(given);
  for (std::size_t i = sizeof options; i < bytes; ++i) {
    if (raw[i] == 0) continue;
    throw Error(ErrorCode::kUnsupported,
                std::string(what) + " asks for what a later OrionRT has; this one is " + orionrt_version());
  }
  std::memcpy(&options, given, std::min(bytes, sizeof options));
  return options;
}

// The inverse, for figures: what the caller's struct has no room for is left out.
template <typename Figures>
void WriteFigures(Figures* out, Figures figures, const char* what) {
  RefuseNull(out, what);
  const std::size_t bytes = out->struct_size;
  if (bytes < sizeof bytes) Misuse(std::string(what) + ".struct_size is not set to its sizeof");
  figures.struct_size = bytes;
  std::memcpy(out, &figures, std::min(bytes, sizeof figures));
}

template <typename Item>
std::vector<Item> ReadArray(const Item* items, std::size_t count, const char* what) {
  if (count > 0) RefuseNull(items, what);
  return std::vector<Item>(items, items + count);
}

// Fills an array of the caller's by `item(i)`.
template <typename Item, typename ItemAt>
void FillArray(Item* out, std::size_t capacity, std::size_t count, const char* what, const ItemAt& item) {
  if (count > 0) RefuseNull(out, what);
  if (capacity < count) {
    Misuse(std::string(what) + " has room for " + std::to_string(capacity) + ", and there are " +
           std::to_string(count));
  }
  for (std::size_t i = 0; i < count; ++i) out[i] = item(i);
}

// Fills a buffer of the caller's; with none it only says how many bytes there are.
inline void FillBuffer(void* buffer, std::size_t capacity, const std::string& written, std::size_t* bytes) {
  RefuseNull(bytes, "the place for the number of bytes");
  const bool only_asked = buffer == nullptr && capacity == 0;
  if (!only_asked) {
    FillArray(static_cast<char*>(buffer), capacity, written.size(), "the buffer",
              [&](std::size_t i) { return written[i]; });
  }
  *bytes = written.size();
}

inline std::string TextOf(const char* text) { return text == nullptr ? std::string() : std::string(text); }

// Throws Error (kMisuse).
Space ReadSpace(const orionrt_space* given);

struct PlanningOptions {
  ReusePlanner planner;
  PlanOptions plan;
  std::int64_t alignment = 64;
  Transforms transforms;
};
PlanningOptions ReadPlanningOptions(const orionrt_plan_options* given);

// The graph as it was built. Throws Error as Graph's constructor does.
ORIONRT_API Graph GraphOf(const orionrt_graph* graph);

// The graph with what a model says beside it.
ImportedModel ModelOf(const orionrt_graph* graph);

// What CheckAssignment finds in it, once CompleteAssignment has made it whole; empty: nothing.
std::string CompleteAndJudge(Assignment& assignment, const orionrt_graph* graph);

// Of a _check: ORIONRT_NO where it ran and found a fault.
orionrt_status AnswerCheck(orionrt_status status, const std::string& fault) noexcept;

}  // namespace orionrt::capi
