#include "io/tflite/ops.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace orionrt::tflite_import {
namespace {

constexpr int kCall = 31, kCustom = 32, kShape = 77, kRank = 110, kIf = 118, kWhile = 119, kCallOnce = 129,
              kComposite = 206;

// clang-format off
constexpr std::string_view kImpure[] = {
    "HASHTABLE_LOOKUP", "HASHTABLE", "HASHTABLE_FIND", "HASHTABLE_IMPORT", "HASHTABLE_SIZE",
    "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE",
    "RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM", "MULTINOMIAL", "STABLEHLO_RNG_BIT_GENERATOR",
    "CALL", "CALL_ONCE", "IF", "WHILE", "STABLEHLO_WHILE", "STABLEHLO_CASE", "STABLEHLO_COMPOSITE",
    "CUSTOM", "DELEGATE", "STABLEHLO_CUSTOM_CALL"};
// clang-format on

void AddList(const char* role, const flatbuffers::Vector<std::int32_t>* list, std::vector<Callee>& callees) {
  for (std::uint32_t i = 0; i < SizeOf(list); ++i) callees.push_back({role + std::to_string(i), list->Get(i)});
}

}  // namespace

int BuiltinCode(const fb::OperatorCode& code) { return std::max<int>(code.builtin_code(), code.old_builtin_code()); }

std::string OpName(const fb::OperatorCode& code) {
  const int number = BuiltinCode(code);
  if (number == kCustom && code.custom_code() && code.custom_code()->size() > 0) return code.custom_code()->str();
  const char* name = BuiltinName(number);
  return name ? name : "op code " + std::to_string(number);
}

bool IsDeterministic(int code) {
  const char* name = BuiltinName(code);
  return name && std::find(std::begin(kImpure), std::end(kImpure), name) == std::end(kImpure);
}

bool IsCustom(int code) { return code == kCustom; }

bool AsksForShape(int code) { return code == kShape || code == kRank; }

bool IsControlFlow(int code) {
  return code == kCall || code == kIf || code == kWhile || code == kCallOnce || code == kComposite;
}

std::vector<Callee> CalleesOf(const fb::Operator& op) {
  std::vector<Callee> callees;
  if (const auto* call = op.builtin_options_as_CallOptions()) callees.push_back({"call", call->subgraph()});
  if (const auto* choice = op.builtin_options_as_IfOptions()) {
    callees.push_back({"then", choice->then_subgraph()});
    callees.push_back({"else", choice->else_subgraph()});
  }
  if (const auto* loop = op.builtin_options_as_WhileOptions()) {
    callees.push_back({"cond", loop->cond_subgraph()});
    callees.push_back({"body", loop->body_subgraph()});
  }
  if (const auto* once = op.builtin_options_as_CallOnceOptions()) callees.push_back({"init", once->init_subgraph()});
  if (const auto* custom = op.builtin_options_2_as_CustomCallOptions()) {
    AddList("call", custom->called_subgraphs(), callees);
  }
  if (const auto* reduce = op.builtin_options_2_as_ReduceOptions())
    callees.push_back({"body", reduce->body_subgraph()});
  if (const auto* scatter = op.builtin_options_2_as_ScatterOptions()) {
    callees.push_back({"update", scatter->update_subgraph()});
  }
  if (const auto* window = op.builtin_options_2_as_ReduceWindowOptions()) {
    callees.push_back({"body", window->body_subgraph()});
  }
  if (const auto* sort = op.builtin_options_2_as_SortOptions()) {
    callees.push_back({"comparator", sort->comparator_subgraph()});
  }
  if (const auto* loop = op.builtin_options_2_as_HloWhileOptions()) {
    callees.push_back({"cond", loop->cond_subgraph()});
    callees.push_back({"body", loop->body_subgraph()});
  }
  if (const auto* composite = op.builtin_options_2_as_CompositeOptions()) {
    callees.push_back({"decomposition", composite->decomposition_subgraph()});
  }
  if (const auto* choice = op.builtin_options_2_as_CaseOptions())
    AddList("branch", choice->branch_subgraphs(), callees);
  return callees;
}

}  // namespace orionrt::tflite_import
