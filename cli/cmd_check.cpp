// check: judges a plan file, alone or against the problem or the model that it is of.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "base/index.hpp"
#include "base/text.hpp"
#include "command.hpp"
#include "graph/regroup.hpp"
#include "input.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/plan.hpp"
#include "output.hpp"
#include "placed_model.hpp"
#include "plan/stated.hpp"

namespace orionrt::cli::check_command {
namespace {

struct Options {
  InputOptions input;
  std::string plan_path;
  std::string input_path;
  std::string format;
};

// What is judged: a problem, a plan of it, and whether the plan file states more than offsets.
struct Case {
  Problem problem;
  Plan plan;
  std::optional<Assignment> assignment;
  std::vector<PlanFile> bodies;  // that the assignment has
  std::int64_t alignment = 1;
  std::string fault;  // found before the validator is asked
};

std::string SpaceNames(const Problem& problem) {
  std::string names;
  for (const Space& space : problem.spaces) names += (names.empty() ? "" : ", ") + space.name;
  return names;
}

// The fault where a plan is over other spaces than are given.
std::string OtherSpaces(const Problem& given, const Problem& planned) {
  const std::string mine = SpaceNames(given), theirs = SpaceNames(planned);
  if (mine == theirs) return "";
  return "the plan is over " + (theirs.empty() ? "no spaces" : "the spaces " + theirs) + ", what is given has " +
         (mine.empty() ? "none" : mine);
}

// What a plan in CSV does not state of its spaces, so that it can be judged like any other.
void StateSpaces(const CsvFile& csv, const std::string& path, Case& judged) {
  const Problem& problem = judged.problem;
  std::vector<int> space_of;
  if (csv.space_of.empty() && problem.spaces.size() > 1) {
    throw Error(ErrorCode::kBadInput, path + ": no plan over spaces: it has no column \"space\"");
  }
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const std::string name = csv.space_of.empty() ? problem.spaces[0].name : csv.space_of[At(i)];
    const auto found = std::find_if(problem.spaces.begin(), problem.spaces.end(),
                                    [&](const Space& space) { return space.name == name; });
    if (found == problem.spaces.end()) {
      throw Error(ErrorCode::kBadInput, path + ": buffer " + BufferLabel(problem, i) + " lies in \"" + Printable(name) +
                                            "\", which is no space of --space");
    }
    space_of.push_back(static_cast<int>(found - problem.spaces.begin()));
  }
  judged.plan = StatedPlan(problem, std::move(judged.plan.offsets), std::move(space_of));
}

void RequireOffsets(const Case& judged, const std::string& path) {
  const std::vector<std::int64_t>& offsets = judged.plan.offsets;
  const bool complete = offsets.size() == judged.problem.buffers.size() &&
                        std::find(offsets.begin(), offsets.end(), kFree) == offsets.end();
  if (complete) return;
  throw Error(ErrorCode::kBadInput,
              path + ": no plan: there is not an offset for every buffer; orionrt plan INPUT -o plan.json makes one");
}

Case LoadPlanFile(const Options& options) {
  InputOptions as_plan = options.input;
  as_plan.transforms = {};  // they made the plan, and are asked of the input
  as_plan.all_transforms = false;
  as_plan.streams.reset();
  as_plan.imply_waits = false;
  as_plan.ignore_offsets = true;                         // offsets are the answer here, not part of the question
  if (options.plan_path != "-") as_plan.format.clear();  // then it is the input's, or told by the suffix
  Input input = LoadInput(options.plan_path, as_plan);
  Workload& workload = input.workload;
  Case result;
  result.alignment = workload.alignment;
  if (input.plan) {
    result.plan = std::move(input.plan->plan);
    result.assignment = std::move(input.plan->assignment);
    result.problem = std::move(input.plan->problem);
    result.bodies = std::move(input.plan->bodies);
    if (result.plan.problem_hash != HashProblem(result.problem)) {
      result.fault = "problem_hash does not match the buffers: the file was changed after it was written";
    }
    if (result.fault.empty() && !options.input.spaces.empty()) {
      result.fault = OtherSpaces(workload.problem, result.problem);
      if (result.fault.empty()) result.problem.spaces = workload.problem.spaces;  // are these large enough?
    }
    return result;
  }
  if (workload.transformed != nullptr) {
    throw Error(ErrorCode::kBadInput,
                options.plan_path + ": is a graph, not a plan; orionrt plan INPUT -o plan.json " + "makes one");
  }
  result.problem = std::move(workload.problem);
  if (input.csv) result.plan.offsets = input.csv->offsets;
  RequireOffsets(result, options.plan_path);
  result.plan.peak_bytes = PeakOf(result.problem, result.plan.offsets);  // a CSV plan states none
  if (!result.problem.spaces.empty()) StateSpaces(*input.csv, options.plan_path, result);
  return result;
}

// The plan's offsets in the order of the problem's buffers; the fault where the two do not speak of the same buffers.
std::string Rebind(const Problem& problem, Case& judged) {
  std::unordered_map<std::string, int> planned;
  for (int i = 0; i < static_cast<int>(judged.problem.buffers.size()); ++i)
    planned.emplace(BufferId(judged.problem, i), i);
  if (planned.size() != problem.buffers.size()) {
    return "the plan places " + std::to_string(planned.size()) + " buffers, the input has " +
           std::to_string(problem.buffers.size());
  }
  const std::string other = OtherSpaces(problem, judged.problem);
  if (!other.empty()) return other;
  std::vector<std::int64_t> offsets;
  std::vector<int> space_of, now(planned.size(), 0);  // now: where a buffer of the plan stands in the input
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const auto found = planned.find(BufferId(problem, i));
    if (found == planned.end()) return "buffer " + BufferLabel(problem, i) + " is not in the plan";
    const Buffer& mine = problem.buffers[At(i)];
    const Buffer& theirs = judged.problem.buffers[At(found->second)];
    if (mine.lower != theirs.lower || mine.upper != theirs.upper || mine.size != theirs.size) {
      const auto say = [](const Buffer& b) {
        return std::to_string(b.size) + " bytes in [" + std::to_string(b.lower) + ", " + std::to_string(b.upper) + ")";
      };
      return "buffer " + BufferLabel(problem, i) + " has " + say(mine) + ", but " + say(theirs) + " in the plan";
    }
    offsets.push_back(judged.plan.offsets[At(found->second)]);
    if (!problem.spaces.empty()) space_of.push_back(judged.plan.spaces.space_of[At(found->second)]);
    now[At(found->second)] = i;
  }
  judged.plan.offsets = std::move(offsets);
  judged.plan.spaces.space_of = std::move(space_of);
  for (Spill& spill : judged.plan.spaces.spills) spill.buffer = now[At(spill.buffer)];
  judged.problem = problem;
  return "";
}

