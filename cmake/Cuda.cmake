# Component orionrt::cuda: memory and events of CUDA devices, over the runtime library; no CUDA compiler is needed. The
# library is looked for under ORIONRT_CUDA_ROOT alone where that is set, else under CUDA_PATH and CUDA_HOME of the
# environment and where CMake finds a toolkit. Python's wheels (nvidia-cuda-runtime and nvidia-cuda-crt, unpacked) will
# do; their library has no short name.
set(ORIONRT_CUDA_ROOT "" CACHE PATH "Folder with CUDA's include/cuda_runtime_api.h and lib/libcudart.so")
set(cuda_roots ${ORIONRT_CUDA_ROOT})
if(NOT cuda_roots)
  find_package(CUDAToolkit QUIET)
  set(cuda_roots $ENV{CUDA_PATH} $ENV{CUDA_HOME} ${CUDAToolkit_INCLUDE_DIRS} /usr/local/cuda)
endif()
if(NOT cuda_roots STREQUAL "${ORIONRT_CUDA_ROOTS_SEEN}")  # found elsewhere before
  unset(CUDART_INCLUDE_DIR CACHE)
  unset(CUDART_LIBRARY CACHE)
  set(ORIONRT_CUDA_ROOTS_SEEN "${cuda_roots}" CACHE INTERNAL "")
endif()
find_path(CUDART_INCLUDE_DIR cuda_runtime_api.h PATHS ${cuda_roots} PATH_SUFFIXES include NO_DEFAULT_PATH)
# Beside the headers: those of one release and the library of another do not go together.
find_library(CUDART_LIBRARY NAMES cudart libcudart.so.13 libcudart.so.12 NAMES_PER_DIR PATHS ${CUDART_INCLUDE_DIR}/..
             PATH_SUFFIXES lib64 lib lib/${CMAKE_LIBRARY_ARCHITECTURE} NO_DEFAULT_PATH)
# crt/host_defines.h comes in a wheel of its own, so it may be missing.
if(NOT CUDART_LIBRARY OR NOT EXISTS "${CUDART_INCLUDE_DIR}/crt/host_defines.h")
  orionrt_left_out("component orionrt::cuda"
                   "the CUDA runtime, 11.2 or later (a toolkit, or -DORIONRT_CUDA_ROOT=...)" CUDA)
  return()
endif()
orionrt_component(orionrt_cuda src/devices/cuda.cpp src/devices/cuda_events.cpp)
target_include_directories(orionrt_cuda SYSTEM PRIVATE ${CUDART_INCLUDE_DIR})
target_link_libraries(orionrt_cuda PUBLIC orionrt PRIVATE ${CUDART_LIBRARY})
set_target_properties(orionrt_cuda PROPERTIES ORIONRT_PC_LIBS ${CUDART_LIBRARY})
