#include "io/onnx/evaluate.hpp"

#include <string>
#include <unordered_map>

#include "io/onnx/evaluate_ops.hpp"

namespace orionrt::onnx_import {

namespace {

Evaluator FindEvaluator(const Node& node) {
  using Table = std::unordered_map<std::string, Evaluator>;
  static const Table table = [] {
    Table all;
    for (const EvaluatorRow& row : MoveEvaluators()) all.emplace(row.op, row.run);
    for (const EvaluatorRow& row : MathEvaluators()) all.emplace(row.op, row.run);
    return all;
  }();
  const auto row = table.find(node.Op());
  return row == table.end() || !node.Domain().empty() ? nullptr : row->second;
}

}  // namespace

std::vector<Value> Evaluate(const Node& node) {
  const Evaluator evaluator = FindEvaluator(node);
  return evaluator ? evaluator(node) : std::vector<Value>();
}

bool CanEvaluate(const Node& node) { return FindEvaluator(node) != nullptr; }

}  // namespace orionrt::onnx_import
