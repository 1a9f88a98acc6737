# Component orionrt::io: files and reports, over nlohmann-json.
find_package(nlohmann_json QUIET)
if(NOT nlohmann_json_FOUND)
  orionrt_left_out("component orionrt::io" "nlohmann-json (Debian: nlohmann-json3-dev)" IO)
  return()
endif()
include(cmake/ReportPage.cmake)
orionrt_component(orionrt_io
  src/capi/capi_io.cpp
  src/io/assignment_json.cpp
  src/io/buddy_trace.cpp
  src/io/csv.cpp
  src/io/export/c_header.cpp
  src/io/export/c_header_reader.cpp
  src/io/export/c_names.cpp
  src/io/export/pickle.cpp
  src/io/export/snapshot.cpp
  src/io/export/spans.cpp
  src/io/export/trace.cpp
  src/io/file.cpp
  src/io/graph_json.cpp
  src/io/json.cpp
  src/io/op_rules_json.cpp
  src/io/plan_file.cpp
  src/io/json_parse.cpp
  src/io/plan_json.cpp
  src/io/streams_json.cpp
  src/io/problem_json.cpp
  src/report/assumed_types.cpp
  src/report/changes.cpp
  src/report/diff.cpp
  src/report/explain.cpp
  src/report/html.cpp
  src/report/lanes.cpp
  src/report/moves.cpp
  src/report/replay.cpp
  src/report/scale.cpp
  src/report/shown_graph.cpp
  src/report/stream_text.cpp
  src/report/svg.cpp
  src/report/describe_plan.cpp
  src/report/wait_what_ifs.cpp
  src/report/what_if.cpp
  ${report_page})
target_link_libraries(orionrt_io PUBLIC orionrt PRIVATE $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)
