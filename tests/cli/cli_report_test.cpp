// orionrt report
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "run_command.hpp"

namespace orionrt::cli_report_test {
namespace {

using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

const char kProblem[] = "id,lower,upper,size\na,0,3,4\nb,3,9,4\nc,0,9,4\nd,9,21,4\ne,0,21,4\n";
const char kGraph[] = R"({"schema": "orionrt.graph/1",
  "tensors": [{"id": 0, "dtype": "float32", "shape": [1, 16], "roles": ["input"], "name": "x"},
              {"id": 1, "bytes": 128, "name": "h"}, {"id": 2, "bytes": 64, "name": "y", "roles": ["output"]}],
  "ops": [{"inputs": [0], "outputs": [1], "name": "conv"},
          {"inputs": [1, 1, 0], "outputs": [2], "name": "add", "workspace_bytes": 32}]})";

// What the page carries.
nlohmann::json DataOf(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t from = page.find(begin) + begin.size();
  return nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
}

TEST(CliReport, TheSuffixSaysWhatItIs) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  for (const auto& [file, begin] : {std::pair{"r.html", "<!doctype html>"}, {"r.svg", "<svg "}, {"r.txt", "/"}}) {
    const Outcome outcome = Orionrt({"report", problem, "-o", folder / file});
    EXPECT_EQ(outcome.code, 0) << outcome;
    EXPECT_EQ(outcome.out + outcome.err, "");
    EXPECT_EQ(folder.Read(file).substr(0, std::string(begin).size()), begin) << file;
  }
  EXPECT_EQ(Orionrt({"report", problem, "-o", "-", "--format", "svg"}).out.substr(0, 5), "<svg ");
  EXPECT_FAILS(2, Orionrt({"report", problem, "-o", folder / "r.png"}), "r.png", ".txt, .html, .svg");
  EXPECT_EQ(Orionrt({"report", problem}).out, Orionrt({"report", problem, "-o", "-", "--format", "text"}).out);
  EXPECT_FAILS(2, Orionrt({"report", problem, "-o", "-", "--format", "pdf"}), "pdf", "text, html, svg");
}

TEST(CliReport, KnowsWhatTheGraphKnows) {
  const Folder folder;
  ASSERT_EQ(Orionrt({"report", folder.Write("g.json", kGraph), "-o", folder / "r.html"}).code, 0);
  const nlohmann::json data = DataOf(folder.Read("r.html"));
  const nlohmann::json& graph = data["graphs"][0]["buffers"];
  EXPECT_EQ(graph["size"], nlohmann::json({64, 128, 64, 32}));
  EXPECT_EQ(graph["class"], nlohmann::json({0, 3, 1, 4})) << "input, activation, output, workspace";
  EXPECT_EQ(graph["producer"], nlohmann::json({-1, 0, 1, 1}));
  EXPECT_EQ(graph["reader_count"], nlohmann::json({2, 1, 0, 0})) << "h is read twice by one op";
  EXPECT_EQ(graph["readers"], nlohmann::json({0, 1, 1}));
  EXPECT_EQ(data["strings"][graph["type"][0].get<int>()], "float32[1,16]");
  EXPECT_EQ(data["strings"][data["graphs"][0]["ops"]["name"][1].get<int>()], "add");
}

TEST(CliReport, ShowsAPlanAsItStands) {
  const Folder folder;
  ASSERT_EQ(Orionrt({"plan", folder.Write("g.json", kGraph), "--policy", "no_reuse", "-o", folder / "p.json"}).code, 0);
  ASSERT_EQ(Orionrt({"report", folder / "p.json", "-o", folder / "r.html"}).code, 0);
  const nlohmann::json data = DataOf(folder.Read("r.html"));
  const nlohmann::json plan = nlohmann::json::parse(folder.Read("p.json"));
  EXPECT_EQ(data["graphs"][0]["plans"][0]["policy"], "no_reuse");
  EXPECT_EQ(data["graphs"][0]["buffers"]["class"], nlohmann::json({0, 3, 1, 4})) << "classes come with the plan";
  EXPECT_EQ(plan["buffers"][3]["class"], "workspace");
  EXPECT_EQ(plan["metrics"]["classes"]["activation"]["bytes"], 128);
  EXPECT_EQ(data["graphs"][0]["plans"][0]["spaces"][0]["peak_bytes"], plan["peak_bytes"]);
}

