// Lives on several streams in CSV and JSON.
#include <gtest/gtest.h>

#include <string>

#include "clocked.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace orionrt::clocks_files_test {
namespace {

using namespace tests;

template <typename Read>
void ExpectRefused(Read read, const std::string& word) {
  try {
    read();
    ADD_FAILURE() << "not refused: " << word;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput) << error.what();
    EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
  }
}

TEST(CsvClocks, AreReadAndWrittenAsTheyStand) {
  const std::string text = "id,lower,upper,size\na,1:0:3,2:0:3,40\nb,0:0:0,1:1:1,8\n";
  const CsvFile file = ReadCsv(text, "x.csv");
  EXPECT_EQ(file.problem.clocks.streams, 3);
  EXPECT_EQ(file.problem.clocks.begins, (std::vector<std::int64_t>{1, 0, 3, 0, 0, 0}));
  EXPECT_EQ(file.problem.clocks.ends, (std::vector<std::int64_t>{2, 0, 3, 1, 1, 1}));
  EXPECT_EQ(WriteCsv(file, nullptr), text);
  EXPECT_EQ(WriteCsv(MakeCsv(file.problem), nullptr), text);
  const std::vector<std::int64_t> offsets = {0, 40};
  EXPECT_EQ(WriteCsv(file, &offsets), "id,lower,upper,size,offset\na,1:0:3,2:0:3,40,0\nb,0:0:0,1:1:1,8,40\n");
}

TEST(CsvClocks, AreRefusedWithTheirLine) {
  const auto read = [](const std::string& rows) {
    return [rows] { (void)ReadCsv("id,lower,upper,size\n" + rows, "x.csv"); };
  };
  ExpectRefused(read("a,1:0,2:0,4\nb,1:0:0,2:0:0,4\n"), "x.csv:3: clocks of unequal length");
  ExpectRefused(read("a,1:0,2:0:1,4\n"), "x.csv:2: clocks of unequal length");
  ExpectRefused(read("a,1:0,2:0,4\nb,1,2,4\n"), "x.csv:3: clocks of unequal length");
  ExpectRefused(read("a,1,2,4\nb,1:0,2:0,4\n"), "x.csv:3: clocks of unequal length");
  ExpectRefused(read("a,1:5,2:4,4\n"), "ends before it begins, on stream 1");
  ExpectRefused(read("a,1:5,1:5,4\n"), "the life is empty");
  ExpectRefused(read("a,1:2305843009213693953,2:2305843009213693954,4\n"), "past 2^61");
  ExpectRefused(read("a,1:x,2:1,4\n"), "\"x\" is not a whole number");
  ExpectRefused(read("a,1:,2:1,4\n"), "is not a whole number");
  ExpectRefused(read("a,:,:,4\n"), "is not a whole number");
  std::string zeros = "0", ones = "1";
  for (int s = 1; s < 65; ++s) zeros += ":0", ones += ":1";
  ExpectRefused(read("a," + zeros + "," + ones + ",4\n"), "65 streams");
  ExpectRefused([] { (void)ReadCsv("id,lower,end,size\na,1:0,2:0,4\n", "x.csv"); }, "give clocks in lower and upper");
  ExpectRefused([] { (void)ReadCsv("id,lower,upper,size,gaps\na,1:0,2:0,4,1-2\n", "x.csv"); }, "gaps");
}

TEST(ProblemJson, KeepsClocksPartsAndPairs) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ClockedOptions options;
    options.parts = options.apart = options.alignments = true;
    ProblemFile file;
    file.problem = RandomClocked(options, random);
    const std::string text = WriteProblemJson(file);
    const ProblemFile read = ReadProblemJson(text, "x.json");
    EXPECT_EQ(HashProblem(read.problem), HashProblem(file.problem));
    ASSERT_EQ(read.problem.buffers.size(), file.problem.buffers.size());
    for (std::size_t i = 0; i < read.problem.buffers.size(); ++i) {  // steps are made of the clocks again
      EXPECT_EQ(read.problem.buffers[i].lower, file.problem.buffers[i].lower);
      EXPECT_EQ(read.problem.buffers[i].upper, file.problem.buffers[i].upper);
    }
  }
}

TEST(ProblemJson, RefusesClocksThatAreNone) {
  const auto read = [](const std::string& buffers, const std::string& more = "") {
    return [=] {
      (void)ReadProblemJson("{\"schema\":\"orionrt.problem/1\"," + more + "\"buffers\":[" + buffers + "]}", "x.json");
    };
  };
  const std::string a = R"({"id":"a","size":4,"lower":[0,0],"upper":[1,0]})";
  ExpectRefused(read(a + R"(,{"id":"b","size":4,"lower":[0],"upper":[1]})"), "buffers[1]");
  ExpectRefused(read(a + R"(,{"id":"b","size":4,"lower":0,"upper":1})"), "no clock");
  ExpectRefused(read(R"({"id":"b","size":4,"lower":0,"upper":1},)" + a), "has a clock");
  ExpectRefused(read(R"({"id":"a","size":4,"lower":[0,0],"upper":[1,0.5]})"), "no whole number");
  ExpectRefused(read(R"({"id":"a","size":4,"lower":[0,0],"upper":[0,18446744073709551615]})"), "no whole number");
  ExpectRefused(read(R"({"id":"a","size":4,"lower":[2],"upper":[3]})"), "1 streams");
  ExpectRefused(read(R"({"id":"a","size":4,"lower":[2,0],"upper":[1,5]})"), "ends before it begins");
  ExpectRefused(read(a, R"("apart":[["a","c"]],)"), "\"c\" apart");
  ExpectRefused(read(a, R"("apart":[["a"]],)"), "pair of ids");
  ExpectRefused(read(a, R"("apart":[["a","a"]],)"), "kept apart");
}

}  // namespace
}  // namespace orionrt::clocks_files_test
