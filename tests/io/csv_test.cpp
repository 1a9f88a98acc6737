#include <gtest/gtest.h>

#include "generators.hpp"
#include "orionrt/formats.hpp"
#include "refuses.hpp"

namespace orionrt::csv_test {
namespace {

using tests::Refuses;

CsvFile Read(const std::string& text) { return ReadCsv(text, "x.csv"); }

testing::AssertionResult RefusesCsv(const std::vector<std::string>& words, const std::string& text) {
  return Refuses(ErrorCode::kBadInput, words, [&] {
    CsvFile file = Read(text);
    CheckProblem(file.problem);
  });
}

// "a[0,3)4 b[3,9)8/16": id, lifetime, size, alignment where above 1.
std::string Say(const Problem& problem) {
  std::string text;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const Buffer& b = problem.buffers[i];
    text += (i == 0 ? "" : " ") + BufferId(problem, i) + "[" + std::to_string(b.lower) + "," + std::to_string(b.upper) +
            ")" + std::to_string(b.size);
    if (b.alignment != 1) text += "/" + std::to_string(b.alignment);
  }
  return text;
}
std::string SayParts(const Problem& problem) {
  std::string text;
  for (const Part& p : problem.parts) {
    text += (text.empty() ? "" : " ") + std::to_string(p.buffer) + "[" + std::to_string(p.lower) + "," +
            std::to_string(p.upper) + ")x[" + std::to_string(p.begin) + "," + std::to_string(p.end) + ")";
  }
  return text;
}

TEST(ReadCsv, ReadsTheFourColumns) {
  EXPECT_EQ(Say(Read("id,lower,upper,size\na,0,3,4\nb,3,9,8\n").problem), "a[0,3)4 b[3,9)8");
}

TEST(ReadCsv, NeedsNoLineBreakAtTheEnd) { EXPECT_EQ(Say(Read("id,lower,upper,size\na,0,3,4").problem), "a[0,3)4"); }

TEST(ReadCsv, ReadsNoRows) {
  EXPECT_EQ(Read("id,lower,upper,size\n").problem.buffers.size(), 0u);
  EXPECT_EQ(Read("id,lower,upper,size").problem.buffers.size(), 0u);
}

TEST(ReadCsv, ReadsCrlfByteOrderMarkBlankLinesAndSpaces) {
  const CsvFile file = Read("\xEF\xBB\xBF\r\nid, lower ,upper,size\r\n\r\n a,0, 3 ,4\r\n   \r\nb,3,9,8\r\n\r\n");
  EXPECT_EQ(Say(file.problem), "a[0,3)4 b[3,9)8");
  EXPECT_EQ(file.header.find('\r'), std::string::npos);
  for (const std::string& row : file.rows) EXPECT_EQ(row.find('\r'), std::string::npos);
}

TEST(ReadCsv, ReadsAliases) {
  for (const char* id : {"id", "buffer", "buffer_id"}) {
    for (const char* lower : {"lower", "begin", "start"}) {
      EXPECT_EQ(Say(Read(std::string(id) + "," + lower + ",upper,size\na,1,3,4\n").problem), "a[1,3)4")
          << id << " " << lower;
    }
  }
}

TEST(ReadCsv, AColumnNamedEndIsInclusive) {
  EXPECT_EQ(Say(Read("id,start,end,size\na,0,3,4\nb,3,3,1\n").problem), "a[0,4)4 b[3,4)1");
  EXPECT_TRUE(RefusesCsv({"x.csv:2"}, "id,start,end,size\na,4,3,4\n")) << "from 4 to 3 is no step";
}

TEST(ReadCsv, RefusesAnEndThatCannotBeMadeExclusive) {
  EXPECT_TRUE(RefusesCsv({"x.csv:2", "9223372036854775807"}, "id,lower,end,size\na,0,9223372036854775807,4\n"));
}

TEST(ReadCsv, TakesColumnsInAnyOrder) {
  EXPECT_EQ(Say(Read("size,alignment,upper,id,lower\n4,16,3,a,0\n").problem), "a[0,3)4/16");
}

TEST(ReadCsv, RefusesMissingColumnsByName) {
  EXPECT_TRUE(RefusesCsv({"x.csv:1", "\"id\"", "missing"}, "lower,upper,size\n"));
  EXPECT_TRUE(RefusesCsv({"\"lower\""}, "id,upper,size\n"));
  EXPECT_TRUE(RefusesCsv({"\"upper\""}, "id,lower,size\n"));
  EXPECT_TRUE(RefusesCsv({"\"size\""}, "id,lower,upper\n"));
  EXPECT_TRUE(RefusesCsv({"missing", "expected a header row"}, "a,0,3,4\nb,3,9,8\n")) << "no header at all";
}

TEST(ReadCsv, RefusesColumnsThatStandTwice) {
  EXPECT_TRUE(RefusesCsv({"\"size\"", "twice"}, "id,lower,upper,size,size\n"));
  EXPECT_TRUE(RefusesCsv({"\"start\"", "twice"}, "id,lower,upper,size,start\n")) << "by an alias";
  EXPECT_TRUE(RefusesCsv({"upper", "end"}, "id,lower,upper,size,end\n"));
}

TEST(ReadCsv, RefusesRowsWithAnotherNumberOfFields) {
  EXPECT_TRUE(RefusesCsv({"x.csv:3", "4 fields", "3"}, "id,lower,upper,size\na,0,3,4\nb,0,3\n"));
  EXPECT_TRUE(RefusesCsv({"x.csv:2", "5"}, "id,lower,upper,size\na,0,3,4,\n"));
}

TEST(ReadCsv, RefusesNumbersThatAreNone) {
  for (const char* number :
       {"", "x", "1.5", "+1", "0x10", "1e3", "9223372036854775808", "99999999999999999999", "1 2", "\"4\""}) {
    EXPECT_TRUE(RefusesCsv({"x.csv:2", "size"}, std::string("id,lower,upper,size\na,0,3,") + number + "\n")) << number;
    EXPECT_TRUE(RefusesCsv({"x.csv:2", "lower"}, std::string("id,lower,upper,size\na,") + number + ",3,4\n")) << number;
  }
}

TEST(ReadCsv, RefusesWhatNoBufferCanBeNamingLineAndBuffer) {
  EXPECT_TRUE(RefusesCsv({"x.csv:2", "\"a\"", "[3, 3)"}, "id,lower,upper,size\na,3,3,4\n"));
  EXPECT_TRUE(RefusesCsv({"x.csv:2", "\"a\"", "-4"}, "id,lower,upper,size\na,0,3,-4\n"));
  EXPECT_TRUE(RefusesCsv({"x.csv:2", "\"a\"", "3", "power of two"}, "id,lower,upper,size,alignment\na,0,3,4,3\n"));
  EXPECT_TRUE(RefusesCsv({"x.csv:2", "\"a\"", "0"}, "id,lower,upper,size,alignment\na,0,3,4,0\n"));
  EXPECT_TRUE(RefusesCsv({"x.csv:2", "id is empty"}, "id,lower,upper,size\n,0,3,4\n"));
  EXPECT_TRUE(RefusesCsv({"x.csv:2", "offset", "-5"}, "id,lower,upper,size,offset\na,0,3,4,-5\n"));
  EXPECT_TRUE(RefusesCsv({"x.csv:2", "-1"}, "id,lower,upper,size,offset\na,0,3,4,-1\n")) << "-1 is not how to say free";
}

TEST(ReadCsv, RefusesIdsThatStandTwiceAndSumsThatOverflow) {
  EXPECT_TRUE(RefusesCsv({"a", "twice"}, "id,lower,upper,size\na,0,3,4\na,0,3,4\n"));
  EXPECT_TRUE(RefusesCsv({"b", "63 bits"}, "id,lower,upper,size\na,0,3,9223372036854775807\nb,0,3,1\n"));
}

TEST(ReadCsv, RefusesEmptyAndBinaryFiles) {
  EXPECT_TRUE(RefusesCsv({"x.csv:1", "no rows"}, ""));
  EXPECT_TRUE(RefusesCsv({"no rows"}, "\n\r\n \n"));
  EXPECT_TRUE(RefusesCsv({"no rows"}, "\xEF\xBB\xBF"));
  EXPECT_TRUE(RefusesCsv({"x.csv:1"}, std::string("\x7F"
                                                  "ELF\x02\x01\0\0\0\0",
                                                  10)));
  EXPECT_TRUE(RefusesCsv({"x.csv:1"}, std::string(100000, '\0')));
  EXPECT_TRUE(RefusesCsv({"x.csv:1"}, std::string(100000, ',')));
}

TEST(ReadCsv, TakesTheUnusualButLegal) {
  EXPECT_EQ(Say(Read("id,lower,upper,size\nz,-5,-3,0\n").problem), "z[-5,-3)0");
  EXPECT_EQ(Say(Read("id,lower,upper,size\n00,0,1,1\n").problem), "00[0,1)1") << "an id is a string";
  EXPECT_EQ(Say(Read("id,lower,upper,size\n0,0,1,1\n1,0,1,1\n").problem), "0[0,1)1 1[0,1)1");
  EXPECT_EQ(Say(Read("id,lower,upper,size\n1,0,1,1\n0,0,1,1\n").problem), "1[0,1)1 0[0,1)1");
}

TEST(ReadCsv, WarnsOfAHintAndOfUnknownColumnsOnce) {
  const CsvFile file = Read("id,lower,upper,size,hint,colour\na,0,3,4,7,red\nb,0,3,4,7,blue\n");
  ASSERT_EQ(file.warnings.size(), 2u);
  EXPECT_NE((file.warnings[0] + file.warnings[1]).find("hint"), std::string::npos);
  EXPECT_NE((file.warnings[0] + file.warnings[1]).find("colour"), std::string::npos);
  EXPECT_TRUE(Read("id,lower,upper,size\n").warnings.empty());
}

TEST(ReadCsv, KeepsTheRowsAsTheyStandInTheirOrder) {
  const std::string text = "size,id,colour,lower,upper\n4,b, red ,0,3\n8,a,\"x\",1,2\n";
  const CsvFile file = Read(text);
  EXPECT_EQ(WriteCsv(file, nullptr), text);
  const std::vector<std::int64_t> offsets = {16, kFree};
  EXPECT_EQ(WriteCsv(file, &offsets), "size,id,colour,lower,upper,offset\n4,b, red ,0,3,16\n8,a,\"x\",1,2,\n");
}

TEST(ReadCsv, TakesTheColumnOffsetOutOfTheRowsWhereverItStands) {
  for (const char* text :
       {"offset,id,lower,upper,size\n8,a,0,3,4\n,b,0,3,4\n", "id,lower,offset,upper,size\na,0,8,3,4\nb,0,,3,4\n",
        "id,lower,upper,size,offset\na,0,3,4,8\nb,0,3,4,\n",
        "id,lower,upper,size,offset\r\na,0,3,4,8\r\nb,0,3,4,\r\n"}) {
    const CsvFile file = Read(text);
    EXPECT_EQ(file.header, "id,lower,upper,size") << text;
    EXPECT_EQ(file.rows, (std::vector<std::string>{"a,0,3,4", "b,0,3,4"})) << text;
    EXPECT_EQ(file.offsets, (std::vector<std::int64_t>{8, kFree})) << text;
    EXPECT_EQ(file.problem.buffers[0].fixed_offset, kFree) << "the caller says what the column means";
  }
  EXPECT_TRUE(Read("id,lower,upper,size\na,0,3,4\n").offsets.empty());
}

TEST(ReadCsv, MakesPartsOfGaps) {
  const auto parts = [](const std::string& gaps) {
    return SayParts(Read("id,lower,upper,size,gaps\na,0,10,8," + gaps + "\n").problem);
  };
  EXPECT_EQ(parts(""), "");
  EXPECT_EQ(parts("3-5"), "0[0,3)x[0,8) 0[5,10)x[0,8)");
  EXPECT_EQ(parts("3-5@2:6"), "0[0,3)x[0,8) 0[3,5)x[2,6) 0[5,10)x[0,8)");
  EXPECT_EQ(parts("3-5@0:2+4:6"), "0[0,3)x[0,8) 0[3,5)x[0,2) 0[3,5)x[4,6) 0[5,10)x[0,8)");
  EXPECT_EQ(parts("0-3@4:8 3-5@0:2+4:8 5-10@0:2"), "0[0,5)x[4,8) 0[3,10)x[0,2)") << "what goes on is one part";
  EXPECT_EQ(parts("7-8 3-5"), "0[0,3)x[0,8) 0[5,7)x[0,8) 0[8,10)x[0,8)");
  EXPECT_EQ(parts("3-5 5-6"), "0[0,3)x[0,8) 0[6,10)x[0,8)") << "side by side";
  EXPECT_EQ(parts("0-4"), "0[4,10)x[0,8)");
  EXPECT_EQ(parts("4-10"), "0[0,4)x[0,8)");
  EXPECT_EQ(parts("0-10"), "0[0,10)x[0,0)") << "nothing left, and not a whole buffer";
}

TEST(ReadCsv, ReadsGapsLikeTheLifetimeWhenTheColumnIsNamedEnd) {
  EXPECT_EQ(SayParts(Read("id,start,end,size,gaps\na,0,9,8,3-4\n").problem), "0[0,3)x[0,8) 0[5,10)x[0,8)");
}

TEST(ReadCsv, ReadsGapsAtNegativeSteps) {
  EXPECT_EQ(SayParts(Read("id,lower,upper,size,gaps\na,-9,9,8,-5--3 -1-2\n").problem),
            "0[-9,-5)x[0,8) 0[-3,-1)x[0,8) 0[2,9)x[0,8)");
}

TEST(ReadCsv, RefusesGapsThatAreNone) {
  for (const char* gaps : {"3",           "3-",
                           "-",           "a-b",
                           "3-5@",        "3-5@1",
                           "3-5@1:",      "3-5@:4",
                           "3-5@a:b",     "5-3",
                           "3-3",         "3-5 4-6",
                           "3-5@6:2",     "3-5@0:9",
                           "3-5@-1:4",    "3-5@0:2+",
                           "3-5@0:4+3:5", "3-5@4:6+0:2",
                           "9-11",        "-1-2",
                           "3-5;7-8",     "3-99999999999999999999"}) {
    EXPECT_TRUE(RefusesCsv({"x.csv:2", "gap"}, std::string("id,lower,upper,size,gaps\na,0,10,8,") + gaps + "\n"))
        << gaps;
  }
}

TEST(ReadCsv, ReadsAHundredThousandRows) {
  std::string text = "id,lower,upper,size\n";
  for (int i = 0; i < 100000; ++i)
    text += "t" + std::to_string(i) + "," + std::to_string(i) + "," + std::to_string(i + 7) + ",64\n";
  const CsvFile file = Read(text);
  ASSERT_EQ(file.problem.buffers.size(), 100000u);
  EXPECT_EQ(file.problem.buffers[99999].lower, 99999);
  EXPECT_EQ(WriteCsv(file, nullptr), text);
}

TEST(MakeCsv, WritesWhatReadsBackTheSame) {
  tests::Random random(5);
  tests::Menu menu;
  menu.alignment_bits = 5;
  menu.zero_sizes = menu.parts = menu.fixed = true;
  for (int run = 0; run < 200; ++run) {
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Below(30)), menu);
    const CsvFile made = MakeCsv(problem);
    CsvFile read = Read(WriteCsv(made, made.offsets.empty() ? nullptr : &made.offsets));
    for (std::size_t i = 0; i < read.offsets.size(); ++i) read.problem.buffers[i].fixed_offset = read.offsets[i];
    // Parts that say the same may be cut otherwise; the rectangles of the bytes are what counts.
    ASSERT_EQ(Say(read.problem), Say(problem));
    for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
      for (std::int64_t step = problem.buffers[i].lower; step < problem.buffers[i].upper; ++step) {
        const auto at = [&](const Problem& p) {
          for (const Part& part : tests::RectanglesOf(p, i)) {
            if (part.lower <= step && step < part.upper) return std::pair{part.begin, part.end};
          }
          return std::pair<std::int64_t, std::int64_t>{0, 0};
        };
        ASSERT_EQ(at(read.problem), at(problem)) << "buffer " << i << " step " << step << tests::Describe(problem);
      }
      ASSERT_EQ(read.problem.buffers[i].fixed_offset, problem.buffers[i].fixed_offset);
    }
  }
}

