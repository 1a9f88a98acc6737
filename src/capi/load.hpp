// What the readers of models share: one a component, each a call of its importer.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "capi/handles.hpp"
#include "orionrt/orionrt_io.h"

namespace orionrt::capi {

inline std::string SourceOf(const char* source) { return source == nullptr ? "the buffer" : source; }

inline std::string_view ReadBytes(const void* bytes, std::size_t count) {
  if (count > 0) RefuseNull(bytes, "the bytes");
  return count == 0 ? std::string_view() : std::string_view(static_cast<const char*>(bytes), count);
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
  for (const orionrt_input& input : ReadArray(options.inputs, options.input_count, "orionrt_load_options.inputs")) {
    RefuseNull(input.name, "orionrt_input.name");
    import.inputs[input.name] = ReadArray(input.shape, input.rank, "orionrt_input.shape");
    for (const std::int64_t size : import.inputs[input.name]) {
      if (size < 0) Misuse("orionrt_input.shape has a negative size");
    }
  }
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
