// A plan as rectangles of time and address: what every picture of it is made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/formats.hpp"

namespace orionrt {

// During steps [lower, upper), bytes [begin, end) of the arena, or of a space, are the buffer's; padding is nobody's.
struct LivePart {
  int buffer = 0;
  int part = -1;  // which one of the buffer's parts, from 0; -1: it has none and is alive as a whole
  std::int64_t lower = 0;
  std::int64_t upper = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  int space = 0;
};

// Throws Error (kBadInput) for a plan with a fault, or a problem with one.
void RequireValid(const PlanFile& file);

// Of a valid plan, in the order of buffers and parts; empty buffers too. On several streams, in the steps of one
// execution. O(n).
std::vector<LivePart> SpansOf(const PlanFile& file);

// JavaScript, which reads these formats, tells whole numbers apart up to 2^53. Throws Error (kUnsupported) for bytes
// above that, and for steps further than that from step 0 or from the first one.
void RequireSafeIntegers(const Problem& problem, const std::vector<LivePart>& spans, const char* format);

// What people call it: its name, or its id where it has none.
std::string DisplayName(const Problem& problem, int buffer);

}  // namespace orionrt
