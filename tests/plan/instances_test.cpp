// Every policy on every instance of the shared folder (ORIONRT_SHARED; otherwise ../shared beside the source), judged
// by the validator and by tools/verify_plan.py, which shares no code with the project.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "folder.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#ifdef ORIONRT_COMMAND
#include "run_command.hpp"
#endif

namespace orionrt::instances_test {
namespace {

namespace fs = std::filesystem;

fs::path Shared() {
  const char* asked = std::getenv("ORIONRT_SHARED");
  return asked != nullptr ? fs::path(asked) : fs::path(ORIONRT_TESTS_DIR) / "../../shared";
}

std::vector<fs::path> Instances() {
  std::vector<fs::path> found;
  std::error_code missing;
  for (const auto& entry : fs::recursive_directory_iterator(Shared() / "instances", missing)) {
    if (entry.path().extension() == ".csv") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

class Instance : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    instances_ = Instances();
    if (instances_.empty()) GTEST_SKIP() << "no instances under " << Shared() << "; set ORIONRT_SHARED";
  }
  std::vector<fs::path> instances_;
};

TEST_P(Instance, PlansAllAreAccepted) {
  for (const fs::path& path : instances_) {
    SCOPED_TRACE(path.filename().string());
    const Problem problem = ReadCsv(ReadFile(path.string()), path.string()).problem;
    const Plan plan = ReusePlanner(GetParam()).Run(problem);
    const auto fault = Validate(problem, plan);
    EXPECT_FALSE(fault) << fault->message;
    EXPECT_GE(plan.peak_bytes, plan.certificate.lower_bound_bytes);
    std::printf("%-32s %-16s ratio %.4f%s\n", path.filename().c_str(), GetParam().c_str(),
                static_cast<double>(plan.peak_bytes) / static_cast<double>(plan.certificate.lower_bound_bytes),
                plan.certificate.proven_optimal ? " proven" : "");
  }
}

#ifdef ORIONRT_COMMAND
TEST_P(Instance, OutputOfTheCommandIsAcceptedByTheIndependentJudge) {
  if (tests::Run("python3", {"-c", ""}).code != 0) GTEST_SKIP() << "no python3";
  const std::string judge = (Shared() / "tools/verify_plan.py").string();
  if (!fs::exists(judge)) GTEST_SKIP() << "no " << judge;
  for (const fs::path& path : instances_) {
    SCOPED_TRACE(path.filename().string());
    const tests::Folder folder;
    const tests::Outcome planned =
        tests::Orionrt({"plan", path.string(), "--policy", GetParam(), "-o", folder / "plan.csv"});
    ASSERT_EQ(planned.code, 0) << planned;
    const tests::Outcome judged = tests::Run("python3", {judge, path.string(), folder / "plan.csv"});
    EXPECT_EQ(judged.code, 0) << judged;
    const tests::Outcome checked = tests::Orionrt({"check", folder / "plan.csv", path.string()});
    EXPECT_EQ(checked.code, 0) << checked;
  }
}
#endif

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Policy& policy : Policies()) names.push_back(policy.name);
  return names;
}
std::string ParamName(const testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(Policies, Instance, testing::ValuesIn(Names()), ParamName);

}  // namespace
}  // namespace orionrt::instances_test
