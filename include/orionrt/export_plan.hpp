// Plans in the formats of other tools (component orionrt::io). WritePlanJson keeps a plan; of these a header alone is
// read again, to be judged.
//
// Every writer first has the plan judged (Validate), and throws Error (kBadInput) for one with a fault: what leaves
// this house is linked into firmware. Same plan, same bytes, on every machine. O(n log n), and a text of some hundred
// bytes a buffer. Names go out as far as the format can carry them, and never break it, whatever they hold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orionrt/export.hpp"
#include "orionrt/io.hpp"

namespace orionrt {

struct CHeaderOptions {
  std::string name_prefix;  // of every macro, an identifier; empty: from the source ("net.onnx": NET_, else ORIONRT_)
  std::string section;      // of the linker, where the arena goes (".dram", "__DATA,__arena"); empty: none
};

// A header for C99, C11, C23 and C++11 on, which needs nothing else: the offset and size of each buffer by its name,
// the arena's bytes and alignment, and a macro that defines an arena of these. All are macros, said why in the header.
// Names become identifiers: what C does not allow turns into `_`; where two would then be the same, all of these get
// their id appended. Throws Error: kMisuse for options that are no identifier or no section name, kUnsupported for an
// alignment above 2^28 bytes, where object formats end.
ORIONRT_API std::string WriteCHeader(const PlanFile& file, const CHeaderOptions& options = {});

// What a header that WriteCHeader made says, to be judged: what it was made with, before its graph is read; then the
// places that its macros give the graph's tensors, by the names that WriteCHeader gives them. A macro that is missing
// leaves its tensor without a place, one too many adds a place that no tensor has: CheckAssignment sees both. Bodies of
// control-flow ops have no place in a header. Throws Error (kBadInput) for what is no such header.
ORIONRT_API MadeWith ReadCHeaderMadeWith(std::string_view text, const std::string& source);
ORIONRT_API Assignment ReadCHeader(std::string_view text, const std::string& source, const Graph& graph);

// The same of a problem without a graph: per buffer its offset, or kFree where there is no macro for it.
ORIONRT_API std::vector<std::int64_t> ReadCHeaderOffsets(std::string_view text, const std::string& source,
                                                         const Problem& problem);

// A trace for ui.perfetto.dev and chrome://tracing (JSON): a slice for each buffer's life, with offset and size, and a
// counter of the bytes alive. One microsecond is one step; if there are steps below 0, all are moved up by the lowest,
// as Perfetto drops what is before 0 (`otherData` says by how much). A buffer with parts gets a slice for each. Throws
// Error (kUnsupported) for steps and bytes above 2^53, which JavaScript cannot hold.
ORIONRT_API std::string WriteTrace(const PlanFile& file);

// A snapshot for PyTorch's memory viewer (docs.pytorch.org/memory_viz, torch/cuda/_memory_viz.py), a pickle: one
// segment, the arena, with addresses that are the offsets, and each buffer allocated and freed at its steps
// (`time_us`). It shows the last step: what is alive then is allocated, all else is free. A buffer with parts is
// allocated part by part; empty ones are left out. Throws Error (kUnsupported) for steps and bytes above 2^53, which
// JavaScript cannot hold.
ORIONRT_API std::string WriteMemorySnapshot(const PlanFile& file);

}  // namespace orionrt
