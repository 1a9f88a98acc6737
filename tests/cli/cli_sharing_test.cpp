// orionrt plan, convert, check, compare and report with --views, --in-place, --colocate, --reorder.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "folder.hpp"
#include "run_command.hpp"

namespace orionrt::cli_sharing_test {
namespace {

using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

// A ReLU, a reshape, two branches of which the second needs much for a moment, and a concatenation of both.
constexpr const char* kGraph = R"({"schema": "orionrt.graph/1",
 "tensors": [{"id": 0, "bytes": 64, "roles": ["input"]}, {"id": 1, "bytes": 256, "name": "conv"},
             {"id": 2, "bytes": 256, "name": "relu"}, {"id": 3, "bytes": 256, "name": "flat"},
             {"id": 4, "bytes": 192, "name": "left"}, {"id": 5, "bytes": 1024, "name": "wide"},
             {"id": 6, "bytes": 64, "name": "right"}, {"id": 7, "bytes": 256, "name": "both"},
             {"id": 8, "bytes": 64, "roles": ["output"]}],
 "ops": [{"id": 10, "inputs": [0], "outputs": [1]},
         {"id": 11, "inputs": [1], "outputs": [2], "aliases": [{"kind": "same_index"}]},
         {"id": 12, "inputs": [2], "outputs": [3], "aliases": [{"kind": "view"}]},
         {"id": 13, "inputs": [3], "outputs": [4]},
         {"id": 14, "inputs": [3], "outputs": [5]},
         {"id": 15, "inputs": [5], "outputs": [6]},
         {"id": 16, "inputs": [4, 6], "outputs": [7],
          "aliases": [{"kind": "piece"}, {"kind": "part", "input": 1, "offset": 192}]},
         {"id": 17, "inputs": [7], "outputs": [8]}]})";

nlohmann::json PlanOf(const Folder& folder, const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {"plan", folder / "g.json", "--alignment", "16", "-o", folder / "p.json"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const Outcome outcome = Orionrt(arguments);
  EXPECT_EQ(outcome.code, 0) << outcome;
  return nlohmann::json::parse(folder.Read("p.json"));
}

TEST(CliSharing, LowersTheBoundStageByStage) {
  const Folder folder;
  folder.Write("g.json", kGraph);
  const nlohmann::json plain = PlanOf(folder, {});
  EXPECT_EQ(plain["peak_bytes"], 1472) << "flat, left and wide";
  EXPECT_FALSE(plain.contains("tensors"));
  EXPECT_EQ(plain["graph_hash"].get<std::string>().size(), 16u);

  const nlohmann::json all = PlanOf(folder, {"--all"});
  EXPECT_EQ(all["transforms"], (nlohmann::json{"views", "colocate", "in_place", "reorder"}));
  std::vector<std::int64_t> bounds;
  std::vector<std::string> names;
  for (const auto& stage : all["bounds"]) {
    bounds.push_back(stage["lower_bound_bytes"]);
    names.push_back(stage["stage"]);
  }
  // As they are decided; in-place, which is decided last, stood before co-location.
  EXPECT_EQ(names, (std::vector<std::string>{"given", "views", "colocate", "in_place", "reorder"}));
  ASSERT_EQ(bounds.size(), 5u);
  EXPECT_EQ(bounds.front(), 1472);
  EXPECT_EQ(bounds.back(), 1344) << "the wide branch first";
  EXPECT_EQ(all["peak_bytes"], 1344);
  EXPECT_EQ(all["order_lower_bound_bytes"], 1344);
  EXPECT_EQ(all["order_proven_optimal"], true);
  EXPECT_EQ(all["vanished_ops"], (nlohmann::json{12, 16}));
  ASSERT_EQ(all["in_place"].size(), 1u);
  EXPECT_EQ(all["in_place"][0], (nlohmann::json{{"op", 11}, {"output", 2}, {"input", 1}}));
  const std::vector<int> order = all["order"];
  const auto place = [&](int id) { return std::find(order.begin(), order.end(), id) - order.begin(); };
  EXPECT_LT(place(15), place(13)) << all["order"];

  std::map<int, std::int64_t> offset;
  for (const auto& tensor : all["tensors"]) offset[tensor["id"]] = tensor["offset"];
  EXPECT_EQ(offset[1], offset[2]);
  EXPECT_EQ(offset[2], offset[3]);
  EXPECT_EQ(offset[4], offset[7]);
  EXPECT_EQ(offset[6], offset[7] + 192);
}

TEST(CliSharing, PrintsTheBoundsAndWhatAllWouldSave) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kGraph);
  const Outcome all = Orionrt({"plan", graph, "--alignment", "16", "--all"});
  for (const char* words :
       {"as given → with views → co-located → in place → reordered", "2 vanish, 1 write in place"}) {
    EXPECT_NE(all.out.find(words), std::string::npos) << all;
  }
  const Outcome plain = Orionrt({"plan", graph, "--alignment", "16"});
  EXPECT_NE(plain.out.find("with --all"), std::string::npos) << plain;
  EXPECT_NE(plain.out.find("128 saved"), std::string::npos) << plain;
  const Outcome some = Orionrt({"plan", graph, "--alignment", "16", "--views"});
  EXPECT_NE(some.out.find("as given → with views\n"), std::string::npos) << some;
  EXPECT_EQ(some.out.find("with --all"), std::string::npos) << some;
}

