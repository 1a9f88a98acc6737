#include <gtest/gtest.h>

#include "hostile.hpp"
#include "orionrt/io.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/validate.hpp"

namespace orionrt {
namespace {

std::string Good() {
  PlanFile file;
  file.problem.buffers = {{0, 4, 100, 64}, {2, 6, 50, 128, 128}, {-3, 6, 0, 64}};
  file.problem.ids = {"a", "b", "c"};
  file.problem.names = {"conv1", "", "\n\""};
  file.problem.parts = {{0, 0, 2, 0, 100}, {0, 3, 4, 50, 100}};
  file.plan = ReusePlanner("no_reuse").Run(file.problem);
  file.alignment = 64;
  return WritePlanJson(file);
}

void Read(const std::string& text) {
  const PlanFile file = ReadPlanJson(text, "p.json");
  ASSERT_EQ(file.plan.offsets.size(), file.problem.buffers.size());
  CheckProblem(file.problem);
  (void)Validate(file.problem, file.plan);
  (void)WritePlanJson(file);
}

TEST(HostilePlanJson, TheGoodFileIsGood) { EXPECT_NO_THROW(Read(Good())); }
TEST(HostilePlanJson, EveryPrefixIsReadOrRefused) { tests::TryEveryPrefix(Good(), Read); }
TEST(HostilePlanJson, EveryChangeOfAByteIsReadOrRefused) { tests::TryByteChanges(Good(), 4000, Read); }

TEST(HostilePlanJson, DeepNestingEnds) {
  const std::size_t deep = 1000000;
  tests::ExpectServedOrRefused(std::string(deep, '['), Read);
  tests::ExpectServedOrRefused(std::string(deep, '[') + std::string(deep, ']'), Read);
  std::string objects;
  for (std::size_t i = 0; i < deep / 4; ++i) objects += "{\"a\":";
  tests::ExpectServedOrRefused(objects, Read);
  tests::ExpectServedOrRefused(objects + "1" + std::string(deep / 4, '}'), Read);
  const std::string head = R"({"schema":"orionrt.plan/1","peak_bytes":0,"buffers":[],"extra":)";
  tests::ExpectServedOrRefused(head + std::string(deep, '[') + std::string(deep, ']') + "}", Read);
}

}  // namespace
}  // namespace orionrt
