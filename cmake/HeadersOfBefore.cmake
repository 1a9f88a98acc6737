# Headers that were joined are still found by their old names, until 0.2: a line each, made here.
set(headers_of_before
  arena=memory buddy_recorder=buddy_adaptors buddy_resource=buddy_adaptors error=config export=config
  export_plan=formats guard=tensor_pool io=formats liveness=lowering locked_buddy=buddy_adaptors metrics=plan
  onnx=import plan_cache=shared_plan scratch=tensor_pool shared_arena=shared_plan stream_events=stream_scratch
  stream_figures=streams tensor_view=tensor_pool tflite=import transform=lowering validate=plan version=config
  workload=assignment)
set(headers_of_before_dir ${PROJECT_BINARY_DIR}/generated/before)
foreach(pair IN LISTS headers_of_before)
  string(REPLACE "=" ";" names ${pair})
  list(GET names 0 before)
  list(GET names 1 now)
  file(GENERATE OUTPUT ${headers_of_before_dir}/orionrt/${before}.hpp
       CONTENT "#pragma once\n#include \"orionrt/${now}.hpp\"  // the name of before: ${before}.hpp\n")
endforeach()
target_include_directories(orionrt PUBLIC $<BUILD_INTERFACE:${headers_of_before_dir}>)
