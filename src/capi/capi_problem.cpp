// Problem -> plan.
#include <optional>
#include <utility>

#include "capi/handles.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "plan/stated.hpp"

namespace orionrt::capi {
namespace {

constexpr const char* kProblem = "the problem";
constexpr const char* kPlan = "the plan";

// In C 0 is no limit.
template <typename T>
std::optional<T> OrNoLimit(T limit) {
  return limit == 0 ? std::optional<T>() : limit;
}

void CheckCount(const orionrt_problem& problem, std::size_t count, const char* what) {
  const std::size_t wanted = problem.problem.buffers.size();
  if (count == wanted) return;
  Misuse(std::string(what) + " are " + std::to_string(count) + ", and the problem has " + std::to_string(wanted) +
         " buffers");
}

// One field of every buffer.
orionrt_status SetField(orionrt_problem* problem, const std::int64_t* values, std::size_t count, const char* what,
                        std::int64_t Buffer::*field) noexcept {
  return Try([&] {
    RefuseNull(problem, kProblem);
    CheckCount(*problem, count, what);
    const std::vector<std::int64_t> copied = ReadArray(values, count, what);
    for (std::size_t i = 0; i < count; ++i) {
      const bool is_default = copied[i] == 0 && field == &Buffer::alignment;
      problem->problem.buffers[i].*field = is_default ? 1 : copied[i];
    }
  });
}

void SetLives(Problem& problem, std::size_t streams, std::vector<std::int64_t> lower, std::vector<std::int64_t> upper) {
  if (streams >= 2) {
    problem.clocks.streams = static_cast<int>(streams);
    problem.clocks.begins = std::move(lower);
    problem.clocks.ends = std::move(upper);
    return;
  }
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    problem.buffers[i].lower = lower[i];
    problem.buffers[i].upper = upper[i];
  }
}

// Checked: with clocks, and widened to steps for who knows no clocks.
std::unique_ptr<orionrt_problem> MakeProblemOf(std::size_t count, std::int32_t streams, const std::int64_t* lower,
                                               const std::int64_t* upper, const std::int64_t* size) {
  if (streams < 0 || streams > kMostStreams) Misuse("the streams are no number from 0 to 64");
  if (count > static_cast<std::size_t>(INT32_MAX)) throw Error(ErrorCode::kUnsupported, "more than 2^31 - 1 buffers");
  auto made = std::make_unique<orionrt_problem>();
  const std::size_t numbers = count * static_cast<std::size_t>(std::max(streams, 1));
  const std::vector<std::int64_t> sizes = ReadArray(size, count, "size");
  made->problem.buffers.resize(count);
  for (std::size_t i = 0; i < count; ++i) made->problem.buffers[i].size = sizes[i];
  SetLives(made->problem, static_cast<std::size_t>(streams), ReadArray(lower, numbers, "lower"),
           ReadArray(upper, numbers, "upper"));
  CheckProblem(made->problem);
  WidenLives(made->problem);
  return made;
}

// The parts, one rectangle each, in place of those that the problem has; the same on several streams, by clocks.
void SetParts(Problem& problem, std::vector<Part> parts, std::vector<std::int64_t> lower,
              std::vector<std::int64_t> upper) {
  if (problem.clocks.streams > 0) {
    problem.clocks.part_begins = std::move(lower);
    problem.clocks.part_ends = std::move(upper);
  } else {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i].lower = lower[i];
      parts[i].upper = upper[i];
    }
  }
  problem.parts = std::move(parts);
  CheckProblem(problem);
  WidenLives(problem);
}

int SpacesOf(const Plan& plan) { return std::max(1, static_cast<int>(plan.spaces.figures.size())); }

orionrt_plan_figures FiguresOf(const Plan& plan) {
  orionrt_plan_figures figures = {};
  figures.buffer_count = plan.offsets.size();
  figures.space_count = static_cast<std::size_t>(SpacesOf(plan));
  figures.peak_bytes = plan.peak_bytes;
  figures.lower_bound_bytes = plan.certificate.lower_bound_bytes;
  figures.proven_optimal = plan.certificate.proven_optimal ? 1 : 0;
  figures.bound_kind = static_cast<std::int32_t>(plan.certificate.bound_kind);
  figures.spill_cost = plan.spaces.spill_cost;
  figures.time_limited = plan.time_limited ? 1 : 0;
  figures.interrupted = plan.interrupted ? 1 : 0;
  return figures;
}
static_assert(ORIONRT_BOUND_LIVE_BYTES == static_cast<int>(BoundKind::kLiveBytes) &&
              ORIONRT_BOUND_FIXED_OFFSET == static_cast<int>(BoundKind::kFixedOffset) &&
              ORIONRT_BOUND_REFUTATION == static_cast<int>(BoundKind::kRefutation) &&
              ORIONRT_BOUND_BUFFER_SIZE == static_cast<int>(BoundKind::kBufferSize));

