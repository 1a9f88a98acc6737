// What every command that reads a problem or a model takes, and how it is read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "options.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/streams.hpp"

namespace orionrt::cli {

struct InputOptions {
  std::string format;                   // --input-format; empty: by suffix
  std::string model;                    // --model: that a binary plan was made of
  std::string alignment;                // --alignment; empty: the format's default
  bool ignore_offsets = false;          // --ignore-offsets
  std::vector<std::string> dims;        // --dim NAME=N
  std::vector<std::string> inputs;      // --input NAME=1x3x224x224
  std::vector<std::string> shapes;      // --shape NAME=1x3x224x224
  bool trust_shapes = false;            // --trust-shapes
  std::vector<std::string> in_place;    // --assume-in-place TYPE
  std::vector<std::string> external;    // --external WHAT
  std::vector<std::string> op_rules;    // --op-rules FILE
  std::string data_folder;              // --data-folder DIR
  bool no_fold = false;                 // --no-fold
  bool fold_shapes = false;             // --fold-shapes
  std::vector<std::string> spaces;      // --space NAME=BYTES:KEY=VALUE...
  std::vector<Space> space_table;       // instead of --space, where another command knows it
  std::optional<int> streams;           // --streams N
  bool imply_waits = false;             // --imply-waits
  Transforms transforms;                // --views, --in-place, --colocate, --reorder
  bool all_transforms = false;          // --all
  std::optional<ImportOptions> import;  // how the model was read before; --dim and the like come on top
  bool beside_model = false;            // another input is a model: options of models are for that one
  bool quiet = false;                   // no warnings: they have been given
};

// A .tflite model, for what is written into a copy of it.
struct TfliteFile {
  std::string bytes;
  Graph graph;
};

struct Input {
  Workload workload;                         // `source`: the path as given; alignments raised to `alignment`
  std::optional<CsvFile> csv;                // where the input is CSV: its rows as they stand
  std::optional<PlanFile> plan;              // where the input is a plan
  std::shared_ptr<const TfliteFile> tflite;  // where it is a .tflite model
  std::vector<NestedGraph> nested;           // of a model: the bodies of its control-flow ops as they were read
  std::vector<ImpliedWait> implied_waits;    // that --imply-waits has added, in the order of a run
};

void AddInputOptions(OptionTable& table, InputOptions& options);

// Those that the options ask for.
Transforms TransformsOf(const InputOptions& options);

// "csv", "onnx", "tflite" or "json". Throws Error (kMisuse) where neither suffix nor option say it.
std::string InputFormat(const std::string& path, const InputOptions& options);

// Of --alignment; nothing where it is not given. Throws Error (kMisuse).
std::optional<std::int64_t> AskedAlignment(const InputOptions& options);

// What --dim, --input and the folding options say, on top of `import`. Throws Error (kMisuse).
ImportOptions MakeImportOptions(const std::string& source, const InputOptions& options);

// The rows in CSV; with `offsets`, these as their last column; with a plan over spaces, their names before that. Throws
// Error (kUnsupported) for what CSV cannot say.
std::string WriteRows(const Input& input, const std::vector<std::int64_t>* offsets, const Plan* plan = nullptr);

// The lifetimes of a graph in CSV, each buffer with the alignment that its tensors ask for themselves.
CsvFile RowsOf(const Workload& workload);

// Reads a file, or standard input for "-". Warnings go to stderr. Throws Error.
Input LoadInput(const std::string& path, const InputOptions& options);

}  // namespace orionrt::cli
