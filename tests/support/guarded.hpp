// A graph whose faults are told exactly, and ops that do as they are told.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "orionrt/orionrt.hpp"

namespace orionrt::tests {

constexpr std::size_t kTensorBytes = 256;

// 20 ops in a chain, op i reading t(i-1) and writing t(i), but: t12 "relu_2" is read last by op 14, and op 16 writes
// t30 "conv_4", which op 17 "Conv_3" reads. t100 is given, t101 is a state; both are read by op 2.
inline Graph ChainGraph() {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
  for (int i = 0; i < 20; ++i) {
    ops.push_back({i, {}, {i == 16 ? 30 : i}, "", ""});
    if (i > 0) ops.back().inputs.push_back(i == 17 ? 30 : i - 1);
    tensors.push_back({i == 16 ? 30 : i, kTensorBytes, 0, i == 19 ? TensorRole::kOutput : 0u, "", "", {}});
  }
  ops[14].inputs.push_back(12);
  ops[17].name = "Conv_3";
  ops[2].name = "Add";
  ops[2].inputs.insert(ops[2].inputs.end(), {100, 101});
  tensors[12].name = "relu_2";
  tensors[16].name = "conv_4";
  tensors.push_back({100, kTensorBytes, 0, TensorRole::kInput, "image", "", {}});
  tensors.push_back({101, kTensorBytes, 0, TensorRole::kState, "cache", "", {}});
  return Graph(ops, tensors);
}

// Everything apart, but t30 where t12 lay.
inline ReusePlanner ChainPlanner() {
  return ReusePlanner(Policy{"by_hand", "t30 where t12 lay",
                             [](const Problem& problem, const PlanOptions&) {
                               Plan plan;
                               for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
                                 plan.offsets.push_back(static_cast<std::int64_t>((i == 16 ? 12 : i) * kTensorBytes));
                               }
                               return plan;
                             },
                             true});
}

// A pool under guard that collects what it finds.
class Guarded {
 public:
  explicit Guarded(GuardOptions guard, Graph graph = ChainGraph(), const ReusePlanner& planner = ChainPlanner(),
                   bool collect = true)
      : pool_(1 << 20, Options(std::move(guard), collect)) {
    pool_.RegisterGraph(std::move(graph));
    pool_.FinalizePlan(planner);
    for (const TensorDesc& tensor : pool_.graph().tensors()) {
      ids_.push_back(tensor.id);
      places_.push_back(static_cast<unsigned char*>(pool_.GetPtr(tensor.id)));
    }
  }

  TensorPool& pool() { return pool_; }
  std::vector<GuardReport>& reports() { return reports_; }
  std::string message() const { return reports_.size() == 1 ? reports_[0].message : std::to_string(reports_.size()); }

  // Where a tensor lies: looked up once, before the run, as engines do.
  unsigned char* At(int id) const {
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (ids_[i] == id) return places_[i];
    }
    return nullptr;
  }

  // Runs the ops before `op` as they should be, and begins it.
  void RunTo(int op) {
    for (const OpNode& node : pool_.graph().ops()) {
      pool_.BeginOp(node.id);
      if (node.id == op) return;
      RunOp(node);
      pool_.EndOp();
    }
  }
  void RunOp(const OpNode& node) {
    unsigned sum = 1;
    for (const int id : node.inputs) sum = sum * 31 + At(id)[0];
    for (const int id : node.outputs) std::memset(At(id), static_cast<int>(sum & 0x7F), pool_.Allocate(id).bytes);
  }

 private:
  PoolOptions Options(GuardOptions guard, bool collect) {
    if (collect) guard.report = [this](const GuardReport& report) { reports_.push_back(report); };
    PoolOptions options;
    options.guard = std::move(guard);
    return options;
  }

  std::vector<GuardReport> reports_;
  TensorPool pool_;
  std::vector<int> ids_;
  std::vector<unsigned char*> places_;
};

// Reads its inputs, writes its outputs, asks for no more than it lists. Twice, with inputs written anew. What comes of
// it, in a number.
inline unsigned RunCleanly(TensorPool& pool, bool end_ops) {
  unsigned result = 0;
  std::vector<TensorHandle> places;
  for (const TensorDesc& tensor : pool.graph().tensors()) places.push_back(pool.Allocate(tensor.id));
  std::vector<bool> produced(places.size(), false);
  for (const OpNode& op : pool.graph().ops()) {
    for (const int id : op.outputs) produced[static_cast<std::size_t>(pool.graph().IndexOf(id))] = true;
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!produced[i]) std::memset(places[i].ptr, round + 1, places[i].bytes);
    }
    unsigned sum = 0;
    for (const OpNode& op : pool.graph().ops()) {
      pool.BeginOp(op.id);
      for (const int id : op.inputs) {
        const TensorHandle in = pool.Allocate(id);
        for (std::size_t k = 0; k < in.bytes; ++k) sum = sum * 31 + static_cast<unsigned char*>(in.ptr)[k];
      }
      for (const int id : op.outputs) {
        const TensorHandle out = pool.Allocate(id);
        std::memset(out.ptr, static_cast<int>(sum & 0xFF), out.bytes);
      }
      if (end_ops) pool.EndOp();
    }
    pool.EndRun();
    for (std::size_t i = 0; i < places.size(); ++i) {
      if ((pool.graph().tensors()[i].roles & TensorRole::kOutput) == 0) continue;
      for (std::size_t k = 0; k < places[i].bytes; ++k) sum += static_cast<unsigned char*>(places[i].ptr)[k];
    }
    result = result * 31 + sum;
  }
  return result;
}

}  // namespace orionrt::tests