TEST(CliReport, PlansTheProblemOfAPlanAnewWithAPolicy) {
  const Folder folder;
  ASSERT_EQ(Orionrt({"plan", folder.Write("x.csv", kProblem), "--policy", "no_reuse", "-o", folder / "p.json"}).code,
            0);
  const auto peak = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-o", folder / "r.html"});
    EXPECT_EQ(Orionrt(arguments).code, 0);
    return DataOf(folder.Read("r.html"))["graphs"][0]["plans"][0]["spaces"][0]["peak_bytes"].get<int>();
  };
  EXPECT_EQ(peak({"report", folder / "p.json"}), 20);
  EXPECT_EQ(peak({"report", folder / "p.json", "--policy", "auto"}), 12);
}

TEST(CliReport, RefusesAPlanWithAFault) {
  const Folder folder;
  const std::string plan = folder.Write("p.json", R"({"schema": "orionrt.plan/1", "peak_bytes": 8, "buffers": [
      {"id": "a", "size": 8, "lower": 0, "upper": 2, "offset": 0},
      {"id": "b", "size": 4, "lower": 1, "upper": 2, "offset": 4}]})");
  EXPECT_FAILS(3, Orionrt({"report", plan, "-o", folder / "r.html"}), "p.json", "a and b", "orionrt check");
  EXPECT_FALSE(folder.Has("r.html"));
}

TEST(CliReport, ShowsPoliciesSideBySide) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  ASSERT_EQ(Orionrt({"report", problem, "--policy", "auto,no_reuse", "-o", folder / "r.html"}).code, 0);
  const nlohmann::json data = DataOf(folder.Read("r.html"));
  const nlohmann::json& plans = data["graphs"][0]["plans"];
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[1]["policy"], "no_reuse");
  EXPECT_EQ(plans[1]["spaces"][0]["peak_bytes"], 20);
  const std::string text = Orionrt({"report", problem, "--policy", "auto,no_reuse", "-o", "-"}).out;
  EXPECT_NE(text.find("1.667"), std::string::npos) << text;
  EXPECT_FAILS(2, Orionrt({"report", problem, "--policy", "auto,nonesuch", "-o", "-"}), "nonesuch");
  EXPECT_FAILS(4, Orionrt({"report", problem, "--capacity", "8", "-o", "-"}), "8");
}

TEST(CliReport, ShowsEveryPool) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  ASSERT_EQ(Orionrt({"report", problem, "--space", "sram=8", "--space", "dram", "-o", folder / "r.html"}).code, 0);
  const nlohmann::json data = DataOf(folder.Read("r.html"));
  const nlohmann::json& plan = data["graphs"][0]["plans"][0];
  ASSERT_EQ(plan["spaces"].size(), 2u);
  EXPECT_EQ(plan["spaces"][0]["name"], "sram");
  EXPECT_EQ(plan["spaces"][0]["capacity"], 8);
  EXPECT_EQ(plan["spaces"][0]["peak_bytes"], 8);
  EXPECT_EQ(plan["spaces"][1]["peak_bytes"], 4);
  EXPECT_EQ(plan["space"].size(), 5u);
  const std::string svg =
      Orionrt({"report", problem, "--space", "sram=8", "--space", "dram", "-o", "-", "--format", "svg"}).out;
  EXPECT_NE(svg.find("space sram"), std::string::npos);
  EXPECT_NE(svg.find("space dram"), std::string::npos);
}

// in 64 -> a 128 -> b 128 -> c 64: the peak is at Relu, which could be in place.
const char kRelu[] = R"({"schema": "orionrt.graph/1",
 "tensors": [{"id": 0, "name": "in", "bytes": 64}, {"id": 1, "name": "a", "bytes": 128},
             {"id": 2, "name": "b", "bytes": 128}, {"id": 3, "name": "c", "bytes": 64, "roles": ["output"]}],
 "ops": [{"type": "Conv", "inputs": [0], "outputs": [1]},
         {"type": "Relu", "inputs": [1], "outputs": [2], "aliases": [{"kind": "same_index"}]},
         {"type": "Conv", "inputs": [2], "outputs": [3]}]})";

std::string FromLine(const std::string& text, const std::string& begin) {
  const std::size_t at = text.find("\n" + begin);
  return at == std::string::npos ? "" : text.substr(at + 1);
}