PlanObserver ObserverOf(const orionrt_plan_options& options) {
  if (options.observer == nullptr) return {};
  return [observer = options.observer, user = options.user](const PlanProgress& progress) {
    const orionrt_progress told = {sizeof told,    progress.peak_bytes, progress.lower_bound_bytes,
                                   progress.stage, progress.work,       progress.work_budget};
    return observer(user, &told) != 0;
  };
}

Effort EffortOf(std::int32_t effort) {
  switch (effort) {
    case ORIONRT_EFFORT_FAST:
      return Effort::kFast;
    case ORIONRT_EFFORT_BALANCED:
      return Effort::kBalanced;
    case ORIONRT_EFFORT_THOROUGH:
      return Effort::kThorough;
    default:
      Misuse("the options' effort is none of orionrt_effort");
  }
}

Plan Stated(const Problem& problem, const std::int64_t* offsets, const std::int32_t* spaces, std::size_t count) {
  std::vector<int> space_of;
  if (spaces != nullptr) space_of.assign(spaces, spaces + count);
  return StatedPlan(problem, ReadArray(offsets, count, "offsets"), std::move(space_of));
}

}  // namespace

Space ReadSpace(const orionrt_space* given) {
  RefuseNull(given, "the space");
  const orionrt_space options = ReadOptions(given, "orionrt_space");
  RefuseNull(options.name, "orionrt_space.name");
  Space space;
  space.name = options.name;
  space.capacity = OrNoLimit(options.capacity);
  space.alignment = options.alignment == 0 ? 1 : options.alignment;
  space.granularity = options.granularity == 0 ? 1 : options.granularity;
  space.largest = OrNoLimit(options.largest);
  space.cost = options.cost == 0 ? kByPosition : options.cost;
  return space;
}

PlanningOptions ReadPlanningOptions(const orionrt_plan_options* given) {
  const orionrt_plan_options options = ReadOptions(given, "orionrt_plan_options");
  PlanningOptions read{ReusePlanner(options.policy == nullptr ? "auto" : options.policy), {}, 64, {}};
  read.plan.effort = EffortOf(options.effort);
  if (options.capacity < 0) Misuse("the options' capacity is negative");
  read.plan.capacity = OrNoLimit(options.capacity);
  if (!(options.time_limit_seconds >= 0 && options.time_limit_seconds < 1e9)) {
    Misuse("the options' time_limit_seconds are no number from 0 to 1e9");
  }
  read.plan.time_limit_seconds = OrNoLimit(options.time_limit_seconds);
  read.plan.observer = ObserverOf(options);
  if (options.alignment != 0) read.alignment = options.alignment;
  const std::uint32_t on = options.transforms;
  if ((on & ~static_cast<std::uint32_t>(ORIONRT_ALL_TRANSFORMS)) != 0) Misuse("the options' transforms have odd bits");
  read.transforms = {(on & ORIONRT_VIEWS) != 0, (on & ORIONRT_COLOCATE) != 0, (on & ORIONRT_IN_PLACE) != 0,
                     (on & ORIONRT_REORDER) != 0};
  return read;
}

}  // namespace orionrt::capi

using namespace orionrt;
using namespace orionrt::capi;

orionrt_status orionrt_problem_create(size_t count, int32_t streams, const int64_t* lower, const int64_t* upper,
                                      const int64_t* size, orionrt_problem** problem) {
  return Create(problem, [&] { return MakeProblemOf(count, streams, lower, upper, size); });
}

orionrt_status orionrt_problem_set_alignments(orionrt_problem* problem, const int64_t* alignments, size_t count) {
  return SetField(problem, alignments, count, "the alignments", &Buffer::alignment);
}

orionrt_status orionrt_problem_set_fixed_offsets(orionrt_problem* problem, const int64_t* offsets, size_t count) {
  return SetField(problem, offsets, count, "the fixed offsets", &Buffer::fixed_offset);
}

orionrt_status orionrt_problem_set_uses(orionrt_problem* problem, const int64_t* uses, size_t count) {
  return Try([&] {
    RefuseNull(problem, kProblem);
    CheckCount(*problem, count, "the uses");
    problem->problem.uses = ReadArray(uses, count, "the uses");
  });
}

orionrt_status orionrt_problem_add_space(orionrt_problem* problem, const orionrt_space* space) {
  return Try([&] {
    RefuseNull(problem, kProblem);
    problem->problem.spaces.push_back(ReadSpace(space));
  });
}

orionrt_status orionrt_problem_allow_spaces(orionrt_problem* problem, size_t buffer, const int32_t* spaces,
                                            size_t space_count) {
  return Try([&] {
    RefuseNull(problem, kProblem);
    Problem& inside = problem->problem;
    if (buffer >= inside.buffers.size()) Misuse("the problem has no buffer " + std::to_string(buffer));
    const std::vector<std::int32_t> allowed = ReadArray(spaces, space_count, "the spaces");
    inside.allowed_spaces.resize(inside.buffers.size());
    inside.allowed_spaces[buffer].assign(allowed.begin(), allowed.end());
  });
}

