// Reads an ONNX file within a limit of memory, settles its dimensions, and makes the graph of it.
#include <google/protobuf/arena.h>
#include <google/protobuf/stubs/logging.h>

#include <exception>
#include <limits>
#include <map>
#include <new>
#include <set>

#include "base/index.hpp"
#include "base/suggest.hpp"
#include "base/text.hpp"
#include "graph/engine_options.hpp"
#include "io/dims/dimensions.hpp"
#include "io/onnx/constants.hpp"
#include "io/onnx/onnx_graph.hpp"
#include "io/onnx/weights.hpp"
#include "orionrt/import.hpp"

namespace orionrt {
namespace {

using onnx_import::GraphBuilder;
using onnx_import::Quoted;
using onnx_import::ReadConstants;
using onnx_import::Session;

// Two bytes of a file can ask for a record of two hundred: a limit on what all records together may take.
constexpr std::size_t kMaxRecordBytes = std::size_t{1} << 30;
thread_local std::size_t record_bytes = 0;

void* AllocateRecords(std::size_t bytes) {
  record_bytes += bytes;
  if (record_bytes > kMaxRecordBytes) throw std::bad_alloc();
  return ::operator new(bytes);
}

void FreeRecords(void* block, std::size_t) { ::operator delete(block); }

google::protobuf::ArenaOptions LimitedArena() {
  google::protobuf::ArenaOptions options;
  options.max_block_size = std::size_t{1} << 20;
  options.block_alloc = AllocateRecords;
  options.block_dealloc = FreeRecords;
  record_bytes = 0;
  return options;
}

onnx::ModelProto& Parse(std::string_view bytes, const std::string& source, google::protobuf::Arena& arena) {
  if (bytes.empty()) throw Error(ErrorCode::kBadInput, source + ": is empty; was its export or its copy cut off?");
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Error(ErrorCode::kUnsupported, source + ": is larger than 2 GiB; keep its weights in external data");
  }
  auto* model = google::protobuf::Arena::CreateMessage<onnx::ModelProto>(&arena);
  google::protobuf::LogSilencer silence;
  bool parsed = false;
  try {
    parsed = model->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kBadInput, source + ": holds too many records to be read in 1 GiB of memory");
  }
  if (!parsed) throw Error(ErrorCode::kBadInput, source + ": is no ONNX model, or is cut off; export or copy it anew");
  if (!model->has_graph()) throw Error(ErrorCode::kBadInput, source + ": holds no graph");
  if (model->graph().node_size() == 0) throw Error(ErrorCode::kBadInput, source + ": its graph has no nodes");
  return *model;
}

// Calls `visit` for each text of a dimension in the file.
template <typename Visit>
void ForEachDim(const onnx::TypeProto& type, const Visit& visit) {
  for (const auto& dim : type.tensor_type().shape().dim()) {
    if (!dim.dim_param().empty()) visit(dim.dim_param());
  }
}

template <typename Visit>
void ForEachDim(const onnx::GraphProto& graph, const Visit& visit) {
  for (const auto* list : {&graph.input(), &graph.output(), &graph.value_info()}) {
    for (const auto& info : *list) {
      ForEachDim(info.type(), [&](const std::string& text) { visit(info.name(), text); });
    }
  }
  for (const auto& node : graph.node()) {
    if (node.op_type() == "Loop") visit(node.name(), onnx_import::kTripName);
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) ForEachDim(attribute.g(), visit);
    }
  }
}

std::string List(const std::set<std::string>& names) {
  std::string text;
  int left = 20;
  for (const std::string& name : names) {
    if (left-- == 0) return text + ", ...";
    text += (text.empty() ? "" : ", ") + Quoted(name);
  }
  return text.empty() ? "none" : text;
}

// The names of what nodes make, those in bodies too.
void AddMade(const onnx::GraphProto& graph, std::set<std::string>& names) {
  for (const auto& node : graph.node()) {
    names.insert(node.output().begin(), node.output().end());
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) AddMade(attribute.g(), names);
    }
  }
}

