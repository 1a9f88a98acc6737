#include "plan/exact/improve.hpp"

#include <algorithm>
#include <utility>

#include "base/index.hpp"
#include "plan/exact/exact.hpp"

namespace orionrt {
namespace {

// Nodes of the exact search by effort: fast, balanced, thorough; docs/planning.md, "What effort means".
constexpr std::int64_t kNodes[] = {30'000, 100'000, 20'000'000};
// Where there are parts or mixed alignments most nodes have one branch, so there are more of them; and what a unit of
// work looks at lies further apart, so it takes about twice as long.
constexpr std::int64_t kCheapNodes = 10;
constexpr std::int64_t kDearWork = 2;

// Takes over what a search found: a better plan, a higher bound. True if the plan is a new one.
bool Adopt(const Problem& problem, ExactResult result, Plan& plan) {
  const bool better = !result.offsets.empty() && result.peak < plan.peak_bytes;
  if (better) {
    plan.offsets = std::move(result.offsets);
    plan.peak_bytes = result.peak;
  }
  Certificate& certificate = plan.certificate;
  if (!result.witness.empty() && result.proven_bound > certificate.lower_bound_bytes) {
    certificate.lower_bound_bytes = result.proven_bound;
    certificate.bound_kind = BoundKind::kRefutation;
    certificate.witness = std::move(result.witness);
    certificate.witness_step = problem.buffers[At(certificate.witness.front())].lower;
    certificate.search_nodes = result.nodes;
  }
  return better;
}

}  // namespace

bool HasMixedAlignments(const Problem& problem) {
  return std::any_of(problem.buffers.begin(), problem.buffers.end(),
                     [&](const Buffer& buffer) { return buffer.alignment != problem.buffers.front().alignment; });
}

bool IsAnswered(const Plan& plan, std::int64_t bound, const PlanOptions& options) {
  const std::int64_t enough = EnoughBytes(options);
  return plan.peak_bytes <= std::max(bound, enough) || (enough > 0 && bound > enough);
}

bool ImproveBySearch(const Problem& problem, std::int64_t bound, const PlanOptions& options, std::int64_t work,
                     Watch& watch, Plan& plan) {
  if (IsAnswered(plan, bound, options) || !ExactCarries(problem)) return false;
  const bool plain = problem.parts.empty() && !HasMixedAlignments(problem);
  const std::int64_t nodes = kNodes[static_cast<int>(options.effort)];
  const ExactLimits limits{plain ? nodes : kCheapNodes * nodes, plain ? work : work / kDearWork, &watch};
  bool better = false;
  if (EnoughBytes(options) > 0) {
    better = Adopt(problem, FitExact(problem, EnoughBytes(options), limits), plan);
    if (IsAnswered(plan, std::max(bound, plan.certificate.lower_bound_bytes), options)) return better;
  }
  const std::int64_t proven = std::max(bound, plan.certificate.lower_bound_bytes);
  return Adopt(problem, SolveExact(problem, proven, nullptr, limits), plan) || better;
}

}  // namespace orionrt
