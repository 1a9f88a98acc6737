// What every reader of JSON refuses, whatever its schema.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "orionrt/formats.hpp"
#include "refuses.hpp"

namespace orionrt::json_keys_test {
namespace {

using tests::Refuses;

// A key that came twice once meant its last value, without a word: of two "size" the planner and whoever wrote the file
// could have two different ones in mind.
testing::AssertionResult RefusesGraph(const std::string& text, const std::vector<std::string>& words) {
  return Refuses(ErrorCode::kBadInput, words, [&] { ReadGraphJson(text, "f.json"); });
}
testing::AssertionResult RefusesProblem(const std::string& text, const std::vector<std::string>& words) {
  return Refuses(ErrorCode::kBadInput, words, [&] { ReadProblemJson(text, "f.json"); });
}
testing::AssertionResult RefusesPlan(const std::string& text, const std::vector<std::string>& words) {
  return Refuses(ErrorCode::kBadInput, words, [&] { ReadPlanJson(text, "f.json"); });
}

std::string GraphOf(const std::string& tensor, const std::string& op = "", const std::string& more = "") {
  return R"({"schema":"orionrt.graph/1","tensors":[{"id":0,"bytes":4,"roles":["input"]},{"id":1,"bytes":8)" + tensor +
         R"(}],"ops":[{"id":0,"inputs":[0],"outputs":[1])" + op + "}]" + more + "}";
}

TEST(JsonKeys, AGraphHasEachOnce) {
  EXPECT_NO_THROW(ReadGraphJson(GraphOf(""), "f.json"));
  EXPECT_TRUE(RefusesGraph(GraphOf(R"(,"bytes":9)"), {"f.json: tensors[1]", "\"bytes\" twice", "keep one"}));
  EXPECT_TRUE(RefusesGraph(GraphOf("", R"(,"aliases":[{"kind":"view"},{"kind":"view","kind":"part"}])"),
                           {"f.json: ops[0].aliases[1]", "\"kind\""}));
  EXPECT_TRUE(RefusesGraph(GraphOf("", "", R"(,"ops":[])"), {"f.json: the file", "\"ops\""}));
}

TEST(JsonKeys, AProblemHasEachOnce) {
  const std::string head = R"({"schema":"orionrt.problem/1","buffers":[{"id":"a","size":1,"lower":0,"upper":1)";
  EXPECT_NO_THROW(ReadProblemJson(head + "}]}", "f.json"));
  EXPECT_TRUE(RefusesProblem(head + R"(,"offset":0,"offset":8}]})", {"f.json: buffers[0]", "\"offset\"", "keep one"}));
  EXPECT_TRUE(
      RefusesProblem(head + R"(,"parts":[{"lower":0,"lower":1}]}]})", {"f.json: buffers[0].parts[0]", "\"lower\""}));
  EXPECT_TRUE(RefusesProblem(head + R"(}],"schema":"orionrt.problem/1"})", {"the file", "\"schema\""}));
}

TEST(JsonKeys, APlanHasEachOnce) {
  const std::string head = R"({"schema":"orionrt.plan/1","peak_bytes":0,"buffers":[])";
  EXPECT_NO_THROW(ReadPlanJson(head + "}", "f.json"));
  EXPECT_TRUE(RefusesPlan(head + R"(,"peak_bytes":1})", {"f.json: the file", "\"peak_bytes\"", "keep one"}));
  EXPECT_TRUE(RefusesPlan(head + R"(,"witness":{"step":0,"buffers":[],"step":1}})", {"f.json: witness", "\"step\""}));
}

TEST(JsonKeys, TheSameValueTwiceIsTwice) {
  EXPECT_TRUE(RefusesGraph(GraphOf(R"(,"bytes":8)"), {"tensors[1]", "\"bytes\""}));
}

TEST(JsonKeys, AnEscapeSpellsTheSameKey) {
  EXPECT_TRUE(RefusesGraph(GraphOf(R"(,"\u0069d":1)"), {"tensors[1]", "\"id\""}));
  EXPECT_TRUE(RefusesGraph(GraphOf(R"(,"x\n":1,"x\u000a":1)"), {"tensors[1]", "twice"}));
}

TEST(JsonKeys, UnknownOnesCountToo) {
  EXPECT_TRUE(RefusesGraph(GraphOf(R"(,"colour":1,"colour":2)"), {"tensors[1]", "\"colour\""}));
  EXPECT_TRUE(RefusesGraph(GraphOf("", "", R"(,"x":[1,{"y":{"z":[{"k":1,"k":1}]}}])"), {"f.json: x[1].y.z[0]"}));
  EXPECT_NO_THROW(ReadGraphJson(GraphOf(R"(,"colour":1)", R"(,"colour":1)", R"(,"colour":{"colour":1})"), "f.json"));
}

// Values so deep once overflowed the stack where a reader copied one: in "in_place".
TEST(JsonKeys, DeepNestingIsRefused) {
  const auto arrays = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  const std::string head = R"({"schema":"orionrt.plan/1","peak_bytes":0,"buffers":[],"in_place":[{"op":)";
  EXPECT_TRUE(RefusesPlan(head + arrays(1000000) + "}]}", {"f.json", "levels", "in_place[0].op"}));
  EXPECT_NO_THROW(ReadGraphJson(GraphOf("", "", ",\"x\":" + arrays(999)), "f.json")) << "the file itself is one level";
  EXPECT_TRUE(RefusesGraph(GraphOf("", "", ",\"x\":" + arrays(1000)), {"levels"}));
}

TEST(SchemaOf, StopsWhereItIs) {
  EXPECT_EQ(SchemaOf(R"({"x":{"schema":"no"},"y":["schema"],"schema":"orionrt.graph/1","rest":)", "f.json"),
            "orionrt.graph/1")
      << "what comes after is for the reader to refuse";
  EXPECT_EQ(SchemaOf(R"({"\u0073chema":"s"})", "f.json"), "s");
  const auto refuses = [](const std::string& text, const std::string& said) {
    EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"f.json", said}, [&] { SchemaOf(text, "f.json"); })) << text;
  };
  refuses("[\"schema\"]", "not an object");
  refuses("1", "not an object");
  refuses("{}", "has no \"schema\"");
  refuses(R"({"x":{"schema":"no"}})", "has no \"schema\"");
  for (const char* value : {"1", "null", "true", "[]", "{}", "1.5", "-1"}) {
    refuses(R"({"schema":)" + std::string(value) + "}", "not a string");
  }
  refuses(R"({"schema")", "not JSON");
  refuses("", "not JSON");
  refuses(std::string(1000000, '['), "not JSON");
}

}  // namespace
}  // namespace orionrt::json_keys_test
