// What all graphs of one model share while it is imported.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "io/dims/dimensions.hpp"
#include "io/onnx/op_rules.hpp"
#include "io/onnx/tensor.hpp"
#include "orionrt/config.hpp"
#include "orionrt/import.hpp"

namespace orionrt::onnx_import {

// Version of each domain that a model or function asks for; 1 where it does not say.
using Opsets = std::map<std::string, int>;
void AddOpsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports, Opsets& opsets);

class Session {
 public:
  // `options` and `dimensions`, with what the options say of them, must outlive the session.
  Session(const onnx::ModelProto& model, std::string source, const ImportOptions& options, Dimensions& dimensions);

  const Opsets& opsets() const { return opsets_; }

  // The function of the model's own that this node calls, or nullptr.
  const onnx::FunctionProto* FindFunction(const onnx::NodeProto& call) const;

  // What the attributes of a function of the model's own are, where a call leaves them out.
  const std::vector<onnx::AttributeProto>& DefaultsOf(const onnx::FunctionProto& function) const {
    return defaults_.at(&function);
  }

  // The user's own rule for this op (--op-rules), or nullptr.
  const CompiledOpRule* FindOwnRule(const Node& node) const { return own_rules_.Find(node); }

  // Limits on what all graphs together may take, so that a small file cannot ask for much. The first fails when too
  // many nodes have been counted; the second says whether that many elements may still be kept.
  void CountNodes(std::int64_t nodes);
  [[nodiscard]] bool SpendElements(std::size_t elements);

  // One constant of the file, and one that an op reads at run time. Fail when the sum overflows.
  void CountStored(std::int64_t bytes) { AddWeight(bytes, weights_.stored_bytes); }
  void CountNeeded(std::int64_t bytes);
  const WeightBytes& weights() const { return weights_; }

  const ImportOptions& options() const { return options_; }

  // Folding of shapes without folding of constants would be half a fold: the former implies the latter.
  bool folds() const { return options_.fold_constants || options_.fold_shapes; }
  bool folds_shapes() const { return options_.fold_shapes; }

  // `place` and `message` make "model.onnx: PLACE: MESSAGE"; an empty place is left out.
  [[noreturn]] void Fail(ErrorCode code, const std::string& place, const std::string& message) const;
  [[noreturn]] void FailMissing(const std::string& place, const std::string& message, std::string options) const;
  void Warn(const std::string& place, const std::string& message);
  std::vector<std::string> TakeWarnings() { return std::move(warnings_); }

  // A declared type, in which names and expressions of dimensions are replaced by their values. A dimension without a
  // value stays open. Fails for impossible dimensions.
  onnx::TypeProto Resolve(const onnx::TypeProto& declared, const std::string& place, const std::string& tensor);

  // What is known of names: here `type` was inferred, where the file declares `declared`. Throws Error, without the
  // place, where no sizes make true what the options say of sums of them.
  void LearnDimensions(const onnx::TypeProto& declared, const onnx::TypeProto& type);

  const Dimensions& dimensions() const { return dimensions_; }

 private:
  void AddWeight(std::int64_t bytes, std::int64_t& sum) const;
  std::string Line(const std::string& place, const std::string& message) const;

  const ImportOptions& options_;
  Dimensions& dimensions_;
  std::string source_;
  Opsets opsets_;
  std::map<std::string, const onnx::FunctionProto*> functions_;  // "domain:name:overload"
  std::map<const onnx::FunctionProto*, std::vector<onnx::AttributeProto>> defaults_;
  OpRuleTable own_rules_;
  std::int64_t nodes_ = 0;
  std::size_t elements_ = 0;
  WeightBytes weights_;
  std::vector<std::string> warnings_;
  std::size_t dropped_warnings_ = 0;
};

// The dimension that says how often a Loop runs whose count is not in the file: --dim trip=16.
inline constexpr const char* kTripName = "trip";

// `"batch"`: a name as messages show it, shortened and without control characters.
std::string Quoted(const std::string& name);

}  // namespace orionrt::onnx_import
