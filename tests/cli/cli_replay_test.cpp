// orionrt replay
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "run_command.hpp"

namespace orionrt::cli_replay_test {
namespace {

using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

const char kTrace[] =
    "seq,op,offset,requested,size,tag\n,arena,,4096,64,\n0,allocate,0,100,128,1\n1,allocate,128,60,64,2\n2,free,0,,,"
    "1\n";

TEST(CliReplay, PrintsFiguresAndAPicture) {
  const Folder folder;
  const Outcome outcome = Orionrt({"replay", folder.Write("t.csv", kTrace)});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.err, "");
  for (const char* word : {"3 events", "2 requests, 0 refused", "most used", "192 B", "As recorded"}) {
    EXPECT_NE(outcome.out.find(word), std::string::npos) << word << outcome;
  }
  EXPECT_EQ(outcome.out.find("Replayed"), std::string::npos) << outcome;
}

TEST(CliReplay, ComparesSettings) {
  const Outcome outcome = Orionrt({"replay", "-", "--capacity", "8K", "--block", "64,1K", "--format", "json"}, kTrace);
  EXPECT_EQ(outcome.code, 0) << outcome;
  const auto json = nlohmann::json::parse(outcome.out);
  ASSERT_EQ(json["replays"].size(), 3u);
  EXPECT_EQ(json["replays"][0]["capacity"], 4096);
  EXPECT_EQ(json["replays"][1]["capacity"], 8192);
  EXPECT_EQ(json["replays"][2]["block_bytes"], 1024);
  EXPECT_EQ(json["replays"][2]["most_used"]["used_bytes"], 2048);
  const Outcome csv = Orionrt({"replay", "-", "--format", "csv"}, kTrace);
  EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), 4) << csv;
}

TEST(CliReplay, TheSuffixSaysWhatItIs) {
  const Folder folder;
  const std::string trace = folder.Write("t.csv", kTrace);
  for (const auto& [file, begin] : {std::pair{"r.json", "{"}, {"r.csv", "capacity,block,"}, {"r.txt", "/"}}) {
    ASSERT_EQ(Orionrt({"replay", trace, "-o", folder / file}).code, 0);
    EXPECT_EQ(folder.Read(file).substr(0, std::string(begin).size()), begin) << file;
  }
}

TEST(CliReplay, RefusesWithTheRightCode) {
  const Folder folder;
  EXPECT_FAILS(3, Orionrt({"replay", folder.Write("t.csv", std::string(kTrace) + "3,free,0,,,\n")}),
               "t.csv:6:", "offset 0");
  EXPECT_FAILS(3, Orionrt({"replay", folder / "none.csv"}), "none.csv");
  EXPECT_FAILS(3, Orionrt({"replay", "-"}, "seq,op,offset,requested,size,tag\n,arena,,9223372036854775807,1,\n"),
               "--block");
  EXPECT_FAILS(2, Orionrt({"replay", "-", "--block", "48"}, kTrace), "48", "power of two");
  EXPECT_FAILS(2, Orionrt({"replay", "-", "--block", "64,"}, kTrace), "--block");
  EXPECT_FAILS(2, Orionrt({"replay", "-", "--capacity", "much"}, kTrace), "much");
  EXPECT_FAILS(2, Orionrt({"replay", "-", "--format", "svg"}, kTrace), "svg", "text, csv, json");
}

}  // namespace
}  // namespace orionrt::cli_replay_test
