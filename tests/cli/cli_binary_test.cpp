// Binary plans from the command: written, judged, and equal to what the same plan in JSON says.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "capi/said.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "run_command.hpp"

namespace orionrt::cli_binary_test::cli_binary_test {
namespace {

using nlohmann::json;
using tests::Folder;
using tests::Orionrt;
using tests::Outcome;
using tests::Said;

constexpr const char* kGraph = R"({"schema":"orionrt.graph/1",
 "tensors":[{"id":0,"bytes":64,"roles":["input"]},{"id":1,"bytes":64},{"id":2,"bytes":64},{"id":3,"bytes":64},
            {"id":4,"bytes":64,"roles":["output"]}],
 "ops":[{"id":5,"inputs":[0],"outputs":[1]},{"id":6,"inputs":[0],"outputs":[2],"stream":1,"waits":[]},
        {"id":7,"inputs":[1],"outputs":[3],"aliases":[{"kind":"same_index"}],"workspace_bytes":16},
        {"id":8,"inputs":[2,3],"outputs":[4],"waits":[6]}]})";

TEST(CliBinary, SaysWhatJsonSays) {
  const Folder folder;
  const std::string streams = folder.Write("streams.json", kGraph);
  json one = json::parse(kGraph);
  for (json& op : one["ops"]) op.erase("stream"), op.erase("waits");
  const std::string plain = folder.Write("plain.json", one.dump());
  const std::vector<std::vector<std::string>> cases = {{streams},
                                                       {streams, "--in-place"},
                                                       {plain, "--all"},
                                                       {plain, "--streams", "2"},
                                                       {plain, "--space", "sram=128", "--space", "dram"}};
  for (const std::vector<std::string>& options : cases) {
    SCOPED_TRACE(testing::PrintToString(options));
    std::vector<std::string> plan = {"plan"};
    plan.insert(plan.end(), options.begin(), options.end());
    const auto with_output = [&](const std::string& path) {
      std::vector<std::string> all = plan;
      all.insert(all.end(), {"-o", path});
      return all;
    };
    ASSERT_EQ(Orionrt(with_output(folder / "p.json")).code, 0);
    ASSERT_EQ(Orionrt(with_output(folder / "p.bin")).code, 0);
    const PlanFile file = ReadPlanJson(folder.Read("p.json"), "p.json");
    EXPECT_EQ(Said(ReadAssignmentBinary(folder.Read("p.bin"), "p.bin")), Said(*file.assignment));
    EXPECT_EQ(WritePlanBinary(file), folder.Read("p.bin")) << "the way over JSON loses something";
    EXPECT_EQ(file.streams.has_value(), !file.assignment->launches.empty());
    EXPECT_EQ(Orionrt({"check", folder / "p.json", options[0]}).code, 0);
    const Outcome judged = Orionrt({"check", folder / "p.bin", options[0], "--format", "json"});
    ASSERT_EQ(judged.code, 0) << judged;
    std::int64_t bytes = 0;
    for (const AssignedSpace& space : file.assignment->spaces) bytes += space.required_bytes;
    EXPECT_EQ(json::parse(judged.out)["required_bytes"], bytes) << "of all spaces together";
  }
}

