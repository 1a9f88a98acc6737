// What every command that reads a problem or a model takes, and how it is read.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/graph.hpp"
#include "orionrt/io.hpp"
#include "orionrt/transform.hpp"
#include "report/report.hpp"

namespace orionrt::cli {

struct InputOptions {
  std::string format;               // --input-format; empty: by suffix
  std::string alignment;            // --alignment; empty: the format's default
  bool ignore_offsets = false;      // --ignore-offsets
  std::vector<std::string> dims;    // --dim NAME=N
  std::vector<std::string> inputs;  // --input NAME=1x3x224x224
  bool no_fold = false;             // --no-fold
  bool fold_shapes = false;         // --fold-shapes
  std::vector<std::string> pools;   // --pool NAME=BYTES:KEY=VALUE...
  std::vector<Pool> pool_table;     // instead of --pool, where another command knows it
  Transforms transforms;            // --views, --in-place, --colocate, --reorder
  bool all_transforms = false;      // --all
  bool quiet = false;               // no warnings: they have been given
};

// The body of a control-flow op: a problem of its own.
struct Body {
  std::string name;  // "2.else_branch": position of the op, and which of its bodies
  Problem problem;
  std::shared_ptr<const Problem> as_read;
  std::shared_ptr<const Graph> graph;
  std::vector<BufferInfo> infos;
  std::vector<std::string> step_names;
  std::vector<Body> bodies;
};

// A .tflite model, for what is written into a copy of it.
struct TfliteFile {
  std::string bytes;
  Graph graph;
};

struct Input {
  std::string source;                   // the path as given
  Problem problem;                      // with its alignments raised to `alignment`
  std::int64_t alignment = 1;           // bytes
  std::vector<std::string> step_names;  // of a model's ops, by step
  // Of a model or a graph, its ops in the order that is planned; null where its tensors share buffers.
  std::shared_ptr<const Graph> graph;
  // What transforms made of the graph; null where none were asked for.
  std::shared_ptr<const TransformedGraph> transformed;
  int moved_ops = 0;                         // of these: moved past others
  std::vector<BufferInfo> infos;             // one per buffer: of graphs; of plans their classes; or none
  std::optional<CsvFile> csv;                // where the input is CSV: its rows as they stand
  std::shared_ptr<const Problem> as_read;    // where it is not: before alignments were raised
  std::vector<Body> bodies;                  // of a model's control-flow ops
  std::optional<WeightBytes> weights;        // of a model
  std::optional<WorkspaceBytes> workspaces;  // of a graph
  std::optional<PlanFile> plan;              // where the input is a plan
  std::shared_ptr<const TfliteFile> tflite;
};

void AddInputOptions(CLI::App& app, InputOptions& options);

// Those that the options ask for.
Transforms TransformsOf(const InputOptions& options);
bool Any(const Transforms& transforms);

// "csv", "onnx", "tflite" or "json". Throws Error (kMisuse) where neither suffix nor option say it.
std::string InputFormat(const std::string& path, const InputOptions& options);

// The rows in CSV; with `offsets`, these as their last column; with a plan over pools, their names before that. Throws
// Error (kUnsupported) for what CSV cannot say.
std::string WriteRows(const Input& input, const std::vector<std::int64_t>* offsets, const Plan* plan = nullptr);

// Reads a file, or standard input for "-". Warnings go to stderr. Throws Error.
Input LoadInput(const std::string& path, const InputOptions& options);

}  // namespace orionrt::cli
