// JSON of problems: what is read is written and read again, and must be the same.
#include "target.hpp"

using namespace orionrt;
using namespace orionrt::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = ReadOrRefuse([&] { return ReadProblemJson(TextOf(data, size), "p.json"); });
  if (!file) return 0;
  PlanAndJudge(file->problem);
  const std::string text = WriteProblemJson(*file);
  const ProblemFile again = ReadProblemJson(text, "again.json");
  Require(HashProblem(again.problem) == HashProblem(file->problem),
          "a problem changes when it is written and read again");
  Require(WriteProblemJson(again) == text, "a problem is written in another way the second time");
  return 0;
}
