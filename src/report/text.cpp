#include "report/text.hpp"

#include <algorithm>
#include <vector>

#include "base/checked.hpp"
#include "base/text.hpp"

namespace orionrt {
namespace {

constexpr const char* kShades[] = {"█", "▓", "▒", "░"};
constexpr int kWidth = 76;
constexpr int kHeight = 16;

struct Steps {
  std::int64_t first = 0;
  std::int64_t count = 1;
};

Steps StepsOf(const Problem& problem) {
  if (problem.buffers.empty()) return {};
  std::int64_t first = INT64_MAX;
  std::int64_t last = INT64_MIN;
  for (const Buffer& b : problem.buffers) {
    first = std::min(first, b.lower);
    last = std::max(last, b.upper);
  }
  return {first, last - first};
}

// Cells [first, last) of `cells` whose middles lie in [begin, end) of `total`; 128 bits: nothing overflows.
std::pair<int, int> Cells(std::int64_t begin, std::int64_t end, std::int64_t total, int cells) {
  const auto middle_at_or_after = [&](std::int64_t x) {
    const __int128 twice = static_cast<__int128>(2) * x * cells - total;  // (c + 1/2) * total >= x * cells
    const __int128 c =
        twice <= 0 ? 0 : (twice + 2 * static_cast<__int128>(total) - 1) / (2 * static_cast<__int128>(total));
    return static_cast<int>(std::min<__int128>(c, cells));
  };
  return {middle_at_or_after(begin), middle_at_or_after(end)};
}

std::string Line(const char* label, std::int64_t bytes, const std::string& note) {
  std::string text = "  " + std::string(label);
  text.resize(15, ' ');
  const std::string rounded = FormatBytes(bytes);
  text += std::string(rounded.size() < 9 ? 9 - rounded.size() : 0, ' ') + rounded;
  return text + "  (" + FormatThousands(bytes) + " bytes" + note + ")\n";
}

std::string Tenths(std::int64_t numerator, std::int64_t denominator) {
  const auto tenths =
      static_cast<std::int64_t>((static_cast<__int128>(numerator) * 10 + denominator / 2) / denominator);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

}  // namespace

std::string DrawArena(const Problem& problem, const Plan& plan, int width, int height) {
  const Steps steps = StepsOf(problem);
  std::vector<int> owner(static_cast<std::size_t>(width) * height, -1);  // row 0 is the lowest address
  const auto fill = [&](int buffer, std::int64_t lower, std::int64_t upper, std::int64_t begin, std::int64_t end) {
    const auto [left, right] = Cells(lower - steps.first, upper - steps.first, steps.count, width);
    const auto [bottom, top] = Cells(begin, end, std::max<std::int64_t>(1, plan.peak_bytes), height);
    for (int y = bottom; y < top; ++y)
      std::fill(owner.begin() + y * width + left, owner.begin() + y * width + right, buffer);
  };
  std::vector<bool> has_parts(problem.buffers.size(), false);
  for (const Part& part : problem.parts) {
    has_parts[part.buffer] = true;
    const std::int64_t offset = plan.offsets[part.buffer];
    fill(part.buffer, part.lower, part.upper, offset + part.begin, offset + part.end);
  }
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer& b = problem.buffers[i];
    if (!has_parts[i]) fill(static_cast<int>(i), b.lower, b.upper, plan.offsets[i], plan.offsets[i] + b.size);
  }

  // A buffer takes the first shade that no earlier cell beside one of its own has.
  std::vector<int> shade(problem.buffers.size(), -1);
  std::string picture;
  for (int y = height - 1; y >= 0; --y) {
    std::string row;
    for (int x = 0; x < width; ++x) {
      const int mine = owner[y * width + x];
      if (mine < 0) {
        row += ' ';
        continue;
      }
      if (shade[mine] < 0) {
        const int left = x > 0 ? owner[y * width + x - 1] : -1;
        const int above = y + 1 < height ? owner[(y + 1) * width + x] : -1;
        const int taken_left = left < 0 ? -1 : shade[left];
        const int taken_above = above < 0 ? -1 : shade[above];
        int pick = mine % 4;
        while (pick == taken_left || pick == taken_above) pick = (pick + 1) % 4;
        shade[mine] = pick;
      }
      row += kShades[shade[mine]];
    }
    row.erase(row.find_last_not_of(' ') + 1);
    picture += "  |" + row + "\n";
  }
  const int line = width > 12 ? width - 6 : width;  // leaves room for a word
  return picture + "  +" + std::string(static_cast<std::size_t>(line), '-') + (line < width ? " steps\n" : "\n");
}

std::string DescribePlan(const PlanFile& file) {
  const Problem& problem = file.problem;
  const Plan& plan = file.plan;
  const Certificate& certificate = plan.certificate;
  std::int64_t no_reuse = 0;
  for (const Buffer& b : problem.buffers) no_reuse = RoundUp(no_reuse, b.size > 0 ? b.alignment : 1) + b.size;
  const Steps steps = StepsOf(problem);
  std::string text = Printable(file.source, 60) + ": " +
                     FormatThousands(static_cast<std::int64_t>(problem.buffers.size())) +
                     (problem.buffers.size() == 1 ? " buffer over " : " buffers over ") +
                     FormatThousands(problem.buffers.empty() ? 0 : steps.count) +
                     (steps.count == 1 && !problem.buffers.empty() ? " step, alignment " : " steps, alignment ") +
                     std::to_string(file.alignment) + ", policy " + plan.policy +
                     (plan.time_limited ? ", shaped by the time limit" : "") + "\n";
  text += Line("peak", plan.peak_bytes, certificate.proven_optimal ? ", proven optimal" : "");
  text += Line("lower bound", certificate.lower_bound_bytes, ", at step " + std::to_string(certificate.witness_step));
  if (!certificate.proven_optimal && certificate.lower_bound_bytes > 0) {
    const std::int64_t gap = plan.peak_bytes - certificate.lower_bound_bytes;
    text += Line("gap", gap, ", " + Tenths(gap * 100, certificate.lower_bound_bytes) + " % of the bound");
  }
  text +=
      Line("no reuse", no_reuse, plan.peak_bytes > 0 ? ", " + Tenths(no_reuse, plan.peak_bytes) + " x the peak" : "");
  if (file.workspaces) {
    text += Line("workspace", file.workspaces->largest_bytes,
                 ", the largest of " + FormatThousands(file.workspaces->count) + ", within the peak");
  }
  if (file.peak_nested_bytes > 0)
    text += Line("nested", file.peak_nested_bytes, ", on top, while a control-flow op runs");
  if (file.weights) {
    text += Line("weights", file.weights->needed_bytes,
                 " in " + FormatThousands(file.weights->count) + " tensors, " +
                     FormatBytes(file.weights->stored_bytes) + " stored");
    text += Line("total", TotalBytes(file), ", peak, nested and weights");
  }
  if (plan.peak_bytes > 0) text += DrawArena(problem, plan, kWidth, kHeight);
  return text;
}

}  // namespace orionrt
