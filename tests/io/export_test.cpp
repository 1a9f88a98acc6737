// Traces and snapshots: what they refuse, and what they say of a plan that is known. Their form is judged by
// export_test.py.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/export/pickle.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/planner.hpp"
#include "refuses.hpp"

namespace orionrt::export_test {
namespace {

using tests::Refuses;

PlanFile Planned(Problem problem) {
  PlanFile file;
  file.problem = std::move(problem);
  file.plan = ReusePlanner("first_fit").Run(file.problem);
  file.source = "net.onnx";
  return file;
}

PlanFile Example() {
  Problem problem;
  problem.buffers = {{0, 2, 100}, {1, 3, 50}, {2, 4, 80}, {0, 4, 0}};
  problem.names = {"in", "mid", "", "empty"};
  return Planned(problem);
}

constexpr std::int64_t k2To53 = std::int64_t{1} << 53;

nlohmann::json Events(const PlanFile& file) { return nlohmann::json::parse(WriteTrace(file))["traceEvents"]; }

TEST(Trace, EndsLivesBeforeItBeginsOthersAndThenCounts) {
  std::string said;
  for (const nlohmann::json& event : Events(Example())) {
    if (event["ph"] == "M") continue;
    said += std::to_string(event["ts"].get<int>()) + event["ph"].get<std::string>();
    said += event["ph"] == "C" ? std::to_string(event["args"]["bytes"].get<int>()) : event["id"].get<std::string>();
    said += ' ';
  }
  EXPECT_EQ(said, "0b0 0b3 0C100 1b1 1C150 2e0 2b2 2C130 3e1 3C80 4e2 4e3 4C0 ");
}

TEST(Trace, SaysWhereEachBufferLies) {
  for (const nlohmann::json& event : Events(Example())) {
    if (event["ph"] != "b" || event["id"] != "2") continue;
    EXPECT_EQ(event["name"], "2") << "its id: it has no name";
    EXPECT_EQ(event["args"], nlohmann::json::parse(R"({"id": "2", "offset": 0, "size": 80, "lower": 2, "upper": 4})"));
    return;
  }
  FAIL() << "no slice of buffer 2";
}

TEST(Trace, GivesEachPartASliceWithAnIdOfItsOwn) {
  Problem problem;
  problem.buffers = {{0, 6, 100}};
  problem.parts = {{0, 0, 2, 0, 100}, {0, 1, 1, 0, 0}, {0, 4, 6, 40, 60}};
  problem.parts.erase(problem.parts.begin() + 1);
  std::string said;
  for (const nlohmann::json& event : Events(Planned(problem))) {
    if (event["ph"] == "b")
      said += event["id"].get<std::string>() + ":" + std::to_string(event["args"].value("begin", -1)) + " ";
    if (event["ph"] == "C") said += std::to_string(event["args"]["bytes"].get<int>()) + " ";
  }
  EXPECT_EQ(said, "0.0:0 100 0 0.1:40 20 0 ");
}

TEST(Trace, MovesStepsBelowZeroUp) {
  Problem problem;
  problem.buffers = {{-5, -3, 10}, {-4, 2, 10}};
  const PlanFile file = Planned(problem);
  EXPECT_EQ(nlohmann::json::parse(WriteTrace(file))["otherData"]["step_at_time_0"], -5);
  for (const nlohmann::json& event : Events(file)) EXPECT_GE(event["ts"].get<int>(), 0);
}

TEST(Exports, RefuseWhatJavaScriptCannotHold) {
  const auto refused = [](const Buffer& buffer) {
    Problem problem;
    problem.buffers = {buffer};
    const PlanFile file = Planned(problem);
    EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"2^53", "json"}, [&] { WriteTrace(file); }));
    EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"2^53", "json"}, [&] { WriteMemorySnapshot(file); }));
  };
  refused({0, k2To53 + 1, 1});
  refused({-k2To53 - 1, 0, 1});
  refused({-10, k2To53 - 5, 1});
  refused({0, 1, k2To53 + 1});
  Problem problem;
  problem.buffers = {{0, k2To53, k2To53}};
  EXPECT_NO_THROW(WriteTrace(Planned(problem)));
  EXPECT_NO_THROW(WriteMemorySnapshot(Planned(problem)));
}

TEST(Exports, RefuseAPlanWithAFault) {
  PlanFile overlap = Example();
  overlap.plan.offsets[1] = 50;
  PlanFile short_one = Example();
  short_one.plan.offsets.pop_back();
  PlanFile bad_problem = Example();
  bad_problem.problem.buffers[0].upper = 0;
  for (const PlanFile& file : {overlap, short_one, bad_problem}) {
    EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"net.onnx"}, [&] { WriteTrace(file); }));
    EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"net.onnx"}, [&] { WriteMemorySnapshot(file); }));
    EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"net.onnx"}, [&] { WriteCHeader(file); }));
  }
}

TEST(Exports, HoldAnEmptyPlan) {
  const PlanFile file = Planned({});
  EXPECT_EQ(Events(file).size(), 3u) << "metadata alone";
  EXPECT_FALSE(WriteMemorySnapshot(file).empty());
}

TEST(Pickle, IsWhatPythonWrites) {
  Pickler pickler;
  pickler.BeginList();
  for (std::int64_t value : {0, 255, 256, 65535, 65536, -1}) {
    pickler.Item();
    pickler.Integer(value);
  }
  pickler.Item();
  pickler.Integer(std::int64_t{1} << 40);
  pickler.EndList();
  const char expected[] = "\x80\x02](K\0K\xFFM\0\x01M\xFF\xFFJ\0\0\x01\0J\xFF\xFF\xFF\xFF\x8A\x08\0\0\0\0\0\x01\0\0e.";
  EXPECT_EQ(pickler.Finish(), std::string(expected, sizeof expected - 1));
}

TEST(Pickle, SpellsAWordOnce) {
  Pickler pickler;
  pickler.BeginList();
  for (int i = 0; i < 2; ++i) {
    pickler.Item();
    pickler.Word("ab");
  }
  pickler.EndList();
  const char expected[] = "\x80\x02](X\x02\0\0\0abq\0h\0e.";
  EXPECT_EQ(pickler.Finish(), std::string(expected, sizeof expected - 1));
}

}  // namespace
}  // namespace orionrt::export_test