// The plan that a binary file amounts to: the same buffers at the same places as in JSON, whatever is not kept.
TEST(CliBinary, IsReadWhereverAPlanIs) {
  const Folder folder;
  json one = json::parse(kGraph);
  for (json& op : one["ops"]) op.erase("stream"), op.erase("waits");
  const std::string plain = folder.Write("plain.json", one.dump()), streams = folder.Write("streams.json", kGraph);
  const std::vector<std::vector<std::string>> cases = {
      {streams}, {plain, "--all"}, {plain, "--streams", "2"}, {plain, "--space", "sram=128", "--space", "dram"}};
  for (const std::vector<std::string>& options : cases) {
    SCOPED_TRACE(testing::PrintToString(options));
    for (const char* name : {"p.json", "p.bin"}) {
      std::vector<std::string> plan = {"plan"};
      plan.insert(plan.end(), options.begin(), options.end());
      plan.insert(plan.end(), {"-o", folder / name});
      ASSERT_EQ(Orionrt(plan).code, 0);
    }
    const Outcome moved = Orionrt(
        {"diff", folder / "p.json", folder / "p.bin", "--model", options[0], "--format", "json", "--max-growth", "0"});
    ASSERT_EQ(moved.code, 0) << moved;
    const json diff = json::parse(moved.out);
    EXPECT_EQ(diff["growth_bytes"], 0);
    EXPECT_EQ(diff["old"]["buffers"], diff["new"]["buffers"]);
    EXPECT_EQ(diff["old"]["live_bytes"], diff["new"]["live_bytes"]);
    const Outcome shown = Orionrt({"report", folder / "p.bin", "--model", options[0]});
    EXPECT_EQ(shown.code, 0) << shown;
    EXPECT_NE(shown.out.find("p.bin"), std::string::npos) << shown;
    EXPECT_EQ(Orionrt({"convert", folder / "p.bin", "--model", options[0]}).code, 0);
  }
  std::string mute = folder.Write("mute", folder.Read("p.bin"));  // told by what is inside
  EXPECT_EQ(Orionrt({"report", mute, "--model", plain}).code, 0);
  EXPECT_EQ(Orionrt({"check", folder / "p.bin", "--model", plain}).code, 0);
  EXPECT_FAILS(2, Orionrt({"report", folder / "p.bin"}), "p.bin", "--model FILE");
  EXPECT_FAILS(3, Orionrt({"diff", folder / "p.bin", folder / "p.bin", "--model", streams}), "p.bin", "another graph");
  EXPECT_FAILS(2, Orionrt({"report", folder / "p.bin", "--model", folder / "p.bin"}), "p.bin", "--model FILE");
}

TEST(CliBinary, IsJudgedByItsGraph) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kGraph);
  ASSERT_EQ(Orionrt({"plan", graph, "-o", folder / "p.bin"}).code, 0);
  Assignment wrong = ReadAssignmentBinary(folder.Read("p.bin"), "p.bin");
  wrong.tensors[2].offset = wrong.tensors[1].offset;
  const std::string clash = folder.Write("clash.bin", WriteAssignmentBinary(wrong));
  EXPECT_EQ(Orionrt({"check", clash, graph}).code, 6);
  wrong = ReadAssignmentBinary(folder.Read("p.bin"), "p.bin");
  wrong.launches[3].waits.clear();
  const std::string early = folder.Write("early.bin", WriteAssignmentBinary(wrong));
  const auto outcome = Orionrt({"check", early, graph});
  EXPECT_EQ(outcome.code, 6) << outcome;
  EXPECT_NE(outcome.out.find("on another stream than the graph"), std::string::npos) << outcome;
  EXPECT_FAILS(2, Orionrt({"check", folder / "p.bin"}), "p.bin", "name the model too");
  EXPECT_FAILS(3, Orionrt({"check", folder.Write("cut.bin", folder.Read("p.bin").substr(0, 99)), graph}), "cut.bin",
               "not as long as it says");
}

TEST(CliBinary, IsRefusedWhereItCannotBeWhole) {
  const Folder folder;
  const std::string csv = folder.Write("p.csv", "id,lower,upper,size\na,0,3,4096\n");
  EXPECT_FAILS(3, Orionrt({"plan", csv, "--format", "bin"}), "p.csv", "holds lifetimes");
  const std::string graph = folder.Write("g.json", kGraph);
  EXPECT_FAILS(2, Orionrt({"plan", graph, "--format", "bin", "--explain"}), "--explain");
  ASSERT_EQ(Orionrt({"plan", graph, "-o", folder / "p.json"}).code, 0);
  json before = json::parse(folder.Read("p.json"));
  before.erase("launches");
  PlanFile file = ReadPlanJson(before.dump(), "before.json");
  EXPECT_THROW(WritePlanBinary(file), Error) << "a file of before does not say what runs where";
  before["launches"] = json::array({json{{"stream", 0}, {"waits", json::array()}}});
  EXPECT_THROW(ReadPlanJson(before.dump(), "before.json"), Error) << "one launch for four ops";
}

}  // namespace
}  // namespace orionrt::cli_binary_test::cli_binary_test