// Who lies where, and when: no two buffers of a right plan agree in all of it.
using Spot = std::tuple<int, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

Spot SpotOf(const Problem& problem, const Plan& plan, int i) {
  const Buffer& b = problem.buffers[At(i)];
  return {problem.spaces.empty() ? 0 : SpaceOf(plan, i), plan.offsets[At(i)], b.lower, b.upper, b.size};
}

// Buffers that take bytes, by their spots.
std::vector<std::pair<Spot, int>> SpotsOf(const Problem& problem, const Plan& plan) {
  std::vector<std::pair<Spot, int>> spots;
  for (int i = 0; i < static_cast<int>(plan.offsets.size()); ++i) {
    if (problem.buffers[At(i)].size > 0) spots.emplace_back(SpotOf(problem, plan, i), i);
  }
  std::sort(spots.begin(), spots.end());
  return spots;
}

std::string SaySpot(const Spot& spot) {
  return std::to_string(std::get<4>(spot)) + " bytes at " + std::to_string(std::get<1>(spot)) + " in [" +
         std::to_string(std::get<2>(spot)) + ", " + std::to_string(std::get<3>(spot)) + ")";
}

// Puts the buffers that the graph's tensors make at their places for those that the plan lists, which are to be the
// same: so that what the plan states of its peak and its bound is judged by the graph.
std::string RebindToGraph(const Graph& graph, const InputOptions& options, Case& judged) {
  const Assignment& assignment = *judged.assignment;
  const Graph ordered = InOrder(graph, assignment.order_ids);
  const std::int64_t alignment = AskedAlignment(options).value_or(judged.alignment);
  Lowered lowered = RecoverProblem(ordered, assignment, alignment, judged.problem.spaces);
  Plan plan = judged.plan;
  BufferPlaces places = PlacesOf(ordered, assignment, lowered);
  plan.offsets = std::move(places.offsets);
  if (!judged.problem.spaces.empty()) plan.spaces.space_of = std::move(places.spaces);
  const auto stated = SpotsOf(judged.problem, judged.plan);
  const auto made = SpotsOf(lowered.problem, plan);
  for (std::size_t k = 0; k < std::max(stated.size(), made.size()); ++k) {
    if (k < made.size() && k < stated.size() && made[k].first == stated[k].first) continue;
    const bool extra = k < stated.size() && (k >= made.size() || stated[k].first < made[k].first);
    return extra ? "buffer " + BufferLabel(judged.problem, stated[k].second) + ", " + SaySpot(stated[k].first) +
                       ", is not what the graph's tensors make of it"
                 : "the plan lists no buffer of " + SaySpot(made[k].first) + ", where " +
                       BufferLabel(lowered.problem, made[k].second) + " lies";
  }
  std::vector<int> now(judged.problem.buffers.size(), 0);  // where a buffer of the plan stands among the graph's
  for (std::size_t k = 0; k < stated.size(); ++k) now[At(stated[k].second)] = made[k].second;
  for (Spill& spill : plan.spaces.spills) spill.buffer = now[At(spill.buffer)];
  judged.plan = std::move(plan);
  judged.problem = std::move(lowered.problem);
  return "";
}

