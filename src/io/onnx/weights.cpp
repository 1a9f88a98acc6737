#include "io/onnx/weights.hpp"

#include <set>

namespace orionrt::onnx_import {
namespace {

template <typename Strings>
std::int64_t LengthOf(const Strings& strings) {
  std::int64_t bytes = 0;
  for (const std::string& text : strings) bytes += static_cast<std::int64_t>(text.size());
  return bytes;
}

class Counter {
 public:
  explicit Counter(Session& session) : session_(session) {}

  void Count(const onnx::GraphProto& graph) {
    for (const auto& constant : graph.initializer()) Count(constant);
    for (const auto& constant : graph.sparse_initializer()) session_.CountStored(StoredBytes(constant));
    for (const auto& node : graph.node()) Count(node);
  }

  void Count(const onnx::NodeProto& node) {
    const bool standard = node.domain().empty() || node.domain() == "ai.onnx";
    if (standard && node.op_type() == "Constant") session_.CountStored(StoredBytes(node));
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) Count(attribute.g());
    }
  }

 private:
  // Constants may share one place in external data.
  void Count(const onnx::TensorProto& constant) {
    if (constant.external_data_size() > 0) {
      std::string place;
      for (const auto& entry : constant.external_data()) place += entry.key() + "=" + entry.value() + '\n';
      if (!places_.insert(std::move(place)).second) return;
    }
    session_.CountStored(StoredBytes(constant));
  }

  Session& session_;
  std::set<std::string> places_;
};

}  // namespace

std::int64_t StoredBytes(const onnx::TensorProto& proto) {
  if (proto.data_type() == onnx::TensorProto::STRING) return LengthOf(proto.string_data());
  const std::optional<std::int64_t> bytes =
      ByteCount(proto.data_type(), Dims(proto.dims().begin(), proto.dims().end()));
  return bytes.value_or(static_cast<std::int64_t>(proto.raw_data().size()));
}

std::int64_t StoredBytes(const onnx::SparseTensorProto& proto) {
  return StoredBytes(proto.values()) + StoredBytes(proto.indices());
}

std::int64_t StoredBytes(const onnx::NodeProto& constant) {
  for (const auto& attribute : constant.attribute()) {
    if (attribute.has_t()) return StoredBytes(attribute.t());
    if (attribute.has_sparse_tensor()) return StoredBytes(attribute.sparse_tensor());
    if (attribute.name() == "value_int") return 8;
    if (attribute.name() == "value_float") return 4;
    if (attribute.name() == "value_ints") return 8 * static_cast<std::int64_t>(attribute.ints_size());
    if (attribute.name() == "value_floats") return 4 * static_cast<std::int64_t>(attribute.floats_size());
    if (attribute.name() == "value_string") return static_cast<std::int64_t>(attribute.s().size());
    if (attribute.name() == "value_strings") return LengthOf(attribute.strings());
  }
  return 0;
}

void CountStored(const onnx::ModelProto& model, Session& session) {
  Counter counter(session);
  counter.Count(model.graph());
  for (const auto& function : model.functions()) {
    for (const auto& node : function.node()) counter.Count(node);
  }
}

}  // namespace orionrt::onnx_import
