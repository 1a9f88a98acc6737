#include "io/export/spans.hpp"

#include <algorithm>
#include <optional>

#include "base/index.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "plan/clocks/stream_plan.hpp"

namespace orionrt {

void RequireValid(const PlanFile& file) {
  const std::string place = file.source.empty() ? "the plan" : file.source;
  try {
    CheckProblem(file.problem);
  } catch (const Error& error) {
    throw Error(error.code(), place + ": " + error.what());
  }
  if (file.peak_nested_bytes < 0) throw Error(ErrorCode::kBadInput, place + ": peak_nested_bytes is negative");
  if (const std::optional<Violation> fault = Validate(file.problem, file.plan)) {
    throw Error(ErrorCode::kBadInput, place + ": not exported, the plan has a fault: " + fault->message);
  }
}

std::vector<LivePart> SpansOf(const PlanFile& file) {
  const Problem problem = InOneExecution(file.problem);
  std::vector<LivePart> spans;
  spans.reserve(problem.buffers.size());
  std::size_t p = 0;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const Buffer& buffer = problem.buffers[At(i)];
    const std::int64_t offset = file.plan.offsets[At(i)];
    const int space = SpaceOf(file.plan, i);
    int part = -1;
    for (; p < problem.parts.size() && problem.parts[p].buffer == i; ++p) {
      const Part& rectangle = problem.parts[p];
      spans.push_back(
          {i, ++part, rectangle.lower, rectangle.upper, offset + rectangle.begin, offset + rectangle.end, space});
    }
    if (part < 0) spans.push_back({i, -1, buffer.lower, buffer.upper, offset, offset + buffer.size, space});
  }
  return spans;
}

void RequireSafeIntegers(const Problem& problem, const std::vector<LivePart>& spans, const char* format) {
  constexpr std::int64_t kSafe = std::int64_t{1} << 53;
  std::int64_t first = 0;
  for (const LivePart& span : spans) first = std::min(first, span.lower);
  for (const LivePart& span : spans) {
    const bool is_safe = span.lower >= -kSafe && span.upper - first <= kSafe && span.end <= kSafe;
    if (is_safe) continue;
    throw Error(ErrorCode::kUnsupported,
                "buffer " + BufferLabel(problem, span.buffer) + ": a " + format +
                    " cannot say steps or bytes above 2^53; JSON can (WritePlanJson, --format json)");
  }
}

std::string DisplayName(const Problem& problem, int buffer) {
  if (!problem.names.empty() && !problem.names[At(buffer)].empty()) return problem.names[At(buffer)];
  return BufferId(problem, buffer);
}

}  // namespace orionrt
