// What a plan does with its memory, in figures; docs/metrics.md has the formulas. Every face takes them from here.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "orionrt/export.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// What a buffer is to its graph. The first that applies, in the order state, input, output, workspace, activation.
enum class BufferClass { kInput, kOutput, kState, kActivation, kWorkspace, kOther };
inline constexpr int kBufferClasses = 6;

// "input", "output", "state", "activation", "workspace"; "other" for buffers that came without a graph.
ORIONRT_API const char* BufferClassName(BufferClass kind);

struct ClassMetrics {
  std::int64_t count = 0;          // buffers, empty ones included
  std::int64_t bytes = 0;          // the sum of their sizes
  std::int64_t bytes_at_peak = 0;  // of these, alive at Metrics::peak_step
};

// Of the buffers of one space. All bytes, unless said otherwise. Steps count from the first at which one of them is
// alive to the last.
//
// On several streams (Problem::clocks) there is no one order of steps. The steps are then those of one execution: the
// begins of all buffers, from 0, in an order in which the streams may advance. Whatever is alive together there really
// is, so none of these figures is negative or above the peak; another execution may have more alive.
struct Metrics {
  std::int64_t peak_bytes = 0;
  std::int64_t no_reuse_bytes = 0;  // NoReuseBytes
  std::int64_t max_live_bytes = 0;  // at any step
  // The step at which a buffer reaches the peak; of several the one with the most bytes alive, then the first.
  std::int64_t peak_step = 0;
  // peak_bytes at that step are: alive, lost to alignment between neighbours, or in holes that nothing forces.
  std::int64_t live_at_peak_bytes = 0;
  std::int64_t padding_at_peak_bytes = 0;
  std::int64_t fragmentation_at_peak_bytes = 0;
  // Holes: below the highest byte alive at a step, but not alive; padding is among them.
  std::int64_t max_holes_bytes = 0;
  std::int64_t max_holes_step = 0;
  std::int64_t mean_holes_bytes = 0;  // over the steps, rounded down
  std::int64_t utilisation_ppm = 0;   // millionths of peak x steps at which a byte is alive
  std::array<ClassMetrics, kBufferClasses> classes = {};
};

// The bytes that every buffer needs in a place of its own, aligned, in the order of the problem. O(n).
ORIONRT_API std::int64_t NoReuseBytes(const Problem& problem);

// `classes`: one per buffer, or none: then all are kOther. `space`: of the problem's table; sizes count as rounded up
// there. Without a table there is number 0. The plan must be one that Validate
// takes. O(n log n), and 60 bytes of memory a buffer.
ORIONRT_API Metrics MeasurePlan(const Problem& problem, const Plan& plan, const std::vector<BufferClass>& classes = {},
                                int space = 0);

}  // namespace orionrt
