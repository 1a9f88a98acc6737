// What an engine can say of its own memory: the figures of a plan, what holds its peak, what would lower it, and the
// plan as a page to open in a browser:
//
//   report_from_code plan.html
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "orionrt/formats.hpp"
#include "orionrt/orionrt.hpp"
#include "orionrt/report.hpp"

using namespace orionrt;

namespace {

// Three branches from one input, joined at the end.
Graph MakeBranches() {
  std::vector<TensorDesc> tensors = {{0, 4096}, {1, 16384}, {2, 8192}, {3, 16384},
                                     {4, 8192}, {5, 16384}, {6, 8192}, {7, 4096}};
  const char* const names[] = {"image", "wide1", "left", "wide2", "middle", "wide3", "right", "sum"};
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].name = names[i];
  tensors[7].roles = TensorRole::kOutput;
  std::vector<OpNode> ops = {{0, {0}, {1}}, {1, {1}, {2}}, {2, {0}, {3}},      {3, {3}, {4}},
                             {4, {0}, {5}}, {5, {5}, {6}}, {6, {2, 4, 6}, {7}}};
  return {std::move(ops), std::move(tensors)};
}

}  // namespace

int main(int argc, char** argv) try {
  const Workload workload = Lower(MakeBranches(), {}, LowerOptions());
  const ReusePlanner planner;
  const PlanFile file = MakePlanFile(workload, PlanWorkload(workload, planner));
  const Explanation explanation = ExplainWorkload(file, &workload, planner);

  const Certificate& certificate = file.plan.certificate;
  const Metrics metrics = MeasurePlan(file.problem, file.plan, file.classes);
  std::printf("peak %lld bytes, %s; %lld without reuse; %.1f %% in use\n", static_cast<long long>(metrics.peak_bytes),
              certificate.proven_optimal ? "proven optimal" : "not proven",
              static_cast<long long>(metrics.no_reuse_bytes), static_cast<double>(metrics.utilisation_ppm) / 10000);
  std::printf("alive together at step %lld:\n", static_cast<long long>(certificate.witness_step));
  for (const int i : certificate.witness) {
    std::printf("  %6lld bytes %s\n", static_cast<long long>(file.problem.buffers[static_cast<std::size_t>(i)].size),
                BufferLabel(file.problem, i).c_str());
  }
  for (const WhatIf& change : explanation.what_ifs) {
    std::printf("%s: %lld bytes less\n", change.sentence.c_str(), static_cast<long long>(change.saving_bytes));
  }
  if (argc > 1) WriteFile(argv[1], WriteReportHtml({workload, {{file, {explanation}}}}));
  return certificate.proven_optimal ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "report_from_code: %s\n", error.what());
  return 1;
}
