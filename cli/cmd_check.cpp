#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/text.hpp"
#include "command.hpp"
#include "input.hpp"
#include "orionrt/error.hpp"
#include "orionrt/transform.hpp"
#include "orionrt/validate.hpp"
#include "planning.hpp"

namespace orionrt::cli {
namespace {

struct Options {
  InputOptions input;
  std::string plan_path;
  std::string input_path;
};

// What is judged: a problem, a plan of it, and whether the plan file states more than offsets.
struct Case {
  Problem problem;
  Plan plan;
  std::optional<PlanDomain> domain;
  std::int64_t alignment = 1;
  std::string fault;  // found before the validator is asked
};

std::string PoolNames(const Problem& problem) {
  std::string names;
  for (const Pool& pool : problem.pools) names += (names.empty() ? "" : ", ") + pool.name;
  return names;
}

// The fault where a plan is over other pools than are given.
std::string OtherPools(const Problem& given, const Problem& planned) {
  const std::string mine = PoolNames(given), theirs = PoolNames(planned);
  if (mine == theirs) return "";
  return "the plan is over " + (theirs.empty() ? "no pools" : "the pools " + theirs) + ", what is given has " +
         (mine.empty() ? "none" : mine);
}

// What a plan in CSV does not state of its pools, so that it can be judged like any other.
void StatePools(const CsvFile& csv, const std::string& path, Case& judged) {
  const Problem& problem = judged.problem;
  PoolPlan& pools = judged.plan.pools;
  if (csv.pools.empty() && problem.pools.size() > 1) {
    throw Error(ErrorCode::kBadInput, path + ": no plan over pools: it has no column \"pool\"");
  }
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const std::string name = csv.pools.empty() ? problem.pools[0].name : csv.pools[i];
    const auto found =
        std::find_if(problem.pools.begin(), problem.pools.end(), [&](const Pool& pool) { return pool.name == name; });
    if (found == problem.pools.end()) {
      throw Error(ErrorCode::kBadInput, path + ": buffer " + BufferLabel(problem, i) + " lies in \"" + Printable(name) +
                                            "\", which is no pool of --pool");
    }
    pools.pool_of.push_back(static_cast<int>(found - problem.pools.begin()));
    const std::vector<std::string> spaces = SpacesOf(problem, i);
    const std::string home = spaces.empty() ? problem.pools[0].name : spaces[0];
    if (home == name) continue;
    pools.spills.push_back(
        {i, 0, pools.pool_of[i], SpillReason::kNoRoom, 0, 0, SpillCost(problem, i, pools.pool_of[i])});
    pools.spill_cost += pools.spills.back().cost;
  }
  judged.plan.peak_bytes = 0;
  for (int p = 0; p < static_cast<int>(problem.pools.size()); ++p) {
    pools.figures.push_back({PeakOf(problem, judged.plan, p), {}});
    judged.plan.peak_bytes += pools.figures.back().peak_bytes;
  }
}

Case LoadPlanFile(const Options& options) {
  InputOptions as_plan = options.input;
  as_plan.transforms = {};  // they made the plan, and are asked of the input
  as_plan.all_transforms = false;
  as_plan.ignore_offsets = true;                         // offsets are the answer here, not part of the question
  if (options.plan_path != "-") as_plan.format.clear();  // then it is the input's, or told by the suffix
  Input input = LoadInput(options.plan_path, as_plan);
  Case result;
  result.alignment = input.alignment;
  if (input.plan) {
    result.plan = input.plan->plan;
    result.domain = input.plan->domain;
    result.problem = input.plan->problem;
    if (result.plan.problem_hash != HashProblem(result.problem)) {
      result.fault = "problem_hash does not match the buffers: the file was changed after it was written";
    }
    if (result.fault.empty() && !options.input.pools.empty()) {
      result.fault = OtherPools(input.problem, result.problem);
      if (result.fault.empty()) result.problem.pools = input.problem.pools;  // are these large enough?
    }
    return result;
  }
  result.problem = std::move(input.problem);
  if (input.csv) result.plan.offsets = input.csv->offsets;
  const bool complete =
      result.plan.offsets.size() == result.problem.buffers.size() &&
      std::find(result.plan.offsets.begin(), result.plan.offsets.end(), kFree) == result.plan.offsets.end();
  if (!complete) {
    throw Error(ErrorCode::kBadInput,
                options.plan_path +
                    ": no plan: there is not an offset for every buffer; orionrt plan INPUT -o plan.json makes one");
  }
  result.plan.peak_bytes = PeakOf(result.problem, result.plan.offsets);  // a CSV plan states none
  if (!result.problem.pools.empty()) StatePools(*input.csv, options.plan_path, result);
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
  const std::string other = OtherPools(problem, judged.problem);
  if (!other.empty()) return other;
  std::vector<std::int64_t> offsets;
  std::vector<int> pool_of, now(planned.size(), 0);  // now: where a buffer of the plan stands in the input
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const auto found = planned.find(BufferId(problem, i));
    if (found == planned.end()) return "buffer " + BufferLabel(problem, i) + " is not in the plan";
    const Buffer& mine = problem.buffers[i];
    const Buffer& theirs = judged.problem.buffers[found->second];
    if (mine.lower != theirs.lower || mine.upper != theirs.upper || mine.size != theirs.size) {
      const auto say = [](const Buffer& b) {
        return std::to_string(b.size) + " bytes in [" + std::to_string(b.lower) + ", " + std::to_string(b.upper) + ")";
      };
      return "buffer " + BufferLabel(problem, i) + " has " + say(mine) + ", but " + say(theirs) + " in the plan";
    }
    offsets.push_back(judged.plan.offsets[found->second]);
    if (!problem.pools.empty()) pool_of.push_back(judged.plan.pools.pool_of[found->second]);
    now[found->second] = i;
  }
  judged.plan.offsets = std::move(offsets);
  judged.plan.pools.pool_of = std::move(pool_of);
  for (Spill& spill : judged.plan.pools.spills) spill.buffer = now[spill.buffer];
  judged.problem = problem;
  return "";
}

