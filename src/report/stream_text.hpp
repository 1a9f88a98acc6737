// What a terminal is told of several streams: their figures, and who takes whose bytes. Internal to the report.
#pragma once

#include <string>

#include "orionrt/formats.hpp"

namespace orionrt {

// A figure: "  peak          1.25 KiB  (1,280 bytes, proven optimal)".
std::string FigureLine(const std::string& label, std::int64_t bytes, const std::string& note);

// Lines of figures, and of the largest few hand-overs; empty for what runs on one stream.
std::string StreamLines(const PlanFile& file);

// What all hand-overs of a plan come to, in bytes.
std::int64_t HandedOverBytes(const StreamFigures& figures);

// "1:0:3": a clock of buffer `i`.
std::string ClockText(const std::vector<std::int64_t>& clocks, int streams, int i);

}  // namespace orionrt
