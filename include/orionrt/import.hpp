// What model importers take and give, and the importers of ONNX and TFLite models (components orionrt::onnx and
// orionrt::tflite, built where their libraries are).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/graph.hpp"

namespace orionrt {

// What an op of one's own makes of its inputs, for models that have ops which nobody else knows (--op-rules FILE;
// ReadOpRules of orionrt/formats.hpp). How the texts are written: docs/op_rules.md.
struct OpRule {
  struct Output {
    std::vector<std::string> shape;  // its dimensions, the outermost first: "x[0]", "x[-1] // stride", "x[:-1]"
    std::string dtype;               // "float32", or the name of an input whose type it has; empty: of the first input
  };
  std::string domain;               // empty: the standard one
  std::string op;                   // its type
  std::vector<std::string> inputs;  // what the texts call them, in order; there may be more of them
  std::map<std::string, std::vector<std::int64_t>> attributes;  // values of those that a node leaves out
  std::vector<Output> outputs;
  // As in OpNode; positions are those of the node in the file. One that the sizes of a node do not allow is left out.
  std::vector<Alias> aliases;
  bool has_effects = false;
  std::string workspace_bytes;  // as an element of a shape; empty: none
  std::size_t workspace_alignment = 0;
  std::string place;  // what messages call it: "rules.json: rules[2]"
};

struct ImportOptions {
  std::map<std::string, std::int64_t> dims;  // --dim NAME=N: values of symbolic dimensions
  std::optional<std::int64_t> default_dim;   // --dim '*=N': of all that are still unset, unnamed ones included
  std::map<std::string, std::vector<std::int64_t>> inputs;  // --input NAME=1x3x224x224: whole shapes of graph inputs
  // Where small constants kept outside the file are looked for: its folder. Empty: they are not read. Weights never
  // are.
  std::string data_folder;
  // --data-folder DIR: where external data lies that is not beside the model, or where links there lead. Nothing
  // outside of the two folders is read.
  std::string extra_data_folder;
  bool fold_constants = true;  // --no-fold clears it: ops of constants alone do not run
  bool fold_shapes = false;    // --fold-shapes: neither do ops of known shapes
  // --trust-shapes: what the file declares of a tensor goes before what follows from the op that makes it, and ops that
  // could not run on their inputs are planned.
  bool trust_shapes = false;
  // --shape NAME=1x10x4: of a tensor that an op makes, before all that follows from the model.
  std::map<std::string, std::vector<std::int64_t>> shapes;
  // What the engine does with the graph, on top of what is known of its ops. --assume-in-place TYPE: every op of this
  // type may write each element over that of an input of the same shape and size. --external WHAT: "inputs", "outputs",
  // or the name of a tensor: it gets the role TensorRole::kHeld.
  std::vector<std::string> in_place_types;
  std::vector<std::string> external;
  // --op-rules FILE: before all that is known of ops of these types, functions of the model included. ONNX alone.
  std::vector<OpRule> op_rules;
  // What is done to the graph before it is planned; importers do neither, but plan files say so.
  int streams = 1;           // --streams N: OnStreams puts its branches on at most so many streams
  bool imply_waits = false;  // --imply-waits: ImplyWaits adds the waits that data needs
};

// What the body of a control-flow op (If, Loop, Scan, ...) runs: a graph of its own, with its own time. Tensors of the
// outer graph that it reads are not in it; they are inputs of the op.
struct NestedGraph {
  int op = 0;             // position of the op in the graph around it
  std::string attribute;  // which of its bodies: "then_branch"
  Graph graph;
  std::vector<NestedGraph> bodies;
};

// What the constants of a model take; no plan places them. Those in bodies of control-flow ops are counted too.
struct WeightBytes {
  std::int64_t stored_bytes = 0;  // as the file, or the data beside it, holds them: packed, sparse, quantized
  std::int64_t needed_bytes = 0;  // those that ops read at run time, once folded: unpacked, dense, dequantized
  std::int64_t count = 0;         // how many make up needed_bytes; empty ones are none
};

struct ImportedModel {
  Graph graph;                        // every op of the file has its step, folded ones too
  std::vector<NestedGraph> bodies;    // ascending by op; of an If of known condition, only the branch taken
  std::vector<std::string> warnings;  // one line each
  WeightBytes weights;
};

// Thrown by importers for sizes that the model leaves open (kUnsupported).
class ORIONRT_API MissingSizes : public Error {
 public:
  MissingSizes(const std::string& message, std::string options)
      : Error(ErrorCode::kUnsupported, message), options_(std::move(options)) {}
  // Options of orionrt that set all that is known to be open to 1, quoted for a shell: "--dim batch=1 --dim seq=1".
  const std::string& options() const noexcept { return options_; }

