// What model importers take and give; the same for every format.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/graph.hpp"

namespace orionrt {

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
  // or the name of a tensor: it gets the role kHeld.
  std::vector<std::string> in_place_types;
  std::vector<std::string> external;
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

}  // namespace orionrt
