// orionrt with --streams and --imply-waits, and with graphs that name streams.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "command.hpp"
#include "folder.hpp"

namespace orionrt {
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

}  // namespace
}  // namespace orionrt
