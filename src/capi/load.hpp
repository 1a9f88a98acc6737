// What the readers of models share: one a component, each a call of its importer.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capi/handles.hpp"
#include "orionrt/orionrt_io.h"

namespace orionrt::capi {

inline std::string SourceOf(const char* source) { return source == nullptr ? "the buffer" : source; }

inline std::string_view ReadBytes(const void* bytes, std::size_t count) {
  if (count > 0) RefuseNull(bytes, "the bytes");
  return count == 0 ? std::string_view() : std::string_view(static_cast<const char*>(bytes), count);
}

inline std::map<std::string, std::vector<std::int64_t>> ReadShapes(const orionrt_input* given, std::size_t count,
                                                                   const char* what) {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const orionrt_input& one : ReadArray(given, count, what)) {
    RefuseNull(one.name, "orionrt_input.name");
    std::vector<std::int64_t>& shape = shapes[one.name] = ReadArray(one.shape, one.rank, "orionrt_input.shape");
    for (const std::int64_t size : shape) {
      if (size < 0) Misuse("orionrt_input.shape has a negative size");
    }
  }
  return shapes;
}

inline std::vector<std::string> ReadNames(const char* const* given, std::size_t count, const char* what) {
  std::vector<std::string> names;
  for (const char* name : ReadArray(given, count, what)) {
    RefuseNull(name, what);
    names.emplace_back(name);
  }
  return names;
}

inline ImportOptions ReadLoadOptions(const orionrt_load_options* given) {
  const orionrt_load_options options = ReadOptions(given, "orionrt_load_options");
  ImportOptions import;
  for (const orionrt_dim& dim : ReadArray(options.dims, options.dim_count, "orionrt_load_options.dims")) {
    RefuseNull(dim.name, "orionrt_dim.name");
    if (dim.size < 0) Misuse("orionrt_dim.size is negative");
    const std::string name = dim.name;
    if (name == "*") {
      import.default_dim = dim.size;
    } else {
      import.dims[name] = dim.size;
    }
  }
  import.inputs = ReadShapes(options.inputs, options.input_count, "orionrt_load_options.inputs");
  import.shapes = ReadShapes(options.shapes, options.shape_count, "orionrt_load_options.shapes");
  import.external = ReadNames(options.external, options.external_count, "orionrt_load_options.external");
  import.in_place_types =
      ReadNames(options.in_place_types, options.in_place_type_count, "orionrt_load_options.in_place_types");
  if (options.op_rules != nullptr) import.op_rules = options.op_rules->rules;
  import.extra_data_folder = TextOf(options.extra_data_folder);
  import.trust_shapes = options.trust_shapes != 0;
  import.data_folder = TextOf(options.data_folder);
  import.fold_constants = options.no_fold == 0;
  import.fold_shapes = options.fold_shapes != 0;
  return import;
}

using Importer = ImportedModel (*)(std::string_view bytes, const std::string& source, const ImportOptions& options);

inline orionrt_status ReadModel(Importer importer, const void* model, std::size_t bytes, const char* source,
                                const orionrt_load_options* options, orionrt_graph** graph) noexcept {
  return Create(graph, [&] {
    auto made = std::make_unique<orionrt_graph>();
    made->import = ReadLoadOptions(options);
    made->source = SourceOf(source);
    ImportedModel imported = importer(ReadBytes(model, bytes), made->source, made->import);
    made->ops = imported.graph.ops();
    made->tensors = imported.graph.tensors();
    made->bodies = std::move(imported.bodies);
    made->weights = imported.weights;
    return made;
  });
}

}  // namespace orionrt::capi
