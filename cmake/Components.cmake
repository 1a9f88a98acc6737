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
  target_include_directories(${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  orionrt_warnings(${name})
  set_property(GLOBAL APPEND PROPERTY ORIONRT_COMPONENTS ${name})
endfunction()

function(orionrt_warnings name)
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-Wall -Wextra -Wshadow>)
  if(ORIONRT_WERROR)
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-Werror>)
  endif()
endfunction()

function(orionrt_left_out what needs)
  message(STATUS "OrionRT: ${what} is left out: it needs ${needs}")
endfunction()
