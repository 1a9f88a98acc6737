// What a model says of the bytes of its constants, inside it and beside it.
#include <gtest/gtest.h>

#include <filesystem>

#include "folder.hpp"
#include "onnx_model.hpp"
#include "orionrt/formats.hpp"
#include "refuses.hpp"

namespace orionrt::tests::onnx_files_test {
namespace {

// x [24] reshaped by two numbers that lie in a file.
struct ShapeBeside {
  Model model;
  onnx::TensorProto* target = nullptr;
  Folder folder;
  ImportOptions options;

  explicit ShapeBeside(const std::string& location, const std::string& offset = "", const std::string& length = "") {
    model.Input("x", {24});
    target = AddConstant(model.graph, "shp", onnx::TensorProto::INT64, {2});
    for (const auto& [key, value] : {std::pair{"location", location}, {"offset", offset}, {"length", length}}) {
      if (value.empty()) continue;
      target->add_external_data()->set_key(key);
      target->mutable_external_data(target->external_data_size() - 1)->set_value(value);
    }
    model.Node("Reshape", {"x", "shp"}, {"h"});
    std::filesystem::create_directory(folder / "model");
    std::filesystem::create_directory(folder / "blobs");
    options.data_folder = folder / "model";
    const std::string numbers = std::string("\x04", 1) + std::string(7, '\0') + "\x06" + std::string(7, '\0');
    folder.Write("model/shape.bin", numbers);
    folder.Write("blobs/outside.bin", numbers);
  }
  bool Reads() const { return ShapeOf(model.Import(options), "h") == Dims{4, 6}; }
  testing::AssertionResult Says(const std::vector<std::string>& words, ErrorCode code = ErrorCode::kBadInput) const {
    return Refuses(code, words, [this] { model.Import(options); });
  }
};

TEST(OnnxFiles, TakeOffsetAndLengthAsTheFormatSays) {
  EXPECT_TRUE(ShapeBeside("shape.bin").Reads());
  EXPECT_TRUE(ShapeBeside("shape.bin", "0", "16").Reads());
  EXPECT_TRUE(ShapeBeside("sub/../shape.bin").Reads()) << "which stays inside";
  EXPECT_TRUE(ShapeBeside("shape.bin", "8", "16")
                  .Says({"initializer \"shp\"", "\"shape.bin\" has 16 bytes", "from byte 8 on"}));
  EXPECT_TRUE(ShapeBeside("shape.bin", "0x0").Says({"the offset", "\"0x0\""}));
  EXPECT_TRUE(ShapeBeside("shape.bin", "", "8").Says({"length", "is 8", "takes 16 bytes"}));
  EXPECT_TRUE(ShapeBeside("shape.bin", "", "4611686018427387904").Says({"takes 16 bytes"}));
  EXPECT_TRUE(ShapeBeside("shape.bin", "9223372036854775807").Says({"beyond 2^63 bytes"}));
}

TEST(OnnxFiles, LeaveTheFolderOnlyWhereTheDataFolderLeads) {
  ShapeBeside up("../blobs/outside.bin");
  EXPECT_TRUE(up.Says({"\"shp\"", "../blobs/outside.bin", "leads out", "--data-folder"}, ErrorCode::kUnsupported));
  up.options.extra_data_folder = up.folder / "blobs";
  EXPECT_TRUE(up.Reads());
  ShapeBeside link("link.bin");
  std::filesystem::create_symlink("../blobs/outside.bin", link.folder / "model/link.bin");
  EXPECT_TRUE(link.Says({"link.bin", "leads out"}, ErrorCode::kUnsupported));
  link.options.extra_data_folder = link.folder / "blobs";
  EXPECT_TRUE(link.Reads());
  ShapeBeside from_pipe("outside.bin");
  from_pipe.options.data_folder.clear();
  EXPECT_TRUE(from_pipe.Says({"outside.bin", "came without a folder", "--data-folder"}, ErrorCode::kUnsupported));
  from_pipe.options.extra_data_folder = from_pipe.folder / "blobs";
  EXPECT_TRUE(from_pipe.Reads());
}

TEST(OnnxFiles, KnowPointersOfGitLfs) {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 16\n";
  ShapeBeside beside("lfs.bin");
  beside.folder.Write("model/lfs.bin", pointer);
  EXPECT_TRUE(beside.Says({"lfs.bin", "Git LFS", "git lfs pull"}, ErrorCode::kUnsupported));
  const std::string path = beside.folder.Write("model.onnx", pointer);
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"model.onnx", "git lfs pull"}, [&] { ReadFile(path); }));
}

TEST(OnnxFiles, WarnOfWeightsThatAreNotThere) {
  ShapeBeside beside("shape.bin");
  auto* weights = AddConstant(beside.model.graph, "w", onnx::TensorProto::FLOAT, {5000});
  weights->add_external_data()->set_key("location");
  weights->mutable_external_data(0)->set_value("weights.bin");
  const std::vector<std::string> warnings = beside.model.Import(beside.options).warnings;
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("one constant is in external data \"weights.bin\", which is not there"), std::string::npos)
      << warnings[0];
  beside.folder.Write("model/weights.bin", std::string(20000, 'x'));
  EXPECT_TRUE(beside.model.Import(beside.options).warnings.empty());
  beside.folder.Write("model/weights.bin", std::string(19999, 'x'));
  EXPECT_TRUE(beside.Says({"initializer \"w\"", "has 19999 bytes, too few for 20000"}));
}

TEST(OnnxFiles, HoldStoredBytesAgainstDimensions) {
  Model model;
  model.Input("x", {2});
  auto* weights = model.graph->add_initializer();
  weights->set_name("w");
  weights->set_data_type(onnx::TensorProto::FLOAT);
  weights->add_dims(1000000000000);
  weights->set_raw_data(std::string(8, '\0'));
  model.Node("Relu", {"x"}, {"y"});
  EXPECT_NE(
      MessageOf(model).find("initializer \"w\": stores 8 bytes, where float32[1000000000000] takes 4000000000000"),
      std::string::npos)
      << MessageOf(model);
  weights->set_dims(0, 2);
  EXPECT_EQ(MessageOf(model), "no error");
  weights->clear_raw_data();
  weights->add_float_data(1);
  EXPECT_NE(MessageOf(model).find("stores 1 numbers"), std::string::npos) << MessageOf(model);
  weights->add_float_data(1);
  EXPECT_EQ(MessageOf(model), "no error");
  constexpr int kInt4 = 22;
  weights->clear_float_data();
  weights->set_data_type(kInt4);
  weights->set_dims(0, 7);
  weights->set_raw_data("1234");
  EXPECT_EQ(MessageOf(model), "no error") << "two a byte";
  weights->clear_raw_data();
  const std::vector<std::string> warnings = model.Import().warnings;
  ASSERT_EQ(warnings.size(), 1u) << "stripped models are planned";
  EXPECT_NE(warnings[0].find("constants that hold no data: 1;"), std::string::npos) << warnings[0];
}

}  // namespace
}  // namespace orionrt::tests::onnx_files_test
