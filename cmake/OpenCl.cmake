# Component orionrt::opencl: memory and events of OpenCL devices, over OpenCL's headers and loader.
find_package(OpenCL QUIET)
if(NOT OpenCL_FOUND)
  orionrt_left_out("component orionrt::opencl" "OpenCL (Debian: opencl-c-headers, ocl-icd-opencl-dev)")
  return()
endif()
orionrt_component(orionrt_opencl src/devices/opencl.cpp src/devices/opencl_events.cpp)
target_include_directories(orionrt_opencl SYSTEM PRIVATE ${OpenCL_INCLUDE_DIRS})
target_link_libraries(orionrt_opencl PUBLIC orionrt PRIVATE ${OpenCL_LIBRARIES})