TEST(MakeCsv, HasOnlyTheColumnsThatAreNeeded) {
  Problem problem;
  problem.buffers = {{0, 3, 4}};
  EXPECT_EQ(WriteCsv(MakeCsv(problem), nullptr), "id,lower,upper,size\n0,0,3,4\n");
  problem.buffers[0].alignment = 64;
  EXPECT_EQ(WriteCsv(MakeCsv(problem), nullptr), "id,lower,upper,size,alignment\n0,0,3,4,64\n");
}

TEST(MakeCsv, SaysPartsThatAreAliveTogether) {
  Problem problem;
  problem.buffers = {{0, 9, 8}, {1, 3, 4}, {0, 6, 8}};
  problem.parts = {{0, 0, 3, 0, 4}, {0, 2, 9, 4, 8}, {0, 5, 7, 1, 3},
                   {2, 0, 2, 0, 8}, {2, 4, 6, 0, 3}, {2, 4, 6, 3, 8}};
  const std::string csv = WriteCsv(MakeCsv(problem), nullptr);
  EXPECT_EQ(csv,
            "id,lower,upper,size,gaps\n"
            "0,0,9,8,0-2@0:4 2-3@0:4+4:8 3-5@4:8 5-7@1:3+4:8 7-9@4:8\n"
            "1,1,3,4,\n"
            "2,0,6,8,2-4 4-6@0:3+3:8\n");
  EXPECT_EQ(SayParts(Read(csv).problem), SayParts(problem));
}

