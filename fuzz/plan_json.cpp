// JSON of plans.
#include "orionrt/formats.hpp"
#include "orionrt/report.hpp"
#include "target.hpp"

using namespace orionrt;
using namespace orionrt::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = ReadOrRefuse([&] { return ReadPlanJson(TextOf(data, size), "p.json"); });
  if (!file) return 0;
  PlanAndJudge(file->problem);
  const bool good = !Validate(file->problem, file->plan);
  const std::string text = WritePlanJson(*file);
  const PlanFile again = ReadPlanJson(text, "again.json");
  Require(HashProblem(again.problem) == HashProblem(file->problem),
          "a problem changes when it is written and read again");
  Require(again.plan.offsets == file->plan.offsets, "offsets change when they are written and read again");
  Require(WritePlanJson(again) == text, "a plan is written in another way the second time");
  // Writers that are handed a plan from elsewhere refuse it, or write it.
  const bool header = ReadOrRefuse([&] { return WriteCHeader(*file); }).has_value();
  Require(good || !header, "a wrong plan is exported");
  (void)ReadOrRefuse([&] { return WriteTrace(*file); });
  (void)ReadOrRefuse([&] { return WriteMemorySnapshot(*file); });
  (void)ReadOrRefuse([&] { return MakeCsv(file->problem).rows; });
  if (good) {
    (void)DescribePlan(*file);
    (void)ExplainPlan(*file, {});
  }
  return 0;
}
