// What the constants of a model take in the file, known without reading them.
#pragma once

#include "io/onnx/onnx_session.hpp"

namespace orionrt::onnx_import {

// Of one constant: its elements as the file, or the data beside it, holds them; of a sparse one values and indices.
std::int64_t StoredBytes(const onnx::TensorProto& proto);
std::int64_t StoredBytes(const onnx::SparseTensorProto& proto);
std::int64_t StoredBytes(const onnx::NodeProto& constant);  // a node of the op Constant

// Counts every constant of the model, once: those of bodies that no op runs, and of functions, too.
void CountStored(const onnx::ModelProto& model, Session& session);

}  // namespace orionrt::onnx_import