orionrt_status orionrt_problem_set_parts(orionrt_problem* problem, const int32_t* buffers, const int64_t* lower,
                                         const int64_t* upper, const int64_t* begin, const int64_t* end, size_t count) {
  return Try([&] {
    RefuseNull(problem, kProblem);
    Problem changed = problem->problem;
    const std::size_t numbers = count * static_cast<std::size_t>(std::max(changed.clocks.streams, 1));
    const std::vector<std::int32_t> owners = ReadArray(buffers, count, "buffers");
    const std::vector<std::int64_t> begins = ReadArray(begin, count, "begin"), ends = ReadArray(end, count, "end");
    std::vector<Part> parts(count);
    for (std::size_t i = 0; i < count; ++i) parts[i] = {owners[i], 0, 0, begins[i], ends[i]};
    SetParts(changed, std::move(parts), ReadArray(lower, numbers, "lower"), ReadArray(upper, numbers, "upper"));
    problem->problem = std::move(changed);
  });
}

orionrt_status orionrt_problem_keep_apart(orionrt_problem* problem, size_t buffer, size_t other) {
  return Try([&] {
    RefuseNull(problem, kProblem);
    const std::size_t buffers = problem->problem.buffers.size();
    if (buffer >= buffers || other >= buffers || buffer == other) {
      Misuse("the buffers " + std::to_string(buffer) + " and " + std::to_string(other) + " are no pair of the " +
             std::to_string(buffers) + " that the problem has");
    }
    problem->problem.apart.emplace_back(static_cast<int>(buffer), static_cast<int>(other));
  });
}

void orionrt_problem_destroy(orionrt_problem* problem) { delete problem; }

orionrt_status orionrt_problem_plan(const orionrt_problem* problem, const orionrt_plan_options* options,
                                    orionrt_plan** plan) {
  return Create(plan, [&] {
    RefuseNull(problem, kProblem);
    const PlanningOptions read = ReadPlanningOptions(options);
    auto made = std::make_unique<orionrt_plan>();
    made->workload.source = problem->source;
    made->workload.problem = problem->problem;
    made->workload.alignment = problem->alignment;
    made->planned.plan = read.planner.Run(problem->problem, read.plan);
    return made;
  });
}

orionrt_status orionrt_plan_get_figures(const orionrt_plan* plan, orionrt_plan_figures* figures) {
  return Try([&] {
    RefuseNull(plan, kPlan);
    WriteFigures(figures, FiguresOf(plan->planned.plan), "orionrt_plan_figures");
  });
}

const char* orionrt_plan_policy(const orionrt_plan* plan) {
  return plan == nullptr ? nullptr : plan->planned.plan.policy.c_str();
}

orionrt_status orionrt_plan_offsets(const orionrt_plan* plan, int64_t* offsets, size_t capacity) {
  return Try([&] {
    RefuseNull(plan, kPlan);
    const std::vector<std::int64_t>& all = plan->planned.plan.offsets;
    FillArray(offsets, capacity, all.size(), "offsets", [&](std::size_t i) { return all[i]; });
  });
}

orionrt_status orionrt_plan_spaces(const orionrt_plan* plan, int32_t* spaces, size_t capacity) {
  return Try([&] {
    RefuseNull(plan, kPlan);
    const Plan& inside = plan->planned.plan;
    FillArray(spaces, capacity, inside.offsets.size(), "spaces",
              [&](std::size_t i) { return SpaceOf(inside, static_cast<int>(i)); });
  });
}

orionrt_status orionrt_plan_peaks(const orionrt_plan* plan, int64_t* peaks, size_t capacity) {
  return Try([&] {
    RefuseNull(plan, kPlan);
    const Plan& inside = plan->planned.plan;
    const auto& figures = inside.spaces.figures;
    FillArray(peaks, capacity, static_cast<std::size_t>(SpacesOf(inside)), "peaks",
              [&](std::size_t i) { return figures.empty() ? inside.peak_bytes : figures[i].peak_bytes; });
  });
}

void orionrt_plan_destroy(orionrt_plan* plan) { delete plan; }

orionrt_status orionrt_problem_check(const orionrt_problem* problem, const int64_t* offsets, const int32_t* spaces,
                                     size_t count) {
  std::string fault;
  const orionrt_status status = Try([&] {
    RefuseNull(problem, kProblem);
    CheckCount(*problem, count, "the offsets");
    CheckProblem(problem->problem);
    if (const auto violation = Validate(problem->problem, Stated(problem->problem, offsets, spaces, count))) {
      fault = violation->message;
    }
  });
  return AnswerCheck(status, fault);
}
