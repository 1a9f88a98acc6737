#include "report/shown_graph.hpp"

#include <utility>

#include "base/index.hpp"

namespace orionrt {
namespace {

constexpr std::size_t kMostAlso = 2000;  // bytes of names of what else lies in a buffer

std::string TypeOf(const TensorDesc& tensor) {
  if (tensor.dtype.empty()) return "";
  std::string shape;
  for (const std::int64_t dim : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(dim);
  return tensor.dtype + "[" + shape + "]";
}

// A buffer that holds several tensors has the type of the first of them.
std::vector<BufferInfo> InfosOf(const TransformedGraph& transformed) {
  const Graph& graph = transformed.graph;
  const Lowered& lowered = transformed.lowered;
  std::vector<BufferInfo> infos(lowered.problem.buffers.size());
  std::vector<bool> known(infos.size(), false);
  const auto buffer_of = [&](int id) { return lowered.bindings[At(graph.IndexOf(id))].buffer; };
  for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
    const OpNode& op = graph.ops()[At(step)];
    for (const int id : op.outputs) {
      const int buffer = buffer_of(id);
      if (buffer >= 0 && infos[At(buffer)].producer < 0) infos[At(buffer)].producer = step;
    }
    for (const int id : op.inputs) {
      if (buffer_of(id) < 0) continue;
      std::vector<int>& readers = infos[At(buffer_of(id))].readers;
      if (readers.empty() || readers.back() != step) readers.push_back(step);
    }
    const int scratch = lowered.workspaces.empty() ? -1 : lowered.workspaces[At(step)].buffer;
    if (scratch >= 0) infos[At(scratch)].producer = step;
  }
  for (std::size_t t = 0; t < graph.tensors().size(); ++t) {
    const int buffer = lowered.bindings[t].buffer;
    if (buffer < 0) continue;
    BufferInfo& info = infos[At(buffer)];
    const TensorDesc& tensor = graph.tensors()[t];
    if (!known[At(buffer)]) info.type = TypeOf(tensor);
    known[At(buffer)] = true;
    if (info.also.size() < kMostAlso && !tensor.name.empty() && tensor.name != lowered.problem.names[At(buffer)]) {
      info.also += (info.also.empty() ? "" : ", ") + tensor.name;
    }
  }
  return infos;
}

// The plans of a graph, in the order of the report's.
struct PlanOfGraph {
  const PlanFile* file;
  const std::vector<Explanation>* explanations;
};

class Taker {
 public:
  explicit Taker(const Report& report) : report_(report) {}

  std::vector<ShownGraph> Take() {
    std::vector<PlanOfGraph> plans;
    for (const ShownPlan& shown : report_.plans) plans.push_back({&shown.file, &shown.explanations});
    Add("", &report_.workload, plans);
    return std::move(graphs_);
  }

 private:
  void Add(const std::string& name, const Workload* workload, const std::vector<PlanOfGraph>& plans) {
    graphs_.emplace_back();
    ShownGraph& graph = graphs_.back();
    graph.name = name;
    graph.problem = plans[0].file->problem;
    graph.classes = plans[0].file->classes;
    if (workload != nullptr && workload->transformed != nullptr) {
      graph.infos = InfosOf(*workload->transformed);
      for (const OpNode& op : workload->transformed->graph.ops()) {
        graph.step_names.push_back(op.name.empty() ? op.type : op.name);
        graph.step_types.push_back(op.type);
      }
    }
    const std::size_t number = graphs_.size() - 1;  // of the explanation, in each plan's list
    for (const PlanOfGraph& plan : plans) {
      const bool explained = number < plan.explanations->size();
      graph.plans.push_back({*plan.file, explained ? &(*plan.explanations)[number] : nullptr});
      graph.plans.back().file.source = report_.workload.source + (name.empty() ? "" : ", body " + name);
    }
    const std::size_t bodies = plans[0].file->bodies.size();
    for (std::size_t i = 0; i < bodies; ++i) {
      std::vector<PlanOfGraph> inner;
      for (const PlanOfGraph& plan : plans) inner.push_back({&plan.file->bodies[i], plan.explanations});
      const bool known = workload != nullptr && i < workload->bodies.size();
      Add((name.empty() ? "" : name + "/") + inner[0].file->source, known ? &workload->bodies[i] : nullptr, inner);
    }
  }

  const Report& report_;
  std::vector<ShownGraph> graphs_;
};

}  // namespace

std::string FileNameOf(const Report& report) {
  const std::string& source = report.workload.source;
  return source.substr(source.find_last_of("/\\") + 1);
}

std::string DimsOf(const Report& report) {
  const std::optional<Assignment>& assignment = report.plans[0].file.assignment;
  const ImportOptions import = assignment ? assignment->made_with.import : report.workload.import;
  std::string text;
  const auto add = [&](const std::string& dim) { text += (text.empty() ? "" : ", ") + dim; };
  for (const auto& [name, size] : import.dims) add(name + "=" + std::to_string(size));
  if (import.default_dim) add("*=" + std::to_string(*import.default_dim));
  for (const auto& [name, shape] : import.inputs) {
    std::string dims;
    for (const std::int64_t dim : shape) dims += (dims.empty() ? "" : "x") + std::to_string(dim);
    add(name + "=" + dims);
  }
  return text;
}

std::string TitleOf(const Report& report) {
  const std::string dims = DimsOf(report);
  return FileNameOf(report) + (dims.empty() ? "" : ", " + dims);
}

std::vector<ShownGraph> ShownGraphs(const Report& report) { return Taker(report).Take(); }

}  // namespace orionrt
