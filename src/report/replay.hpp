// The requests of a trace put to a buddy anew: how full and how broken up its arena was, over time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/buddy_adaptors.hpp"
#include "orionrt/config.hpp"

namespace orionrt {

// The arena after an event.
struct ReplayMoment {
  std::int64_t seq = 0;                 // of the event
  std::int64_t used_bytes = 0;          // in whole blocks
  std::int64_t requested_bytes = 0;     // of these, what was asked for
  std::int64_t largest_free_bytes = 0;  // the largest power-of-two block that could be had
  std::int64_t allocations = 0;         // alive
  std::int64_t WasteBytes() const { return used_bytes - requested_bytes; }
};

struct Replay {
  std::int64_t capacity = 0;  // bytes, like the block: the trace's, or others
  std::int64_t block_bytes = 1;
  std::vector<ReplayMoment> moments;  // one per event
  std::int64_t requests = 0;
  std::int64_t refused = 0;        // requests that found no place
  std::int64_t refused_bytes = 0;  // of the smallest of them
  std::int64_t moved = 0;          // served elsewhere than when recorded
  std::int64_t unknown_frees = 0;  // of what was allocated before the trace begins; left out
  // Moments of note: indices, the first among equals; 0 where there are none. Broken: of those with something
  // allocated.
  std::size_t most_used = 0, most_wasted = 0, most_broken = 0;

  std::int64_t FreeBytes(const ReplayMoment& m) const { return capacity - m.used_bytes; }
  // Of what is free, the share outside the largest block, in thousandths; 0 when nothing is free.
  int BrokenPermille(const ReplayMoment& m) const;
};

// The same requests, in the same order, to a buddy of that capacity and block; on the trace's own, and if it was
// recorded from the start of a buddy with default options, every offset is the same. A request that was refused when
// recorded is made, and given back at once: nobody freed it. Throws Error: kMisuse for a capacity or block that no
// buddy takes, kUnsupported for more than 2^28 blocks.
ORIONRT_API Replay ReplayTrace(const BuddyTrace& trace, std::int64_t capacity, std::int64_t block_bytes);

// The figures side by side, and a picture of the last, UTF-8, at most 80 columns but for `source`; at least one replay.
ORIONRT_API std::string DescribeReplays(const std::string& source, const BuddyTrace& trace,
                                        const std::vector<Replay>& replays);

// The same as data (docs/formats.md). CSV has a row per event of each replay.
ORIONRT_API std::string ReplaysToJson(const std::string& source, const BuddyTrace& trace,
                                      const std::vector<Replay>& replays);
ORIONRT_API std::string ReplaysToCsv(const std::vector<Replay>& replays);

}  // namespace orionrt
