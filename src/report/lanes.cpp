#include "report/lanes.hpp"

#include <algorithm>

#include "base/index.hpp"

namespace orionrt {
namespace {

std::string NameOf(int lane, const StreamFigures* figures) {
  constexpr std::size_t kNamed = 3;
  if (figures == nullptr || At(lane) >= figures->lanes.size()) return "stream " + std::to_string(lane);
  const std::vector<int>& streams = figures->lanes[At(lane)];
  if (streams.empty() || streams.size() > kNamed) {
    return "lane " + std::to_string(lane) + ", " + std::to_string(streams.size()) + " streams";
  }
  std::string name = streams.size() == 1 ? "stream " : "streams ";
  for (std::size_t i = 0; i < streams.size(); ++i) {
    name += (i == 0 ? "" : i + 1 == streams.size() ? " and " : ", ") + std::to_string(streams[i]);
  }
  return name;
}

// `first`: a step of the lane, for what is never there.
Problem InLane(const Problem& problem, int lane, std::int64_t first) {
  Problem in = problem;
  const Clocks& clocks = problem.clocks;
  const std::size_t streams = At(clocks.streams);
  in.clocks = {};
  in.apart.clear();
  in.parts.clear();
  std::vector<char> has_parts(in.buffers.size(), 0), has_some(in.buffers.size(), 0);
  for (std::size_t p = 0; p < problem.parts.size(); ++p) {
    Part part = problem.parts[p];
    part.lower = clocks.part_begins[p * streams + At(lane)];
    part.upper = clocks.part_ends[p * streams + At(lane)];
    has_parts[At(part.buffer)] = 1;
    if (part.lower == part.upper || part.begin == part.end) continue;
    has_some[At(part.buffer)] = 1;
    in.parts.push_back(part);
  }
  for (std::size_t i = 0; i < in.buffers.size(); ++i) {
    Buffer& buffer = in.buffers[i];
    buffer.lower = clocks.begins[i * streams + At(lane)];
    buffer.upper = clocks.ends[i * streams + At(lane)];
    if (has_parts[i] != 0 ? has_some[i] != 0 : buffer.lower < buffer.upper) continue;
    buffer.lower = first;
    buffer.upper = first + 1;
    buffer.size = 0;
  }
  return in;
}

}  // namespace

Lanes LanesOf(const Problem& problem, const StreamFigures* figures) {
  Lanes made;
  const Clocks& clocks = problem.clocks;
  if (clocks.streams == 0 || clocks.begins.empty()) return made;
  made.steps.first = *std::min_element(clocks.begins.begin(), clocks.begins.end());
  const std::int64_t last = *std::max_element(clocks.ends.begin(), clocks.ends.end());
  made.steps.count = std::max<std::int64_t>(1, last - made.steps.first);
  for (int lane = 0; lane < clocks.streams; ++lane) {
    made.lanes.push_back({NameOf(lane, figures), InLane(problem, lane, made.steps.first)});
  }
  return made;
}

}  // namespace orionrt
