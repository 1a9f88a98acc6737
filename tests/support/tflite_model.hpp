// Tiny TFLite models, written through the schema of the importer.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tflite_generated.h"

namespace orionrt::tests {

namespace fb = tflite_import::fb;

enum : int {
  kAdd = 0,
  kConcatenation = 2,
  kDequantize = 6,
  kCustomOp = 32,
  kStridedSlice = 45,
  kShapeOp = 77,
  kIfOp = 118,
  kWhileOp = 119,
  kRandomUniform = 148,
  kCaseOp = 209,
  kGelu = 150
};
enum : int { kFloat32 = 0, kInt32 = 2, kUint8 = 3, kString = 5, kResource = 13, kVariant = 14, kInt4 = 17, kInt2 = 19 };

struct TensorSpec {
  std::string name;
  std::vector<std::int32_t> shape;
  int type = kFloat32;
  bool data = false;  // in a buffer of its own
  bool variable = false;
  std::vector<std::int32_t> signature = {};
  int buffer = -1;                      // a buffer of this number, whether there is one or not
  std::vector<std::int32_t> ints = {};  // the values of a constant
  float scale = 0;                      // how it is quantized; 0: it is not
};

struct OpSpec {
  int code = kAdd;
  std::vector<std::int32_t> inputs, outputs;
  std::string custom = {};
  std::vector<int> runs = {};                              // subgraphs of IF, WHILE or STABLEHLO_CASE
  int activation = 0;                                      // of CONCATENATION
  int begin_mask = 0, end_mask = 0, shrink_axis_mask = 0;  // of STRIDED_SLICE
};

struct SubgraphSpec {
  std::vector<TensorSpec> tensors;
  std::vector<OpSpec> ops;
  std::vector<std::int32_t> inputs, outputs;
};

struct ModelSpec {
  std::vector<SubgraphSpec> subgraphs;
  std::uint32_t version = 3;
  std::vector<std::pair<std::string, std::string>> metadata = {};  // each with a buffer of its own
  std::pair<std::uint64_t, std::uint64_t> outside = {};            // offset and size of one more buffer
};

inline flatbuffers::Offset<fb::Buffer> AddBuffer(flatbuffers::FlatBufferBuilder& builder, std::string_view bytes) {
  builder.ForceVectorAlignment(bytes.size(), 1, 16);
  return fb::CreateBuffer(builder,
                          builder.CreateVector(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

inline flatbuffers::Offset<fb::Operator> AddOp(flatbuffers::FlatBufferBuilder& builder, const OpSpec& op,
                                               std::uint32_t code) {
  auto type = fb::BuiltinOptions_NONE;
  auto type_2 = fb::BuiltinOptions2_NONE;
  flatbuffers::Offset<void> options, options_2;
  if (op.code == kIfOp && op.runs.size() == 2) {
    type = fb::BuiltinOptions_IfOptions;
    options = fb::CreateIfOptions(builder, op.runs[0], op.runs[1]).Union();
  } else if (op.code == kWhileOp && op.runs.size() == 2) {
    type = fb::BuiltinOptions_WhileOptions;
    options = fb::CreateWhileOptions(builder, op.runs[0], op.runs[1]).Union();
  } else if (op.code == kConcatenation) {
    type = fb::BuiltinOptions_ConcatenationOptions;
    options = fb::CreateConcatenationOptions(builder, static_cast<std::int8_t>(op.activation)).Union();
  } else if (op.code == kStridedSlice) {
    type = fb::BuiltinOptions_StridedSliceOptions;
    options = fb::CreateStridedSliceOptions(builder, op.begin_mask, op.end_mask, 0, 0, op.shrink_axis_mask).Union();
  } else if (!op.runs.empty()) {
    type_2 = fb::BuiltinOptions2_CaseOptions;
    options_2 = fb::CreateCaseOptionsDirect(builder, &op.runs).Union();
  }
  const auto inputs = builder.CreateVector(op.inputs), outputs = builder.CreateVector(op.outputs);
  return fb::CreateOperator(builder, code, inputs, outputs, type, options, 0, type_2, options_2);
}

inline std::string BuildModel(const ModelSpec& model) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<fb::Buffer>> buffers = {fb::CreateBuffer(builder)};
  std::vector<flatbuffers::Offset<fb::OperatorCode>> codes;
  std::vector<flatbuffers::Offset<fb::SubGraph>> subgraphs;
  for (const SubgraphSpec& graph : model.subgraphs) {
    std::vector<flatbuffers::Offset<fb::Tensor>> tensors;
    for (const TensorSpec& tensor : graph.tensors) {
      auto buffer = static_cast<std::uint32_t>(tensor.buffer >= 0 ? tensor.buffer : 0);
      if (tensor.data) {
        buffer = static_cast<std::uint32_t>(buffers.size());
        buffers.push_back(AddBuffer(builder, "values"));
      }
      if (!tensor.ints.empty()) {
        buffer = static_cast<std::uint32_t>(buffers.size());
        const auto* bytes = reinterpret_cast<const char*>(tensor.ints.data());
        buffers.push_back(AddBuffer(builder, {bytes, tensor.ints.size() * sizeof(std::int32_t)}));
      }
      const std::vector<float> scale = {tensor.scale};
      const std::vector<std::int64_t> zero_point = {3};
      const auto quantization = tensor.scale != 0 ? fb::CreateQuantizationDirect(builder, &scale, &zero_point) : 0;
      tensors.push_back(fb::CreateTensorDirect(builder, &tensor.shape, static_cast<std::int8_t>(tensor.type), buffer,
                                               tensor.name.c_str(), quantization, tensor.variable,
                                               tensor.signature.empty() ? nullptr : &tensor.signature));
    }
    std::vector<flatbuffers::Offset<fb::Operator>> ops;
    for (const OpSpec& op : graph.ops) {
      ops.push_back(AddOp(builder, op, static_cast<std::uint32_t>(codes.size())));
      const int old_code = op.code < 127 ? op.code : 127;
      codes.push_back(fb::CreateOperatorCodeDirect(builder, static_cast<std::int8_t>(old_code),
                                                   op.custom.empty() ? nullptr : op.custom.c_str(), op.code));
    }
    subgraphs.push_back(fb::CreateSubGraphDirect(builder, &tensors, &graph.inputs, &graph.outputs, &ops, "graph"));
  }
  std::vector<flatbuffers::Offset<fb::Metadata>> metadata;
  for (const auto& [name, content] : model.metadata) {
    metadata.push_back(fb::CreateMetadataDirect(builder, name.c_str(), static_cast<std::uint32_t>(buffers.size())));
    buffers.push_back(AddBuffer(builder, content));
  }
  if (model.outside.first != 0) {
    buffers.push_back(fb::CreateBuffer(builder, 0, model.outside.first, model.outside.second));
  }
  fb::FinishModelBuffer(builder, fb::CreateModelDirect(builder, model.version, &codes, &subgraphs, "made by a test",
                                                       &buffers, nullptr, metadata.empty() ? nullptr : &metadata));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

inline std::string BuildModel(SubgraphSpec graph) { return BuildModel(ModelSpec{{std::move(graph)}}); }

// x -> ADD -> y -> ADD -> z, each step with the weight w.
inline SubgraphSpec Chain() {
  return {{{"x", {1, 8}}, {"w", {8}, kFloat32, true}, {"y", {1, 8}}, {"z", {1, 8}}},
          {{kAdd, {0, 1}, {2}}, {kAdd, {2, 1}, {3}}},
          {0},
          {3}};
}

// The inputs added up: `count` of them.
inline SubgraphSpec Body(int count, std::vector<std::int32_t> shape) {
  SubgraphSpec graph;
  for (int i = 0; i < count; ++i) graph.tensors.push_back({"arg" + std::to_string(i), shape});
  for (int i = 0; i < count; ++i) graph.inputs.push_back(i);
  graph.tensors.push_back({"sum", shape});
  graph.ops = {{kAdd, graph.inputs, {count}}};
  graph.outputs = {count};
  return graph;
}

}  // namespace orionrt::tests
