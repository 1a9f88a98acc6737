#include <algorithm>
#include <memory>
#include <unordered_map>

#include "base/text.hpp"
#include "command.hpp"
#include "input.hpp"
#include "orionrt/error.hpp"
#include "orionrt/validate.hpp"

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
  std::int64_t alignment = 1;
  std::string fault;  // found before the validator is asked
};

Case LoadPlanFile(const Options& options) {
  InputOptions as_plan = options.input;
  as_plan.ignore_offsets = true;                         // offsets are the answer here, not part of the question
  if (options.plan_path != "-") as_plan.format.clear();  // then it is the input's, or told by the suffix
  Input input = LoadInput(options.plan_path, as_plan);
  Case result;
  result.alignment = input.alignment;
  if (input.plan) {
    result.plan = input.plan->plan;
    result.problem = input.plan->problem;
    if (result.plan.problem_hash != HashProblem(result.problem)) {
      result.fault = "problem_hash does not match the buffers: the file was changed after it was written";
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
  std::vector<std::int64_t> offsets;
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
  }
  judged.plan.offsets = std::move(offsets);
  judged.problem = problem;
  return "";
}

// A bound that no search is said to have proven must be one that can be computed.
std::string CheckBound(const Case& judged) {
  const Certificate& stated = judged.plan.certificate;
  const std::int64_t known = LowerBound(judged.problem).lower_bound_bytes;
  if (stated.bound_kind == BoundKind::kRefutation || stated.lower_bound_bytes <= known) return "";
  return "it states a lower bound of " + FormatThousands(stated.lower_bound_bytes) + " bytes, but only " +
         FormatThousands(known) + " follow from what is alive";
}

int Run(const Options& options) {
  Case judged = LoadPlanFile(options);
  if (!options.input_path.empty() && judged.fault.empty()) {
    InputOptions as_input = options.input;
    if (options.plan_path == "-") as_input.format.clear();  // it spoke of the plan
    if (as_input.alignment.empty()) as_input.alignment = std::to_string(judged.alignment);
    const Problem problem = LoadInput(options.input_path, as_input).problem;
    judged.fault = Rebind(problem, judged);
  }
  if (judged.fault.empty()) {
    if (const auto violation = Validate(judged.problem, judged.plan)) judged.fault = violation->message;
  }
  if (judged.fault.empty()) judged.fault = CheckBound(judged);
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
