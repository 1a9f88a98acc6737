// orionrt plan --space, and what becomes of it in the other commands.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "random.hpp"
#include "run_command.hpp"

namespace orionrt::cli_spaces_test {
namespace {

using nlohmann::json;
using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

// At step 1 there are 100 bytes alive: a and c are dear to move, b is cheap.
const char kProblem[] = "id,lower,upper,size,uses\na,0,2,40,9\nb,0,3,40,1\nc,1,3,20,9\nd,3,4,60,2\n";

testing::AssertionResult Says(const std::string& text, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (text.find(word) == std::string::npos) {
      return testing::AssertionFailure() << "does not say \"" << word << "\":\n" << text;
    }
  }
  return testing::AssertionSuccess();
}

TEST(CliSpaces, PrintsABlockPerSpaceAndWhySomethingSpilled) {
  const Folder folder;
  const Outcome outcome =
      Orionrt({"plan", folder.Write("x.csv", kProblem), "--space", "sram=64", "--space", "dram=1K"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(Says(outcome.out, {"sram ", "60 bytes of 64, 93.8 %", "dram ", "40 bytes of 1,024", "1 buffer, cost 40",
                                 "proven the least", "b in dram: needs 40 B at step 1, where sram has 4 B left",
                                 "1 use x 40 B", "100 bytes, of all spaces together"}))
      << outcome;
  const Outcome explained =
      Orionrt({"plan", folder / "x.csv", "--space", "sram=64", "--space", "dram=1K", "--explain"});
  EXPECT_TRUE(
      Says(explained.out, {"Space sram, with what it holds.", "Space dram, with what it holds.", "cost of 40"}));
}

TEST(CliSpaces, ReadsEveryKeyAndRefusesWhatIsNone) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  const Outcome all = Orionrt({"plan", problem, "--space", "a=1K:align=8:granularity=16:largest=60:cost=3", "--space",
                               "b=", "--space", "c:cost=9", "--format", "json"});
  ASSERT_EQ(all.code, 0) << all;
  const json spaces = json::parse(all.out)["spaces"];
  EXPECT_EQ(spaces[0]["capacity"], 1024);
  EXPECT_EQ(spaces[0]["alignment"], 8);
  EXPECT_EQ(spaces[0]["granularity"], 16);
  EXPECT_EQ(spaces[0]["largest"], 60);
  EXPECT_EQ(spaces[0]["cost"], 3);
  EXPECT_FALSE(spaces[1].contains("capacity")) << "without a limit";
  EXPECT_FALSE(spaces[2].contains("capacity"));
  EXPECT_EQ(spaces[2]["cost"], 9);
  for (const auto& [text, said] : std::vector<std::pair<std::string, std::string>>{
           {"=4K", "name"},
           {"a,b=4K", "name"},
           {"a=lots", "no size"},
           {"a=-1", "no size"},
           {"a=4K:align=3", "power of two"},
           {"a=4K:align=0", "power of two"},
           {"a=4K:align", "no value"},
           {"a=4K:align=8:align=8", "twice"},
           {"a=4K:colour=2", "there are: align, granularity, largest, cost"},
           {"a=4K:", "no key"},
           {"a=4K:cost=1.5", "whole number"},
           {"a=4K:granularity=12", "power of two"}}) {
    EXPECT_FAILS(2, Orionrt({"plan", problem, "--space", text}), "--space", said, "write sram=256K");
  }
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--space", "a=4K", "--space", "a=8K"}), "stands twice");
}

TEST(CliSpaces, Exit4NamesPoolBytesStepAndBuffers) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  const std::string tight = folder.Write("z.csv", "id,lower,upper,size\na,0,2,30\nb,0,3,30\nc,1,3,30\n");
  EXPECT_FAILS(4, Orionrt({"plan", tight, "--space", "sram=54", "--space", "dram=35"}), "z.csv", "space sram and dram",
               "89 bytes given", "at least 90 needed", "1 short", "at step 1", "a (30), b (30), c (30)");
  const std::string pinned =
      folder.Write("y.csv", "id,lower,upper,size,spaces\na,0,2,40,sram\nb,1,3,40,sram\nc,0,9,9,\n");
  EXPECT_FAILS(4, Orionrt({"plan", pinned, "--space", "sram=64", "--space", "dram"}), "space sram:", "64 bytes given",
               "16 short", "at step 1", "a (40), b (40)");
  EXPECT_FAILS(4, Orionrt({"plan", problem, "--space", "sram=50:largest=50", "--space", "dram=1K:largest=59"}),
               "buffer d", "60 bytes", "sram (50), dram (59)", "1 short");
}

TEST(CliSpaces, PlansAreCheckedAgainstTheirPools) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  const std::vector<std::string> spaces = {"--space", "sram=64", "--space", "dram=1K"};
  for (const std::string file : {"p.json", "p.csv"}) {
    std::vector<std::string> plan = {"plan", problem, "-o", folder / file};
    plan.insert(plan.end(), spaces.begin(), spaces.end());
    ASSERT_EQ(Orionrt(plan).code, 0);
    std::vector<std::string> check = {"check", folder / file};
    check.insert(check.end(), spaces.begin(), spaces.end());
    EXPECT_EQ(Orionrt(check).code, 0) << Orionrt(check);
    check.insert(check.begin() + 2, problem);
    EXPECT_EQ(Orionrt(check).code, 0) << Orionrt(check);
  }
  EXPECT_EQ(Orionrt({"check", folder / "p.json", problem}).code, 0) << "the plan's own table";
  const Outcome smaller = Orionrt({"check", folder / "p.json", "--space", "sram=59", "--space", "dram=1K"});
  EXPECT_EQ(smaller.code, 6) << smaller;
  EXPECT_TRUE(Says(smaller.out, {"sram", "it ends at 60", "59"}));
  const Outcome other = Orionrt({"check", folder / "p.json", problem, "--space", "sram=64"});
  EXPECT_EQ(other.code, 6) << other;
  EXPECT_TRUE(Says(other.out, {"sram, dram"}));
  json plan = json::parse(folder.Read("p.json"));
  plan["buffers"][1]["space"] = 0;
  const Outcome moved = Orionrt({"check", folder.Write("q.json", plan.dump())});
  EXPECT_EQ(moved.code, 6) << moved;
  EXPECT_TRUE(Says(moved.out, {"of space sram"}));
  EXPECT_FAILS(3,
               Orionrt({"check", folder.Write("r.csv", "id,lower,upper,size,offset\na,0,1,4,0\n"), "--space", "x",
                        "--space", "y"}),
               "column \"space\"");
}

