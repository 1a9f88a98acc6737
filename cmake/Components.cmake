# ORIONRT_BUILD_<NAME>: ON, where a missing dependency is an error; OFF; or AUTO, built where its dependency is.
function(orionrt_part name what)
  set(ORIONRT_BUILD_${name} AUTO CACHE STRING "Build component ${what}: ON, OFF, or AUTO (where its packages are)")
  set_property(CACHE ORIONRT_BUILD_${name} PROPERTY STRINGS AUTO ON OFF)
  if(NOT ORIONRT_BUILD_${name} MATCHES "^(ON|OFF|AUTO)$")
    message(FATAL_ERROR "OrionRT: ORIONRT_BUILD_${name} is \"${ORIONRT_BUILD_${name}}\"; write ON, OFF or AUTO")
  endif()
endfunction()

set(ORIONRT_EDGE_OPTIONS "" CACHE STRING "Compiler options of what reads, writes and draws, behind all others")

# orionrt_component(NAME SOURCES...): one library of ours, alias orionrt::NAME (less the prefix "orionrt_").
function(orionrt_component name)
  add_library(${name} ${ARGN})
  string(REGEX REPLACE "^orionrt_" "" short ${name})
  add_library(orionrt::${short} ALIAS ${name})
  set_target_properties(${name} PROPERTIES
    EXPORT_NAME ${short}
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_compile_features(${name} PUBLIC cxx_std_17)
  get_target_property(type ${name} TYPE)
  if(type STREQUAL "SHARED_LIBRARY")
    target_compile_definitions(${name} PUBLIC ORIONRT_SHARED)
  endif()
  target_include_directories(${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  orionrt_warnings(${name})
  orionrt_sign_warnings(${name})
  if(NOT name STREQUAL "orionrt")
    target_compile_options(${name} PRIVATE ${ORIONRT_EDGE_OPTIONS})
  endif()
  set_property(GLOBAL APPEND PROPERTY ORIONRT_COMPONENTS ${name})
endfunction()

function(orionrt_warnings name)
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-Wall -Wextra>)
  # In a unity build what is local to one source is no surprise in the next, and gcc guesses more as it inlines more.
  if(CMAKE_UNITY_BUILD)
    target_compile_options(${name} PRIVATE
                           "$<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage;-Wno-maybe-uninitialized>")
  else()
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-Wshadow>)
  endif()
  if(ORIONRT_WERROR)
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-Werror>)
  endif()
endfunction()

# What is shipped says where a signed number becomes an unsigned one; tests, examples and benchmarks need not.
function(orionrt_sign_warnings name)
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-Wsign-conversion>)
endfunction()

# orionrt_left_out(WHAT NEEDS [PART]): an error where ORIONRT_BUILD_<PART> is ON.
function(orionrt_left_out what needs)
  if(ARGC GREATER 2 AND "${ORIONRT_BUILD_${ARGV2}}" STREQUAL "ON")
    message(FATAL_ERROR "OrionRT: ORIONRT_BUILD_${ARGV2} is ON, and ${what} needs ${needs}")
  endif()
  message(STATUS "OrionRT: ${what} is left out: it needs ${needs}")
endfunction()
