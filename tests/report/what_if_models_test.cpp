// Real models of the shared folder (ORIONRT_SHARED; otherwise ../shared beside the source), explained.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "orionrt/config.hpp"
#include "orionrt/import.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/report.hpp"

namespace orionrt::what_if_models_test {
namespace {

TEST(WhatIfModels, AreExplainedQuickly) {
  const char* asked = std::getenv("ORIONRT_SHARED");
  const std::filesystem::path shared =
      (asked != nullptr ? std::filesystem::path(asked) : std::filesystem::path(ORIONRT_TESTS_DIR) / "../../shared") /
      "models";
  if (!std::filesystem::exists(shared)) GTEST_SKIP() << shared << " is not there";
  int explained = 0, helped = 0;
  for (const char* folder : {"onnx", "tflite"}) {
    for (const auto& entry : std::filesystem::directory_iterator(shared / folder)) {
      if (entry.path().extension() != std::string(".") + folder) continue;
      ImportOptions options;
      options.default_dim = 1;
      ImportedModel model;
      try {
        model = folder == std::string("onnx") ? ImportOnnx(ReadFile(entry.path()), entry.path(), options)
                                              : ImportTflite(ReadFile(entry.path()), entry.path(), options);
      } catch (const Error&) {
        continue;  // dimensions that cannot all be 1
      }
      PlanFile file;
      file.alignment = 64;
      file.problem = MakeProblem(model.graph, GraphLiveness(model.graph), 64).problem;
      file.plan = ReusePlanner().Run(file.problem);
      const auto start = std::chrono::steady_clock::now();
      const Explanation explanation = Explain(file, &model.graph, ReusePlanner());
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
      std::cout << entry.path().filename() << ": " << model.graph.ops().size() << " ops, "
                << explanation.what_ifs.size() << " what-ifs, " << took.count() << " ms\n";
      ++explained;
      helped += explanation.what_ifs.empty() ? 0 : 1;
      EXPECT_EQ(explanation.holders.empty(), file.plan.peak_bytes == 0) << entry.path();
      for (const WhatIf& w : explanation.what_ifs) {
        EXPECT_EQ(w.new_peak_bytes + w.saving_bytes, file.plan.peak_bytes) << entry.path() << ": " << w.sentence;
      }
    }
  }
  EXPECT_GT(explained, 30);
  EXPECT_GT(helped, 15);
}

}  // namespace
}  // namespace orionrt::what_if_models_test
