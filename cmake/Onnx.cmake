# Component orionrt::onnx: importer of ONNX models, over the onnx library and protobuf.
find_package(Protobuf QUIET)
find_path(ONNX_INCLUDE_DIR onnx/onnx_pb.h)
find_library(ONNX_LIBRARY onnx)
find_library(ONNX_PROTO_LIBRARY onnx_proto)
if(NOT Protobuf_FOUND OR NOT ONNX_INCLUDE_DIR OR NOT ONNX_LIBRARY OR NOT ONNX_PROTO_LIBRARY)
  orionrt_left_out("component orionrt::onnx" "the onnx library (Debian: libonnx-dev, libprotobuf-dev)" ONNX)
  return()
endif()
include(cmake/OnnxSchemas.cmake)
file(GLOB onnx_sources CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/src/io/onnx/*.cpp ${PROJECT_SOURCE_DIR}/src/io/dims/*.cpp)
orionrt_component(orionrt_onnx src/capi/capi_onnx.cpp ${onnx_sources})
target_include_directories(orionrt_onnx SYSTEM PRIVATE ${ONNX_INCLUDE_DIR} ${Protobuf_INCLUDE_DIRS})
target_include_directories(orionrt_onnx PRIVATE ${onnx_schemas})
target_compile_definitions(orionrt_onnx PRIVATE ONNX_NAMESPACE=onnx ONNX_ML=1)
target_link_libraries(orionrt_onnx PUBLIC orionrt PRIVATE ${ONNX_LIBRARY} ${ONNX_PROTO_LIBRARY} protobuf::libprotobuf)
set_target_properties(orionrt_onnx PROPERTIES ORIONRT_PACKAGES Protobuf ORIONRT_PC_REQUIRES protobuf
                      ORIONRT_PC_LIBS "-lonnx -lonnx_proto")
