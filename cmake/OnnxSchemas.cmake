# What the onnx library knows of its ops, as rows of a table: ${onnx_schemas}/onnx_schemas.inc. Its headers declare a
# function for each op and version; called by itself it costs a thousandth of what the library's own list of all does.
# A header that is not written as expected makes no rows, and its ops are looked up in that list.
set(onnx_schemas ${PROJECT_BINARY_DIR}/generated/onnx)
set(rows "")
foreach(header operator_sets operator_sets_ml)
  file(READ ${ONNX_INCLUDE_DIR}/onnx/defs/${header}.h text)
  set(name "[ \n]*([A-Za-z]+),[ \n]*([0-9]+),[ \n]*([A-Za-z0-9_]+)[ \n]*")
  string(REGEX MATCHALL "GetOpSchema<" all "${text}")
  string(REGEX MATCHALL "GetOpSchema<[ \n]*ONNX_OPERATOR_SET_SCHEMA_CLASS_NAME\\(${name}\\)" found "${text}")
  list(LENGTH all all_count)
  list(LENGTH found found_count)
  if(all_count EQUAL found_count)
    list(TRANSFORM found REPLACE ".*\\(${name}\\)" "{k\\1, \"\\3\", \\2, Make<onnx::\\3_\\1_ver\\2>},\n")
    list(APPEND rows ${found})
  endif()
endforeach()
list(JOIN rows "" rows)
file(GENERATE OUTPUT ${onnx_schemas}/onnx_schemas.inc CONTENT "${rows}")
