// Reads a TensorFlow Lite file, settles its dimensions, and makes the graph of it.
#include <exception>
#include <new>

#include "base/text.hpp"
#include "graph/engine_options.hpp"
#include "io/tflite/tflite_graph.hpp"
#include "orionrt/import.hpp"

namespace orionrt {
namespace {

using tflite_import::Dims;
using tflite_import::DimsOf;
using tflite_import::Quoted;
using tflite_import::Session;
using tflite_import::SizeOf;
namespace fb = tflite_import::fb;

constexpr const char* kNoInference = "shapes are not inferred anew, so convert the model with the shape that you want";

std::string DimsText(const Dims& dims) {
  std::string text;
  for (std::int64_t dim : dims) text += (text.empty() ? "" : "x") + (dim < 0 ? "?" : std::to_string(dim));
  return text.empty() ? "scalar" : text;
}

// The inputs of the model, those with bad numbers left out: the builder reports them.
std::vector<const fb::Tensor*> InputsOf(const fb::Model& model) {
  const fb::SubGraph& graph = *model.subgraphs()->Get(0);
  std::vector<const fb::Tensor*> inputs;
  for (std::uint32_t i = 0; i < SizeOf(graph.inputs()); ++i) {
    const auto tensor = static_cast<std::uint32_t>(graph.inputs()->Get(i));  // a negative one is beyond all
    if (tensor < SizeOf(graph.tensors())) inputs.push_back(graph.tensors()->Get(tensor));
  }
  return inputs;
}

// The shape with -1 where a dimension is open, which `shape` itself says only in old files.
Dims SignatureOf(const fb::Tensor& tensor) {
  const bool given = SizeOf(tensor.shape_signature()) == SizeOf(tensor.shape());
  return DimsOf(given ? tensor.shape_signature() : tensor.shape());
}

bool IsOpen(const fb::Tensor& tensor) {
  for (std::int64_t dim : SignatureOf(tensor)) {
    if (dim < 0) return true;
  }
  return false;
}

std::string List(const std::vector<const fb::Tensor*>& inputs) {
  std::string text;
  for (std::size_t i = 0; i < inputs.size() && i < 20; ++i) text += (i > 0 ? ", " : "") + Quoted(inputs[i]->name());
  return inputs.size() > 20 ? text + ", ..." : text.empty() ? "none" : text;
}

void CheckInput(const Session& session, const std::vector<const fb::Tensor*>& inputs, const std::string& name,
                const Dims& asked) {
  const std::string option = "--input " + name;
  for (const fb::Tensor* input : inputs) {
    if (!input->name() || input->name()->str() != name) continue;
    Dims dims = DimsOf(input->shape());
    for (std::int64_t& dim : dims) {
      if (dim == -1 && session.options().default_dim == 1) dim = 1;
    }
    if (dims == asked) return;
    session.Fail(ErrorCode::kUnsupported, "",
                 option + "=" + DimsText(asked) + ": the input is " + DimsText(dims) + " in the file; " + kNoInference);
  }
  session.Fail(ErrorCode::kBadInput, "", option + ": the model has no such input; it has: " + List(inputs));
}

bool HasTensor(const fb::Model& model, const std::string& name) {
  for (std::uint32_t s = 0; s < SizeOf(model.subgraphs()); ++s) {
    const auto* tensors = model.subgraphs()->Get(s)->tensors();
    for (std::uint32_t t = 0; t < SizeOf(tensors); ++t) {
      const auto* own = tensors->Get(t)->name();
      if (own && own->str() == name) return true;
    }
  }
  return false;
}

void CheckOptions(Session& session) {
  const ImportOptions& options = session.options();
  if (!options.op_rules.empty()) {
    session.Warn("", "--op-rules: rules are for ONNX and do nothing here; --shape gives the shapes of custom ops");
  }
  if (!options.dims.empty()) {
    session.Fail(ErrorCode::kBadInput, "",
                 "--dim " + options.dims.begin()->first +
                     ": the model has no such dimension; TFLite gives dimensions no names, use --dim '*=1'");
  }
  const std::vector<const fb::Tensor*> inputs = InputsOf(session.model());
  session.Spend(inputs.size());
  for (const fb::Tensor* input : inputs) {
    session.Spend(SizeOf(input->shape()));
    if (!IsOpen(*input)) continue;
    const std::string what =
        "input " + Quoted(input->name()) + " has open dimensions, " + DimsText(SignatureOf(*input));
    if (!options.default_dim) {
      session.Warn("", what + "; planned as " + DimsText(DimsOf(input->shape())) + ", as the file has it");
    } else if (*options.default_dim != 1) {
      session.Fail(ErrorCode::kUnsupported, "",
                   "--dim '*=" + std::to_string(*options.default_dim) + "': " + what + "; " + kNoInference);
    }
  }
  if (options.default_dim && *options.default_dim < 0) {
    session.Fail(ErrorCode::kBadInput, "", "--dim '*=" + std::to_string(*options.default_dim) + "': no dimension");
  }
  for (const auto& [name, dims] : options.inputs) CheckInput(session, inputs, name, dims);
  for (const auto& [name, dims] : options.shapes) {
    if (!HasTensor(session.model(), name)) {
      session.Fail(ErrorCode::kBadInput, "", "--shape " + Printable(name) + ": the model has no such tensor");
    }
  }
}

ImportedModel Import(std::string_view bytes, const std::string& source, const ImportOptions& options) {
  const tflite_import::AlignedBytes aligned(bytes);
  Session session(tflite_import::OpenModel(aligned.view(), source), source, options);
  if (SizeOf(session.model().subgraphs()->Get(0)->operators()) == 0) {
    session.Fail(ErrorCode::kBadInput, "", "its graph has no ops");
  }
  CheckOptions(session);
  tflite_import::GraphBuilder builder(session, 0, "", {});
  ImportedModel imported;
  imported.graph = builder.Build();
  imported.bodies = builder.TakeBodies();
  ApplyEngineOptions(options, source, imported);
  imported.weights = session.FinishWeights();
  session.WarnOfUncalled();
  imported.warnings = session.TakeWarnings();
  return imported;
}

}  // namespace

ImportedModel ImportTflite(std::string_view bytes, const std::string& source, const ImportOptions& options) {
  try {
    return Import(bytes, source, options);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, source + ": not enough memory to import it");
  }
}

}  // namespace orionrt
