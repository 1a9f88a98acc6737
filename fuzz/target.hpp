// What every fuzz target asks of a reader: it refuses with an Error, as its header promises, or what it made of the
// bytes can be planned, judged, written and read again. Any other way out ends the process, which libFuzzer reports.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <type_traits>

#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"

namespace orionrt::fuzz {

// The validator and the policies are near-linear, but a fuzzer's time is better spent on many small inputs.
constexpr std::size_t kMostBuffers = 2000;

[[noreturn]] inline void Fail(const std::string& what) {
  std::fprintf(stderr, "broken promise: %s\n", what.c_str());
  std::abort();
}

inline void Require(bool promise, const char* what) {
  if (!promise) Fail(what);
}

// What `read` returns; nothing where it refuses with a code that blames the input, and one line of message.
template <typename Read>
auto ReadOrRefuse(const Read& read) -> std::optional<std::decay_t<decltype(read())>> {
  try {
    return read();
  } catch (const Error& error) {
    const std::string what = error.what();
    const bool blames_input = error.code() == ErrorCode::kBadInput || error.code() == ErrorCode::kUnsupported;
    if (!blames_input) Fail("an Error that does not blame the input: " + what);
    if (what.empty() || what.find('\n') != std::string::npos) Fail("a message that is not one line: " + what);
    if (what.size() > 2000) Fail("a message of " + std::to_string(what.size()) + " bytes");
    return std::nullopt;
  }
}

// Of a checked problem. Fixed offsets may clash; nothing else keeps a problem from being planned.
inline void PlanAndJudge(const Problem& problem) {
  if (problem.buffers.size() > kMostBuffers) return;
  try {
    const Plan plan = ReusePlanner("greedy_by_size").Run(problem);
    if (const auto fault = Validate(problem, plan)) Fail("the plan is wrong: " + fault->message);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInfeasible) Fail(std::string("cannot plan what was read: ") + error.what());
  }
}

// A graph from any reader: its problem, and the graph as JSON.
inline void JudgeGraph(const Graph& graph) {
  const Problem problem = MakeProblem(graph, GraphLiveness(graph)).problem;
  if (ReadOrRefuse([&] { return CheckProblem(problem), true; })) PlanAndJudge(problem);
  const std::string text = WriteGraphJson(graph);
  const Graph again = ReadGraphJson(text, "again.json");
  Require(HashGraph(again) == HashGraph(graph), "a graph changes when it is written and read again");
  Require(WriteGraphJson(again) == text, "a graph is written in another way the second time");
}

inline std::string TextOf(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace orionrt::fuzz
