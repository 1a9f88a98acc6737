#include "io/onnx/schemas.hpp"

#include <onnx/defs/operator_sets.h>
#include <onnx/defs/operator_sets_ml.h>
#include <onnx/defs/schema.h>

#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace orionrt::onnx_import {
namespace {

using onnx::OpSchema;

template <typename Class>
OpSchema Make() {
  return onnx::GetOpSchema<Class>();
}

[[maybe_unused]] constexpr const char* kOnnx = onnx::ONNX_DOMAIN;
[[maybe_unused]] constexpr const char* kOnnxML = onnx::AI_ONNX_ML_DOMAIN;

struct Row {
  const char* domain;
  const char* op;
  int version;  // that brought it
  OpSchema (*make)();
};

// The library's own list makes all of its schemas once it is asked for one: 42 million instructions (callgrind), where
// most models need twenty of some five hundred. cmake/OnnxSchemas.cmake makes the rows.
const Row kRows[] = {
#include "onnx_schemas.inc"
    {"", "", 0, nullptr}};

struct Entry {
  OpSchema (*make)();
  std::unique_ptr<OpSchema> schema = nullptr;  // once it has been asked for
};

using Versions = std::map<int, Entry>;
using Table = std::map<std::string, std::map<std::string, Versions>>;  // by domain and op

Table MakeTable() {
  Table table;
  for (const Row& row : kRows) {
    if (row.make) table[row.domain][row.op].emplace(row.version, Entry{row.make});
  }
  return table;
}

}  // namespace

const OpSchema* SchemaOf(const std::string& domain, const std::string& op, int version) {
  static Table table = MakeTable();
  static std::mutex mutex;
  const auto ops = table.find(domain);
  if (ops == table.end()) return onnx::OpSchemaRegistry::Schema(op, version, domain);
  const auto versions = ops->second.find(op);
  if (versions == ops->second.end()) return nullptr;
  auto next = versions->second.upper_bound(version);
  if (next == versions->second.begin()) return nullptr;
  Entry& entry = std::prev(next)->second;
  const std::lock_guard<std::mutex> lock(mutex);
  if (!entry.schema) {
    entry.schema = std::make_unique<OpSchema>(entry.make());
    entry.schema->Finalize();
  }
  return entry.schema.get();
}

}  // namespace orionrt::onnx_import