// CSV has no quoting: an id that would not come back as it was must be refused, not written.
TEST(MakeCsv, RefusesIdsThatCsvCannotSay) {
  for (const char* id : {"a,b", "a\nb", "a\rb", "", " a", "a ", "a\n"}) {
    Problem problem;
    problem.buffers = {{0, 3, 4}, {0, 3, 4}};
    problem.ids = {"ok", id};
    EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {}, [&] { MakeCsv(problem); })) << "id \"" << id << "\"";
  }
}

TEST(Csv, ReadsSpacesUsesAndPool) {
  const CsvFile file =
      ReadCsv("id,spaces,lower,upper,size,uses,space,offset\na, sram | dram ,0,1,4,3,dram,8\nb,,0,1,4,1,,\n", "x.csv");
  EXPECT_EQ(file.spaces, (std::vector<std::vector<std::string>>{{"sram", "dram"}, {}}));
  EXPECT_EQ(file.space_of, (std::vector<std::string>{"dram", ""}));
  EXPECT_EQ(file.problem.uses, (std::vector<std::int64_t>{3, 1}));
  EXPECT_EQ(file.header, "id,spaces,lower,upper,size,uses") << "without the answer";
  EXPECT_EQ(file.rows[0], "a, sram | dram ,0,1,4,3");
  EXPECT_TRUE(file.warnings.empty());
  EXPECT_TRUE(tests::Refuses(ErrorCode::kBadInput, {"x.csv:2", "spaces"},
                             [] { ReadCsv("id,lower,upper,size,spaces\na,0,1,4,sram||dram\n", "x.csv"); }));
  EXPECT_TRUE(tests::Refuses(ErrorCode::kBadInput, {"x.csv:2", "uses"},
                             [] { ReadCsv("id,lower,upper,size,uses\na,0,1,4,-1\n", "x.csv"); }));
}

TEST(Csv, WritesSpacesAndUsesOfProblemsThatHaveThem) {
  Problem problem;
  problem.buffers = {{0, 1, 4, 1, kFree}, {0, 1, 5, 1, kFree}};
  problem.uses = {3, 1};
  Space sram, dram;
  sram.name = "sram";
  dram.name = "dram";
  SetSpaces(problem, {sram, dram}, {});
  EXPECT_EQ(WriteCsv(MakeCsv(problem), nullptr), "id,lower,upper,size\n0,0,1,4\n1,0,1,5\n")
      << "the table is not in CSV";
  SetSpaces(problem, {sram, dram}, {{"dram", "sram"}, {}});
  const std::string text = WriteCsv(MakeCsv(problem), nullptr);
  EXPECT_EQ(text, "id,lower,upper,size,spaces,uses\n0,0,1,4,dram|sram,3\n1,0,1,5,,1\n");
  const CsvFile read = ReadCsv(text, "x.csv");
  Problem again = read.problem;
  SetSpaces(again, {sram, dram}, read.spaces);
  EXPECT_EQ(HashProblem(again), HashProblem(problem));
}

}  // namespace
}  // namespace orionrt::csv_test