TEST(CliSpaces, RowsArePlansOfConvertAndPinsStay) {
  const Folder folder;
  const std::string problem =
      folder.Write("x.csv", "id,lower,upper,size,spaces,uses\na,0,2,40,dram|sram,9\nb,0,3,40,,1\nc,1,3,20,dram,9\n");
  const std::vector<std::string> spaces = {"--space", "sram=64", "--space", "dram=1K"};
  std::vector<std::string> plan = {"plan", problem, "--format", "csv"};
  plan.insert(plan.end(), spaces.begin(), spaces.end());
  EXPECT_EQ(Orionrt(plan).out,
            "id,lower,upper,size,spaces,uses,space,offset\na,0,2,40,dram|sram,9,dram,0\nb,0,3,40,,1,sram,0\n"
            "c,1,3,20,dram,9,dram,40\n");
  std::vector<std::string> convert = {"convert", problem};
  const std::string plain = Orionrt(convert).out;
  convert.insert(convert.end(), spaces.begin(), spaces.end());
  EXPECT_EQ(Orionrt(convert).out, plain) << "spaces do not change rows";
  // What a plan says of spaces and offsets holds when it is planned again, and is planned anew when asked.
  const std::string placed =
      folder.Write("y.csv", "id,lower,upper,size,space,offset\na,0,2,40,dram,64\nb,0,2,40,dram,\nc,0,2,20,,\n");
  std::vector<std::string> again = {"plan", placed, "--format", "csv"};
  again.insert(again.end(), spaces.begin(), spaces.end());
  EXPECT_EQ(Orionrt(again).out,
            "id,lower,upper,size,space,offset\na,0,2,40,dram,64\nb,0,2,40,dram,0\nc,0,2,20,sram,0\n");
  again.push_back("--ignore-offsets");
  EXPECT_TRUE(Says(Orionrt(again).out, {"sram,"})) << Orionrt(again);
  const Outcome alone = Orionrt({"plan", problem});
  EXPECT_EQ(alone.code, 0);
  EXPECT_TRUE(Says(alone.err, {"warning", "--space"}));
}