 private:
  std::string options_;
};

// Reads a serialized ModelProto. `source` is what messages call it: "model.onnx".
// Throws Error: kBadInput for a file that is no ONNX model or breaks its rules, kUnsupported for shapes that cannot be
// known before run time (MissingSizes where options give them); the message names file, node and tensor, and the option
// that helps.
ORIONRT_API ImportedModel ImportOnnx(std::string_view bytes, const std::string& source, const ImportOptions& options);

// Reads a .tflite file. `source` is what messages call it: "model.tflite". Ids of tensors and ops are their indices in
// the file. Sizes are those of the shapes in the file: nothing is inferred anew, so options that would change a shape
// are refused, and names of dimensions (ImportOptions::dims), which the format does not have. The attribute of a body
// is its role and its subgraph: "cond_sub1".
// Throws Error: kBadInput for a file that is no TFLite model or breaks its rules, kUnsupported for sizes that cannot be
// known before run time; the message names file, op and tensor, and what helps.
ORIONRT_API ImportedModel ImportTflite(std::string_view bytes, const std::string& source, const ImportOptions& options);

inline constexpr std::int64_t kTflmPlansIt = -1;  // an offset left to TFLM, which plans around the given ones

// A copy of the .tflite file with the metadata "OfflineMemoryAllocation", which TFLM obeys in place of its own planner.
// offsets[s][t] is where tensor t of subgraph s lies, in bytes from the start of the arena's head; lists may be short,
// what they leave out is kTflmPlansIt. Everything else of the file stays, byte for byte; a plan that is there is
// replaced. Variable tensors are left to TFLM, which keeps them apart from run to run.
// Import with fold_constants off to plan what TFLM allocates: it runs every op. Give offsets for bodies only where they
// keep clear of what the graph around holds meanwhile; those left out TFLM places so itself. TFLM of before April 2023
// takes the offsets of subgraph 0 for those of every other one too.
// Throws Error: kMisuse for an offset that is negative, no multiple of 16, or of a constant or an unknown tensor;
// kUnsupported for what TFLM cannot read: offsets past 31 bits, data outside the tables, ops out of order; otherwise as
// ImportTflite.
ORIONRT_API std::string WriteTflmPlan(std::string_view bytes, const std::vector<std::vector<std::int64_t>>& offsets,
                                      const std::string& source);

// The inverse: offsets[s][t] as the metadata "OfflineMemoryAllocation" of a .tflite file states them, whoever wrote it
// (Arm's Vela does, too), a list a subgraph and an offset a tensor; nothing where the file has no such metadata. A file
// of WriteTflmPlan gives back what it was given, lists filled up with kTflmPlansIt, variables kTflmPlansIt.
//
// What TFLM itself demands of the list, words of 32 bits: version, number of subgraphs, n, then n offsets, those of all
// subgraphs one after another. It looks at neither of the first two; n must be the number of tensors of all subgraphs,
// constants included, or it allocates nothing. An offset of -1 is its own to plan; any other is taken as it stands,
// in bytes from the start of the arena's head, without a look at alignment (kernels count on 16) or at who else lies
// there. It ignores those of constants and of empty tensors. Where several entries have that name it takes the last.
// Here a list is refused that is not sure to mean what it says: of a version that is neither 1 nor Vela's 0; with
// another number of subgraphs (0 will do where there is one: older writers put an index there), of tensors, or of
// bytes; with an offset below -1; twice in a file. Where tensors lie is not judged: they may clash, or at no multiple
// of 16.
// Throws Error: kBadInput naming file and place for that, or a file that is no TFLite model; kUnsupported for another
// version of the format.
ORIONRT_API std::optional<std::vector<std::vector<std::int64_t>>> ReadTflmPlan(std::string_view bytes,
                                                                               const std::string& source);

}  // namespace orionrt
