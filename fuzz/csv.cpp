// CSV of problems and plans: what is read is written and read again, and must be the same.
#include "target.hpp"

using namespace orionrt;
using namespace orionrt::fuzz;

namespace {

CsvFile ReadChecked(const std::string& text) {
  CsvFile file = ReadCsv(text, "f.csv");
  CheckProblem(file.problem);
  return file;
}

// With the column `offset` taken at its word, as `plan` does.
void PlanWithOffsets(const CsvFile& file) {
  Problem problem = file.problem;
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) problem.buffers[i].fixed_offset = file.offsets[i];
  if (ReadOrRefuse([&] { return CheckProblem(problem), true; })) PlanAndJudge(problem);
}

void ExpectSame(const CsvFile& file, const std::string& text) {
  const CsvFile again = ReadCsv(text, "again.csv");
  Require(HashProblem(again.problem) == HashProblem(file.problem),
          "a problem changes when it is written and read again");
  Require(again.problem.ids == file.problem.ids, "ids change when they are written and read again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = ReadOrRefuse([&] { return ReadChecked(TextOf(data, size)); });
  if (!file) return 0;
  Require(file->rows.size() == file->problem.buffers.size(), "there is not a row a buffer");
  PlanAndJudge(file->problem);
  const std::vector<std::int64_t>* offsets = file->offsets.empty() ? nullptr : &file->offsets;
  if (offsets != nullptr) PlanWithOffsets(*file);
  const std::string text = WriteCsv(*file, offsets);
  ExpectSame(*file, text);
  Require(ReadCsv(text, "again.csv").offsets == file->offsets, "offsets change when they are written and read again");
  ExpectSame(*file, WriteCsv(MakeCsv(file->problem), nullptr));
  return 0;
}
