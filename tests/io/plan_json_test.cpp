#include <gtest/gtest.h>

#include "generators.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/planner.hpp"
#include "refuses.hpp"

namespace orionrt::plan_json_test {
namespace {

using tests::Refuses;

PlanFile Read(const std::string& text) { return ReadPlanJson(text, "p.json"); }

testing::AssertionResult RefusesPlan(const std::vector<std::string>& words, const std::string& text) {
  return Refuses(ErrorCode::kBadInput, words, [&] { Read(text); });
}

PlanFile Example() {
  PlanFile file;
  file.problem.buffers = {{0, 4, 100, 64}, {2, 6, 50, 128, 128}, {-3, 6, 0, 64}};
  file.problem.ids = {"a", "b", "c"};
  file.problem.names = {"conv1", "", "quote \" newline \n back\\slash tab\t \xE6\x97\xA5"};
  file.problem.parts = {{0, 0, 2, 0, 100}, {0, 3, 4, 50, 100}};
  file.plan = ReusePlanner("first_fit").Run(file.problem);
  file.source = "dir/model.onnx";
  file.alignment = 64;
  return file;
}

void ExpectSame(const PlanFile& a, const PlanFile& b) {
  EXPECT_EQ(HashProblem(a.problem), HashProblem(b.problem)) << tests::Describe(a.problem) << "\n"
                                                            << tests::Describe(b.problem);
  for (int i = 0; i < static_cast<int>(a.problem.buffers.size()); ++i) {
    EXPECT_EQ(BufferId(a.problem, i), BufferId(b.problem, i));
    EXPECT_EQ(BufferLabel(a.problem, i), BufferLabel(b.problem, i));
  }
  EXPECT_EQ(a.plan.offsets, b.plan.offsets);
  EXPECT_EQ(a.plan.peak_bytes, b.plan.peak_bytes);
  EXPECT_EQ(a.plan.policy, b.plan.policy);
  EXPECT_EQ(a.plan.problem_hash, b.plan.problem_hash);
  EXPECT_EQ(a.plan.time_limited, b.plan.time_limited);
  EXPECT_EQ(a.plan.interrupted, b.plan.interrupted);
  EXPECT_EQ(a.plan.policies_not_run, b.plan.policies_not_run);
  EXPECT_EQ(a.plan.certificate.lower_bound_bytes, b.plan.certificate.lower_bound_bytes);
  EXPECT_EQ(a.plan.certificate.proven_optimal, b.plan.certificate.proven_optimal);
  EXPECT_EQ(a.plan.certificate.bound_kind, b.plan.certificate.bound_kind);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.alignment, b.alignment);
}

TEST(PlanJson, HoldsFiguresOfStreams) {
  PlanFile file;
  file.problem.buffers = {{0, 1, 64}, {0, 1, 64}};
  file.problem.ids = {"a", "b"};
  file.problem.names = {"", ""};
  file.problem.clocks = {2, {0, 0, 1, 1}, {1, 1, 2, 2}, {}, {}};
  WidenLives(file.problem);
  file.plan = ReusePlanner().Run(file.problem);
  file.streams = StreamFigures{{{0, 2}, {1}}, 64, 128, 64, std::vector<HandOver>()};
  file.streams->hand_overs->push_back({3, kNoTensor, 5, 1, 64, {{4, 2, 2, 0}, {5, 1, 1, 2}}});
  const PlanFile read = Read(WritePlanJson(file));
  ASSERT_TRUE(read.streams && read.streams->hand_overs);
  EXPECT_EQ(read.streams->lanes, file.streams->lanes);
  EXPECT_EQ(read.streams->serial_bytes, 64);
  EXPECT_EQ(read.streams->lanes_bytes, 128);
  EXPECT_EQ(read.streams->live_bytes, 64);
  ASSERT_EQ(read.streams->hand_overs->size(), 1U);
  const HandOver& it = read.streams->hand_overs->front();
  EXPECT_EQ(std::vector({it.from, it.to, it.op, it.stream}), std::vector({3, kNoTensor, 5, 1}));
  EXPECT_EQ(it.bytes, 64);
  ASSERT_EQ(it.waits.size(), 2U);
  EXPECT_EQ(std::vector({it.waits[1].op, it.waits[1].waits_for, it.waits[1].last_use, it.waits[1].stream}),
            std::vector({5, 1, 1, 2}));
  EXPECT_EQ(WritePlanJson(read), WritePlanJson(file));
  file.streams->hand_overs.reset();
  EXPECT_FALSE(Read(WritePlanJson(file)).streams->hand_overs.has_value()) << "not known is not none";
}

TEST(PlanJson, ReadsBackWhatItWrote) {
  const PlanFile file = Example();
  ExpectSame(Read(WritePlanJson(file)), file);
  EXPECT_EQ(Read(WritePlanJson(file)).problem.names, file.problem.names);
}

TEST(PlanJson, ReadsPoolsBack) {
  PlanFile file = Example();
  file.problem.buffers[1].fixed_offset = kFree;
  file.problem.uses = {2, 1, 4};
  Space tiny, rest;
  tiny.name = "tiny";
  tiny.capacity = 64;
  rest.name = "rest";
  SetSpaces(file.problem, {tiny, rest}, {{}, {"rest", "tiny"}, {}});
  file.plan = ReusePlanner("first_fit").Run(file.problem);
  ASSERT_EQ(file.plan.spaces.spills.size(), 1u);
  const std::string text = WritePlanJson(file);
  const PlanFile read = Read(text);
  ExpectSame(read, file);
  EXPECT_EQ(WritePlanJson(read), text);
  EXPECT_EQ(read.plan.spaces.space_of, file.plan.spaces.space_of);
  EXPECT_EQ(read.plan.spaces.figures[1].peak_bytes, file.plan.spaces.figures[1].peak_bytes);
  EXPECT_EQ(read.plan.spaces.figures[1].certificate.witness, file.plan.spaces.figures[1].certificate.witness);
  EXPECT_EQ(read.plan.spaces.spills[0].reason, SpillReason::kTooLarge);
  EXPECT_EQ(read.plan.spaces.spills[0].buffer, 0);
  EXPECT_EQ(read.plan.spaces.spill_cost, 200);
  const auto with = [&](const std::string& what, const std::string& instead) {
    return std::string(text).replace(text.find(what), what.size(), instead);
  };
  EXPECT_TRUE(RefusesPlan({"spills[0]", "buffer"}, with(R"("buffer":"a")", R"("buffer":"z")")));
  EXPECT_TRUE(RefusesPlan({"spills[0]", "\"to\""}, with(R"("to":1)", R"("to":2)")));
  EXPECT_TRUE(RefusesPlan({"spills[0]", "reason"}, with("too_large", "too_small")));
  EXPECT_TRUE(RefusesPlan({"spaces[0]", "peak_bytes"}, with(R"("capacity":64,"peak_bytes")", R"("peak")")));
  EXPECT_TRUE(RefusesPlan({"buffers[0]", "space"}, with(R"("space":1)", R"("space":-1)")));
}

TEST(PlanJson, ReadsTheWitnessBack) {
  PlanFile file = Example();
  file.plan.certificate.witness_step = 3;
  file.plan.certificate.witness = {0, 1};
  const PlanFile read = Read(WritePlanJson(file));
  EXPECT_EQ(read.plan.certificate.witness_step, 3);
  EXPECT_EQ(read.plan.certificate.witness, (std::vector<int>{0, 1}));
}

TEST(PlanJson, CarriesTheWeightsOfModels) {
  PlanFile file = Example();
  EXPECT_EQ(WritePlanJson(file).find("\"weights\""), std::string::npos);
  EXPECT_FALSE(Read(WritePlanJson(file)).weights);
  file.weights = WeightBytes{100, 400, 2};
  const PlanFile read = Read(WritePlanJson(file));
  ASSERT_TRUE(read.weights);
  EXPECT_EQ(read.weights->stored_bytes, 100);
  EXPECT_EQ(read.weights->needed_bytes, 400);
  EXPECT_EQ(read.weights->count, 2);
  std::string text = WritePlanJson(file);
  text.replace(text.find("400"), 3, "-40");
  EXPECT_TRUE(RefusesPlan({"the weights", "needed_bytes"}, text));
}

TEST(PlanJson, TheTotalIsThatOfAllThatRunsTogether) {
  PlanFile file;
  file.plan.peak_bytes = 100;
  file.peak_nested_bytes = 20;
  EXPECT_EQ(TotalBytes(file), 120);
  file.weights = WeightBytes{1, 7, 1};
  EXPECT_EQ(TotalBytes(file), 127);
  file.weights->needed_bytes = INT64_MAX - 119;
  EXPECT_EQ(TotalBytes(file), INT64_MAX);
}

TEST(PlanJson, IsWrittenTheSameAfterReading) {
  const std::string text = WritePlanJson(Example());
  EXPECT_EQ(WritePlanJson(Read(text)), text);
}

TEST(PlanJson, ReadsBackRandomPlans) {
  tests::Random random(6);
  tests::Menu menu;
  menu.alignment_bits = 5;
  menu.zero_sizes = menu.parts = menu.fixed = true;
  for (int run = 0; run < 100; ++run) {
    PlanFile file;
    file.problem = tests::SeededProblem(random, static_cast<int>(random.Below(40)), menu);
    file.plan = ReusePlanner("linear_scan").Run(file.problem);
    file.alignment = std::int64_t{1} << random.Below(6);
    ExpectSame(Read(WritePlanJson(file)), file);
  }
}

TEST(PlanJson, HasTheWordsOfTheContract) {
  const std::string text = WritePlanJson(Example());
  for (const char* key :
       {"\"schema\": \"orionrt.plan/1\"", "\"source\"", "\"policy\"", "\"alignment\"", "\"peak_bytes\"",
        "\"lower_bound_bytes\"", "\"proven_optimal\"", "\"bound_kind\"", "\"witness\"", "\"buffers\"", "\"id\"",
        "\"name\"", "\"size\"", "\"lower\"", "\"upper\"", "\"offset\"", "\"space\""}) {
    EXPECT_NE(text.find(key), std::string::npos) << key;
  }
}

TEST(PlanJson, WritesNamesThatAreNoUtf8AsSomethingReadable) {
  PlanFile file = Example();
  file.problem.names[0] = "bad \xFF\xC3 end";
  const PlanFile read = Read(WritePlanJson(file));
  EXPECT_EQ(read.problem.names[0].substr(0, 4), "bad ");
  EXPECT_EQ(read.plan.offsets, file.plan.offsets);
}

TEST(PlanJson, KeepsIdsThatAreNoUtf8Apart) {
  PlanFile file = Example();
  file.problem.ids = {"\xFF", "\xFE", "c"};
  try {
    const std::string text = WritePlanJson(file);
    EXPECT_NO_THROW(Read(text)) << "what was written can be read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
  }
}

const std::string kMinimal =
    R"({"schema":"orionrt.plan/1","peak_bytes":8,"buffers":[{"id":"a","size":8,"lower":0,"upper":2,"offset":0}]})";

std::string Without(const std::string& text, const std::string& what, const std::string& with = "") {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.substr(0, at) + with + text.substr(at + what.size());
}

TEST(PlanJson, ReadsTheLeastThatAPlanIs) {
  const PlanFile file = Read(kMinimal);
  EXPECT_EQ(file.plan.offsets, std::vector<std::int64_t>{0});
  EXPECT_EQ(file.plan.peak_bytes, 8);
  EXPECT_EQ(file.alignment, 1);
  EXPECT_EQ(file.plan.problem_hash, HashProblem(file.problem));
}

TEST(PlanJson, RefusesWhatIsMissingByName) {
  EXPECT_TRUE(RefusesPlan({"p.json", "\"schema\""}, Without(kMinimal, R"("schema":"orionrt.plan/1",)")));
  EXPECT_TRUE(RefusesPlan({"\"peak_bytes\""}, Without(kMinimal, R"("peak_bytes":8,)")));
  EXPECT_TRUE(RefusesPlan({"\"buffers\""}, R"({"schema":"orionrt.plan/1","peak_bytes":8})"));
  for (const char* key : {R"("id":"a",)", R"("size":8,)", R"("lower":0,)", R"("upper":2,)", R"(,"offset":0)"}) {
    const std::string name =
        std::string(key).substr(key[0] == ',' ? 1 : 0, std::string(key).find(':') - (key[0] == ',' ? 1 : 0));
    EXPECT_TRUE(RefusesPlan({"p.json", "buffers[0]", name}, Without(kMinimal, key)));
  }
}

TEST(PlanJson, RefusesWhatIsOfTheWrongType) {
  const auto with = [](const std::string& what, const std::string& other) { return Without(kMinimal, what, other); };
  for (const char* value :
       {R"("8")", "8.0", "8.5", "null", "true", "[]", "{}", "9223372036854775808", "18446744073709551615", "1e3"}) {
    EXPECT_TRUE(RefusesPlan({"buffers[0]", "\"size\""}, with(R"("size":8)", std::string(R"("size":)") + value)))
        << value;
    EXPECT_TRUE(RefusesPlan({"\"peak_bytes\""}, with(R"("peak_bytes":8)", std::string(R"("peak_bytes":)") + value)))
        << value;
  }
  EXPECT_TRUE(RefusesPlan({"\"id\""}, with(R"("id":"a")", R"("id":7)")));
  EXPECT_TRUE(RefusesPlan({"\"schema\""}, with(R"("orionrt.plan/1")", "1")));
  EXPECT_TRUE(RefusesPlan({"\"buffers\""}, R"({"schema":"orionrt.plan/1","peak_bytes":8,"buffers":{}})"));
  EXPECT_TRUE(RefusesPlan({"buffers[0]", "object"}, R"({"schema":"orionrt.plan/1","peak_bytes":8,"buffers":[7]})"));
  EXPECT_TRUE(RefusesPlan({"\"proven_optimal\""}, with(R"("peak_bytes":8)", R"("peak_bytes":8,"proven_optimal":1)")));
  EXPECT_TRUE(RefusesPlan({"\"bound_kind\""}, with(R"("peak_bytes":8)", R"("peak_bytes":8,"bound_kind":"guess")")));
  EXPECT_TRUE(RefusesPlan({"\"parts\""}, with(R"("size":8)", R"("size":8,"parts":7)")));
  EXPECT_TRUE(RefusesPlan({"parts[0]"}, with(R"("size":8)", R"("size":8,"parts":[7])")));
  EXPECT_TRUE(RefusesPlan({"parts[0]", "\"end\""},
                          with(R"("size":8)", R"("size":8,"parts":[{"lower":0,"upper":1,"begin":0}])")));
  EXPECT_TRUE(RefusesPlan({"\"fixed\""}, with(R"("size":8)", R"("size":8,"fixed":"yes")")));
  EXPECT_TRUE(RefusesPlan({"problem_hash"}, with(R"("peak_bytes":8)", R"("peak_bytes":8,"problem_hash":"12")")));
  EXPECT_TRUE(RefusesPlan({"problem_hash"}, with(R"("peak_bytes":8)", R"("peak_bytes":8,"problem_hash":"")")));
  EXPECT_TRUE(RefusesPlan({"space"}, with(R"("size":8)", R"("size":8,"space":1)")));
}

TEST(PlanJson, RefusesProblemsThatAreNone) {
  const auto with = [](const std::string& what, const std::string& other) { return Without(kMinimal, what, other); };
  EXPECT_TRUE(RefusesPlan({"p.json", "a", "[0, 0)"}, with(R"("upper":2)", R"("upper":0)")));
  EXPECT_TRUE(RefusesPlan({"p.json", "a", "-8"}, with(R"("size":8)", R"("size":-8)")));
  EXPECT_TRUE(RefusesPlan({"p.json", "48"}, with(R"("size":8)", R"("size":8,"alignment":48)")));
  EXPECT_TRUE(
      RefusesPlan({"p.json"}, with(R"("size":8)", R"("size":8,"parts":[{"lower":0,"upper":9,"begin":0,"end":8}])")));
  EXPECT_TRUE(RefusesPlan({"twice"},
                          with(R"("buffers":[)", R"("buffers":[{"id":"a","size":8,"lower":0,"upper":2,"offset":0},)")));
}

TEST(PlanJson, RefusesAnAlignmentThatIsNone) {
  for (const char* alignment : {"0", "-64", "3"}) {
    const std::string text =
        Without(kMinimal, R"("peak_bytes":8)", std::string(R"("peak_bytes":8,"alignment":)") + alignment);
    EXPECT_TRUE(RefusesPlan({"p.json", "alignment"}, text)) << alignment;
    EXPECT_TRUE(
        RefusesPlan({"p.json", "alignment"}, Without(text, R"({"id":"a","size":8,"lower":0,"upper":2,"offset":0})")))
        << "no buffers";
  }
}

TEST(PlanJson, RefusesAFixedBufferAtANegativeOffset) {
  for (const char* offset : {"-1", "-2"}) {
    EXPECT_TRUE(RefusesPlan({"p.json", offset},
                            Without(kMinimal, R"("offset":0)", std::string(R"("fixed":true,"offset":)") + offset)));
  }
}

TEST(PlanJson, RefusesOtherSchemasByName) {
  EXPECT_TRUE(RefusesPlan({"orionrt.plan/2", "orionrt.plan/1"}, Without(kMinimal, "orionrt.plan/1", "orionrt.plan/2")));
  EXPECT_TRUE(RefusesPlan({"orionrt.graph/1"}, Without(kMinimal, "orionrt.plan/1", "orionrt.graph/1")));
}

TEST(PlanJson, IgnoresKeysThatItDoesNotKnow) {
  const std::string text = Without(kMinimal, R"("size":8)", R"("size":8,"colour":{"x":[1,2,null]})");
  EXPECT_EQ(
      Read(Without(text, R"("peak_bytes":8)", R"("peak_bytes":8,"peak_nested_bytes":7,"tensors":[])")).plan.peak_bytes,
      8);
}

TEST(PlanJson, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "[]", "null", "7", "\"x\"", "{}", "{\"schema\":}", "id,lower,upper,size\n",
                           "{\"a\":1}}", "nan", "{'a':1}"}) {
    EXPECT_TRUE(RefusesPlan({"p.json"}, text)) << text;
  }
  EXPECT_TRUE(RefusesPlan({"p.json", "line 3"}, "{\n\"schema\": \"orionrt.plan/1\",\n oops }")) << "says where";
  EXPECT_TRUE(RefusesPlan({"p.json"}, Without(kMinimal, R"("peak_bytes":8)", R"("peak_bytes":1e999)")));
  EXPECT_TRUE(RefusesPlan({"p.json"}, Without(kMinimal, "\"a\"", "\"\xFF\"")));
}

}  // namespace
}  // namespace orionrt::plan_json_test
