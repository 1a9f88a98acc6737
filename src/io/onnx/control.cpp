#include "io/onnx/control.hpp"

#include <algorithm>

#include "base/index.hpp"

namespace orionrt::onnx_import {
namespace {

// A body that has been gone through, until its graph is handed on.
class Body {
 public:
  Body(GraphBuilder& graph, const Node& node, const onnx::AttributeProto& attribute, bool lenient)
      : builder_(graph.session(), attribute.g(), &graph,
                 graph.Place(node) + ": body " + Quoted(attribute.name()) + ": ", lenient || graph.lenient()),
        attribute_(attribute) {}

  void Run(const std::vector<Tensor>& inputs) { builder_.Run(inputs); }

  Tensor* Output(std::size_t i) const { return i < builder_.outputs().size() ? builder_.outputs()[i] : nullptr; }

  void HandOn(GraphBuilder& graph, int position) { graph.AddBody(builder_.MakeNested(position, attribute_.name())); }

 private:
  GraphBuilder builder_;
  const onnx::AttributeProto& attribute_;
};

// What a body may assume of an input that changes from run to run: its type alone.
Tensor TypeAlone(onnx::TypeProto type) {
  Tensor tensor;
  tensor.SetType(std::move(type));
  return tensor;
}

// Sizes that rest on data do so on both sides of a body.
void TakeRunTime(const Tensor* from, Tensor* to) {
  if (!from || !to) return;
  to->run_time |= from->run_time;
  to->bounded |= from->bounded;
}

const onnx::AttributeProto& BodyNamed(GraphBuilder& graph, const Node& node, const char* name) {
  const onnx::AttributeProto* attribute = node.Attribute(name);
  if (!attribute || !attribute->has_g()) {
    graph.session().Fail(ErrorCode::kBadInput, graph.Place(node), "has no body " + Quoted(name));
  }
  return *attribute;
}

std::int64_t BytesOf(const Tensor& tensor) {
  return tensor.dims ? ByteCount(tensor.dtype, *tensor.dims).value_or(-1) : -1;
}

// Takes over the type of a body's output; of two that differ, the larger one.
void OfferType(GraphBuilder& graph, const Node& node, const Tensor* offered, Tensor* output, onnx::TypeProto& type) {
  if (!offered || !offered->HasType()) return;
  const Tensor have = TypeAlone(type);
  TakeRunTime(offered, output);
  if (have.dims && offered->dims && *have.dims != *offered->dims) {
    if (output) output->run_time = true;
    graph.session().Warn(graph.Place(node),
                         "its bodies give " + Quoted(*offered->name) + " different shapes; the larger one is taken");
  }
  if (BytesOf(*offered) > BytesOf(have) || !have.HasType()) type = offered->Type();
}

void RunIf(GraphBuilder& graph, Node& node, int position, Types& types) {
  const Value* condition = node.Known(0);
  const bool known = condition && condition->ints.size() == 1;
  for (const char* name : {"else_branch", "then_branch"}) {
    const onnx::AttributeProto& attribute = BodyNamed(graph, node, name);
    if (known && (condition->ints[0] != 0) != (name == std::string("then_branch"))) continue;
    Body body(graph, node, attribute, !known);
    body.Run({});
    for (std::size_t i = 0; i < types.size(); ++i) {
      Tensor* output = body.Output(i);
      OfferType(graph, node, output, node.outputs[i], types[i]);
      if (!known || !output || !node.outputs[i] || !output->KnownValue()) continue;
      node.outputs[i]->value = output->value;
    }
    body.HandOn(graph, position);
  }
}

onnx::TypeProto InsertDim(const onnx::TypeProto& type, std::int64_t axis, std::int64_t extent) {
  Tensor tensor = TypeAlone(type);
  if (!tensor.dims || !NormalizeAxis(axis, tensor.dims->size() + 1)) return {};
  tensor.dims->insert(tensor.dims->begin() + axis, extent);
  return MakeType(tensor.dtype, tensor.dims);
}

// One row per iteration; how many those are is a dimension like any other where nothing says it.
onnx::TypeProto StackRows(const Tensor& row, std::optional<std::int64_t> trips) {
  onnx::TypeProto type = InsertDim(row.Type(), 0, trips.value_or(0));
  if (!trips && type.has_tensor_type()) {
    type.mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param(kTripName);
  }
  return type;
}

onnx::TypeProto RemoveDims(const Tensor& tensor, std::size_t axis, std::size_t count) {
  if (!tensor.dims || tensor.dims->size() < axis + count) return {};
  Dims dims = *tensor.dims;
  const auto first = dims.begin() + static_cast<std::ptrdiff_t>(axis);
  dims.erase(first, first + static_cast<std::ptrdiff_t>(count));
  return MakeType(tensor.dtype, dims);
}

// How often a Loop runs at most, where the file or --dim trip=N says it, or it rests on a size that has a bound.
std::optional<std::int64_t> MostTrips(const Session& session, const Node& node) {
  const Value* limit = node.Known(0);
  if (limit && limit->ints.size() == 1) return std::max<std::int64_t>(limit->ints[0], 0);
  const auto given = session.options().dims.find(kTripName);
  if (given != session.options().dims.end()) return given->second;
  const ValueRange* range = node.Has(0) ? node.inputs[0]->range.get() : nullptr;
  if (session.options().default_dim || !range || range->most.ints.size() != 1) return std::nullopt;
  return std::max<std::int64_t>({range->least.ints[0], range->most.ints[0], 0});
}

// Whether a Loop makes all of its iterations: their number is known, and nothing ends it before.
bool RunsToTheEnd(const Node& node, Tensor* goes_on) {
  const auto is_true = [](const Value* value) { return value && value->ints.size() == 1 && value->ints[0] != 0; };
  return node.Known(0) && (!node.Has(1) || is_true(node.Known(1))) && goes_on && is_true(goes_on->KnownValue());
}

// What the carried inputs of a Loop (`inputs` behind the first two) have in the iteration where they are largest, and
// behind all of them. They stay what they are from the second iteration on, as where the first one broadcasts them; or
// every dimension grows, or shrinks, by the same from each iteration to the next.
struct CarriedTypes {
  std::vector<Tensor> last, after;
  bool grows = false;
};

CarriedTypes FindCarried(GraphBuilder& graph, const Node& node, const std::vector<Tensor>& inputs) {
  CarriedTypes found{inputs, inputs};
  const auto once = [&](const std::vector<Tensor>& from) {
    std::vector<Tensor> to = from;
    Body body(graph, node, BodyNamed(graph, node, "body"), true);
    body.Run(from);
    for (std::size_t i = 2; i < to.size(); ++i) {
      const Tensor* output = body.Output(i - 1);
      if (output && output->dims && from[i].dims && output->dims->size() == from[i].dims->size()) {
        to[i].SetType(output->Type());
      }
    }
    return to;
  };
  const auto differ = [](const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
    for (std::size_t i = 2; i < a.size(); ++i) {
      if (a[i].dims != b[i].dims) return true;
    }
    return false;
  };
  const std::vector<Tensor> first = once(inputs);
  if (!differ(inputs, first)) return found;
  const std::vector<Tensor> second = once(first);
  if (!differ(first, second)) {
    found.last = first;
    return found;
  }
  found.grows = true;
  const std::optional<std::int64_t> trips = MostTrips(graph.session(), node);
  if (!trips) {
    graph.session().FailMissing(graph.Place(node),
                                "what it carries grows with every iteration, and their number is known only at run "
                                "time; give --dim trip=N, the most that they can be",
                                "--dim trip=1");
  }
  for (std::size_t i = 2; i < inputs.size(); ++i) {
    if (!inputs[i].dims || inputs[i].dims == first[i].dims) continue;
    Dims last = *inputs[i].dims, after = last;
    for (std::size_t d = 0; d < last.size(); ++d) {
      const std::int64_t step = (*first[i].dims)[d] - (*inputs[i].dims)[d];
      std::int64_t all = 0;
      const bool is_steady = (*second[i].dims)[d] - (*first[i].dims)[d] == step;
      if (!is_steady || __builtin_mul_overflow(step, *trips, &all) || all > kMostExtent) {
        graph.session().Fail(ErrorCode::kUnsupported, graph.Place(node),
                             "what it carries changes its shape in every iteration, and not by the same each time: " +
                                 DimsText(*inputs[i].dims) + ", " + DimsText(*first[i].dims) + ", " +
                                 DimsText(*second[i].dims));
      }
      after[d] += std::max<std::int64_t>(all, 0);
      last[d] += *trips > 0 ? std::max<std::int64_t>(all - step, 0) : 0;
    }
    found.last[i].SetType(MakeType(inputs[i].dtype, last));
    found.after[i].SetType(MakeType(inputs[i].dtype, after));
    found.last[i].run_time = found.last[i].bounded = found.after[i].run_time = found.after[i].bounded = true;
  }
  return found;
}

// From no row to the most of them: data decides.
void BoundRows(GraphBuilder& graph, const Node& node, std::size_t output, const onnx::TypeProto& type) {
  const Tensor rows = TypeAlone(type);
  if (!rows.dims) return;
  DimsRange range{*rows.dims, *rows.dims, std::make_shared<const RunTimeSize>(RunTimeSize{(*rows.dims)[0]})};
  range.least[0] = 0;
  graph.SetExtent(output, std::move(range));
  if (graph.session().options().dims.count(kTripName) == 0) graph.WarnBound(*node.outputs[output], node, *rows.dims);
}

// Loop: (count, condition, carried...) -> (carried..., one row per iteration...). The body is planned as its last
// iteration runs it, when what it carries is largest.
void RunLoop(GraphBuilder& graph, Node& node, int position, Types& types) {
  std::vector<Tensor> inputs = {TypeAlone(MakeType(onnx::TensorProto::INT64, Dims())),
                                TypeAlone(MakeType(onnx::TensorProto::BOOL, Dims()))};
  inputs[1].value = std::make_shared<const Value>(Value{onnx::TensorProto::BOOL, {}, {1}, {}});  // or it would not run
  for (std::size_t i = 2; i < node.inputs.size(); ++i) {
    inputs.push_back(node.Has(i) ? TypeAlone(node.inputs[i]->Type()) : Tensor());
    TakeRunTime(node.Has(i) ? node.inputs[i] : nullptr, &inputs.back());
  }
  const std::size_t carried = inputs.size() - 2;
  const CarriedTypes all = graph.lenient() ? CarriedTypes{inputs, inputs} : FindCarried(graph, node, inputs);
  Body body(graph, node, BodyNamed(graph, node, "body"), false);
  body.Run(all.last);
  const std::optional<std::int64_t> trips = MostTrips(graph.session(), node);
  const bool may_end = !RunsToTheEnd(node, body.Output(0));
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Tensor* output = body.Output(i + 1);  // the first one is the condition
    if (!output || !output->HasType()) continue;
    TakeRunTime(output, node.outputs[i]);
    if (i < carried && all.after[i + 2].dims != inputs[i + 2].dims) {
      types[i] = all.after[i + 2].Type();
      TakeRunTime(&all.after[i + 2], node.outputs[i]);
    } else if (i < carried) {
      if (node.Has(i + 2)) types[i] = node.inputs[i + 2]->Type();
      OfferType(graph, node, output, node.outputs[i], types[i]);
    } else {
      types[i] = StackRows(*output, trips);
      if (!may_end || !node.outputs[i]) continue;
      node.outputs[i]->run_time = node.outputs[i]->bounded = true;
      if (trips) BoundRows(graph, node, i, types[i]);
    }
  }
  if (all.grows) {
    graph.session().Warn(graph.Place(node),
                         "what it carries grows with every iteration; planned as the last of them has it");
  }
  body.HandOn(graph, position);
}

// Scan: (states..., sequences...) -> (states..., sequences...). Opset 8 also has lengths in front, and a batch axis.
void RunScan(GraphBuilder& graph, Node& node, int position, Types& types) {
  const bool batched = node.opset < 9;
  const std::size_t first = batched ? 1 : 0, lead = batched ? 1 : 0;
  const std::int64_t sequences = node.Int("num_scan_inputs", 0);
  if (sequences < 1 || static_cast<std::size_t>(sequences) + first > node.inputs.size()) {
    graph.session().Fail(ErrorCode::kBadInput, graph.Place(node), "has no num_scan_inputs that fits its inputs");
  }
  const std::size_t states = node.inputs.size() - first - static_cast<std::size_t>(sequences);
  const Dims in_axes = node.Ints("scan_input_axes"), out_axes = node.Ints("scan_output_axes");
  std::vector<Tensor> inputs;
  std::int64_t length = -1, batch = 1;
  for (std::size_t i = 0; first + i < node.inputs.size(); ++i) {
    const Tensor* input = node.inputs[first + i];
    inputs.emplace_back();
    TakeRunTime(input, &inputs.back());
    if (!input || !input->dims || input->dims->size() < lead) continue;
    if (batched) batch = (*input->dims)[0];
    if (i < states) {
      inputs.back().SetType(RemoveDims(*input, 0, lead));
      continue;
    }
    std::int64_t axis = i - states < in_axes.size() ? in_axes[i - states] : 0;
    if (batched) axis = 1;
    if (!NormalizeAxis(axis, input->dims->size())) continue;
    length = (*input->dims)[At(axis)];
    inputs.back().SetType(batched ? RemoveDims(*input, 0, 2) : RemoveDims(*input, static_cast<std::size_t>(axis), 1));
  }
  Body body(graph, node, BodyNamed(graph, node, "body"), false);
  body.Run(inputs);
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Tensor* output = body.Output(i);
    if (!output || !output->HasType()) continue;
    TakeRunTime(output, node.outputs[i]);
    if (i < states) {
      types[i] = batched ? InsertDim(output->Type(), 0, batch) : output->Type();
    } else if (length >= 0) {
      const std::int64_t axis = !batched && i - states < out_axes.size() ? out_axes[i - states] : 0;
      types[i] = InsertDim(output->Type(), axis, length);
      if (batched) types[i] = InsertDim(types[i], 0, batch);
    }
  }
  body.HandOn(graph, position);
}

