// Real models against lifetimes computed by others, and small ones that were once read wrongly: of the shared folder
// (ORIONRT_SHARED; otherwise ../shared beside the source).
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "onnx_model.hpp"
#include "orionrt/import.hpp"
#include "orionrt/lowering.hpp"

namespace orionrt::tests::onnx_models_test {
namespace {

using Dims = std::vector<std::int64_t>;

struct Overrides {
  const char* model;
  std::map<std::string, std::int64_t> dims;
  std::map<std::string, Dims> inputs;
};

const std::vector<Overrides>& SharedOverrides() {  // of shared/models/overrides.json
  static const std::vector<Overrides> all = {
      {"bert_toy_optimized", {{"batch", 1}, {"max_seq_len_in_batch", 128}}, {}},
      {"tiny_random_gpt2", {{"batch_size", 1}, {"seq_len", 1}, {"past_seq_len", 127}, {"total_seq_len", 128}}, {}},
      {"tiny_gpt2_beamsearch",
       {{"batch_size", 1},
        {"sequence_length", 8},
        {"max_length", 32},
        {"num_return_sequences", 1},
        {"seq_len", 1},
        {"past_seq_len", 31},
        {"total_seq_len", 32}},
       {}},
      {"fns_candy_freedim", {}, {{"inputImage", {1, 3, 720, 720}}}},
      {"yunet_n_dynamic", {{"batch", 1}, {"height", 320}, {"width", 320}}, {}},
      {"silero_vad", {}, {{"input", {1, 576}}}},
      {"scan_1", {{"Sequence", 8}}, {}},
      {"bert5_base_width", {{"batch", 1}, {"max_seq_len_in_batch", 384}}, {}},
  };
  return all;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

using Rows = std::multiset<std::tuple<std::int64_t, std::int64_t, std::int64_t>>;

Rows ReferenceRows(const std::filesystem::path& path) {
  std::istringstream in(ReadFile(path));
  std::string line;
  std::getline(in, line);
  Rows rows;
  while (std::getline(in, line)) {
    std::int64_t id = 0, lower = 0, upper = 0, size = 0;
    if (std::sscanf(line.c_str(), "%ld,%ld,%ld,%ld", &id, &lower, &upper, &size) == 4) rows.emplace(lower, upper, size);
  }
  return rows;
}

Rows RowsOf(const Graph& graph) {
  const GraphLiveness liveness(graph);
  Rows rows;
  for (std::size_t i = 0; i < graph.tensors().size(); ++i) {
    const auto& life = liveness.lifetimes()[i];
    if (graph.tensors()[i].bytes > 0) rows.emplace(life.start, life.end + 1, graph.tensors()[i].bytes);
  }
  return rows;
}

TEST(OnnxReferenceTest, LifetimesOfRealModels) {
  const char* set = std::getenv("ORIONRT_SHARED");
  const std::filesystem::path shared = set ? set : std::filesystem::path(ORIONRT_TESTS_DIR) / ".." / ".." / "shared";
  const std::filesystem::path models = shared / "models";
  if (!std::filesystem::exists(models / "reference"))
    GTEST_SKIP() << "no reference models at " << models << "; set ORIONRT_SHARED";
  int compared = 0;
  for (const char* folder : {"onnx", "onnx_scaled"}) {
    for (const auto& file : std::filesystem::directory_iterator(models / folder)) {
      const std::string name = file.path().stem().string();
      const std::string bytes = ReadFile(file.path());
      for (const char* mode : {"fold", "raw", "static"}) {
        const auto reference = models / "reference" / mode / (name + ".csv");
        if (!std::filesystem::exists(reference)) continue;
        ImportOptions options;
        options.default_dim = 1;
        options.fold_constants = mode != std::string("raw");
        options.fold_shapes = mode == std::string("static");
        for (const Overrides& overrides : SharedOverrides()) {
          if (overrides.model != name) continue;
          options.dims = overrides.dims;
          options.inputs = overrides.inputs;
        }
        EXPECT_TRUE(RowsOf(ImportOnnx(bytes, name, options).graph) == ReferenceRows(reference)) << name << " " << mode;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 0);
}

std::filesystem::path Cases() {
  const char* asked = std::getenv("ORIONRT_SHARED");
  return (asked ? std::filesystem::path(asked) : std::filesystem::path(ORIONRT_TESTS_DIR) / "../../shared") / "cases";
}

// Models of which something was once wrong, each with what is right. The kinds are built by hand in the tests beside
// this one.
struct Case {
  const char* file;
  std::vector<std::pair<std::string, std::int64_t>> dims;
  const char* tensor;  // whose shape is right; nullptr: the model is refused
  Dims shape;
  const char* words = "";  // of the refusal, or of a warning; empty: there is no warning
};

const Case kCases[] = {
    {"models-of-today/broadcast_conflict.onnx", {{"b", 2}, {"b2", 3}}, nullptr, {}, "from --dim b=2, --dim b2=3"},
    {"models-of-today/broadcast_conflict.onnx", {{"b", 2}, {"*", 1}}, "z", {2, 4}},
    {"models-of-today/dd_affinegrid.onnx", {{"*", 3}}, "y", {1, 3, 3, 2}, "taken as 3"},
    {"models-of-today/dd_center.onnx", {{"*", 3}}, "y", {2, 3, 4}, "taken as 3"},
    {"models-of-today/dd_compress.onnx", {}, "y", {2, 8, 4}, "upper bound"},
    {"models-of-today/dd_compress.onnx", {{"*", 3}}, "y", {2, 3, 4}, "taken as 3"},
    {"models-of-today/dd_dft.onnx", {{"*", 3}}, "y", {1, 3, 2}, "taken as 3"},
    {"models-of-today/dd_gatherbool.onnx", {{"*", 3}}, "z", {2, 3, 4}, "taken as 3"},
    {"models-of-today/dd_hann.onnx", {{"*", 3}}, "y", {3}, "taken as 3"},
    {"models-of-today/dd_hann.onnx", {}, nullptr, {}, "--shape y=AxBxC"},
    {"models-of-today/dd_pad.onnx", {{"*", 3}}, "y", {3, 3, 3}, "taken as 3"},
    {"models-of-today/dd_reducesum.onnx", {}, "y", {8, 8}, "upper bound"},
    {"models-of-today/dd_reducesum.onnx", {{"*", 3}}, "y", {3, 3}, "taken as 3"},
    {"models-of-today/dd_reshape.onnx", {{"*", 3}}, "y", {3, 3}, "taken as 3"},
    {"models-of-today/dd_resize.onnx", {{"*", 3}}, "y", {3, 3, 3, 3}, "taken as 3"},
    {"models-of-today/dd_slice_ends.onnx", {}, "y", {2, 8, 4}, "upper bound"},
    {"models-of-today/dd_slice_ends.onnx", {{"*", 3}}, "y", {2, 3, 4}, "taken as 3"},
    {"models-of-today/dd_squeeze.onnx", {{"*", 3}}, "y", {8, 1}, "taken as [8,1]"},
    {"models-of-today/expr_input.onnx", {{"b", 2}, {"s", 6}}, "m", {2, 11}},
    {"models-of-today/expr_input.onnx", {{"b", 2}, {"s + 5", 11}}, "x", {2, 6}},
    {"models-of-today/expr_value_info.onnx", {{"*", 4}}, "y", {4, 8}},
    {"models-of-today/q_resnet_qoperator.onnx", {}, "Y", {}, "\"stripped.bin\", which is not there"},
    {"models-of-today/test_ai_onnx_ml_tree_ensemble_single_tree.onnx", {}, "Y", {3, 2}},
    {"models-of-today/test_bitcast_float32_to_int32.onnx", {}, "y", {3}},
    {"models-of-today/test_dft_irfft_opset19.onnx", {}, "y", {1, 10, 10, 1}},
    {"models-of-today/test_flexattention_gqa.onnx", {}, "Y", {2, 8, 4, 16}},
    {"models-of-today/test_swiglu.onnx", {}, "y", {2, 4}},
    {"models-of-today/unet_plain_dyn_hw.onnx", {{"b", 1}, {"h8", 8}, {"w8", 8}}, "x", {1, 3, 64, 64}, "stripped.bin"},
    {"models-of-today/unet_plain_dyn_hw.onnx", {{"b", 1}, {"8*h8", 64}, {"8*w8", 64}}, "x", {1, 3, 64, 64}, "stripped"},
    {"alias-claims/nms_declared_symbol.onnx", {{"*", 1}}, "i", {1, 3}, "taken as 1"},
    {"alias-claims/nms_declared_symbol.onnx", {}, "i", {10, 3}, "upper bound"},
    {"alias-claims/nms_undeclared.onnx", {{"*", 1}}, "i", {1, 3}, "taken as 1"},
    {"alias-claims/nonzero_declared_symbol.onnx", {{"*", 1}}, "i", {2, 1}, "taken as 1"},
    {"alias-claims/nonzero_declared_symbol.onnx", {}, "i", {2, 64}, "upper bound"},
    {"symbolic-sums/hf.onnx",
     {{"batch_size", 1}, {"sequence_length", 1}, {"past_sequence_length", 127}, {"*", 1}},
     "mask",
     {1, 128, 64}},
    {"symbolic-sums/sym_expr.onnx", {{"batch", 2}, {"seq", 3}}, "x", {2, 7}},
    {"extent-overflow/padbig.onnx", {}, nullptr, {}, "beyond 2^60"},
    {"extent-overflow/range.onnx", {}, nullptr, {}, "beyond 2^60"},
    {"extent-overflow/tile3.onnx", {}, nullptr, {}, "beyond 2^60"},
    {"extent-overflow/tile61.onnx", {}, nullptr, {}, "beyond 2^60"},
    {"external-data/model/big.onnx", {}, nullptr, {}, "the length of its external data is 4611686018427387904"},
    {"external-data/model/offjunk.onnx", {}, nullptr, {}, "is no whole number of bytes"},
    {"external-data/model/past.onnx", {}, nullptr, {}, "\"shape.bin\" has 16 bytes, too few"},
    {"external-data/model/short.onnx", {}, nullptr, {}, "is 8, and int64[2] takes 16 bytes"},
    {"external-data/model/subdots.onnx", {}, "h", {6, 4}},
    {"external-data/model/up.onnx", {}, nullptr, {}, "leads out of the model's folder"},
    {"initializer-dims-lie/init_dims_lie.onnx", {{"*", 2}}, nullptr, {}, "stores 2 numbers"},
};

ImportOptions OptionsOf(const Case& c) {
  ImportOptions options;
  options.data_folder = (Cases() / c.file).parent_path();
  for (const auto& [name, value] : c.dims) {
    if (name == "*") {
      options.default_dim = value;
    } else {
      options.dims[name] = value;
    }
  }
  return options;
}

bool Says(const std::vector<std::string>& lines, const std::string& words) {
  for (const std::string& line : lines) {
    if (line.find(words) != std::string::npos) return true;
  }
  return false;
}

TEST(OnnxCases, HaveTheRightShapesOrTheRightReasons) {
  if (!std::filesystem::exists(Cases() / "models-of-today"))
    GTEST_SKIP() << "no cases under " << Cases() << "; set ORIONRT_SHARED";
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.file);
    const std::string bytes = ReadFile(Cases() / c.file);
    try {
      const ImportedModel model = ImportOnnx(bytes, "m.onnx", OptionsOf(c));
      ASSERT_NE(c.tensor, nullptr) << "was to be refused";
      if (!c.shape.empty()) {
        EXPECT_EQ(ShapeOf(model, c.tensor), c.shape);
      }
      if (*c.words == '\0') {
        EXPECT_TRUE(model.warnings.empty()) << model.warnings[0];
      } else {
        EXPECT_TRUE(Says(model.warnings, c.words));
      }
    } catch (const Error& error) {
      EXPECT_EQ(c.tensor, nullptr) << error.what();
      EXPECT_NE(std::string(error.what()).find(c.words), std::string::npos) << error.what();
    }
  }
}

// None of them vanishes, and nothing is written over what the op reads.
TEST(OnnxCases, AliasesThatKernelsBreakAreNotClaimed) {
  if (!std::filesystem::exists(Cases() / "alias-claims"))
    GTEST_SKIP() << "no cases under " << Cases() << "; set ORIONRT_SHARED";
  for (const char* name : {"dropout_training_constant", "fastgelu_in_place", "function_named_identity",
                           "gelu_tanh_in_place", "int4_cast_uint4"}) {
    const std::filesystem::path path = Cases() / "alias-claims" / (std::string(name) + ".onnx");
    const ImportedModel model = ImportOnnx(ReadFile(path), name, {});
    ASSERT_EQ(model.graph.ops().size(), 3u) << name;
    EXPECT_TRUE(model.graph.ops()[1].aliases.empty()) << name;
  }
}

}  // namespace
}  // namespace orionrt::tests::onnx_models_test
