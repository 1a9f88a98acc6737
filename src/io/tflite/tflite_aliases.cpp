#include "io/tflite/tflite_aliases.hpp"

#include <algorithm>
#include <cstring>

namespace orionrt::tflite_import {
namespace {

constexpr int kInt32 = 2;

// The numbers of a constant of that many int32; empty where it is none.
Dims IntsOf(const OpRecord& record, std::size_t input, std::size_t count) {
  if (input >= record.inputs.size()) return {};
  const fb::Tensor& tensor = *record.graph.tensors()->Get(static_cast<std::uint32_t>(record.inputs[input]));
  if (tensor.type() != kInt32 || tensor.external_buffer() != 0 || tensor.buffer() >= SizeOf(record.model.buffers())) {
    return {};
  }
  const auto* data = record.model.buffers()->Get(tensor.buffer())->data();
  if (SizeOf(data) != count * sizeof(std::int32_t)) return {};
  Dims numbers(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t number = 0;
    for (std::uint32_t k = 0; k < 4; ++k) {
      number |= std::uint32_t{data->Get(static_cast<std::uint32_t>(4 * i) + k)} << (8 * k);
    }
    numbers[i] = static_cast<std::int32_t>(number);
  }
  return numbers;
}

void AddSlice(const OpRecord& record, OpOperands& op) {
  const Dims begin = IntsOf(record, 1, op.inputs[0].dims.size());
  if (begin.size() != op.outputs[0].dims.size()) return;
  op.begin = begin;
  op.extent = op.outputs[0].dims;
}

void AddStridedSlice(const OpRecord& record, OpOperands& op) {
  const auto* options = record.op.builtin_options_as_StridedSliceOptions();
  const Dims& dims = op.inputs[0].dims;
  const Dims begin = IntsOf(record, 1, dims.size());
  const Dims end = IntsOf(record, 2, dims.size());
  const Dims steps = IntsOf(record, 3, dims.size());
  if (!options || options->ellipsis_mask() != 0 || options->new_axis_mask() != 0 || dims.size() > 31) return;
  if (begin.empty() || end.empty() || steps.empty()) return;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    const auto has = [d](std::int32_t mask) { return (static_cast<std::uint32_t>(mask) >> d & 1u) != 0; };
    const auto place = [&](std::int64_t at) {
      return std::clamp<std::int64_t>(at < 0 ? at + dims[d] : at, 0, dims[d]);
    };
    const std::int64_t first = has(options->begin_mask()) ? 0 : place(begin[d]);
    const std::int64_t last = has(options->end_mask()) ? dims[d] : place(end[d]);
    op.begin.push_back(first);
    op.extent.push_back(has(options->shrink_axis_mask()) ? 1 : last - first);
  }
  const auto is_one = [](std::int64_t step) { return step == 1; };
  if (!std::all_of(steps.begin(), steps.end(), is_one)) op.begin.clear();
}

// The elements as they are: with another scale or zero point they would have to be computed anew.
bool EquallyQuantized(const OpRecord& record) {
  const auto quantization = [&](int tensor) {
    const auto* q = record.graph.tensors()->Get(static_cast<std::uint32_t>(tensor))->quantization();
    const bool has_scale = q && SizeOf(q->scale()) > 0;
    const bool has_zero = q && SizeOf(q->zero_point()) > 0;
    return std::make_pair(has_scale ? q->scale()->Get(0) : 0.0f, has_zero ? q->zero_point()->Get(0) : 0);
  };
  return std::all_of(record.inputs.begin(), record.inputs.end(),
                     [&](int input) { return quantization(input) == quantization(record.outputs[0]); });
}

}  // namespace

std::vector<Alias> AliasesOf(const OpRecord& record, OpOperands operands) {
  if (operands.inputs.empty() || operands.outputs.empty()) return {};
  if (operands.type == "SLICE") AddSlice(record, operands);
  if (operands.type == "STRIDED_SLICE") AddStridedSlice(record, operands);
  if (operands.type == "CONCATENATION") {
    const auto* options = record.op.builtin_options_as_ConcatenationOptions();
    if ((options && options->fused_activation_function() != 0) || !EquallyQuantized(record)) return {};
  }
  return orionrt::AliasesOf(operands);
}

}  // namespace orionrt::tflite_import
