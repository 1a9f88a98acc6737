// DescribePlan, DrawArena and WriteReportText: figures and a picture of characters, of a width that is given.
#include <algorithm>
#include <vector>

#include "base/index.hpp"
#include "base/text.hpp"
#include "base/wide.hpp"
#include "orionrt/report.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "report/lanes.hpp"
#include "report/plan_words.hpp"
#include "report/scale.hpp"
#include "report/shown_graph.hpp"
#include "report/stream_text.hpp"

namespace orionrt {
namespace {

constexpr const char* kShades[] = {"█", "▓", "▒", "░"};
constexpr int kHeight = 16;

// Cells [first, last) of `cells` whose middles lie in [begin, end) of `total`; 128 bits: nothing overflows.
std::pair<int, int> Cells(std::int64_t begin, std::int64_t end, std::int64_t total, int cells) {
  const auto middle_at_or_after = [&](std::int64_t x) {
    const Wide twice = static_cast<Wide>(2) * x * cells - total;  // (c + 1/2) * total >= x * cells
    const Wide c = twice <= 0 ? 0 : (twice + 2 * static_cast<Wide>(total) - 1) / (2 * static_cast<Wide>(total));
    return static_cast<int>(std::min<Wide>(c, cells));
  };
  return {middle_at_or_after(begin), middle_at_or_after(end)};
}

// "1.024".
std::string Ratio(std::int64_t numerator, std::int64_t denominator) {
  const auto thousandths =
      static_cast<std::int64_t>((static_cast<Wide>(numerator) * 1000 + denominator / 2) / denominator);
  return std::to_string(thousandths / 1000) + "." + std::to_string(1000 + thousandths % 1000).substr(1);
}

std::string Tenths(Wide numerator, std::int64_t denominator) {
  const auto tenths = static_cast<std::int64_t>((numerator * 10 + denominator / 2) / denominator);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

// What each class has alive at the peak, the largest first.
std::string Classes(const Metrics& metrics) {
  std::vector<int> order;
  for (int c = 0; c < kBufferClasses; ++c) {
    if (metrics.classes[At(c)].bytes_at_peak > 0) order.push_back(c);
  }
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return metrics.classes[At(a)].bytes_at_peak > metrics.classes[At(b)].bytes_at_peak;
  });
  std::string line;
  for (const int c : order) {
    line += (line.empty() ? "" : ", ") + std::string(BufferClassName(static_cast<BufferClass>(c))) + " " +
            FormatBytes(metrics.classes[At(c)].bytes_at_peak);
  }
  return line.empty() ? "" : "  at the peak    " + line + "\n";
}

// How well an arena is used, and by what, where that is known.
std::string Use(const Metrics& metrics, bool on_streams) {
  const bool unknown = metrics.classes[static_cast<int>(BufferClass::kOther)].count > 0;
  return "  in use          " + Tenths(metrics.utilisation_ppm, 10000) +
         (on_streams ? " % in one execution; at its peak " : " % of peak x steps; at the peak ") +
         FormatBytes(metrics.padding_at_peak_bytes) + " padding, " + FormatBytes(metrics.fragmentation_at_peak_bytes) +
         " holes\n" + (unknown ? "" : Classes(metrics));
}

// The spaces' own lines: what is taken of how much.
std::string SpaceLines(const PlanFile& file) {
  std::string text;
  for (std::size_t p = 0; p < file.problem.spaces.size(); ++p) {
    const Space& space = file.problem.spaces[p];
    const SpaceFigures& figures = file.plan.spaces.figures[p];
    std::string note = ", no limit";
    if (space.capacity) note = " of " + FormatThousands(*space.capacity);
    if (space.capacity && *space.capacity > 0) {
      note += ", " + Tenths(static_cast<Wide>(figures.peak_bytes) * 100, *space.capacity) + " %";
    }
    note += figures.certificate.proven_optimal
                ? ", proven optimal for what it holds"
                : "; at least " + FormatThousands(figures.certificate.lower_bound_bytes) + " for what it holds";
    text += FigureLine(space.name, figures.peak_bytes, note);
  }
  return text;
}

// What is not where it would best be: the dearest few.
std::string SpillLines(const PlanFile& file) {
  constexpr std::size_t kShown = 5;
  const SpacePlan& spaces = file.plan.spaces;
  if (spaces.spills.empty()) return FigureLine("spilled", 0, ", every buffer is where it would best be");
  std::int64_t bytes = 0;
  for (const Spill& spill : spaces.spills) bytes += file.problem.buffers[At(spill.buffer)].size;
  std::string text = FigureLine("spilled", bytes,
                                " in " + std::to_string(spaces.spills.size()) +
                                    (spaces.spills.size() == 1 ? " buffer, cost " : " buffers, cost ") +
                                    FormatThousands(spaces.spill_cost) +
                                    (spaces.spill_cost == spaces.spill_cost_bound
                                         ? ", proven the least"
                                         : ", at least " + FormatThousands(spaces.spill_cost_bound) + " for any plan"));
  std::vector<Spill> dearest = spaces.spills;
  std::stable_sort(dearest.begin(), dearest.end(), [](const Spill& a, const Spill& b) { return a.cost > b.cost; });
  for (std::size_t k = 0; k < dearest.size() && k < kShown; ++k)
    text += "    " + ExplainSpill(file, dearest[k], {}) + "\n";
  const std::size_t rest = dearest.size() - std::min(dearest.size(), kShown);
  return text + (rest > 0 ? "    and " + std::to_string(rest) + " more; --explain lists all\n" : "");
}

std::string StageWords(const std::string& stage) {
  constexpr std::pair<const char*, const char*> kWords[] = {{"given", "as given"},
                                                            {"views", "with views"},
                                                            {"in_place", "in place"},
                                                            {"colocate", "co-located"},
                                                            {"reorder", "reordered"}};
  for (const auto& [name, words] : kWords) {
    if (stage == name) return words;
  }
  return Printable(stage, 20);
}

}  // namespace

