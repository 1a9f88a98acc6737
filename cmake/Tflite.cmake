# Component orionrt::tflite: importer of TFLite models, over the FlatBuffers library; flatc makes its reader from our
# schema at build time.
find_program(FLATC_EXECUTABLE flatc)
find_path(FLATBUFFERS_INCLUDE_DIR flatbuffers/flatbuffers.h)
if(NOT FLATC_EXECUTABLE OR NOT FLATBUFFERS_INCLUDE_DIR)
  orionrt_left_out("component orionrt::tflite"
                   "the FlatBuffers library and flatc (Debian: libflatbuffers-dev, flatbuffers-compiler)" TFLITE)
  return()
endif()
set(tflite_schema ${PROJECT_SOURCE_DIR}/src/io/tflite/tflite.fbs)
set(tflite_generated ${PROJECT_BINARY_DIR}/generated/tflite/tflite_generated.h)
add_custom_command(OUTPUT ${tflite_generated}
  COMMAND ${FLATC_EXECUTABLE} --cpp -o ${PROJECT_BINARY_DIR}/generated/tflite ${tflite_schema}
  DEPENDS ${tflite_schema} VERBATIM)
add_custom_target(orionrt_tflite_reader DEPENDS ${tflite_generated})
file(GLOB tflite_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/io/tflite/*.cpp)
orionrt_component(orionrt_tflite src/capi/capi_tflite.cpp ${tflite_sources})
add_dependencies(orionrt_tflite orionrt_tflite_reader)
# The library is header-only as far as we use it.
target_include_directories(orionrt_tflite SYSTEM PRIVATE
                           ${PROJECT_BINARY_DIR}/generated/tflite ${FLATBUFFERS_INCLUDE_DIR})
target_link_libraries(orionrt_tflite PUBLIC orionrt)
