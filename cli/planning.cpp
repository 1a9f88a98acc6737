#include "planning.hpp"

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "orionrt/error.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/tensor_pool.hpp"
#include "orionrt/validate.hpp"
#include "progress.hpp"

namespace orionrt::cli {
namespace {

[[noreturn]] void Misuse(const std::string& message) { throw Error(ErrorCode::kMisuse, message); }

Effort ParseEffort(const std::string& text) {
  if (text == "fast") return Effort::kFast;
  if (text == "balanced") return Effort::kBalanced;
  if (text == "thorough") return Effort::kThorough;
  Misuse("--effort \"" + Printable(text) + "\" is unknown; there are: fast, balanced, thorough");
}

std::string PolicyHelp() {
  std::string help = "How to plan (default: auto):";
  for (const Policy& policy : Policies()) help += "\n" + policy.name + ": " + policy.help;
  return help;
}

// The top of the pool is for others, from a multiple of `alignment` on.
void KeepFree(Pool& pool, std::int64_t bytes, std::int64_t alignment) {
  if (bytes > pool.capacity) {
    throw Error(ErrorCode::kInfeasible, "pool " + pool.name + ": bodies of control-flow ops need " +
                                            FormatThousands(bytes) + " bytes of its " + FormatThousands(pool.capacity) +
                                            ", " + FormatThousands(bytes - pool.capacity) + " short");
  }
  pool.capacity = (pool.capacity - bytes) & -std::max(alignment, pool.alignment);
}

}  // namespace

void AddPlanningOptions(CLI::App& app, PlanningOptions& options) {
  app.add_option("--policy", options.policy, PolicyHelp())->type_name("NAME");
  app.add_option("--effort", options.effort, "How long to search (default: balanced)")
      ->type_name("fast|balanced|thorough");
  app.add_option("--capacity", options.capacity, "Must it fit? 4096, 64K, 8M, 1.5G; exit 4 when it cannot")
      ->type_name("BYTES");
  app.add_option("--time-limit", options.time_limit,
                 "End the search after this long; the result may then differ from run to run")
      ->type_name("SECONDS");
}

PlanOptions MakePlanOptions(const PlanningOptions& options) {
  PlanOptions plan;
  plan.effort = ParseEffort(options.effort);
  if (!(options.time_limit >= 0 && options.time_limit < 1e9)) {
    Misuse("--time-limit must be a number of seconds from 0 to 1e9");
  }
  plan.time_limit_seconds = options.time_limit;
  if (!options.capacity.empty()) {
    const auto bytes = ParseBytes(options.capacity);
    if (!bytes || *bytes == 0)
      Misuse("--capacity \"" + Printable(options.capacity) + "\" is no size; write 4096, 64K, 8M or 1.5G");
    plan.capacity = *bytes;
  }
  return plan;
}

Plan PlanInput(const ReusePlanner& planner, const Input& input, const PlanOptions& options, std::int64_t nested_bytes) {
  const Progress progress("planning " + input.source);
  try {
    const bool limited = !input.problem.pools.empty() && input.problem.pools.back().capacity != kUnlimited;
    if (!limited || nested_bytes == 0) return planner.Run(input.problem, options);
    Problem problem = input.problem;
    KeepFree(problem.pools.back(), nested_bytes, input.alignment);
    Plan plan = planner.Run(problem, options);
    plan.problem_hash = HashProblem(input.problem);  // it holds for the whole pool too
    return plan;
  } catch (const Error& error) {
    throw Error(error.code(), input.source + ": " + error.what());
  }
}

void RefuseFaults(const Input& input) {
  const auto violation = Validate(input.problem, input.plan->plan);
  if (!violation) return;
  throw Error(ErrorCode::kBadInput,
              input.source + ": the plan is wrong: " + violation->message + "; see orionrt check");
}

Explanation ExplainPlanned(const PlanFile& file, const Graph* graph, const ReusePlanner& planner) {
  const Progress progress("explaining " + file.source);
  return Explain(file, graph, planner);
}

std::int64_t NestedPeak(const ReusePlanner& planner, const std::vector<Body>& bodies, PlanOptions options) {
  options.capacity = 0;  // which is asked of the graph itself
  std::int64_t most = 0;
  for (const Body& body : bodies) {
    const std::int64_t peak = planner.Run(body.problem, options).peak_bytes;
    most = std::max(most, peak + NestedPeak(planner, body.bodies, options));
  }
  return most;
}

namespace {

// Asked of a pool over memory that is not there. Nothing where the plan is not of all that the graph holds.
std::optional<std::int64_t> PoolMetadata(const Input& input, const Plan& plan) {
  const bool has_graph = input.graph != nullptr || input.transformed != nullptr;
  if (!has_graph || !input.problem.pools.empty()) return std::nullopt;
  std::int64_t alignment = input.alignment;
  for (const Buffer& buffer : input.problem.buffers) alignment = std::max(alignment, buffer.alignment);
  SimulatedMemory device(std::size_t{1} << 62);
  PoolOptions options;
  options.alignment = static_cast<std::size_t>(input.alignment);
  if (plan.peak_bytes > std::int64_t{1} << 61 || alignment > std::int64_t{1} << 60) return std::nullopt;
  TensorPool pool(Arena::From(device, RequiredBytes(plan), static_cast<std::size_t>(alignment)), options);
  if (input.transformed != nullptr) {
    pool.RegisterTransformed(*input.transformed);
  } else {
    pool.RegisterGraph(*input.graph);
  }
  if (HashProblem(pool.problem()) != plan.problem_hash) return std::nullopt;
  pool.LoadPlan(plan);
  return static_cast<std::int64_t>(pool.metadata_bytes());
}

}  // namespace

std::optional<PlanDomain> DomainOf(const Input& input) {
  if (input.graph == nullptr && input.transformed == nullptr) return std::nullopt;
  PlanDomain domain;
  domain.graph_hash = HashGraph(input.transformed == nullptr ? *input.graph : input.transformed->graph);
  if (input.transformed == nullptr) return domain;
  const TransformedGraph& transformed = *input.transformed;
  const Transforms& t = transformed.transforms;
  for (const auto& [asked, name] : {std::pair(t.views, "views"), std::pair(t.colocate, "colocate"),
                                    std::pair(t.in_place, "in_place"), std::pair(t.reorder, "reorder")}) {
    if (asked) domain.transforms.emplace_back(name);
  }
  if (t.reorder) {
    for (const OpNode& op : transformed.graph.ops()) domain.order.push_back(op.id);
    domain.moved_ops = input.moved_ops;
  }
  domain.vanished = transformed.vanished;
  domain.in_place = transformed.in_place;
  domain.stages = transformed.stages;
  domain.order_bound_bytes = transformed.order_bound_bytes;
  domain.order_proven = transformed.order_proven;
  for (std::size_t i = 0; i < transformed.bound.bindings.size(); ++i) {
    const TensorDesc& tensor = transformed.graph.tensors()[i];
    const Binding& binding = transformed.bound.bindings[i];
    domain.tensors.push_back(
        {tensor.id, tensor.name, binding.buffer, binding.delta, static_cast<std::int64_t>(tensor.bytes)});
  }
  return domain;
}

PlanFile MakePlanFile(const ReusePlanner& planner, const Input& input, const PlanOptions& plan_options) {
  PlanFile file;
  file.problem = input.problem;
  // A plan file carries the sum alone: its bodies are not planned anew.
  file.peak_nested_bytes = input.plan ? input.plan->peak_nested_bytes : NestedPeak(planner, input.bodies, plan_options);
  file.plan = PlanInput(planner, input, plan_options, file.peak_nested_bytes);
  file.source = input.source;
  file.alignment = input.alignment;
  file.weights = input.weights;
  file.workspaces = input.workspaces;
  file.metadata_bytes = input.plan ? input.plan->metadata_bytes : PoolMetadata(input, file.plan);
  file.classes = ClassesOf(input.infos);
  file.domain = input.plan ? input.plan->domain : DomainOf(input);
  const std::int64_t together = file.plan.peak_bytes + file.peak_nested_bytes;
  if (plan_options.capacity > 0 && together > plan_options.capacity) {
    std::fprintf(stderr,
                 "orionrt: warning: %s: --capacity is asked of the graph alone; with bodies it may need %s bytes\n",
                 Printable(input.source, 300).c_str(), FormatThousands(together).c_str());
  }
  return file;
}

}  // namespace orionrt::cli
