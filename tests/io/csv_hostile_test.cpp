#include <gtest/gtest.h>

#include "hostile.hpp"
#include "orionrt/formats.hpp"

namespace orionrt::csv_hostile_test {
namespace {

const std::string kGood =
    "\xEF\xBB\xBF"
    "buffer_id,start,end,size,alignment,gaps,hint,offset\r\n"
    "a,0,9,100,16,3-4 6-7@10:20,1,\r\n"
    "b,-5,2,4611686018427387904,1,,2,0\r\n"
    "\r\n"
    "c,4,4,0,4096,,3,4096\r\n";

void Read(const std::string& text) {
  const CsvFile file = ReadCsv(text, "x.csv");
  ASSERT_EQ(file.rows.size(), file.problem.buffers.size());
  ASSERT_TRUE(file.offsets.empty() || file.offsets.size() == file.rows.size());
  CheckProblem(file.problem);
  const CsvFile again = ReadCsv(WriteCsv(file, file.offsets.empty() ? nullptr : &file.offsets), "again.csv");
  ASSERT_EQ(HashProblem(again.problem), HashProblem(file.problem)) << text;
  ASSERT_EQ(again.offsets, file.offsets) << text;
}

TEST(HostileCsv, TheGoodFileIsGood) { EXPECT_NO_THROW(Read(kGood)); }
TEST(HostileCsv, EveryPrefixIsReadOrRefused) { tests::TryEveryPrefix(kGood, Read); }
TEST(HostileCsv, EveryChangeOfAByteIsReadOrRefused) { tests::TryByteChanges(kGood, 4000, Read); }

TEST(HostileCsv, LongLinesAndManyColumnsEnd) {
  tests::ExpectServedOrRefused(std::string(1 << 20, 'x'), Read);
  tests::ExpectServedOrRefused("id,lower,upper,size\n" + std::string(1 << 20, 'x') + ",0,1,1\n", Read);
  tests::ExpectServedOrRefused("id,lower,upper,size\na,0,1," + std::string(1 << 20, '9') + "\n", Read);
  tests::ExpectServedOrRefused("id,lower,upper,size,gaps\na,0,1,1," + std::string(1 << 20, ' ') + "\n", Read);
  std::string wide = "id,lower,upper,size";
  for (int i = 0; i < 20000; ++i) wide += ",c" + std::to_string(i);
  tests::ExpectServedOrRefused(wide + "\n", Read);
}

}  // namespace
}  // namespace orionrt::csv_hostile_test
