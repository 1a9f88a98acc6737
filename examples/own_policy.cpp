// A policy of one's own, in the same table as the others: a function from a problem to offsets. What it returns is
// judged, its peak is computed and its certificate filled in, by ReusePlanner.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <numeric>
#include <vector>

#include "orionrt/orionrt.hpp"

using namespace orionrt;

namespace {

// Buffers by size x life, the largest first; each at the lowest offset where nothing that is alive with it lies.
Plan AreaFirst(const Problem& problem, const PlanOptions&) {
  const std::vector<Buffer>& buffers = problem.buffers;
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto area = [&](std::size_t i) { return buffers[i].size * (buffers[i].upper - buffers[i].lower); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return area(a) > area(b); });

  Plan plan;
  plan.offsets.assign(buffers.size(), 0);
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t i : order) {
    std::int64_t offset = 0;
    for (const std::size_t other : placed) {
      if (buffers[other].lower >= buffers[i].upper || buffers[i].lower >= buffers[other].upper) continue;
      if (offset + buffers[i].size <= plan.offsets[other]) break;  // the gap below it is large enough
      offset = std::max(offset, plan.offsets[other] + buffers[other].size);
    }
    plan.offsets[i] = offset;
    const auto above = [&](std::size_t a, std::size_t b) { return plan.offsets[a] < plan.offsets[b]; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), i, above), i);
  }
  return plan;
}

// Lives and sizes of 200 buffers, the same ones every time.
Problem MakeProblem() {
  Problem problem;
  for (std::int64_t i = 0; i < 200; ++i) {
    const std::int64_t lower = i * 7 % 100, life = 1 + i * i % 23, size = 64 + i * 37 % 1000;
    problem.buffers.push_back({lower, lower + life, size});
  }
  return problem;
}

}  // namespace

int main() try {
  const Problem problem = MakeProblem();
  std::vector<Policy> policies = Policies();
  policies.push_back({"area_first", "size x life, the largest first", AreaFirst});
  bool valid = true;
  for (const Policy& policy : policies) {
    const Plan plan = ReusePlanner(policy).Run(problem);
    valid = valid && !Validate(problem, plan);
    std::printf("%-15s %6lld bytes, %.3f of the bound%s\n", policy.name.c_str(),
                static_cast<long long>(plan.peak_bytes),
                static_cast<double>(plan.peak_bytes) / static_cast<double>(plan.certificate.lower_bound_bytes),
                plan.certificate.proven_optimal ? ", proven optimal" : "");
  }
  return valid ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "own_policy: %s\n", error.what());
  return 1;
}