TEST(CliSpaces, TableOfSizesNeverGetsDearer) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  const Outcome text = Orionrt({"plan", problem, "--space", "sram=64", "--space", "dram", "--space-table"});
  EXPECT_EQ(text.code, 0) << text;
  EXPECT_TRUE(Says(text.out, {"spilled_bytes", "spilled_traffic", "peak:sram", "peak:dram"}));
  const Outcome outcome =
      Orionrt({"plan", problem, "--space", "sram=64", "--space", "dram", "--space-table", "--format", "json"});
  ASSERT_EQ(outcome.code, 0) << outcome;
  const json rungs = json::parse(outcome.out)["rungs"];
  ASSERT_GE(rungs.size(), 3u);
  EXPECT_EQ(rungs.front()["capacity"], 0);
  EXPECT_EQ(rungs.front()["spilled_bytes"], 160);
  EXPECT_EQ(rungs.front()["spilled_traffic"], 9 * 40 + 40 + 9 * 20 + 2 * 60);
  EXPECT_EQ(rungs.back()["spilled_bytes"], 0);
  for (std::size_t k = 1; k < rungs.size(); ++k) {
    EXPECT_LE(rungs[k]["spill_cost"], rungs[k - 1]["spill_cost"]);
    EXPECT_LE(rungs[k]["spill_cost_bound"], rungs[k]["spill_cost"]);
    EXPECT_LT(rungs[k - 1]["capacity"], rungs[k]["capacity"]);
    EXPECT_LE(rungs[k]["spaces"][0]["peak_bytes"], rungs[k]["capacity"]);
  }
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--space-table"}), "give --space");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--space", "a=1", "--space-table", "--format", "csv"}), "text or json");
}

TEST(CliSpaces, TableOfARandomProblemNeverGetsDearer) {
  const Folder folder;
  tests::Random random(3);
  std::string csv = "id,lower,upper,size,uses\n";
  for (int i = 0; i < 80; ++i) {
    const std::int64_t lower = random.Below(60);
    csv += std::to_string(i);
    for (const std::int64_t value : {lower, lower + 1 + random.Below(12), 1 + random.Below(5000), random.Below(5)}) {
      csv += "," + std::to_string(value);
    }
    csv += "\n";
  }
  const Outcome outcome =
      Orionrt({"plan", folder.Write("x.csv", csv), "--space", "fast=5K:align=32", "--space", "near=6K:cost=3",
               "--space", "far:cost=8", "--space-table", "--format", "json", "--effort", "fast"});
  ASSERT_EQ(outcome.code, 0) << outcome;
  const json rungs = json::parse(outcome.out)["rungs"];
  EXPECT_EQ(rungs.size(), 10u);
  for (std::size_t k = 1; k < rungs.size(); ++k) {
    EXPECT_LE(rungs[k]["spill_cost"], rungs[k - 1]["spill_cost"]) << k;
    EXPECT_LE(rungs[k]["spaces"][1]["peak_bytes"], 6144);
  }
  EXPECT_EQ(rungs.back()["spill_cost"], 0);
}

TEST(CliSpaces, BodiesOfControlFlowHaveTheTopOfTheLastPool) {
  const std::string model = std::string(ORIONRT_TESTS_DIR) + "/../../shared/models/onnx/silero_vad.onnx";
  if (!std::ifstream(model)) GTEST_SKIP() << model << " is not there";
  const auto plan = [&](const std::string& last) {
    return Orionrt(
        {"plan", model, "--dim", "*=1", "--space", "sram=2K", "--space", "dram=" + last, "--format", "json"});
  };
  const Outcome fits = plan("8K");
  if (fits.code == 3) GTEST_SKIP() << fits;  // built without ONNX
  ASSERT_EQ(fits.code, 0) << fits;
  const json file = json::parse(fits.out);
  const std::int64_t nested = file["peak_nested_bytes"];
  EXPECT_GT(nested, 0);
  EXPECT_LE(file["spaces"][1]["peak_bytes"].get<std::int64_t>() + nested, 8192);
  // A body within a body begins aligned behind it, so that together they may need a little more than their peaks.
  const std::int64_t needed = (nested + 63) / 64 * 64;
  EXPECT_FAILS(4, plan(std::to_string(needed - 1)), "space dram", "bodies of control-flow ops", "1 short");
  EXPECT_FAILS(4, plan(std::to_string(needed)), "space sram", "short", "at step");
}

