// minimalloc: the command under the name by which callers of MiniMalloc start it.
#include <gtest/gtest.h>
#include <unistd.h>

#include "run_command.hpp"

namespace orionrt::cli_minimalloc_test {
namespace {

using tests::Folder;
using tests::Outcome;

const char kProblem[] = "id,lower,upper,size\na,0,3,4\nb,3,9,4\nc,0,9,4\nd,9,21,4\ne,0,21,4\n";

// Through a link of that name, as it is called.
Outcome Minimalloc(const Folder& folder, const std::vector<std::string>& arguments) {
  const std::string link = folder / "minimalloc";
  if (access(link.c_str(), X_OK) != 0 && symlink(ORIONRT_COMMAND, link.c_str()) != 0) ADD_FAILURE() << link;
  return tests::Run(link, arguments);
}

TEST(CliMinimalloc, PlansWithinTheCapacity) {
  const Folder folder;
  const std::string in = "--input=" + folder.Write("in.csv", kProblem);
  const Outcome outcome = Minimalloc(folder, {"--capacity=12", in, "--output=" + (folder / "out.csv")});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.out + outcome.err, "");
  const std::string out = folder.Read("out.csv");
  EXPECT_EQ(tests::WithoutLastColumn(out), kProblem);
  EXPECT_EQ(out.substr(0, out.find('\n')), "id,lower,upper,size,offset");
  EXPECT_EQ(tests::Orionrt({"plan", folder / "out.csv", "--capacity", "12"}).code, 0) << "offsets that hold";
  const Outcome spaced = Minimalloc(folder, {"--capacity", "12", "--input", folder / "in.csv", "--output",
                                             folder / "again.csv", "--timeout=1m30.5s", "--validate"});
  EXPECT_EQ(spaced.code, 0) << spaced;
  EXPECT_EQ(folder.Read("again.csv"), out);
}

TEST(CliMinimalloc, WritesTheColumnsThatMiniMallocWrites) {
  const Folder folder;
  const std::string in =
      folder.Write("in.csv", "size,buffer_id,start,end,gaps,alignment,offset\n5,a,0,3,,8,\n5,b,0,3,1-2,1,8\n");
  const Outcome outcome = Minimalloc(folder, {"--capacity=13", "--input=" + in, "--output=" + (folder / "out.csv")});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(folder.Read("out.csv"), "id,lower,upper,size,alignment,gaps,offset\na,0,4,5,8,,0\nb,0,4,5,1,1-3,8\n");
  folder.Write("empty.csv", "id,lower,upper,size\n");
  Minimalloc(folder, {"--capacity=1", "--input=" + (folder / "empty.csv"), "--output=" + (folder / "out.csv")});
  EXPECT_EQ(folder.Read("out.csv"), "id,lower,upper,size,offset\n");
}

TEST(CliMinimalloc, FailsWithACodeAndNoFile) {
  const Folder folder;
  const std::string in = "--input=" + folder.Write("in.csv", kProblem);
  const std::string out = "--output=" + (folder / "out.csv");
  EXPECT_FAILS(4, Minimalloc(folder, {"--capacity=11", in, out}), "11 bytes given", "12 needed");
  EXPECT_FAILS(3, Minimalloc(folder, {"--capacity=12", "--input=" + (folder / "none.csv"), out}), "none.csv");
  const std::string bad = "--input=" + folder.Write("bad.csv", "id,lower,upper,size\na,0,x,4\n");
  EXPECT_FAILS(3, Minimalloc(folder, {"--capacity=12", bad, out}), "bad.csv:2", "upper");
  EXPECT_FAILS(2, Minimalloc(folder, {in, out}), "--capacity");
  EXPECT_FAILS(2, Minimalloc(folder, {"--capacity=0", in, out}), "--capacity");
  EXPECT_FAILS(2, Minimalloc(folder, {"--capacity=12", out}), "--input");
  EXPECT_FAILS(2, Minimalloc(folder, {"--capacity=12", in}), "--output");
  EXPECT_FAILS(2, Minimalloc(folder, {"--capacity=12", in, out, "--canonical_only=false"}), "--canonical_only");
  for (const char* duration : {"60", "5x", "s", "-5s", "0s", "nans", "1e30h", "5s "}) {
    EXPECT_FAILS(2, Minimalloc(folder, {"--capacity=12", in, out, std::string("--timeout=") + duration}), "--timeout");
  }
  EXPECT_FALSE(folder.Has("out.csv"));
}

}  // namespace
}  // namespace orionrt::cli_minimalloc_test
