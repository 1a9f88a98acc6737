// orionrt plan model.tflite --format tflm: a plan for TensorFlow Lite Micro, inside a copy of the model.
#pragma once

#include <cstdint>
#include <string>

#include "input.hpp"

namespace orionrt::cli {

constexpr std::int64_t kTflmAlignment = 16;  // bytes, of TFLM's arena and of every tensor in it

// The options with which TFLM's view of the model is read: it runs every op, and aligns to 16 bytes at least.
// Throws Error (kMisuse) for what is no .tflite model, and for options that change what runs.
InputOptions TflmOptions(const std::string& path, InputOptions options);

// A model as TFLM plans it. Variables, which it keeps apart, are left out of what is planned: their buffers take no
// bytes.
Input LoadForTflm(const std::string& path, const InputOptions& options);

// The model with the offsets of its first subgraph.
std::string WriteTflm(const Input& input, const PlanFile& plan);

}  // namespace orionrt::cli