TEST(CliReport, TextExplainsThePeakAsPlanDoes) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kRelu);
  const std::string explained = FromLine(Orionrt({"plan", graph, "--explain"}).out, "At step 1");
  EXPECT_NE(explained.find("-64  writing op 1 Relu in place of tensor 1 \"a\" (--in-place); then 192"),
            std::string::npos)
      << explained;
  EXPECT_EQ(FromLine(Orionrt({"report", graph, "-o", "-"}).out, "At step 1"), explained);
  const std::string csv = folder.Write("x.csv", "id,lower,upper,size\na,0,2,65\nb,1,3,65\n");
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--alignment", "64"},
                                               {"--policy", "no_reuse"},
                                               {"--space", "sram=100", "--space", "dram"}}) {
    std::vector<std::string> plan = {"plan", csv, "--explain"}, report = {"report", csv, "-o", "-"};
    plan.insert(plan.end(), more.begin(), more.end());
    report.insert(report.end(), more.begin(), more.end());
    EXPECT_EQ(Orionrt(report).out, Orionrt(plan).out);
  }
}

TEST(CliReport, ThePageExplainsThePeak) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kRelu);
  ASSERT_EQ(Orionrt({"report", graph, "--policy", "auto,no_reuse", "-o", folder / "r.html"}).code, 0);
  const nlohmann::json data = DataOf(folder.Read("r.html"));
  const nlohmann::json& plans = data["graphs"][0]["plans"];
  const nlohmann::json& explanation = plans[0]["explanation"];
  EXPECT_EQ(explanation["peak_step"], 1);
  EXPECT_EQ(
      explanation["holders"],
      nlohmann::json::parse(R"([{"buffer": 1, "bytes": 128, "why": "written by op 0 Conv, read last by op 1 Relu"},
                {"buffer": 2, "bytes": 128, "why": "written by op 1 Relu, read last by op 2 Conv"}])"));
  EXPECT_EQ(explanation["what_ifs"][0]["sentence"], "writing op 1 Relu in place of tensor 1 \"a\"");
  EXPECT_EQ(explanation["what_ifs"][0]["saving_bytes"], 64);
  EXPECT_EQ(explanation["what_ifs"][0]["new_peak_bytes"], 192);
  EXPECT_EQ(explanation["what_ifs"][0]["next_peak_step"], 0);
  EXPECT_NE(plans[1]["spaces"][0]["why"].get<std::string>().find("128 bytes higher"), std::string::npos);
  EXPECT_EQ(plans[1]["explanation"]["what_ifs"][0]["saving_bytes"], 128)
      << "of the plan that it stands with: b takes no bytes";
  EXPECT_EQ(Orionrt({"report", graph, "-o", "-", "--format", "svg"}).out.find("in place of"), std::string::npos);
}

TEST(CliReport, ExplainsAPlanThatWasReadByItsOwnPolicy) {
  const Folder folder;
  const std::string csv = folder.Write("x.csv", "id,lower,upper,size\na,0,2,65\nb,1,3,65\nc,3,4,65\n");
  for (const auto& [policy, saving] : {std::pair{"no_reuse", 126}, {"auto", 63}}) {
    ASSERT_EQ(Orionrt({"plan", csv, "--policy", policy, "--alignment", "64", "-o", folder / "p.json"}).code, 0);
    ASSERT_EQ(Orionrt({"report", folder / "p.json", "-o", folder / "r.html"}).code, 0);
    const nlohmann::json data = DataOf(folder.Read("r.html"));
    EXPECT_EQ(data["graphs"][0]["plans"][0]["explanation"]["what_ifs"][0]["saving_bytes"], saving) << policy;
  }
  nlohmann::json plan = nlohmann::json::parse(folder.Read("p.json"));
  plan["policy"] = "somebody else's";
  ASSERT_EQ(Orionrt({"report", folder.Write("q.json", plan.dump()), "-o", folder / "r.html"}).code, 0);
  EXPECT_EQ(DataOf(folder.Read("r.html"))["graphs"][0]["plans"][0]["explanation"]["what_ifs"][0]["saving_bytes"], 63);
}

TEST(CliReport, ThePageListsSpills) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  ASSERT_EQ(Orionrt({"report", problem, "--space", "sram=8", "--space", "dram", "-o", folder / "r.html"}).code, 0);
  ASSERT_EQ(Orionrt({"plan", problem, "--space", "sram=8", "--space", "dram", "-o", folder / "p.json"}).code, 0);
  const nlohmann::json page = DataOf(folder.Read("r.html"))["graphs"][0]["plans"][0];
  const nlohmann::json spill = nlohmann::json::parse(folder.Read("p.json"))["spills"];
  ASSERT_EQ(spill.size(), 1u);
  nlohmann::json expected = spill;
  for (nlohmann::json& one : expected) one["buffer"] = one["buffer"].get<std::string>()[0] - 'a';  // its position
  EXPECT_EQ(page["spills"], expected);
  EXPECT_EQ(page["spill_cost"], spill[0]["cost"]);
  EXPECT_EQ(page["spaces"][1]["why"].get<std::string>().substr(0, 47),
            "At step 0 1 buffer is alive and needs 4 bytes. ");
  EXPECT_EQ(page["explanation"]["holders"].size(), 3u) << "of all spaces together";
}

