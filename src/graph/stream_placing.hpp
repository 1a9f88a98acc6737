// Ops on streams: which goes where, so that the longest chain of ops is short.
#pragma once

#include <vector>

namespace orionrt {

// What the ops of a list must keep, by position.
struct Dependencies {
  std::vector<std::vector<int>> before;  // per op those that it depends on directly, ascending, each once
  std::vector<int> effects_before;       // per op with effects the one before it, else -1
  std::vector<int> time;                 // per op the steps that it takes: 1, or 0 where it has nothing to do
};

struct Placement {
  std::vector<int> stream_of;  // per op
  int longest_chain = 0;       // steps
};

// Some good ways to put ops on `streams` streams, on each of which they run as they are listed. `path_before`: per op
// the one before it on its path, or -1; ops with effects make up one path, which stays on one stream. None for one
// stream. Deterministic. O(dependencies), and a budget of work on top of that.
std::vector<Placement> PlaceOnStreams(const Dependencies& needs, const std::vector<int>& path_before, int streams);

}  // namespace orionrt