std::string Named(const Transforms& t) {
  const std::pair<bool, const char*> all[] = {
      {t.views, "views"}, {t.colocate, "colocate"}, {t.in_place, "in_place"}, {t.reorder, "reorder"}};
  std::string names;
  for (const auto& [on, name] : all) {
    if (on) names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names.empty() ? "no transforms" : names;
}

bool Same(const Transforms& a, const Transforms& b) {
  return a.views == b.views && a.colocate == b.colocate && a.in_place == b.in_place && a.reorder == b.reorder;
}

// The fault of an assignment that is judged with its graph; what was read how is said where the graph is another.
std::string CheckGraph(const Graph& graph, const std::vector<NestedGraph>& bodies, const ImportOptions& import,
                       Case& judged) {
  Assignment& assignment = *judged.assignment;
  const bool of_before = assignment.graph_id == 0;
  try {
    CompleteAssignment(graph, assignment);
  } catch (const Error& error) {
    return error.what();
  }
  // A file of before has no places for bodies.
  const auto fault = CheckAssignment(graph, assignment, of_before ? std::vector<NestedGraph>() : bodies);
  if (!fault) return "";
  MadeWith read;
  read.import = import;
  const std::string made_with = OptionsOf({{}, {}, 1, assignment.made_with.import, {}}), mine = OptionsOf(read);
  if (made_with == mine) return fault->message;
  const auto say = [](const std::string& options) { return options.empty() ? "no options" : Printable(options, 300); };
  return fault->message + "; it was made with " + say(made_with) + ", and the model is read with " + say(mine);
}

// A bound that no search is said to have proven must be one that can be computed.
std::string CheckBound(const Problem& problem, const Certificate& stated) {
  const std::int64_t known = LowerBound(problem).lower_bound_bytes;
  if (stated.bound_kind == BoundKind::kRefutation || stated.lower_bound_bytes <= known) return "";
  return "it states a lower bound of " + FormatThousands(stated.lower_bound_bytes) + " bytes, but only " +
         FormatThousands(known) + " follow from what is alive";
}

std::string CheckBounds(const Case& judged) {
  std::string fault = CheckBound(judged.problem, judged.plan.certificate);
  for (int p = 0; p < static_cast<int>(judged.problem.spaces.size()) && fault.empty(); ++p) {
    const SpaceView view = ViewSpace(judged.problem, judged.plan, p);
    fault = CheckBound(view.problem, view.plan.certificate);
    if (!fault.empty()) fault = "space " + judged.problem.spaces[At(p)].name + ": " + fault;
  }
  return fault;
}

// Of bodies, as far as they can be judged without their graphs.
std::string CheckBodies(const std::vector<PlanFile>& bodies) {
  for (const PlanFile& body : bodies) {
    const auto violation = Validate(body.problem, body.plan);
    std::string fault = violation ? violation->message : CheckBound(body.problem, body.plan.certificate);
    if (fault.empty()) fault = CheckBodies(body.bodies);
    if (!fault.empty()) return "body " + Printable(body.source) + ": " + fault;
  }
  return "";
}

// With the model or problem that it was made for.
void CheckWithInput(const Options& options, Case& judged) {
  InputOptions as_input = options.input;
  if (options.plan_path == "-") as_input.format.clear();  // it spoke of the plan
  as_input.space_table = judged.problem.spaces;
  if (as_input.alignment.empty()) as_input.alignment = std::to_string(judged.alignment);
  const Transforms asked = TransformsOf(as_input);
  as_input.transforms = {};
  as_input.all_transforms = false;
  if (judged.assignment) {
    const Transforms& stated = judged.assignment->made_with.transforms;
    if (Any(asked) && !Same(asked, stated)) {
      judged.fault = "the plan was made with " + Named(stated) + ", the input is read with " + Named(asked) +
                     "; leave these options out: check takes them from the plan";
      return;
    }
    as_input.import = judged.assignment->made_with.import;
  } else {
    as_input.transforms = asked;
  }
  const Input input = LoadInput(options.input_path, as_input);
  const Workload& workload = input.workload;
  if (judged.assignment && workload.transformed != nullptr) {
    judged.fault = CheckGraph(workload.transformed->graph, input.nested, workload.import, judged);
    if (judged.fault.empty()) judged.fault = RebindToGraph(workload.transformed->graph, as_input, judged);
  } else {
    judged.fault = Rebind(workload.problem, judged);
  }
}

// What a verdict says beside right or wrong: figures by the names that plan JSON has for them.
struct Figures {
  const char* counted;  // "buffers" or "tensors"
  std::int64_t count;
  std::int64_t bytes;  // of the peak, or of the arena
  std::optional<std::int64_t> lower_bound_bytes;
};

std::string ToText(const std::string& path, const std::string& fault, const Figures& figures) {
  if (!fault.empty()) return path + ": wrong: " + fault + "\n";
  const std::string counted = std::to_string(figures.count) + " " + figures.counted;
  if (!figures.lower_bound_bytes) {
    return path + ": right: " + counted + " in " + FormatThousands(figures.bytes) + " bytes\n";
  }
  return path + ": right: " + counted + ", peak " + FormatThousands(figures.bytes) + " bytes, lower bound " +
         FormatThousands(*figures.lower_bound_bytes) + "\n";
}

std::string ToJson(const std::string& path, const std::string& fault, const Figures& figures) {
  nlohmann::ordered_json json = {{"plan", path}, {"right", fault.empty()}};
  if (!fault.empty()) json["fault"] = fault;
  json[figures.counted] = figures.count;
  json[figures.lower_bound_bytes ? "peak_bytes" : "required_bytes"] = figures.bytes;
  if (figures.lower_bound_bytes) json["lower_bound_bytes"] = *figures.lower_bound_bytes;
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

struct Format {
  const char* name;
  const char* suffix;
  std::string (*write)(const std::string& path, const std::string& fault, const Figures& figures);
};
constexpr Format kFormats[] = {{"text", ".txt", ToText}, {"json", ".json", ToJson}};

int Say(const Options& options, const std::string& fault, const Figures& figures) {
  WriteResult("-", PickFormat(kFormats, options.format, "").write(options.plan_path, fault, figures));
  return fault.empty() ? kDone : kAnswerIsNo;
}

PlacedModel LoadPlaced(const Options& options) {
  const std::string& path = options.plan_path;
  if (HasSuffix(path, ".tflite")) return LoadTflmPlan(path, options.input);
  if (HasSuffix(path, ".bin")) {
    const std::string& model = options.input_path.empty() ? options.input.model : options.input_path;
    return LoadBinaryPlan(ReadFile(path), path, model, options.input);
  }
  return LoadHeaderPlan(path, options.input_path, options.input);
}

// A plan of offsets and an order, and nothing said of how good it is.
int CheckPlacesAlone(const Options& options) {
  const PlacedModel placed = LoadPlaced(options);
  const auto fault = CheckAssignment(placed.graph, placed.assignment, placed.bodies);
  std::int64_t placed_tensors = 0;
  for (const Place& place : placed.assignment.tensors) placed_tensors += place.bytes > 0 && place.space != kExternal;
  std::int64_t bytes = 0;
  for (const AssignedSpace& space : placed.assignment.spaces) bytes += space.required_bytes;
  return Say(options,
             !placed.fault.empty() ? placed.fault
             : fault               ? fault->message
                                   : "",
             {"tensors", placed_tensors, bytes, std::nullopt});
}

int Run(const Options& options) {
  (void)PickFormat(kFormats, options.format, "");  // usage is judged before the file
  const std::string& path = options.plan_path;
  const bool places_alone = HasSuffix(path, ".tflite") || HasSuffix(path, ".h") || HasSuffix(path, ".hpp");
  if (places_alone || HasSuffix(path, ".bin")) return CheckPlacesAlone(options);
  Case judged = LoadPlanFile(options);
  if (!options.input_path.empty() && judged.fault.empty()) CheckWithInput(options, judged);
  if (judged.fault.empty()) {
    if (const auto violation = Validate(judged.problem, judged.plan)) judged.fault = violation->message;
  }
  if (judged.fault.empty()) judged.fault = CheckBounds(judged);
  if (judged.fault.empty()) judged.fault = CheckBodies(judged.bodies);
  const std::int64_t bound =
      std::max(LowerBound(judged.problem).lower_bound_bytes, judged.plan.certificate.lower_bound_bytes);
  return Say(options, judged.fault,
             {"buffers", static_cast<std::int64_t>(judged.problem.buffers.size()), judged.plan.peak_bytes, bound});
}

}  // namespace

std::function<int()> SetUp(OptionTable& table) {
  auto options = std::make_shared<Options>();
  table.push_back(
      {"PLAN", &options->plan_path,
       "A plan: JSON, CSV with offsets, a C header or a binary plan (with its model), or a .tflite file that has one "
       "inside"});
  table.push_back({"[INPUT]", &options->input_path, "The model or problem that it was made for"});
  table.push_back({"--format", &options->format, "Of the verdict (default: text)", FormatNames(kFormats, "|")});
  AddInputOptions(table, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli::check_command
