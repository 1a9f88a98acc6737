#include "io/onnx/onnx_session.hpp"

#include <google/protobuf/unknown_field_set.h>

#include <algorithm>

#include "base/checked.hpp"
#include "base/text.hpp"

namespace orionrt::onnx_import {

namespace {

// Of several functions of one name a node says which it calls (format 10; older libraries keep the field unread).
template <typename Proto>
auto OverloadOf(const Proto& proto, int, int) -> decltype(std::string(proto.overload())) {
  return proto.overload();
}
template <typename Proto>
std::string OverloadOf(const Proto& proto, int field, long) {
  const auto& unread = proto.unknown_fields();
  for (int i = 0; i < unread.field_count(); ++i) {
    const auto& found = unread.field(i);
    if (found.number() == field && found.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      return found.length_delimited();
    }
  }
  return "";
}

// Attributes of a function that calls may leave out, with their values (format 9; older libraries keep them unread).
using Attributes = std::vector<onnx::AttributeProto>;
template <typename Function>
auto ReadDefaults(const Function& function, int, int) -> decltype(function.attribute_proto(), Attributes()) {
  return {function.attribute_proto().begin(), function.attribute_proto().end()};
}
template <typename Function>
Attributes ReadDefaults(const Function& function, int field, long) {
  Attributes defaults;
  const auto& unread = function.unknown_fields();
  for (int i = 0; i < unread.field_count(); ++i) {
    const auto& found = unread.field(i);
    if (found.number() != field || found.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) continue;
    onnx::AttributeProto attribute;
    if (attribute.ParseFromString(found.length_delimited())) defaults.push_back(std::move(attribute));
  }
  return defaults;
}

// The standard domain has two names.
std::string FunctionKey(const std::string& domain, const std::string& name, const std::string& overload) {
  return (domain == "ai.onnx" ? "" : domain) + ":" + name + ":" + overload;
}

}  // namespace

Session::Session(const onnx::ModelProto& model, std::string source, const ImportOptions& options,
                 Dimensions& dimensions)
    : options_(options), dimensions_(dimensions), source_(std::move(source)), own_rules_(options.op_rules) {
  AddOpsets(model.opset_import(), opsets_);
  constexpr int kField = 13;
  constexpr int kDefaults = 11;
  for (const auto& function : model.functions()) {
    functions_.emplace(FunctionKey(function.domain(), function.name(), OverloadOf(function, kField, 0)), &function);
    defaults_.emplace(&function, ReadDefaults(function, kDefaults, 0));
  }
}

void AddOpsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports, Opsets& opsets) {
  for (const auto& import : imports) {
    const std::string domain = import.domain() == "ai.onnx" ? "" : import.domain();
    // The last one counts where a domain is imported twice, as in onnxruntime.
    opsets[domain] = static_cast<int>(std::clamp<std::int64_t>(import.version(), 1, 1 << 20));
  }
}

const onnx::FunctionProto* Session::FindFunction(const onnx::NodeProto& call) const {
  if (functions_.empty()) return nullptr;
  constexpr int kField = 8;
  const auto found = functions_.find(FunctionKey(call.domain(), call.op_type(), OverloadOf(call, kField, 0)));
  return found == functions_.end() ? nullptr : found->second;
}

void Session::CountNodes(std::int64_t nodes) {
  constexpr std::int64_t kMost = 1000000;
  nodes_ += nodes;
  if (nodes_ > kMost)
    Fail(ErrorCode::kUnsupported, "", "has more than " + std::to_string(kMost) + " nodes, functions unrolled");
}

bool Session::SpendElements(std::size_t elements) {
  constexpr std::size_t kMost = std::size_t{1} << 24;
  if (elements > kMost - elements_) return false;
  elements_ += elements;
  return true;
}

void Session::AddWeight(std::int64_t bytes, std::int64_t& sum) const {
  if (!CheckedAdd(sum, bytes, &sum)) Fail(ErrorCode::kBadInput, "", "the sizes of all constants overflow");
}

void Session::CountNeeded(std::int64_t bytes) {
  AddWeight(bytes, weights_.needed_bytes);
  if (bytes > 0) ++weights_.count;
}

std::string Session::Line(const std::string& place, const std::string& message) const {
  const bool separated = place.empty() || place.back() == ' ';  // the place of a body's graph ends in ": "
  return source_ + ": " + place + (separated ? "" : ": ") + message;
}

void Session::Fail(ErrorCode code, const std::string& place, const std::string& message) const {
  throw Error(code, Line(place, message));
}

void Session::FailMissing(const std::string& place, const std::string& message, std::string options) const {
  throw MissingSizes(Line(place, message), std::move(options));
}

void Session::Warn(const std::string& place, const std::string& message) {
  constexpr std::size_t kMost = 100;  // then one line says how many there were
  if (std::find(warnings_.begin(), warnings_.end(), Line(place, message)) != warnings_.end()) return;
  if (warnings_.size() < kMost) {
    warnings_.push_back(Line(place, message));
  } else {
    ++dropped_warnings_;
    warnings_.resize(kMost);
    warnings_.push_back(source_ + ": " + std::to_string(dropped_warnings_) + " more warnings");
  }
}

onnx::TypeProto Session::Resolve(const onnx::TypeProto& declared, const std::string& place, const std::string& tensor) {
  onnx::TypeProto type = declared;
  if (!type.has_tensor_type() || !type.tensor_type().has_shape()) return type;
  for (auto& dim : *type.mutable_tensor_type()->mutable_shape()->mutable_dim()) {
    if (dim.has_dim_param()) {
      try {
        const std::optional<std::int64_t> value = dimensions_.ValueOf(dim.dim_param(), options_.default_dim);
        if (value) dim.set_dim_value(*value);
      } catch (const Error& error) {
        Fail(error.code(), place, "tensor " + Quoted(tensor) + ": " + error.what());
      }
    } else if (dim.has_dim_value() && dim.dim_value() == -1) {
      dim.clear_value();  // some exporters write unset dimensions so
    } else if (dim.has_dim_value() && dim.dim_value() < 0) {
      Fail(ErrorCode::kBadInput, place,
           "tensor " + Quoted(tensor) + " has the dimension " + std::to_string(dim.dim_value()));
    }
  }
  return type;
}

void Session::LearnDimensions(const onnx::TypeProto& declared, const onnx::TypeProto& type) {
  const auto& names = declared.tensor_type().shape().dim();
  const auto& values = type.tensor_type().shape().dim();
  if (names.size() != values.size()) return;
  for (int i = 0; i < names.size(); ++i) {
    if (names[i].has_dim_param() && values[i].has_dim_value()) {
      dimensions_.Learn(names[i].dim_param(), values[i].dim_value());
    }
  }
}

std::string Quoted(const std::string& name) { return "\"" + Printable(name, 120) + "\""; }

}  // namespace orionrt::onnx_import