// Those of a plan file, by name.
Transforms StatedTransforms(const PlanDomain& domain) {
  const auto has = [&](const char* name) {
    return std::find(domain.transforms.begin(), domain.transforms.end(), name) != domain.transforms.end();
  };
  Transforms transforms;
  transforms.views = has("views");
  transforms.in_place = has("in_place");
  transforms.colocate = has("colocate");
  transforms.reorder = has("reorder");
  return transforms;
}

std::string Named(const std::vector<std::string>& transforms) {
  std::string names;
  for (const std::string& name : transforms) names += (names.empty() ? "" : ", ") + Printable(name, 40);
  return names.empty() ? "no transforms" : names;
}

// What a plan says of its graph beyond buffers: the order, and where each tensor lies in its buffer.
std::string CheckDomain(const PlanDomain& stated, const Input& input) {
  const std::optional<PlanDomain> mine = DomainOf(input);
  if (!mine) return "";
  if (stated.transforms != mine->transforms) {
    return "the plan was made with " + Named(stated.transforms) + ", the input is read with " +
           Named(mine->transforms) + "; give check the options that plan had";
  }
  if (stated.order != mine->order) return "the plan holds for another order of ops";
  if (stated.graph_hash != mine->graph_hash) return "the plan was made for another graph: its graph_hash differs";
  for (std::size_t i = 0; i < mine->tensors.size(); ++i) {
    const TensorPlace& tensor = mine->tensors[i];
    const bool same = i < stated.tensors.size() && stated.tensors[i].id == tensor.id &&
                      stated.tensors[i].buffer == tensor.buffer && stated.tensors[i].delta == tensor.delta;
    if (!same) return "tensor " + std::to_string(tensor.id) + " \"" + Printable(tensor.name) + "\" lies elsewhere";
  }
  if (input.transformed == nullptr) return "";
  const auto fault = CheckSharing(*input.transformed);
  return fault ? fault->message : "";
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
  for (int p = 0; p < static_cast<int>(judged.problem.pools.size()) && fault.empty(); ++p) {
    const PoolView view = ViewPool(judged.problem, judged.plan, p);
    fault = CheckBound(view.problem, view.plan.certificate);
    if (!fault.empty()) fault = "pool " + judged.problem.pools[p].name + ": " + fault;
  }
  return fault;
}

int Run(const Options& options) {
  Case judged = LoadPlanFile(options);
  if (!options.input_path.empty() && judged.fault.empty()) {
    InputOptions as_input = options.input;
    if (options.plan_path == "-") as_input.format.clear();  // it spoke of the plan
    as_input.pool_table = judged.problem.pools;
    if (as_input.alignment.empty()) as_input.alignment = std::to_string(judged.alignment);
    if (judged.domain && !Any(TransformsOf(as_input))) as_input.transforms = StatedTransforms(*judged.domain);
    const Input input = LoadInput(options.input_path, as_input);
    if (judged.domain) judged.fault = CheckDomain(*judged.domain, input);
    if (judged.fault.empty()) judged.fault = Rebind(input.problem, judged);
  }
  if (judged.fault.empty()) {
    if (const auto violation = Validate(judged.problem, judged.plan)) judged.fault = violation->message;
  }
  if (judged.fault.empty()) judged.fault = CheckBounds(judged);
  if (!judged.fault.empty()) {
    WriteFile("-", options.plan_path + ": wrong: " + judged.fault + "\n");
    return kAnswerIsNo;
  }
  const std::int64_t bound =
      std::max(LowerBound(judged.problem).lower_bound_bytes, judged.plan.certificate.lower_bound_bytes);
  WriteFile("-", options.plan_path + ": right: " + std::to_string(judged.problem.buffers.size()) + " buffers, peak " +
                     FormatThousands(judged.plan.peak_bytes) + " bytes, lower bound " + FormatThousands(bound) + "\n");
  return kDone;
}

}  // namespace

std::function<int()> SetUpCheck(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("PLAN", options->plan_path, "A plan: JSON, or CSV with offsets")->required();
  app.add_option("INPUT", options->input_path, "The model or problem that it was made for");
  AddInputOptions(app, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli
