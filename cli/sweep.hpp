// orionrt plan MODEL --sweep batch=1,2,4,8: one plan a value of a dimension.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/formats.hpp"

namespace orionrt::cli {

struct Sweep {
  std::string name;  // of a dimension, or "*"
  std::vector<std::int64_t> values;
};

// Throws Error (kMisuse) for what is not NAME=N,N,...
Sweep ParseSweep(const std::string& text);

struct SweepPoint {
  std::int64_t value = 0;
  PlanFile plan;  // without its buffers
};

// A table, and the peaks as bars.
std::string DescribeSweep(const std::string& source, const Sweep& sweep, const std::vector<SweepPoint>& points);
std::string SweepToJson(const std::string& source, const Sweep& sweep, const std::vector<SweepPoint>& points);
std::string SweepToCsv(const std::string& source, const Sweep& sweep, const std::vector<SweepPoint>& points);

}  // namespace orionrt::cli
