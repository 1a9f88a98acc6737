// Traces of a buddy: what is read is written and read again, and replayed.
#include "orionrt/report.hpp"
#include "target.hpp"

using namespace orionrt;
using namespace orionrt::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto trace = ReadOrRefuse([&] { return ReadBuddyTrace(TextOf(data, size), "t.csv"); });
  if (!trace) return 0;
  const std::string text = WriteBuddyTrace(*trace);
  Require(WriteBuddyTrace(ReadBuddyTrace(text, "again.csv")) == text,
          "a trace changes when it is written and read again");
  if (trace->capacity / trace->block_bytes > 1 << 16) return 0;  // right, but slow
  const Replay replay = ReplayTrace(*trace, trace->capacity, trace->block_bytes);
  for (const ReplayMoment& m : replay.moments) {
    Require(0 <= m.requested_bytes && m.requested_bytes <= m.used_bytes && m.used_bytes <= replay.capacity,
            "more is requested than used, or used than there is");
    Require(m.largest_free_bytes <= replay.FreeBytes(m), "the largest free block is more than what is free");
  }
  Require(!DescribeReplays("t.csv", *trace, {replay}).empty(), "a replay has no words");
  return 0;
}
