#include "report/explain.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace orionrt {
namespace {

constexpr int kShown = 10;  // buffers in a list

std::string StepLabel(std::int64_t step, const std::vector<std::string>& names) {
  const std::string text = "step " + std::to_string(step);
  const bool named = step >= 0 && step < static_cast<std::int64_t>(names.size()) && !names[step].empty();
  return named ? text + " (" + Printable(names[step], 60) + ")" : text;
}

// The largest of the witness, a line each.
std::string List(const Problem& problem, const Certificate& certificate, const std::vector<std::string>& names) {
  std::vector<int> largest = certificate.witness;
  std::stable_sort(largest.begin(), largest.end(),
                   [&](int a, int b) { return problem.buffers[a].size > problem.buffers[b].size; });
  std::string text;
  for (int k = 0; k < static_cast<int>(largest.size()) && k < kShown; ++k) {
    const Buffer& b = problem.buffers[largest[k]];
    const std::string bytes = FormatThousands(b.size);
    text += std::string(bytes.size() < 18 ? 18 - bytes.size() : 0, ' ') + bytes + "  " +
            BufferLabel(problem, largest[k]) + ", alive from " + StepLabel(b.lower, names) + " to " +
            StepLabel(b.upper - 1, names) + "\n";
  }
  const int rest = static_cast<int>(largest.size()) - kShown;
  return rest > 0 ? text + "    and " + std::to_string(rest) + " smaller ones\n" : text;
}

std::string Reason(const PlanFile& file, const std::vector<std::string>& names) {
  const Certificate& certificate = file.plan.certificate;
  const std::string bound = FormatThousands(certificate.lower_bound_bytes) + " bytes";
  const std::string count = std::to_string(certificate.witness.size());
  std::int64_t bytes = 0;
  for (int i : certificate.witness) bytes += file.problem.buffers[i].size;
  switch (certificate.bound_kind) {
    case BoundKind::kLiveBytes: {
      const std::int64_t padding = certificate.lower_bound_bytes - bytes;
      return "At " + StepLabel(certificate.witness_step, names) + " " + count +
             " buffers are alive together and need " + bound +
             (padding > 0 ? ", " + FormatThousands(padding) + " of them padding" : "") + ":\n";
    }
    case BoundKind::kFixedOffset:
      return "A buffer has a fixed offset and ends at " + bound + ":\n";
    case BoundKind::kRefutation:
      return "A search tried every way to place " + count + " buffers below " + bound + " (" +
             FormatThousands(certificate.search_nodes) + " nodes) and found none:\n";
  }
  return "";
}

std::string ExplainArena(const PlanFile& file, const std::vector<std::string>& step_names) {
  const Plan& plan = file.plan;
  const Certificate& certificate = plan.certificate;
  if (certificate.witness.empty()) return "Nothing needs any bytes.\n";
  std::string text = Reason(file, step_names) + List(file.problem, certificate, step_names);
  if (certificate.proven_optimal) {
    return text + "So no plan for this order of steps can be lower than this one: it is optimal.\n";
  }
  return text + "So no plan for this order of steps can be lower than that. This one is " +
         FormatThousands(plan.peak_bytes - certificate.lower_bound_bytes) +
         " bytes higher; whether a better one exists is open. --effort thorough searches longer.\n";
}

std::string ExplainPools(const PlanFile& file, const std::vector<std::string>& step_names) {
  std::string text;
  for (int p = 0; p < static_cast<int>(file.problem.pools.size()); ++p) {
    PoolView view = ViewPool(file.problem, file.plan, p);
    PlanFile part;
    part.problem = std::move(view.problem);
    part.plan = std::move(view.plan);
    text += "Pool " + file.problem.pools[p].name + ", with what it holds. " + ExplainArena(part, step_names);
  }
  const PoolPlan& pools = file.plan.pools;
  if (pools.spills.empty()) return text + "Every buffer is where it would best be.\n";
  text += "Not where they would best be, at a cost of " + FormatThousands(pools.spill_cost) +
          " (bytes x uses x cost; " +
          (pools.spill_cost == pools.spill_cost_bound
               ? "proven the least"
               : "at least " + FormatThousands(pools.spill_cost_bound) + " for any plan") +
          "):\n";
  for (const Spill& spill : pools.spills) text += "  " + ExplainSpill(file, spill, step_names) + "\n";
  return text;
}

}  // namespace

std::string ExplainSpill(const PlanFile& file, const Spill& spill, const std::vector<std::string>& step_names) {
  const Problem& problem = file.problem;
  const std::string from = problem.pools[spill.from].name;
  const std::int64_t bytes = problem.buffers[spill.buffer].size;
  const std::int64_t uses = problem.uses.empty() ? 1 : problem.uses[spill.buffer];
  const std::string head = BufferLabel(problem, spill.buffer) + " in " + problem.pools[spill.to].name + ": ";
  const std::string cost = FormatThousands(uses) + (uses == 1 ? " use x " : " uses x ") + FormatBytes(bytes) +
                           ", cost " + FormatThousands(spill.cost);
  switch (spill.reason) {
    case SpillReason::kTooLarge:
      return head + "its " + FormatBytes(bytes) + " are more than " + from + " takes as one buffer, " +
             FormatBytes(spill.room_bytes) + "; " + cost;
    case SpillReason::kNoRoom:
      return head + "needs " + FormatBytes(bytes) + " at " + StepLabel(spill.step, step_names) + ", where " + from +
             " has " + FormatBytes(spill.room_bytes) + " left; cheapest to move: " + cost;
    case SpillReason::kNoHole:
      return head + from + " has room at every step, at least " + FormatBytes(spill.room_bytes) +
             ", but nowhere in one piece; " + cost;
  }
  return head;
}

std::string ExplainPlan(const PlanFile& file, const std::vector<std::string>& step_names) {
  return file.problem.pools.empty() ? ExplainArena(file, step_names) : ExplainPools(file, step_names);
}

}  // namespace orionrt