std::string SayStages(const PlanFile& file) {
  std::string text;
  if (file.stages.size() < 2) return text;
  for (const TransformStage& stage : file.stages) {
    text += (text.empty() ? "" : ", ") + FormatBytes(stage.bound_bytes) + " " + StageWords(stage.name);
  }
  return text;
}

namespace {

// What transforms did to the bound, stage by stage, and to the ops.
std::string TransformLines(const PlanFile& file) {
  if (file.bound_with_all) {
    if (*file.bound_with_all >= file.plan.certificate.lower_bound_bytes)
      return "  with --all     no lower: what may share bytes is not alive at the peak\n";
    // At best: what a plan with --all takes is known only once it is made.
    const std::int64_t saved = file.plan.peak_bytes - *file.bound_with_all;
    return FigureLine("with --all", *file.bound_with_all, " at best, up to " + FormatThousands(saved) + " saved");
  }
  if (!file.assignment || file.stages.size() < 2) return "";
  const Assignment& assignment = *file.assignment;
  std::string names = "  bound         ", bytes = "                ";
  for (const TransformStage& stage : file.stages) {
    const bool first = &stage == &file.stages.front();
    const std::string name = (first ? "" : "→ ") + StageWords(stage.name);
    const std::string amount = (first ? "" : "  ") + FormatBytes(stage.bound_bytes);
    const std::size_t width = name.size() - (first ? 0 : 2);  // an arrow is three bytes, and one column
    names += " " + name + std::string(amount.size() > width ? amount.size() - width : 0, ' ');
    bytes += " " + amount + std::string(width > amount.size() ? width - amount.size() : 0, ' ');
  }
  const auto trim = [](std::string& line) { line.erase(line.find_last_not_of(' ') + 1); };
  trim(names);
  trim(bytes);
  const auto count = [](std::size_t n) { return FormatThousands(static_cast<std::int64_t>(n)); };
  std::string ops =
      count(assignment.vanished_ids.size()) + " vanish, " + count(assignment.in_place.size()) + " write in place";
  if (assignment.made_with.transforms.reorder) {
    ops += ", " + count(static_cast<std::size_t>(file.moved_ops)) + " moved" +
           (file.order_proven ? "; no order needs less" : "");
  }
  return names + "\n" + bytes + "\n  ops            " + ops + "\n";
}

std::string Draw(const Problem& problem, const Plan& plan, const Steps& steps, int width, int height,
                 const std::string& unit = "steps") {
  std::vector<int> owner(At(width) * At(height), -1);  // row 0 is the lowest address
  const auto fill = [&](int buffer, std::int64_t lower, std::int64_t upper, std::int64_t begin, std::int64_t end) {
    const auto [left, right] = Cells(lower - steps.first, upper - steps.first, steps.count, width);
    const auto [bottom, top] = Cells(begin, end, std::max<std::int64_t>(1, plan.peak_bytes), height);
    for (int y = bottom; y < top; ++y)
      std::fill(owner.begin() + y * width + left, owner.begin() + y * width + right, buffer);
  };
  ForEachPlaced(problem, plan.offsets,
                [&](const PlacedRectangle& r) { fill(r.buffer, r.lower, r.upper, r.begin, r.end); });

  // A buffer takes the first shade that no earlier cell beside one of its own has.
  std::vector<int> shade(problem.buffers.size(), -1);
  std::string picture;
  for (int y = height - 1; y >= 0; --y) {
    std::string row;
    for (int x = 0; x < width; ++x) {
      const int mine = owner[At(y * width + x)];
      if (mine < 0) {
        row += ' ';
        continue;
      }
      if (shade[At(mine)] < 0) {
        const int left = x > 0 ? owner[At(y * width + x - 1)] : -1;
        const int above = y + 1 < height ? owner[At((y + 1) * width + x)] : -1;
        const int taken_left = left < 0 ? -1 : shade[At(left)];
        const int taken_above = above < 0 ? -1 : shade[At(above)];
        int pick = mine % 4;
        while (pick == taken_left || pick == taken_above) pick = (pick + 1) % 4;
        shade[At(mine)] = pick;
      }
      row += kShades[shade[At(mine)]];
    }
    row.erase(row.find_last_not_of(' ') + 1);
    picture += "  |" + row + "\n";
  }
  const int line = width > 12 ? width - 6 : width;  // leaves room for a word
  return picture + "  +" + std::string(static_cast<std::size_t>(line), '-') + (line < width ? " " + unit + "\n" : "\n");
}

// "12 buffers over 8 steps", or on how many streams.
std::string Extent(const Problem& problem) {
  const std::string count = FormatThousands(static_cast<std::int64_t>(problem.buffers.size())) +
                            (problem.buffers.size() == 1 ? " buffer " : " buffers ");
  if (problem.clocks.streams > 0) return count + "on " + std::to_string(problem.clocks.streams) + " streams";
  const std::int64_t steps = problem.buffers.empty() ? 0 : StepsOf(problem).count;
  return count + "over " + FormatThousands(steps) + (steps == 1 ? " step" : " steps");
}

// On several streams a bound has no step.
std::string ForcedBy(const Certificate& certificate) {
  if (certificate.bound_kind != BoundKind::kLiveBytes || certificate.witness.size() < 2) return "";
  return ", " + FormatThousands(static_cast<std::int64_t>(certificate.witness.size())) + " buffers, all in conflict";
}

// A map a stream, above one another, all with the same scale.
std::string LaneMaps(const PlanFile& file, int width) {
  constexpr int kLeast = 4;  // rows
  const Lanes lanes = LanesOf(file.problem, file.streams ? &*file.streams : nullptr);
  const int height = std::max(kLeast, kHeight / std::max<int>(1, static_cast<int>(lanes.lanes.size())));
  std::string text;
  for (const Lane& lane : lanes.lanes) {
    text += "  " + lane.name + "\n" + Draw(lane.problem, file.plan, lanes.steps, width - 4, height, "ops");
  }
  return text;
}

// How each space is used, and its map.
std::string SpaceMaps(const PlanFile& file, int width) {
  const Problem problem = InOneExecution(file.problem);
  const Steps steps = StepsOf(problem);
  std::string text;
  for (int p = 0; p < static_cast<int>(problem.spaces.size()); ++p) {
    const SpaceView view = ViewSpace(problem, file.plan, p);
    if (view.plan.peak_bytes == 0) continue;
    text += problem.spaces[At(p)].name + "\n" +
            Use(MeasurePlan(problem, file.plan, file.classes, p), file.problem.clocks.streams > 0) +
            Draw(view.problem, view.plan, steps, width - 4, kHeight);
  }
  return text;
}

std::string NotRunLine(const Plan& plan) {
  std::string names;
  for (const std::string& name : plan.policies_not_run) names += (names.empty() ? "" : ", ") + Printable(name);
  return names.empty() ? "" : "  not tried      " + names + "\n";
}

}  // namespace