// FlexAttention: each of its bodies changes all scores [batch, heads, tokens, key tokens], in the precision of the
// softmax.
std::vector<Tensor> ScoresOf(const Node& node) {
  const Dims *query = node.Shape(0), *key = node.Shape(1);
  if (!query || query->size() != 4 || !key || key->size() != 4) return {};
  const bool is_double = node.Dtype(0) == onnx::TensorProto::DOUBLE;
  const int dtype = is_double ? onnx::TensorProto::DOUBLE : onnx::TensorProto::FLOAT;
  const std::int64_t asked = node.Int("softmax_precision", dtype);
  const bool is_known = asked > 0 && asked <= onnx::TensorProto::DataType_MAX;
  return {TypeAlone(
      MakeType(is_known ? static_cast<int>(asked) : dtype, Dims{(*query)[0], (*query)[1], (*query)[2], (*key)[2]}))};
}

}  // namespace

void RunBodies(GraphBuilder& graph, Node& node, int position, Types& types) {
  if (node.Domain().empty() && node.Op() == "If") return RunIf(graph, node, position, types);
  if (node.Domain().empty() && node.Op() == "Loop") return RunLoop(graph, node, position, types);
  if (node.Domain().empty() && node.Op() == "Scan") return RunScan(graph, node, position, types);
  const bool is_flex = node.Domain() == "ai.onnx.preview" && node.Op() == "FlexAttention";
  for (const auto* attribute : node.bodies) {  // BeamSearch and its like say nothing about how they call their bodies
    Body body(graph, node, *attribute, false);
    body.Run(is_flex ? ScoresOf(node) : std::vector<Tensor>());
    body.HandOn(graph, position);
  }
}

}  // namespace orionrt::onnx_import
