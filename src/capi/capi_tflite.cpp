// The C API of component tflite.
#include "capi/load.hpp"
#include "orionrt/import.hpp"

orionrt_status orionrt_graph_read_tflite(const void* model, size_t bytes, const char* source,
                                         const orionrt_load_options* options, orionrt_graph** graph) {
  return orionrt::capi::ReadModel(orionrt::ImportTflite, model, bytes, source, options, graph);
}
