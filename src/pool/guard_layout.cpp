#include "pool/guard_layout.hpp"

#include <algorithm>
#include <string>

#include "base/checked.hpp"
#include "orionrt/error.hpp"
#include "orionrt/planner.hpp"
#include "pool/fence.hpp"

namespace orionrt {
namespace {

std::int64_t PageBytes(const GuardOptions& options) {
  if (!options.pages) return 0;
  const std::int64_t page = Fence::page_bytes();
  if (page == 0) {
    throw Error(ErrorCode::kUnsupported, "guard: this system has no pages to protect; leave GuardOptions::pages off");
  }
  return page;
}

// Per buffer how many tensors lie in it.
std::vector<int> CountTensors(const BoundProblem& bound) {
  std::vector<int> counts(bound.problem.buffers.size(), 0);
  for (const Binding& binding : bound.bindings) {
    if (binding.buffer >= 0) ++counts[static_cast<std::size_t>(binding.buffer)];
  }
  return counts;
}

// Those that lie in one buffer cannot be told apart by giving each bytes of its own.
void CheckApart(const GuardOptions& options, const std::vector<int>& counts) {
  if (!options.no_reuse && !options.pages) return;
  if (std::all_of(counts.begin(), counts.end(), [](int count) { return count <= 1; })) return;
  throw Error(ErrorCode::kUnsupported,
              std::string("guard: GuardOptions::") + (options.pages ? "pages" : "no_reuse") +
                  " gives every tensor bytes of its own, but views and in-place outputs lie in another's; register "
                  "the graph without transforms and views, or leave the option off");
}

// The plan's own problem, each buffer larger by its canary, or grown to whole pages and one behind them. A canary is
// there as long as the buffer is.
Problem Enlarge(const Problem& problem, const GuardOptions& options, std::int64_t page) {
  Problem larger = problem;
  larger.parts.clear();
  for (std::size_t p = 0; p < problem.parts.size(); ++p) {
    const Part& part = problem.parts[p];
    const Buffer& buffer = problem.buffers[static_cast<std::size_t>(part.buffer)];
    if (p == 0 || problem.parts[p - 1].buffer != part.buffer) {
      larger.parts.push_back({part.buffer, buffer.lower, buffer.upper, buffer.size,
                              buffer.size + static_cast<std::int64_t>(options.canary_bytes)});
    }
    larger.parts.push_back(part);
  }
  if (page != 0) larger.parts.clear();
  for (Buffer& buffer : larger.buffers) {
    buffer.fixed_offset = kFree;
    if (buffer.size == 0) continue;
    if (page == 0) {
      buffer.size += static_cast<std::int64_t>(options.canary_bytes);
    } else {
      buffer.size = RoundUp(buffer.size, page) + page;
      buffer.alignment = std::max(buffer.alignment, page);
    }
  }
  return larger;
}

// With pages a tensor ends where its last page does, as far as its alignment allows: one byte too far is a fault.
GuardPlace PlaceIn(const Buffer& buffer, std::int64_t size, std::int64_t alignment, std::int64_t offset,
                   std::int64_t page) {
  GuardPlace place;
  place.bytes = size;
  place.reserved_begin = offset;
  place.reserved_end = offset + buffer.size - page;
  place.begin = page == 0 ? offset : offset + ((buffer.size - page - size) & ~(alignment - 1));
  return place;
}

}  // namespace

GuardLayout LayOutGuarded(const BoundProblem& bound, const std::vector<TensorDesc>& tensors, const Plan& plan,
                          const GuardOptions& options) {
  const std::int64_t page = PageBytes(options);
  if (options.canary_bytes > (std::size_t{1} << 30)) {
    throw Error(ErrorCode::kMisuse, "guard: canaries of more than a gigabyte; GuardOptions::canary_bytes is too large");
  }
  const std::vector<int> counts = CountTensors(bound);
  CheckApart(options, counts);
  const Problem problem = Enlarge(bound.problem, options, page);
  const bool as_planned = page == 0 && options.canary_bytes == 0 && !options.no_reuse;
  PlanOptions quick;
  quick.effort = Effort::kFast;
  const Plan placed =
      as_planned ? plan : ReusePlanner(page != 0 || options.no_reuse ? "no_reuse" : "auto").Run(problem, quick);

  GuardLayout layout;
  layout.region_bytes = page == 0 ? placed.peak_bytes : RoundUp(placed.peak_bytes, page);
  for (const Buffer& buffer : problem.buffers) layout.alignment = std::max(layout.alignment, buffer.alignment);
  const auto add = [&](const Binding& binding, std::int64_t bytes) {
    layout.places.emplace_back();
    if (binding.buffer < 0) return;
    const auto b = static_cast<std::size_t>(binding.buffer);
    const Buffer& own = bound.problem.buffers[b];
    GuardPlace& place = layout.places.back();
    place = PlaceIn(problem.buffers[b], own.size, own.alignment, placed.offsets[b], page);
    place.begin += binding.delta;
    place.bytes = bytes;
    if (counts[b] <= 1) return;  // else what is reserved is its own, and the canary if it ends where the buffer does
    place.reserved_begin = place.begin;
    if (binding.delta + bytes < own.size) place.reserved_end = place.end();
  };
  for (std::size_t i = 0; i < tensors.size(); ++i) add(bound.bindings[i], static_cast<std::int64_t>(tensors[i].bytes));
  for (const Binding& binding : bound.workspaces) {
    add(binding, binding.buffer < 0 ? 0 : bound.problem.buffers[static_cast<std::size_t>(binding.buffer)].size);
  }
  return layout;
}

}  // namespace orionrt