TEST(CliReport, TextIsAsWideAsAsked) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  for (const std::size_t width : {40u, 60u, 120u}) {
    std::istringstream lines(Orionrt({"report", problem, "-o", "-", "--width", std::to_string(width)}).out);
    std::size_t widest = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.substr(0, 3) != "  |") continue;
      const auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
      widest = std::max(widest, static_cast<std::size_t>(std::count_if(line.begin(), line.end(), is_start)));
    }
    EXPECT_EQ(widest, width - 1);
  }
  EXPECT_FAILS(2, Orionrt({"report", problem, "-o", "-", "--width", "-3"}), "--width");
}

TEST(CliReport, TextNamesTheEndOfALongPath) {
  const Folder folder;
  const std::string name = std::string(70, 'x') + "-the-end.csv";
  const std::string text = Orionrt({"report", folder.Write(name, kProblem), "-o", "-"}).out;
  EXPECT_EQ(text.substr(0, 3), "...") << text;
  EXPECT_NE(text.find("xx-the-end.csv: 5 buffers"), std::string::npos) << text;
}

TEST(CliReport, SeveralInputsGoIntoADirectory) {
  const Folder folder;
  const std::string a = folder.Write("a.csv", kProblem), b = folder.Write("b.csv", kProblem);
  EXPECT_FAILS(2, Orionrt({"report", a, b, "-o", folder / "r.html"}), "several inputs", "directory");
  ASSERT_EQ(Orionrt({"report", a, b, "-o", folder.path()}).code, 0);
  EXPECT_TRUE(folder.Has("a.report.html") && folder.Has("b.report.html"));
  ASSERT_EQ(Orionrt({"report", a, b, "-o", folder.path(), "--format", "svg"}).code, 0);
  EXPECT_TRUE(folder.Has("a.report.svg"));
  EXPECT_EQ(Orionrt({"report", a, b, "-o", "-"}).code, 0);
}

TEST(CliReport, NamesStayInTheirPlace) {
  const Folder folder;
  const std::string problem =
      folder.Write("x.json", R"({"schema": "orionrt.problem/1", "source": "</title>", "buffers": [
      {"id": "a", "name": "</script><script>alert(1)</script>@data@]]>\u2028", "size": 8, "lower": 0, "upper": 2}]})");
  ASSERT_EQ(Orionrt({"report", problem, "-o", folder / "r.html"}).code, 0);
  const std::string page = folder.Read("r.html");
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("\xE2\x80\xA8", page.find("id=\"data\"")), std::string::npos) << "U+2028 as it is";
  const nlohmann::json data = DataOf(page);
  EXPECT_EQ(data["strings"][data["graphs"][0]["buffers"]["name"][0].get<int>()],
            "</script><script>alert(1)</script>@data@]]>\xE2\x80\xA8");
  for (const char* outside : {"http://", "https://", " src=", "url(http", "@import"}) {
    const std::size_t at = page.find(outside);
    EXPECT_TRUE(at == std::string::npos || page.compare(at, 18, "http://www.w3.org/") == 0) << page.substr(at, 60);
  }
}

TEST(CliReport, RefusesWhatJavaScriptCannotHold) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", "id,lower,upper,size\na,0,1,9007199254740993\n");
  EXPECT_FAILS(3, Orionrt({"report", problem, "-o", folder / "r.html"}), "9007199254740993", "2^53", ".svg");
  EXPECT_EQ(Orionrt({"report", problem, "-o", folder / "r.svg"}).code, 0);
  const std::string ends = folder.Write(
      "y.csv", "id,lower,upper,size\na,-2305843009213693952,2305843009213693952,4611686018427387904\nb,0,1,1\n");
  for (const char* file : {"r.svg", "r.txt"}) EXPECT_EQ(Orionrt({"report", ends, "-o", folder / file}).code, 0);
}

TEST(CliReport, SameBytesEveryTime) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", kGraph);
  for (const char* format : {"html", "svg", "text"}) {
    const std::vector<std::string> arguments = {"report", graph, "-o", "-", "--format", format, "--width", "80"};
    EXPECT_EQ(Orionrt(arguments).out, Orionrt(arguments).out);
  }
}

}  // namespace
}  // namespace orionrt::cli_report_test