std::string DrawArena(const Problem& problem, const Plan& plan, int width, int height) {
  return Draw(problem, plan, StepsOf(problem), width, height);
}

std::string DescribePlan(const PlanFile& file, int width) {
  const Problem& problem = file.problem;
  const Plan& plan = file.plan;
  const Certificate& certificate = plan.certificate;
  const std::int64_t no_reuse = NoReuseBytes(problem);
  const bool on_streams = problem.clocks.streams > 0;
  std::string text = PrintablePath(file.source) + ": " + Extent(problem) + ", alignment " +
                     std::to_string(file.alignment) + ", policy " + plan.policy +
                     (plan.time_limited ? ", shaped by the time limit" : "") +
                     (plan.interrupted ? ", interrupted" : "") + "\n";
  const std::string options = file.assignment ? OptionsOf(file.assignment->made_with) : "";
  if (!options.empty()) text += "  made with      " + Printable(options, 2000) + "\n";
  const bool in_spaces = !problem.spaces.empty();
  if (in_spaces) text += SpaceLines(file) + SpillLines(file);
  const std::string together = in_spaces ? ", of all spaces together" : "";
  text += FigureLine("peak", plan.peak_bytes, together + (certificate.proven_optimal ? ", proven optimal" : ""));
  text += FigureLine("lower bound", certificate.lower_bound_bytes,
                     on_streams ? ForcedBy(certificate) : ", at step " + FormatThousands(certificate.witness_step));
  if (!in_spaces && !certificate.proven_optimal && certificate.lower_bound_bytes > 0) {
    const std::int64_t gap = plan.peak_bytes - certificate.lower_bound_bytes;
    text += FigureLine("gap", gap, ", " + Tenths(gap * 100, certificate.lower_bound_bytes) + " % of the bound");
  }
  text += NotRunLine(plan) + TransformLines(file);
  text += FigureLine("no reuse", no_reuse,
                     plan.peak_bytes > 0 ? ", " + Tenths(no_reuse, plan.peak_bytes) + " x the peak" : "");
  text += StreamLines(file);
  if (!in_spaces) text += Use(MeasurePlan(problem, plan, file.classes), on_streams);
  if (file.workspaces) {
    text += FigureLine("workspace", file.workspaces->largest_bytes,
                       ", the largest of " + FormatThousands(file.workspaces->count) + ", within the peak");
  }
  if (file.peak_nested_bytes > 0)
    text += FigureLine("nested", file.peak_nested_bytes,
                       in_spaces ? ", on top in " + problem.spaces.back().name + ", while a control-flow op runs"
                                 : ", on top, while a control-flow op runs");
  if (file.weights) {
    text += FigureLine("weights", file.weights->needed_bytes,
                       " in " + FormatThousands(file.weights->count) + " tensors, " +
                           FormatBytes(file.weights->stored_bytes) + " stored");
    text += FigureLine("total", TotalBytes(file), ", peak, nested and weights");
  }
  if (file.metadata_bytes) {
    text += FigureLine("metadata", *file.metadata_bytes, ", tables of a TensorPool, outside the arena");
  }
  if (!in_spaces && plan.peak_bytes > 0) {
    text += on_streams ? LaneMaps(file, width) : DrawArena(problem, plan, width - 4, kHeight);
  }
  return in_spaces ? text + SpaceMaps(file, width) : text;
}

