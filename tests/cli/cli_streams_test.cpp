// orionrt with --streams and --imply-waits, and with graphs that name streams.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "folder.hpp"
#include "run_command.hpp"

namespace orionrt::cli_streams_test {
namespace {

using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

// Two branches of three ops between a split and a join; `more` follows each op's outputs: 10, then 11 to 13, 21 to 23,
// and 30.
std::string Branches(const std::string& left = "", const std::string& right = "", const std::string& join = "") {
  const auto op = [](int id, const std::string& inputs, const std::string& more) {
    return R"({"id": )" + std::to_string(id) + R"(, "inputs": [)" + inputs + R"(], "outputs": [)" + std::to_string(id) +
           "]" + more + "}";
  };
  std::string tensors = R"({"id": 0, "bytes": 64, "roles": ["input"]})";
  for (const int id : {10, 11, 12, 13, 21, 22, 23, 30}) {
    tensors += R"(, {"id": )" + std::to_string(id) + R"(, "bytes": 256, "name": "t)" + std::to_string(id) + "\"" +
               (id == 30 ? R"(, "roles": ["output"]})" : "}");
  }
  return R"({"schema": "orionrt.graph/1", "tensors": [)" + tensors + R"(], "ops": [)" + op(10, "0", "") + "," +
         op(11, "10", left) + "," + op(12, "11", left) + "," + op(13, "12", left) + "," + op(21, "10", right) + "," +
         op(22, "21", right) + "," + op(23, "22", right) + "," + op(30, "13, 23", join) + "]}";
}

constexpr const char* kStreamOne = R"(, "stream": 1)";

TEST(CliStreams, PutsAGraphOnStreams) {
  const Folder folder;
  folder.Write("g.json", Branches());
  const Outcome two = Orionrt({"plan", folder / "g.json", "--streams", "2", "-o", folder / "p.json"});
  EXPECT_EQ(two.code, 0) << two;
  EXPECT_NE(two.err.find("on 2 streams, with 2 waits, the longest chain has 5 of 8 ops (no less than 5)"),
            std::string::npos)
      << two;
  const Outcome judged = Orionrt({"check", folder / "p.json", folder / "g.json", "--streams", "2"});
  EXPECT_EQ(judged.code, 0) << judged;
  const Outcome one = Orionrt({"plan", folder / "g.json", "--streams", "1"});
  EXPECT_EQ(one.code, 0) << one;
  EXPECT_EQ(one.err.find("streams"), std::string::npos) << one;
  EXPECT_EQ(one.out, Orionrt({"plan", folder / "g.json"}).out);
}

TEST(CliStreams, PutsAModelOnStreams) {
  const std::string models = std::string(ORIONRT_TESTS_DIR) + "/../examples/models/";
  const Folder folder;
  const Outcome two = Orionrt({"plan", models + "transformer_block.onnx", "--streams", "2", "-o", folder / "p.json"});
  if (two.err.find("built without") != std::string::npos) GTEST_SKIP() << two.err;
  EXPECT_EQ(two.code, 0) << two;
  EXPECT_NE(two.err.find("on 2 streams, with "), std::string::npos) << two;
  EXPECT_NE(folder.Read("p.json").find("graph_hash"), std::string::npos);
  const Outcome chain = Orionrt({"convert", models + "mobilenet_v2.onnx", "--streams", "3", "-o", folder / "p.csv"});
  EXPECT_EQ(chain.code, 0) << chain;
  EXPECT_NE(chain.err.find("on 1 stream, with 0 waits, the longest chain has 100 of 100 ops"), std::string::npos)
      << chain;
}

TEST(CliStreams, AddsTheWaitsThatDataNeeds) {
  const Folder folder;
  folder.Write("g.json", Branches("", kStreamOne));
  EXPECT_FAILS(3, Orionrt({"plan", folder / "g.json"}), "op 21 on stream 1", "--imply-waits");
  const Outcome added = Orionrt({"plan", folder / "g.json", "--imply-waits", "-o", folder / "p.json"});
  EXPECT_EQ(added.code, 0) << added;
  EXPECT_NE(added.err.find("op 21 on stream 1 waits for op 10 on stream 0, which writes tensor 10 \"t10\""),
            std::string::npos)
      << added;
  EXPECT_NE(added.err.find("op 30 on stream 0 waits for op 23 on stream 1, which writes tensor 23 \"t23\""),
            std::string::npos)
      << added;
  folder.Write("waits.json", Branches("", kStreamOne, R"(, "waits": [23])"));
  EXPECT_FAILS(3, Orionrt({"plan", folder / "waits.json"}), "op 21 on stream 1");
  const Outcome none = Orionrt({"plan", folder / "waits.json", "--imply-waits", "-o", folder / "p.json"});
  EXPECT_EQ(none.code, 0) << none;
  EXPECT_EQ(none.err.find("op 30 on stream 0"), std::string::npos) << "it waits already\n" << none;
}

TEST(CliStreams, ImpliesNothingOnOneStream) {
  const Folder folder;
  folder.Write("g.json", Branches());
  const Outcome implied = Orionrt({"plan", folder / "g.json", "--imply-waits"});
  EXPECT_EQ(implied.code, 0) << implied;
  EXPECT_EQ(implied.out, Orionrt({"plan", folder / "g.json"}).out);
  EXPECT_EQ(implied.err.find("waits for"), std::string::npos) << implied;
}

TEST(CliStreams, RefusesStreamsWhereOnlyLifetimesAreKnown) {
  const Folder folder;
  const std::string csv = folder.Write("p.csv", "id,lower,upper,size\na,0,2,8\nb,1,3,8\n");
  for (const char* command : {"plan", "convert", "compare", "report"}) {
    std::vector<std::string> arguments = {command, csv};
    if (command == std::string("report")) arguments.insert(arguments.end(), {"-o", "-"});
    arguments.push_back("--imply-waits");
    EXPECT_FAILS(2, Orionrt(arguments), "lifetimes", "--imply-waits");
    arguments.back() = "--streams=2";
    EXPECT_FAILS(2, Orionrt(arguments), "lifetimes", "--streams");
  }
}

TEST(CliStreams, RefusesStreamsForAGraphThatHasThem) {
  const Folder folder;
  folder.Write("g.json", Branches("", kStreamOne));
  for (const char* streams : {"1", "2"}) {
    EXPECT_FAILS(2, Orionrt({"plan", folder / "g.json", "--imply-waits", "--streams", streams}), "g.json", "itself");
  }
}

TEST(CliStreams, RefusesNumbersThatAreNone) {
  const Folder folder;
  folder.Write("g.json", Branches());
  EXPECT_FAILS(2, Orionrt({"plan", folder / "g.json", "--streams", "0"}), "--streams 0", "1 to 64");
  EXPECT_FAILS(2, Orionrt({"plan", folder / "g.json", "--streams", "65"}), "--streams 65");
  EXPECT_FAILS(2, Orionrt({"plan", folder / "g.json", "--streams", "two"}), "two");
  EXPECT_FAILS(2, Orionrt({"plan", folder / "missing.json", "--streams", "-1"}), "--streams -1");
}

TEST(CliStreams, RefusesAnotherOrder) {
  const Folder folder;
  folder.Write("g.json", Branches());
  folder.Write("s.json", Branches("", kStreamOne));
  const std::string why = "program order and waits alone decide";
  EXPECT_FAILS(2, Orionrt({"plan", folder / "g.json", "--streams", "2", "--reorder"}), "--reorder", why);
  EXPECT_FAILS(2, Orionrt({"plan", folder / "g.json", "--streams", "2", "--all"}), "--all", why);
  EXPECT_FAILS(2, Orionrt({"plan", folder / "s.json", "--imply-waits", "--reorder"}), "reorder", why);
  EXPECT_FAILS(2, Orionrt({"convert", folder / "s.json", "--imply-waits", "--all"}), "reorder", why);
  EXPECT_EQ(Orionrt({"plan", folder / "g.json", "--streams", "1", "--all"}).code, 0);
  EXPECT_EQ(Orionrt({"plan", folder / "g.json", "--streams", "2", "--views", "--in-place", "--colocate"}).code, 0);
}

// As the first example of docs/streams.md: the plan's figures, in text and JSON.
TEST(CliStreams, SaysWhatStreamsCost) {
  const Folder folder;
  folder.Write("g.json", Branches());
  const Outcome text = Orionrt({"plan", folder / "g.json", "--streams", "2"});
  EXPECT_EQ(text.code, 0) << text;
  for (const char* line : {"9 buffers on 2 streams", "all in conflict", "\n  serial ", "\n  own lanes ",
                           "\n  live at once ", "\n  hand-overs ", "\n  stream 0\n", "\n  stream 1\n"}) {
    EXPECT_NE(text.out.find(line), std::string::npos) << line << text;
  }
  for (const char digit : std::string("0123456789")) {
    EXPECT_EQ(text.out.find(std::string(" -") + digit), std::string::npos) << "a negative figure" << text;
  }
  EXPECT_EQ(text.out.find("step"), std::string::npos) << text;
  Orionrt({"plan", folder / "g.json", "--streams", "2", "-o", folder / "p.json"});
  const auto plan = nlohmann::json::parse(folder.Read("p.json"));
  EXPECT_EQ(plan["streams"]["lanes"], nlohmann::json::parse("[[0], [1]]"));
  EXPECT_EQ(plan["streams"]["serial_bytes"],
            nlohmann::json::parse(Orionrt({"plan", folder / "g.json", "--format", "json"}).out)["peak_bytes"]);
  EXPECT_TRUE(plan["hand_overs"].is_array());
  const Outcome again = Orionrt({"report", folder / "p.json", "-o", "-"});
  EXPECT_NE(again.out.find("\n  own lanes "), std::string::npos) << again;
}

TEST(CliStreams, RelyOnNoWaitWhereAsked) {
  const Folder folder;
  folder.Write("g.json", Branches());
  const Outcome kept =
      Orionrt({"plan", folder / "g.json", "--streams", "2", "--no-cross-stream-reuse", "-o", folder / "p.json"});
  EXPECT_EQ(kept.code, 0) << kept;
  const auto plan = nlohmann::json::parse(folder.Read("p.json"));
  EXPECT_TRUE(plan["hand_overs"].empty());
  EXPECT_EQ(Orionrt({"check", folder / "p.json", folder / "g.json", "--streams", "2"}).code, 0);
  Orionrt({"convert", folder / "g.json", "--streams", "2", "-o", folder / "p.csv"});
  EXPECT_FAILS(2, Orionrt({"plan", folder / "p.csv", "--no-cross-stream-reuse"}), "p.csv", "give the graph");
}

TEST(CliStreams, ExplainsWithoutSteps) {
  const Folder folder;
  folder.Write("g.json", Branches());
  const Outcome two = Orionrt({"plan", folder / "g.json", "--streams", "2", "--explain"});
  EXPECT_EQ(two.code, 0) << two;
  EXPECT_NE(two.out.find("none of which is over before another, need"), std::string::npos) << two;
  EXPECT_NE(two.out.find("no plan for these streams and waits can be lower"), std::string::npos) << two;
  EXPECT_NE(two.out.find("longest chain"), std::string::npos) << two;
  EXPECT_EQ(two.out.find("step"), std::string::npos) << two;
  const Outcome one = Orionrt({"plan", folder / "g.json", "--explain"});
  EXPECT_NE(one.out.find("On 2 streams: +"), std::string::npos) << one;
  EXPECT_NE(one.out.find("the longest chain falls from 8 to 5 ops.\n"), std::string::npos) << one;
}

TEST(CliStreams, DrawsALaneAStream) {
  const Folder folder;
  folder.Write("g.json", Branches());
  const Outcome svg = Orionrt({"report", folder / "g.json", "--streams", "2", "--format", "svg", "-o", "-"});
  EXPECT_EQ(svg.code, 0) << svg;
  const auto count = [&](const std::string& word) {
    int found = 0;
    for (std::size_t at = svg.out.find(word); at != std::string::npos; at = svg.out.find(word, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("class=\"ink title\""), 2);
  EXPECT_EQ(count(", stream 0</text>"), 1);
  EXPECT_EQ(count(", stream 1</text>"), 1);
}

}  // namespace
}  // namespace orionrt::cli_streams_test
