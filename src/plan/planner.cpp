// Runs a policy on what it can carry, adds what it need not know, and checks what comes back.
#include "orionrt/planner.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "plan/fixed.hpp"
#include "plan/infeasible.hpp"
#include "plan/space_table.hpp"
#include "plan/spaces/plan_spaces.hpp"
#include "plan/watch.hpp"
#include "plan/without_parts.hpp"

namespace orionrt {
namespace {

// What a policy gets that knows no clocks, or no parts: safe lives in steps, each buffer alive as a whole. A plan of it
// is one of the problem itself.
Problem Simplified(const Problem& problem, const Policy& policy) {
  Problem simple = policy.carries_clocks || !NeedsStreams(problem) ? problem : WithoutClocks(problem);
  if (policy.carries_parts) return simple;
  simple.parts.clear();
  simple.clocks.part_begins.clear();
  simple.clocks.part_ends.clear();
  return simple;
}

// With clocks, where the bound takes a while, that of a policy which fills it is the one.
void FillCertificate(const Problem& problem, Plan& plan) {
  const bool is_dear = problem.clocks.streams > 0 && problem.spaces.empty();
  if (!is_dear || plan.certificate.lower_bound_bytes == 0) {
    Certificate simple = LowerBound(problem);
    if (simple.lower_bound_bytes >= plan.certificate.lower_bound_bytes) plan.certificate = std::move(simple);
  }
  plan.certificate.proven_optimal = plan.peak_bytes == plan.certificate.lower_bound_bytes;
}

// Refuses fixed buffers that clash, as no policy can help: they are judged as a problem of their own.
void CheckFixed(const Problem& problem, const char* remedy) {
  Plan plan;
  Problem fixed = problem;
  for (Buffer& buffer : fixed.buffers) {
    plan.offsets.push_back(std::max<std::int64_t>(0, buffer.fixed_offset));
    if (buffer.fixed_offset == kFree) buffer.size = 0;
  }
  for (Part& part : fixed.parts) {
    if (fixed.buffers[At(part.buffer)].fixed_offset == kFree) part.begin = part.end = 0;
  }
  plan.peak_bytes = PeakOf(fixed, plan.offsets);
  if (const auto fault = Validate(fixed, plan)) {
    throw Error(ErrorCode::kInfeasible, "fixed offsets clash: " + fault->message + remedy);
  }
}

// The same, space by space: a fixed buffer lies in the first space that it may live in.
void CheckFixedInSpaces(const Problem& problem) {
  const Preferences preferences(problem);
  Plan plan;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    plan.spaces.space_of.push_back(preferences.Of(i).front());
    plan.offsets.push_back(0);
  }
  for (int p = 0; p < static_cast<int>(problem.spaces.size()); ++p) CheckFixed(ViewSpace(problem, plan, p).problem, "");
}

// Empty buffers need no place, so policies do not look for one: they lie at 0, or where they are fixed.
void PutEmptyBuffers(const Problem& problem, Plan& plan) {
  for (std::size_t i = 0; i < problem.buffers.size() && i < plan.offsets.size(); ++i) {
    const Buffer& buffer = problem.buffers[i];
    if (buffer.size == 0) plan.offsets[i] = std::max<std::int64_t>(0, buffer.fixed_offset);
  }
}

// The same for buffers that are empty in `plain` alone.
void PutNeverAlive(const Problem& plain, const Problem& problem, Plan& plan) {
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    if (plain.buffers[i].size == 0) plan.offsets[i] = std::max<std::int64_t>(0, problem.buffers[i].fixed_offset);
  }
}

}  // namespace

ReusePlanner::ReusePlanner(std::string_view policy) : policy_(FindPolicy(policy)) {}
ReusePlanner::ReusePlanner(Policy policy) : policy_(std::move(policy)) {
  if (!policy_.run) throw Error(ErrorCode::kMisuse, "policy \"" + policy_.name + "\" has no function");
}

Plan ReusePlanner::RunOne(const Problem& problem, const PlanOptions& options) const {
  const bool whole =
      (problem.parts.empty() || policy_.carries_parts) && (!NeedsStreams(problem) || policy_.carries_clocks);
  if (HasFixed(problem)) CheckFixed(problem, "; move one, or free all (on the command line: --ignore-offsets)");
  Plan plan;
  if (whole) {
    plan = policy_.run(problem, options);
  } else {
    const Problem simple = Simplified(problem, policy_);
    if (HasFixed(problem)) CheckFixed(simple, "; this policy knows no parts, or no clocks, another may");
    plan = policy_.run(simple, options);
  }
  PutEmptyBuffers(problem, plan);
  if (!whole) plan.certificate = {};  // a bound of what it was handed is none of the problem
  plan.peak_bytes = plan.offsets.size() == problem.buffers.size() ? PeakOf(problem, plan.offsets) : 0;
  FillCertificate(problem, plan);
  if (const auto fault = Validate(problem, plan)) {
    throw Error(ErrorCode::kInternal, "policy \"" + policy_.name + "\" made a plan that is none: " + fault->message);
  }
  return plan;
}

Plan ReusePlanner::RunWithin(const Problem& problem, const PlanOptions& options) const {
  Plan plan = RunOne(problem, options);
  const std::int64_t enough = EnoughBytes(options);
  const bool open = plan.peak_bytes > enough && plan.certificate.lower_bound_bytes <= enough;
  if (problem.parts.empty() || NeedsStreams(problem) || !open) return plan;
  const std::optional<Problem> plain = WithoutParts(problem);
  if (!plain) return plan;
  Plan again = RunOne(*plain, options);
  PutNeverAlive(*plain, problem, again);
  again.peak_bytes = PeakOf(problem, again.offsets);
  FillCertificate(problem, again);
  if (const auto fault = Validate(problem, again)) {
    throw Error(ErrorCode::kInternal, "policy \"" + policy_.name + "\" without parts: " + fault->message);
  }
  return again;
}

Plan ReusePlanner::Run(const Problem& problem, const PlanOptions& options) const {
  CheckProblem(problem);
  Watch watch(options);
  PlanOptions watched = options;
  Plan plan;
  if (problem.spaces.empty()) {
    watched.observer = watch.OfWhole();
    plan = RunWithin(problem, watched);
  } else {
    if (HasFixed(problem)) CheckFixedInSpaces(problem);
    watch.Prove(LowerBound(problem).lower_bound_bytes);
    plan = PlanSpaces(problem, options, [&](const Problem& subproblem, PlanOptions with) {
      with.observer = watch.OfSubproblem();
      return RunOne(subproblem, with);
    });
    FillCertificate(problem, plan);
    if (const auto fault = Validate(problem, plan)) {
      throw Error(ErrorCode::kInternal, "policy \"" + policy_.name + "\" over spaces: " + fault->message);
    }
  }
  if (plan.policy.empty()) plan.policy = policy_.name;
  plan.problem_hash = HashProblem(problem);
  plan.interrupted = watch.stopped() && !plan.certificate.proven_optimal;
  watch.Prove(plan.certificate.lower_bound_bytes);
  watch.Reach(plan.peak_bytes);
  watch.Seal(plan);
  if (options.capacity && plan.peak_bytes > *options.capacity) RefuseCapacity(problem, plan, *options.capacity);
  return plan;
}

}  // namespace orionrt