namespace {

// A line a policy, where several are compared.
std::string Comparison(const ShownGraph& graph, int width) {
  std::string text = "  policy" + std::string(24, ' ') + "peak      / bound\n";
  for (const GraphPlan& shown : graph.plans) {
    const Plan& plan = shown.file.plan;
    const Certificate& certificate = plan.certificate;
    std::string name = Printable(plan.policy, 24);
    name.resize(std::max<std::size_t>(26, name.size()), ' ');
    const std::string peak = FormatBytes(plan.peak_bytes);
    text += "  " + name + std::string(peak.size() < 10 ? 10 - peak.size() : 0, ' ') + peak;
    if (certificate.lower_bound_bytes > 0) {
      const std::string ratio = Ratio(plan.peak_bytes, certificate.lower_bound_bytes);
      text += std::string(ratio.size() < 9 ? 9 - ratio.size() : 0, ' ') + ratio;
    }
    text += (certificate.proven_optimal && width >= 64 ? "  proven optimal\n" : "\n");
  }
  return text + "\n";
}

}  // namespace

std::string WriteReportText(const Report& report, int width) {
  std::string text;
  for (const ShownGraph& graph : ShownGraphs(report)) {
    if (graph.plans.size() > 1) text += Comparison(graph, width);
    for (const GraphPlan& shown : graph.plans) {
      text += DescribePlan(shown.file, width);
      if (shown.explanation != nullptr) {
        text += ExplainPlan(shown.file, graph.step_names, *shown.explanation) +
                DescribeWhatIfs(shown.file, *shown.explanation);
      }
      text += "\n";
    }
  }
  text.pop_back();
  return text;
}

}  // namespace orionrt