TEST(CliSpaces, CompareRunsEveryPolicyOverPools) {
  const Folder folder;
  const Outcome outcome =
      Orionrt({"compare", folder.Write("x.csv", kProblem), "--space", "sram=64", "--space", "dram"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(Says(outcome.out, {"auto", "linear_scan", "no_reuse"}));
}

TEST(CliSpaces, GraphsNameSpacesAndJsonKeepsThem) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", R"({"schema":"orionrt.graph/1",
    "tensors":[{"id":0,"bytes":100,"spaces":["dram"]},{"id":1,"bytes":50},{"id":2,"bytes":30,"roles":["output"]}],
    "ops":[{"inputs":[0,0],"outputs":[1]},{"inputs":[1],"outputs":[2]}]})");
  EXPECT_FAILS(3, Orionrt({"plan", graph, "--space", "sram=1K"}), "buffer 0", "\"dram\"", "there are: sram");
  ASSERT_EQ(Orionrt({"convert", graph, "-o", folder / "p.json", "--space", "sram=1K", "--space", "dram"}).code, 0);
  const json problem = json::parse(folder.Read("p.json"));
  EXPECT_EQ(problem["spaces"][0]["name"], "sram");
  EXPECT_EQ(problem["buffers"][0]["spaces"], json::array({1}));
  EXPECT_EQ(problem["buffers"][0]["uses"], 2) << "an op that reads a tensor twice";
  const Outcome plan = Orionrt({"plan", folder / "p.json", "--format", "csv"});
  EXPECT_EQ(plan.out.substr(0, plan.out.find('\n')), "id,lower,upper,size,alignment,spaces,uses,space,offset");
  EXPECT_TRUE(Says(plan.out, {"0,0,1,100,64,dram,2,dram,0\n"})) << plan;
  EXPECT_EQ(Orionrt({"plan", folder / "p.json", "--space", "dram", "--space", "sram"}).code, 0) << "by name";
  EXPECT_FAILS(3, Orionrt({"plan", folder / "p.json", "--space", "flash"}), "there are: flash");
}

TEST(CliSpaces, ExportsAnArenaPerPool) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  const auto plan = [&](const std::string& format) {
    return Orionrt({"plan", problem, "--space", "sram=64", "--space", "d-ram=1K:align=32", "--format", format}).out;
  };
  EXPECT_TRUE(Says(plan("c-header"), {"#define X_MEM_COUNT 2\n", "#define X_MEM_sram_ARENA_BYTES 60ULL\n",
                                      "#define X_MEM_d_ram_ARENA_ALIGNMENT 32\n", "X_MEM_sram_DEFINE_ARENA(storage",
                                      "#define X_SPACE_id_b 1\n", "#define X_OFFSET_id_b 0ULL\n"}));
  const json trace = json::parse(plan("trace"));
  int spaces = 0;
  for (const json& event : trace["traceEvents"]) {
    if (event["name"] == "process_name") ++spaces;
    if (event["name"] == "b" || event["name"] == "a") {
      EXPECT_EQ(event["pid"], event["name"] == "b" ? 2 : 1);
    }
  }
  EXPECT_EQ(spaces, 2);
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--space", "a=1K", "--format", "c-header", "--header-section", ".x"}),
               "_ARENA_SECTION");
}

// Spaces were pools once: in options, in the column of a plan in CSV, and in JSON.
TEST(CliSpaces, WhatWasWrittenWhenTheyWerePoolsIsRead) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  const std::vector<std::string> spaces = {"--space", "sram=64", "--space=dram=1K"};
  const auto with = [](std::vector<std::string> arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Orionrt(arguments);
  };
  const Outcome now = with({"plan", problem, "--format", "json"}, spaces);
  const Outcome then = with({"plan", problem, "--format", "json"}, {"--pool", "sram=64", "--pool=dram=1K"});
  ASSERT_EQ(then.code, 0) << then;
  EXPECT_EQ(then.out, now.out);
  EXPECT_EQ(Orionrt({"plan", problem, "--pool", "sram=64", "--pool", "dram", "--pool-table"}).out,
            Orionrt({"plan", problem, "--space", "sram=64", "--space", "dram", "--space-table"}).out);

  json old = json::parse(now.out);
  old["pools"] = old["spaces"];
  old.erase("spaces");
  for (json& buffer : old["buffers"]) {
    buffer["pool"] = buffer["space"];
    buffer.erase("space");
  }
  const std::string renamed = folder.Write("old.json", old.dump());
  const Outcome checked = Orionrt({"check", renamed, problem});
  EXPECT_EQ(checked.code, 0) << checked;
  EXPECT_EQ(Orionrt({"plan", renamed, "--format", "csv"}).out,
            Orionrt({"plan", folder.Write("new.json", now.out), "--format", "csv"}).out);
  old["buffers"][0]["pool"] = 7;
  EXPECT_EQ(Orionrt({"check", folder.Write("bad.json", old.dump())}).code, 6);

  const std::string rows = with({"plan", problem, "--format", "csv"}, spaces).out;
  std::string column = rows;
  const std::size_t at = column.find(",space,");
  ASSERT_NE(at, std::string::npos) << rows;
  column.replace(at, 7, ",pool,");
  EXPECT_EQ(with({"check", folder.Write("old.csv", column)}, spaces).code, 0);
}

}  // namespace
}  // namespace orionrt::cli_spaces_test
