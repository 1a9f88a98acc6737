// orionrt check with the graph or model that a plan was made for: by ids, in any listing, with what it was made with.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "run_command.hpp"

namespace orionrt::cli_assignment_test {
namespace {

using nlohmann::json;
using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

bool Says(const Outcome& outcome, const std::string& words) {
  return (outcome.out + outcome.err).find(words) != std::string::npos;
}

// Tensor ids of its own, listed in another order; ops too.
constexpr const char* kOwnIds = R"({"schema":"orionrt.graph/1",
 "tensors":[{"id":2,"bytes":100},{"id":0,"bytes":300},{"id":1,"bytes":300,"name":"b1"}],
 "ops":[{"id":7,"inputs":[],"outputs":[0],"workspace_bytes":10},{"id":3,"inputs":[0],"outputs":[1]},
        {"id":5,"inputs":[1],"outputs":[2]},{"id":9,"inputs":[2],"outputs":[]}]})";

// Buffers were named by their positions in the list, so that a header's OFFSET_id_0 was tensor 2's.
TEST(CliAssignment, NamesBuffersByTheGraphsOwnIds) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kOwnIds);
  const Outcome csv = Orionrt({"plan", graph, "--format", "csv"});
  EXPECT_TRUE(Says(csv, "\n2,2,4,100,") && Says(csv, "\n0,0,2,300,") && Says(csv, "\nw7,0,1,10,")) << csv;
  ASSERT_EQ(Orionrt({"plan", graph, "-o", folder / "p.json"}).code, 0);
  const json plan = json::parse(folder.Read("p.json"));
  std::map<std::string, std::int64_t> size;
  for (const json& buffer : plan["buffers"]) size[buffer["id"]] = buffer["size"];
  EXPECT_EQ(size, (std::map<std::string, std::int64_t>{{"0", 300}, {"1", 300}, {"2", 100}, {"w7", 10}}));
  EXPECT_EQ(plan["order"], (json{7, 3, 5, 9}));
  EXPECT_EQ(plan["required_bytes"], plan["peak_bytes"]);
  ASSERT_EQ(Orionrt({"plan", graph, "-o", folder / "g.h"}).code, 0);
  const std::string header = folder.Read("g.h");
  EXPECT_NE(header.find("G_SIZE_id_2 100ULL"), std::string::npos) << header;
  EXPECT_NE(header.find("G_SIZE_id_0 300ULL"), std::string::npos) << header;
  for (const char* file : {"p.json", "g.h"}) EXPECT_EQ(Orionrt({"check", folder / file, graph}).code, 0) << file;
}

TEST(CliAssignment, JudgesHeadersByTheirMacros) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kOwnIds);
  ASSERT_EQ(Orionrt({"plan", graph, "-o", folder / "g.h"}).code, 0);
  const std::string good = folder.Read("g.h");
  const auto changed = [&](const std::string& what, const std::string& with) {
    std::string text = good;
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return Orionrt({"check", folder.Write("changed.h", text.replace(at, what.size(), with)), graph});
  };
  EXPECT_EQ(changed("G_OFFSET_b1 320ULL", "G_OFFSET_b1 256ULL").code, 6);
  EXPECT_TRUE(Says(changed("G_OFFSET_b1 320ULL", "G_OFFSET_b1 256ULL"), "tensor 1 \"b1\""));
  EXPECT_EQ(changed("G_OFFSET_b1", "G_OFFSET_other").code, 6) << "a tensor without a place";
  EXPECT_EQ(changed("G_ARENA_BYTES 620", "G_ARENA_BYTES 619").code, 6);
  EXPECT_EQ(changed("G_ORDER {7, 3, 5, 9}", "G_ORDER {3, 7, 5, 9}").code, 6);
  EXPECT_EQ(changed("G_GRAPH_ID 0x", "G_GRAPH_ID 0x1").code, 3);
  EXPECT_FAILS(2, Orionrt({"check", folder / "g.h"}), "name the model");
  EXPECT_FAILS(3, Orionrt({"check", folder.Write("no.h", "#define X 1\n"), graph}), "no C header of a plan");
}

