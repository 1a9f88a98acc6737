#include "sweep.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/wide.hpp"
#include "orionrt/config.hpp"

namespace orionrt::cli {
namespace {

constexpr int kBarWidth = 48;  // columns of the longest bar

[[noreturn]] void MisuseSweep(const std::string& text, const std::string& why) {
  throw Error(ErrorCode::kMisuse, "--sweep \"" + Printable(text) + "\": " + why + "; write batch=1,2,4,8");
}

using SweepRow = std::vector<std::string>;

std::string Cell(std::int64_t value) { return FormatThousands(value); }

// Every column as wide as its longest cell, all to the right.
std::string Align(const std::vector<SweepRow>& rows) {
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const SweepRow& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const SweepRow& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) text += "  " + std::string(widths[i] - row[i].size(), ' ') + row[i];
    text += '\n';
  }
  return text;
}

// In eighths of a column.
std::string Bar(std::int64_t bytes, std::int64_t most) {
  constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths =
      most > 0 ? static_cast<int>(static_cast<Wide>(bytes) * kBarWidth * 8 / most) : 0;  // 128 bits: no overflow
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

std::string DrawCurve(const std::vector<SweepPoint>& points) {
  std::int64_t most = 0;
  std::size_t width = 0;
  for (const SweepPoint& point : points) {
    most = std::max(most, point.plan.plan.peak_bytes);
    width = std::max(width, std::to_string(point.value).size());
  }
  std::string text;
  for (const SweepPoint& point : points) {
    const std::string value = std::to_string(point.value);
    text += "  " + std::string(width - value.size(), ' ') + value + " |" + Bar(point.plan.plan.peak_bytes, most) + " " +
            FormatBytes(point.plan.plan.peak_bytes) + "\n";
  }
  return text;
}

WeightBytes WeightsOf(const PlanFile& file) { return file.weights.value_or(WeightBytes()); }

}  // namespace

Sweep ParseSweep(const std::string& text) {
  const std::size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0) MisuseSweep(text, "is not of the form NAME=N,N,...");
  Sweep sweep;
  sweep.name = text.substr(0, at);
  for (std::size_t begin = at + 1; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string item = text.substr(begin, end - begin);
    const auto value = ParseInt(item);
    if (!value || *value < 0) MisuseSweep(text, "\"" + Printable(item) + "\" is not a whole number >= 0");
    if (std::find(sweep.values.begin(), sweep.values.end(), *value) != sweep.values.end()) {
      MisuseSweep(text, "has " + item + " twice");
    }
    sweep.values.push_back(*value);
    begin = end + 1;
  }
  return sweep;
}

std::string DescribeSweep(const std::string& source, const Sweep& sweep, const std::vector<SweepPoint>& points) {
  std::vector<SweepRow> rows = {{Printable(sweep.name, 30), "peak_bytes", "lower_bound_bytes", "optimal",
                                 "peak_nested_bytes", "weights", "total_bytes"}};
  for (const SweepPoint& point : points) {
    const Plan& plan = point.plan.plan;
    rows.push_back({std::to_string(point.value), Cell(plan.peak_bytes), Cell(plan.certificate.lower_bound_bytes),
                    plan.certificate.proven_optimal ? "proven"
                    : plan.interrupted              ? "interrupted"
                                                    : "open",
                    Cell(point.plan.peak_nested_bytes), Cell(WeightsOf(point.plan).needed_bytes),
                    Cell(TotalBytes(point.plan))});
  }
  return PrintablePath(source) + ": " + std::to_string(points.size()) + " values of " + Printable(sweep.name, 30) +
         ", alignment " + std::to_string(points[0].plan.alignment) + "\n" + Align(rows) + "\n" + DrawCurve(points);
}

std::string SweepToJson(const std::string&, const Sweep&, const std::vector<SweepPoint>& points) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const SweepPoint& point : points) {
    const Plan& plan = point.plan.plan;
    const WeightBytes weights = WeightsOf(point.plan);
    json.push_back(
        {{"value", point.value},
         {"peak_bytes", plan.peak_bytes},
         {"lower_bound_bytes", plan.certificate.lower_bound_bytes},
         {"proven_optimal", plan.certificate.proven_optimal},
         {"time_limited", plan.time_limited},
         {"interrupted", plan.interrupted},
         {"policy", plan.policy},
         {"peak_nested_bytes", point.plan.peak_nested_bytes},
         {"weights",
          {{"stored_bytes", weights.stored_bytes}, {"needed_bytes", weights.needed_bytes}, {"count", weights.count}}},
         {"total_bytes", TotalBytes(point.plan)}});
  }
  return json.dump(1) + "\n";
}

std::string SweepToCsv(const std::string&, const Sweep&, const std::vector<SweepPoint>& points) {
  std::string text =
      "value,peak_bytes,lower_bound_bytes,proven_optimal,peak_nested_bytes,weights_needed_bytes,total_bytes\n";
  for (const SweepPoint& point : points) {
    const Plan& plan = point.plan.plan;
    text += std::to_string(point.value) + "," + std::to_string(plan.peak_bytes) + "," +
            std::to_string(plan.certificate.lower_bound_bytes) + "," +
            (plan.certificate.proven_optimal ? "true" : "false") + "," + std::to_string(point.plan.peak_nested_bytes) +
            "," + std::to_string(WeightsOf(point.plan).needed_bytes) + "," + std::to_string(TotalBytes(point.plan)) +
            "\n";
  }
  return text;
}

}  // namespace orionrt::cli