TEST(CliSharing, PlansTheRowsThatConvertGives) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kGraph);
  for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
           {"--views"}, {"--in-place"}, {"--colocate"}, {"--reorder"}, {"--all"}, {"--views", "--colocate"}}) {
    std::vector<std::string> convert = {"convert", graph}, plan = {"plan", graph, "--format", "csv"};
    convert.insert(convert.end(), options.begin(), options.end());
    plan.insert(plan.end(), options.begin(), options.end());
    EXPECT_EQ(tests::WithoutLastColumn(Orionrt(plan).out), Orionrt(convert).out) << options[0];
  }
}

TEST(CliSharing, JudgesThePlanWithWhatItWasMadeWith) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kGraph);
  nlohmann::json plan = PlanOf(folder, {"--all"});
  const std::string path = folder / "p.json";
  EXPECT_EQ(Orionrt({"check", path, graph, "--all"}).code, 0);
  EXPECT_EQ(Orionrt({"check", path, graph}).code, 0) << "the plan says which";
  const Outcome other = Orionrt({"check", path, graph, "--views"});
  EXPECT_EQ(other.code, 6) << other;
  EXPECT_NE(other.out.find("in_place"), std::string::npos) << other;

  nlohmann::json changed = plan;
  std::swap(changed["order"][2], changed["order"][3]);
  EXPECT_EQ(Orionrt({"check", folder.Write("order.json", changed.dump()), graph}).code, 6);
  changed = plan;
  for (auto& tensor : changed["tensors"]) {
    if (tensor["id"] == 6) tensor["delta"] = 176;
  }
  const Outcome moved = Orionrt({"check", folder.Write("moved.json", changed.dump()), graph});
  EXPECT_EQ(moved.code, 6) << moved;
  EXPECT_NE(moved.out.find("right"), std::string::npos) << moved;
  changed["tensors"][6]["delta"] = 1 << 20;
  const Outcome past = Orionrt({"check", folder.Write("past.json", changed.dump()), graph});
  EXPECT_EQ(past.code, 3) << past;
}

TEST(CliSharing, IsTakenByTheOtherCommandsToo) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kGraph);
  EXPECT_NE(Orionrt({"compare", graph, "--alignment", "16", "--all", "--format", "json"}).out.find("1344"),
            std::string::npos);
  EXPECT_EQ(Orionrt({"report", graph, "--all", "-o", folder / "r.html"}).code, 0);
  EXPECT_NE(folder.Read("r.html").find("relu, flat"), std::string::npos) << "what lies in the buffer of conv";
  EXPECT_NE(folder.Read("r.html").find("1.44 KiB as given"), std::string::npos);
  ASSERT_EQ(Orionrt({"report", graph, "--all", "-o", folder / "r.txt"}).code, 0);
  EXPECT_NE(folder.Read("r.txt").find("as given → with views"), std::string::npos);
  ASSERT_EQ(Orionrt({"plan", graph, "--all", "-o", folder / "p.h"}).code, 0);
  const std::string header = folder.Read("p.h");
  for (const char* words : {"_ORDER_COUNT 8ULL", "_VANISHED {12, 16}", "_OFFSET_both", "_OFFSET_right"}) {
    EXPECT_NE(header.find(words), std::string::npos) << words << "\n" << header;
  }
  ASSERT_EQ(Orionrt({"plan", graph, "--all", "-o", folder / "p.trace.json"}).code, 0);
  EXPECT_NE(folder.Read("p.trace.json").find("order_of_ops"), std::string::npos);
}

TEST(CliSharing, NeedsAGraph) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", "id,lower,upper,size\na,0,3,4\n");
  for (const char* option : {"--views", "--in-place", "--colocate", "--reorder", "--all"}) {
    const Outcome outcome = Orionrt({"plan", problem, option});
    EXPECT_EQ(outcome.code, 2) << outcome;
    EXPECT_NE(outcome.err.find("need a graph"), std::string::npos) << outcome;
  }
}

}  // namespace
}  // namespace orionrt::cli_sharing_test