// Two arms of one length: both orders are legal, and of one peak.
std::string Diamond(bool left_first) {
  const std::string left = R"({"id":1,"inputs":[1],"outputs":[2]})", right = R"({"id":2,"inputs":[1],"outputs":[3]})";
  return R"({"schema":"orionrt.graph/1","tensors":[{"id":0,"bytes":64,"roles":["input"]},{"id":1,"bytes":256},
    {"id":2,"bytes":128},{"id":3,"bytes":128},{"id":4,"bytes":64}],"ops":[{"id":0,"inputs":[0],"outputs":[1]},)" +
         (left_first ? left + "," + right : right + "," + left) +
         R"(,{"id":3,"inputs":[2,3],"outputs":[4]},{"id":4,"inputs":[4],"outputs":[]}]})";
}

// The second was called wrong: "the plan holds for another order of ops".
TEST(CliAssignment, AcceptsAnyLegalOrderOfTheSameGraph) {
  const Folder folder;
  const std::string left = folder.Write("left.json", Diamond(true)), right = folder.Write("right.json", Diamond(false));
  ASSERT_EQ(Orionrt({"plan", left, "--reorder", "-o", folder / "p.json"}).code, 0);
  for (const std::string& listing : {left, right}) {
    const Outcome outcome = Orionrt({"check", folder / "p.json", listing});
    EXPECT_EQ(outcome.code, 0) << outcome;
  }
}

TEST(CliAssignment, TellsAnotherGraphAndOrdersThatAreNone) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", Diamond(true));
  ASSERT_EQ(Orionrt({"plan", graph, "--all", "-o", folder / "p.json"}).code, 0);
  std::string other = Diamond(true);
  other.replace(other.find("128"), 3, "127");
  const Outcome outcome = Orionrt({"check", folder / "p.json", folder.Write("other.json", other)});
  EXPECT_EQ(outcome.code, 6) << outcome;
  EXPECT_TRUE(Says(outcome, "another graph")) << outcome;
  json plan = json::parse(folder.Read("p.json"));
  std::swap(plan["order"][0], plan["order"][4]);
  EXPECT_EQ(Orionrt({"check", folder.Write("order.json", plan.dump()), graph}).code, 6);
  plan = json::parse(folder.Read("p.json"));
  plan["vanished_ops"].push_back(3);
  EXPECT_EQ(Orionrt({"check", folder.Write("vanished.json", plan.dump()), graph}).code, 6);
  plan = json::parse(folder.Read("p.json"));
  plan["buffers"][0]["upper"] = plan["buffers"][0]["upper"].get<int>() + 1;
  plan.erase("problem_hash");
  EXPECT_EQ(Orionrt({"check", folder.Write("longer.json", plan.dump()), graph}).code, 6) << "a life that is not so";
}

// As written before plans had a graph_id: no order, and buffers named by position.
TEST(CliAssignment, ReadsFilesOfBefore) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kOwnIds);
  ASSERT_EQ(Orionrt({"plan", graph, "-o", folder / "p.json"}).code, 0);
  json plan = json::parse(folder.Read("p.json"));
  for (const char* key : {"graph_id", "made_with", "order", "required_bytes", "base_alignment"}) plan.erase(key);
  const std::map<std::string, std::string> position = {{"2", "0"}, {"0", "1"}, {"1", "2"}, {"w7", "w0"}};
  for (json& buffer : plan["buffers"]) buffer["id"] = position.at(buffer["id"]);
  plan.erase("witness");
  const std::string before = folder.Write("before.json", plan.dump());
  const Outcome outcome = Orionrt({"check", before, graph});
  EXPECT_EQ(outcome.code, 0) << outcome;
  std::string other = kOwnIds;
  other.replace(other.find("\"bytes\":100"), 11, "\"bytes\":101");
  EXPECT_EQ(Orionrt({"check", before, folder.Write("other.json", other)}).code, 6) << "its graph_hash differs";
}