// A name that matches nothing is a typing error, and would silently change nothing.
void CheckOptions(const onnx::GraphProto& graph, const std::string& source, const ImportOptions& options,
                  const Dimensions& dimensions) {
  auto fail = [&source](const std::string& message) { throw Error(ErrorCode::kBadInput, source + ": " + message); };
  constexpr std::int64_t kMostPerDim = std::int64_t{1} << 40;
  auto check = [&](const std::string& option, std::int64_t dim) {
    if (dim < 0 || dim > kMostPerDim)
      fail(option + ": " + std::to_string(dim) + " is no dimension; give one from 0 to 2^40");
  };
  if (options.default_dim) check("--dim '*'", *options.default_dim);
  for (const auto& [name, dim] : options.dims) {
    check("--dim " + name, dim);
    if (dimensions.Has(name)) continue;
    std::set<std::string> of_inputs;  // those that matter most: exporters name hundreds of others
    std::set<std::string> all;
    const auto add = [&](std::set<std::string>& symbols, const std::string& text) {
      for (const std::string& symbol : dimensions.SymbolsOf(text)) symbols.insert(symbol);
    };
    for (const auto& input : graph.input()) {
      ForEachDim(input.type(), [&](const std::string& text) { add(of_inputs, text); });
    }
    ForEachDim(graph, [&](const std::string&, const std::string& text) { add(all, text); });
    fail("--dim " + name + ": the model has no such dimension" + DidYouMean(name, {all.begin(), all.end()}) +
         (all.empty() ? std::string(": all of its shapes are fixed; --input NAME=SHAPE gives an input another")
                      : "; it has: " + List(of_inputs.empty() ? all : of_inputs)));
  }
  std::set<std::string> inputs;
  for (const auto& input : graph.input()) inputs.insert(input.name());
  for (const auto& constant : graph.initializer()) inputs.erase(constant.name());
  for (const auto& [name, dims] : options.inputs) {
    for (std::int64_t dim : dims) check("--input " + name, dim);
    if (inputs.count(name)) continue;
    fail("--input " + name + ": the model has no such input" + DidYouMean(name, {inputs.begin(), inputs.end()}) +
         "; it has: " + List(inputs));
  }
  std::set<std::string> made;
  if (!options.shapes.empty()) AddMade(graph, made);
  for (const auto& [name, dims] : options.shapes) {
    for (std::int64_t dim : dims) check("--shape " + name, dim);
    if (made.count(name)) continue;
    fail("--shape " + name + ": no op makes such a tensor" + DidYouMean(name, {made.begin(), made.end()}) +
         "; --input is for inputs of the model");
  }
}

// A shape given by --input tells the symbolic dimensions in it, wherever else they stand: names that have one value
// throughout (some exporters call every open dimension "None"), and whatever follows from expressions.
void GiveShapes(const onnx::GraphProto& graph, const ImportOptions& options, Dimensions& dimensions) {
  std::map<std::string, std::map<std::int64_t, std::string>> told;  // text -> value -> option
  for (const auto& input : graph.input()) {
    const auto given = options.inputs.find(input.name());
    const auto& dims = input.type().tensor_type().shape().dim();
    if (given == options.inputs.end() || static_cast<std::size_t>(dims.size()) != given->second.size()) continue;
    const std::string option = input.name() + "=" + onnx_import::ShapeOption(given->second);
    for (int i = 0; i < dims.size(); ++i) {
      if (dims[i].dim_param().empty()) continue;
      told[dims[i].dim_param()].emplace(given->second[At(i)], "--input " + ShellWord(option));
    }
  }
  for (const auto& [text, values] : told) {
    if (values.size() == 1) dimensions.Give(text, values.begin()->first, values.begin()->second);
  }
}

// What the options say of the model's dimensions.
Dimensions DimensionsOf(const onnx::GraphProto& graph, const std::string& source, const ImportOptions& options) {
  Dimensions dimensions;
  ForEachDim(graph, [&](const std::string& name, const std::string& text) {
    try {
      dimensions.Add(text);
    } catch (const Error& error) {
      throw Error(error.code(), source + ": dimension " + Quoted(text) + " of tensor " + Quoted(name) + " " +
                                    error.what() + "; give the dimension a shorter name in the file");
    }
  });
  CheckOptions(graph, source, options, dimensions);
  try {
    for (const auto& [text, value] : options.dims) {
      dimensions.Give(text, value, "--dim " + ShellWord(text + "=" + std::to_string(value)));
    }
    GiveShapes(graph, options, dimensions);
  } catch (const Error& error) {
    throw Error(error.code(), source + ": " + error.what());
  }
  return dimensions;
}

ImportedModel Import(std::string_view bytes, const std::string& source, const ImportOptions& options) {
  google::protobuf::Arena arena(LimitedArena());
  onnx::ModelProto& model = Parse(bytes, source, arena);
  Dimensions dimensions = DimensionsOf(model.graph(), source, options);
  const std::vector<std::string> warnings = ReadConstants(model, source, options);
  Session session(model, source, options, dimensions);
  GraphBuilder graph(session, model.graph(), nullptr, "", false);
  graph.Run({});
  ImportedModel imported;
  imported.graph = graph.MakeGraph();
  imported.bodies = graph.TakeBodies();
  ApplyEngineOptions(options, source, imported);
  CountStored(model, session);
  imported.weights = session.weights();
  imported.warnings = session.TakeWarnings();
  imported.warnings.insert(imported.warnings.end(), warnings.begin(), warnings.end());
  return imported;
}

}  // namespace

ImportedModel ImportOnnx(std::string_view bytes, const std::string& source, const ImportOptions& options) {
  try {
    return Import(bytes, source, options);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, source + ": not enough memory to import it");
  } catch (const std::exception& error) {  // of the libraries underneath, which trust their input
    throw Error(ErrorCode::kBadInput, source + ": " + error.what());
  }
}

}  // namespace orionrt
