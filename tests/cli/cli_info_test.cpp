// orionrt info, and what is said of policies that there are not.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "run_command.hpp"

namespace orionrt::cli_info_test {
namespace {

using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

const char kGraph[] = R"({"schema": "orionrt.graph/1",
 "tensors": [{"id": 0, "name": "in", "dtype": "float32", "shape": [1, 4]}, {"id": 1, "name": "a", "bytes": 128},
             {"id": 2, "name": "b", "bytes": 64, "roles": ["output"]}],
 "ops": [{"id": 10, "type": "Conv", "inputs": [0], "outputs": [1]},
         {"id": 11, "type": "Conv", "inputs": [1], "outputs": [2]}]})";

TEST(CliInfo, SaysWhatAGraphHolds) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kGraph);
  const Outcome text = Orionrt({"info", graph});
  EXPECT_EQ(text.code, 0) << text;
  for (const char* line : {"  input          in, float32[1,4], 16 bytes\n", "  output         b, 64 bytes\n",
                           "  ops            2: 2 Conv\n", "  to place       3 buffers, the largest of 128 bytes\n"}) {
    EXPECT_NE(text.out.find(line), std::string::npos) << line << text;
  }
  const nlohmann::json json = nlohmann::json::parse(Orionrt({"info", graph, "--format", "json"}).out);
  EXPECT_EQ(json["inputs"][0]["name"], "in");
  EXPECT_EQ(json["ops"]["Conv"], 2);
  EXPECT_EQ(json["buffers"], 3);
}

TEST(CliInfo, TakesNoSizesForGranted) {
  const Folder folder;
  const Outcome csv = Orionrt({"info", folder.Write("p.csv", "id,lower,upper,size\na,0,1,5\n")});
  EXPECT_NE(csv.out.find("1 buffer, the largest of 5 bytes"), std::string::npos) << csv;
  EXPECT_FAILS(3, Orionrt({"info", folder / "none.onnx"}), "none.onnx", "cannot read");
}

#ifdef ORIONRT_TESTS_READ_ONNX
TEST(CliInfo, NamesTheDimensionsThatAreMissing) {
  const std::string model = ORIONRT_TESTS_DIR "/../examples/models/encoder.onnx";
  const Outcome text = Orionrt({"info", model});
  EXPECT_EQ(text.code, 0) << text;
  EXPECT_NE(text.out.find(" --dim batch=1 --dim sequence=1\n"), std::string::npos) << "a line to paste: " << text;
  EXPECT_NE(text.out.find("give --dim batch=N --dim sequence=N"), std::string::npos) << text;
  const Outcome set = Orionrt({"info", model, "--dim", "batch=2", "--dim", "sequence=8"});
  EXPECT_EQ(set.out.find("missing"), std::string::npos) << set;
  EXPECT_NE(set.out.find("x, float32[2,8,128]"), std::string::npos) << set;
}
#endif

TEST(CliPolicy, IsMeantByASlipOfTheFinger) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kGraph);
  EXPECT_FAILS(2, Orionrt({"plan", graph, "--policy", "atuo"}), "atuo", "did you mean auto?");
  EXPECT_FAILS(2, Orionrt({"report", graph, "--policy", "auto,frist_fit"}), "did you mean first_fit?");
  EXPECT_FAILS(2, Orionrt({"plan", graph, "--policy", "zzz"}), "there are: auto, exact");
}

}  // namespace
}  // namespace orionrt::cli_info_test