TEST(CliAssignment, StatesNoInPlaceUseThatIsNone) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", R"({"schema":"orionrt.graph/1",
    "tensors":[{"id":0,"bytes":64},{"id":1,"bytes":64},{"id":2,"bytes":64}],"ops":[{"id":0,"inputs":[],"outputs":[0]},
    {"id":1,"inputs":[0],"outputs":[1],"aliases":[{"kind":"same_index"}]},{"id":2,"inputs":[1],"outputs":[2]}]})");
  ASSERT_EQ(Orionrt({"plan", graph, "--in-place", "-o", folder / "p.json"}).code, 0);
  json plan = json::parse(folder.Read("p.json"));
  ASSERT_EQ(plan["in_place"].size(), 1u);
  json changed = plan;
  changed["in_place"] = json::array();
  EXPECT_EQ(Orionrt({"check", folder.Write("unsaid.json", changed.dump()), graph}).code, 6);
  changed["in_place"] = {plan["in_place"][0], {{"op", 2}, {"output", 2}, {"input", 1}}};
  EXPECT_EQ(Orionrt({"check", folder.Write("untrue.json", changed.dump()), graph}).code, 6);
}

// What its graph is, and where each tensor lies in its buffer, stays said.
TEST(CliAssignment, APlanThatIsPlannedAnewIsStillOneOfItsGraph) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kOwnIds);
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{{}, {"--all"}}) {
    std::vector<std::string> plan = {"plan", graph, "-o", folder / "p.json"};
    plan.insert(plan.end(), more.begin(), more.end());
    ASSERT_EQ(Orionrt(plan).code, 0);
    ASSERT_EQ(Orionrt({"plan", folder / "p.json", "--policy", "no_reuse", "-o", folder / "q.json"}).code, 0);
    const Outcome outcome = Orionrt({"check", folder / "q.json", graph});
    EXPECT_EQ(outcome.code, 0) << outcome;
    const json anew = json::parse(folder.Read("q.json"));
    EXPECT_EQ(anew["required_bytes"], anew["peak_bytes"]);
    EXPECT_GT(anew["peak_bytes"], json::parse(folder.Read("p.json"))["peak_bytes"]);
  }
}

// Of two copies in a row the second was said to write in place, where it shares no byte with what it reads.
TEST(CliAssignment, CopiesAreNotAssumedToWriteInPlace) {
  const Folder folder;
  const std::string tensors =
      R"({"schema":"orionrt.graph/1","tensors":[{"id":0,"bytes":64,"roles":["input"]},{"id":1,"bytes":64},
 {"id":2,"bytes":64},{"id":3,"bytes":64,"roles":["output"]}],"ops":[
 {"type":"A","inputs":[0],"outputs":[1],"aliases":[{"kind":"piece"}]},
 {"type":"A","inputs":[1],"outputs":[2],"aliases":[{"kind":"piece"}]},)";
  const std::string some = folder.Write("some.json", tensors + R"({"type":"A","inputs":[2],"outputs":[3]}]})");
  for (const char* transform : {"--all", "--in-place"}) {
    ASSERT_EQ(Orionrt({"plan", some, "--assume-in-place", "A", transform, "-o", folder / "p.json"}).code, 0);
    const Outcome judged = Orionrt({"check", folder / "p.json", some});
    EXPECT_EQ(judged.code, 0) << transform << ": " << judged;
  }
  EXPECT_EQ(json::parse(folder.Read("p.json"))["in_place"], json::parse(R"([{"op": 2, "output": 3, "input": 2}])"));
  const std::string all = folder.Write("all.json", tensors + R"({"type":"B","inputs":[2],"outputs":[3]}]})");
  EXPECT_FAILS(3, Orionrt({"plan", all, "--assume-in-place", "A"}), "--assume-in-place A", "move bytes as they are",
               "--views");
  const Outcome idle = Orionrt({"plan", some, "--assume-in-place", "A"});
  EXPECT_EQ(idle.code, 0) << idle;
  EXPECT_NE(idle.err.find("by itself; add --in-place or --all"), std::string::npos) << idle;
}

}  // namespace
}  // namespace orionrt::cli_assignment_test
