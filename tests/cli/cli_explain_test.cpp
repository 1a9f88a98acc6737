// orionrt plan --explain
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "run_command.hpp"

namespace orionrt::cli_explain_test {
namespace {

using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

// in 64 -> a 128 -> b 128 -> c 64: the peak is at Relu, which could be in place.
const char kGraph[] = R"({"schema": "orionrt.graph/1",
 "tensors": [{"id": 0, "name": "in", "bytes": 64}, {"id": 1, "name": "a", "bytes": 128},
             {"id": 2, "name": "b", "bytes": 128}, {"id": 3, "name": "c", "bytes": 64, "roles": ["output"]}],
 "ops": [{"id": 10, "type": "Conv", "inputs": [0], "outputs": [1]},
         {"id": 11, "type": "Relu", "name": "act", "inputs": [1], "outputs": [2], "aliases": [{"kind": "same_index"}]},
         {"id": 12, "type": "Conv", "inputs": [2], "outputs": [3]}]})";

TEST(CliExplain, SaysInWordsWhatHoldsThePeakAndWhatWouldLowerIt) {
  const Folder folder;
  const Outcome outcome = Orionrt({"plan", folder.Write("g.json", kGraph), "--explain"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  for (const char* line :
       {"128  1 \"a\", written by op 10 Conv, read last by op 11 \"act\"\n",
        "-64  writing op 11 \"act\" in place of tensor 1 \"a\" (--in-place); then 192, held at op 10 Conv\n"}) {
    EXPECT_NE(outcome.out.find(line), std::string::npos) << line << outcome;
  }
}

TEST(CliExplain, AddsAKeyToThePlanInJson) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kGraph);
  const Outcome outcome = Orionrt({"plan", graph, "--explain", "-o", folder / "p.json"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  nlohmann::json plan = nlohmann::json::parse(folder.Read("p.json"));
  const nlohmann::json explanation = plan["explanation"];
  EXPECT_EQ(explanation["peak_step"], 1);
  EXPECT_EQ(explanation["holders"].size(), 2u);
  EXPECT_EQ(explanation["what_ifs"][0]["kind"], "in_place");
  EXPECT_EQ(explanation["what_ifs"][0]["saving_bytes"], 64);
  EXPECT_EQ(explanation["what_ifs"][0]["new_peak_bytes"], 192);
  EXPECT_EQ(explanation["what_ifs"][0]["next_peak_step"], 0);
  EXPECT_EQ(explanation["what_ifs"][0]["option"], "--in-place");
  EXPECT_EQ(explanation["peak_steps"], 1);
  plan.erase("explanation");
  EXPECT_EQ(plan, nlohmann::json::parse(Orionrt({"plan", graph, "--format", "json"}).out)) << "and nothing else";
  EXPECT_EQ(Orionrt({"check", folder / "p.json", graph}).code, 0);
}

// The ids of ops stay what they are in another order; a position that was printed as "op 1" was another op's id.
TEST(CliExplain, NamesOpsByTheirIdsInAnotherOrderToo) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kGraph);
  const Outcome outcome = Orionrt({"plan", graph, "--reorder", "--explain"});
  EXPECT_NE(outcome.out.find("writing op 11 \"act\" in place of tensor 1 \"a\""), std::string::npos) << outcome;
}

// It went by the type where the graph said nothing.
TEST(CliExplain, ProposesOnlyWhatTheGraphAllows) {
  const Folder folder;
  std::string silent = kGraph;
  silent.erase(silent.find(", \"aliases\""), std::string(", \"aliases\": [{\"kind\": \"same_index\"}]").size());
  const Outcome outcome = Orionrt({"plan", folder.Write("g.json", silent), "--explain"});
  EXPECT_NE(outcome.out.find("-64  writing Relu (1 op) in place, if your kernels can (--in-place --assume-in-place "
                             "Relu); then 192, held at op 10 Conv\n"),
            std::string::npos)
      << outcome;
  const std::string conv = "\"type\": \"Conv\"";  // of which nobody assumes that
  silent.replace(silent.find("\"type\": \"Relu\""), conv.size(), conv);
  const Outcome nothing = Orionrt({"plan", folder.Write("h.json", silent), "--explain"});
  EXPECT_NE(nothing.out.find("Nothing that was tried lowers the peak by itself.\n"), std::string::npos) << nothing;
}

TEST(CliExplain, KnowsLessOfProblemsAndPlans) {
  const std::string csv = "id,lower,upper,size\na,0,2,65\nb,1,3,65\n";
  const Outcome plain = Orionrt({"plan", "-", "--input-format", "csv", "--explain"}, csv);
  EXPECT_NE(plain.out.find("a, alive from step 0 to step 1\n"), std::string::npos) << plain;
  EXPECT_NE(plain.out.find("Nothing that was tried lowers the peak by itself.\n"), std::string::npos) << plain;
  const Outcome aligned = Orionrt({"plan", "-", "--input-format", "csv", "--explain", "--alignment", "64"}, csv);
  EXPECT_NE(aligned.out.find("-63  alignment 64 -> 1 (--alignment 1); then 130, still at step 1\n"), std::string::npos)
      << aligned;
}

TEST(CliExplain, WritesStepsAsItWritesBytes) {
  const std::string csv = "id,lower,upper,size\na,12345,20000,65\nb,19998,20001,65\n";
  const Outcome outcome = Orionrt({"plan", "-", "--input-format", "csv", "--explain"}, csv);
  for (const char* words : {", at step 19,998)", "At step 19,998 2 buffers", "1 other step is as high as step 19,998",
                            "    step 19,999: ", "a, alive from step 12,345 to step 19,999\n"}) {
    EXPECT_NE(outcome.out.find(words), std::string::npos) << words << "\n" << outcome;
  }
}

TEST(CliExplain, SaysWhatMayFindABetterPlan) {
  const Outcome outcome = Orionrt({"plan", "-", "--input-format", "csv", "--policy", "no_reuse", "--explain"},
                                  "id,lower,upper,size\na,0,1,65\nb,1,3,65\n");
  EXPECT_NE(
      outcome.out.find("65 bytes higher; whether a better one exists is open. The policy \"auto\" searches for one.\n"),
      std::string::npos)
      << outcome;
}

TEST(CliExplain, IsForTextAndJsonAlone) {
  EXPECT_FAILS(2,
               Orionrt({"plan", "-", "--input-format", "csv", "--explain", "--format", "csv"}, "id,lower,upper,size\n"),
               "--explain", "json");
}

}  // namespace
}  // namespace orionrt::cli_explain_test
