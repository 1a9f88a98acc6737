#include "io/onnx/constants.hpp"

#include <optional>

#include "io/onnx/external.hpp"
#include "io/onnx/onnx_session.hpp"
#include "io/onnx/tensor.hpp"

namespace orionrt::onnx_import {
namespace {

using onnx::TensorProto;

// Elements of the typed field that holds a constant which has no raw data.
std::int64_t FieldElements(const TensorProto& constant) {
  return std::int64_t{constant.float_data_size()} + constant.int32_data_size() + constant.int64_data_size() +
         constant.double_data_size() + constant.uint64_data_size() + constant.string_data_size();
}

// Of a typed field; sub-byte types are packed, though some writers gave each element a number.
bool FitsField(const TensorProto& constant, std::int64_t elements, std::int64_t bytes) {
  const std::int64_t held = FieldElements(constant);
  const bool is_complex =
      constant.data_type() == TensorProto::COMPLEX64 || constant.data_type() == TensorProto::COMPLEX128;
  if (is_complex) return held / 2 == elements && held % 2 == 0;
  return held == elements || (DtypeBits(constant.data_type()) < 8 && held == bytes);
}

class ConstantReader {
 public:
  ConstantReader(const std::string& source, const ImportOptions& options) : source_(source), external_(options) {}

  void Read(onnx::GraphProto& graph) {
    for (auto& constant : *graph.mutable_initializer()) Read(constant, "initializer ", constant.name());
    for (auto& constant : *graph.mutable_sparse_initializer()) Read(constant, constant.values().name());
    for (auto& node : *graph.mutable_node()) Read(node);
  }

  void Read(onnx::NodeProto& node) {
    for (auto& attribute : *node.mutable_attribute()) {
      const std::string& name = node.output_size() > 0 ? node.output(0) : node.name();
      if (attribute.has_t()) Read(*attribute.mutable_t(), "constant in the node that makes ", name);
      if (attribute.has_sparse_tensor()) Read(*attribute.mutable_sparse_tensor(), name);
      if (attribute.has_g()) Read(*attribute.mutable_g());
    }
  }

  std::vector<std::string> TakeWarnings() {
    std::vector<std::string> warnings;
    for (const std::string& line : external_.Absent()) warnings.push_back(source_ + ": " + line);
    if (empty_ > 0) {
      warnings.push_back(source_ + ": constants that hold no data: " + std::to_string(empty_) +
                         "; sizes are taken as the model declares them");
    }
    return warnings;
  }

 private:
  void Read(onnx::SparseTensorProto& constant, const std::string& name) {
    Read(*constant.mutable_values(), "values of sparse constant ", name);
    Read(*constant.mutable_indices(), "indices of sparse constant ", name);
  }

  void Read(TensorProto& constant, const char* what, const std::string& name) {
    try {
      external_.Read(constant);
      CheckStored(constant);
    } catch (const Error& error) {
      throw Error(error.code(), source_ + ": " + what + Quoted(name) + ": " + error.what());
    }
  }

  void CheckStored(const TensorProto& constant) {
    if (constant.data_location() == TensorProto::EXTERNAL || constant.has_segment()) return;
    const Dims dims(constant.dims().begin(), constant.dims().end());
    const auto elements = ElementCount(dims);
    const bool is_text = constant.data_type() == TensorProto::STRING;
    const auto bytes = is_text ? elements : ByteCount(constant.data_type(), dims);
    if (!elements || !bytes) return;  // impossible, or of a type that this version does not know
    const auto raw = static_cast<std::int64_t>(constant.raw_data().size());
    if (raw == 0 && FieldElements(constant) == 0) {
      empty_ += *bytes > 0;
    } else if (raw > 0 ? raw != *bytes : !FitsField(constant, *elements, *bytes)) {
      const std::string held =
          raw > 0 ? std::to_string(raw) + " bytes" : std::to_string(FieldElements(constant)) + " numbers";
      throw Error(ErrorCode::kBadInput, "stores " + held + ", where " + DtypeName(constant.data_type()) +
                                            DimsText(dims) + " takes " + std::to_string(*bytes) +
                                            " bytes; export the model anew, or copy it anew if it was cut");
    }
  }

  const std::string& source_;
  ExternalData external_;
  std::int64_t empty_ = 0;  // constants without data, though their dimensions ask for some
};

}  // namespace

std::vector<std::string> ReadConstants(onnx::ModelProto& model, const std::string& source,
                                       const ImportOptions& options) {
  ConstantReader reader(source, options);
  reader.Read(*model.mutable_graph());
  for (auto& function : *model.mutable_functions()) {
    for (auto& node : *function.mutable_node()) reader.Read(node);
  }
  return reader.TakeWarnings();
}

}  // namespace orionrt::onnx_import
