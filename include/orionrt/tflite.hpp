// Reads TFLite models, and writes plans into them for TensorFlow Lite Micro (component orionrt::tflite, built where the
// FlatBuffers library is).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/export.hpp"
#include "orionrt/import.hpp"

namespace orionrt {

// Reads a .tflite file. `source` is what messages call it: "model.tflite". Ids of tensors and ops are their indices in
// the file. Sizes are those of the shapes in the file: nothing is inferred anew, so options that would change a shape
// are refused, and names of dimensions (ImportOptions::dims), which the format does not have. The attribute of a body
// is its role and its subgraph: "cond_sub1".
// Throws Error: kBadInput for a file that is no TFLite model or breaks its rules, kUnsupported for sizes that cannot be
// known before run time; the message names file, op and tensor, and what helps.
ORIONRT_API ImportedModel ImportTflite(const std::string& bytes, const std::string& source,
                                       const ImportOptions& options);

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
ORIONRT_API std::string WriteTflmPlan(const std::string& bytes, const std::vector<std::vector<std::int64_t>>& offsets,
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
ORIONRT_API std::optional<std::vector<std::vector<std::int64_t>>> ReadTflmPlan(const std::string& bytes,
                                                                               const std::string& source);

}  // namespace orionrt
