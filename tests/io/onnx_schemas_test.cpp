// The schemas that are made one by one are those of the onnx library's own list.
#include <gtest/gtest.h>
#include <onnx/defs/schema.h>

#include <string>
#include <thread>
#include <vector>

#include "io/onnx/schemas.hpp"

namespace orionrt::onnx_schemas_test {
namespace {

using onnx_import::SchemaOf;

TEST(OnnxSchemas, AreThoseOfTheLibrary) {
  for (const onnx::OpSchema& each : onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
    for (const int version : {each.SinceVersion() - 1, each.SinceVersion(), each.SinceVersion() + 1, 1000}) {
      const onnx::OpSchema* theirs = onnx::OpSchemaRegistry::Schema(each.Name(), version, each.domain());
      const onnx::OpSchema* ours = SchemaOf(each.domain(), each.Name(), version);
      ASSERT_EQ(ours != nullptr, theirs != nullptr) << each.Name() << " at " << version;
      if (!ours) continue;
      EXPECT_EQ(ours->SinceVersion(), theirs->SinceVersion()) << each.Name() << " at " << version;
      EXPECT_EQ(ours->Name(), theirs->Name());
      EXPECT_EQ(ours->domain(), theirs->domain());
      EXPECT_EQ(ours->min_input(), theirs->min_input()) << each.Name();
      EXPECT_EQ(ours->max_output(), theirs->max_output()) << each.Name();
    }
  }
}

TEST(OnnxSchemas, HoldNothingElse) {
  EXPECT_EQ(SchemaOf("", "NoSuchOp", 17), nullptr);
  EXPECT_EQ(SchemaOf("ai.onnx.ml", "Conv", 17), nullptr);
  EXPECT_EQ(SchemaOf("no.such.domain", "Conv", 17), nullptr);
}

TEST(OnnxSchemas, AreMadeOnceByAnyThread) {
  std::vector<const onnx::OpSchema*> found(8);
  std::vector<std::thread> threads;
  for (auto& each : found) threads.emplace_back([&each] { each = SchemaOf("", "GlobalLpPool", 17); });
  for (std::thread& thread : threads) thread.join();
  ASSERT_NE(found[0], nullptr);
  for (const onnx::OpSchema* each : found) EXPECT_EQ(each, found[0]);
}

}  // namespace
}  // namespace orionrt::onnx_schemas_test
