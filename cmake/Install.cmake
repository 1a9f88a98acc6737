# Install rules: libraries, headers, CMake package, pkg-config files, command.
include(CMakePackageConfigHelpers)
get_property(components GLOBAL PROPERTY ORIONRT_COMPONENTS)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/orionrt)
# Relocatable: the prefix is found from where the .pc file lies.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)

# orionrt_pc_file(COMPONENT): what links a static library needs its dependencies; a shared one has them.
function(orionrt_pc_file component)
  string(REPLACE "_" "-" pc_name ${component})
  set(pc_description "${PROJECT_DESCRIPTION}")
  foreach(variable requires libs cflags)
    set(pc_${variable} "")
  endforeach()
  get_target_property(type ${component} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    get_property(pc_requires TARGET ${component} PROPERTY ORIONRT_PC_REQUIRES)
    get_property(pc_libs TARGET ${component} PROPERTY ORIONRT_PC_LIBS)
  else()
    set(pc_cflags -DORIONRT_SHARED)
  endif()
  if(NOT component STREQUAL "orionrt")
    string(APPEND pc_description " (component ${pc_name})")
    set(pc_requires "orionrt = ${PROJECT_VERSION} ${pc_requires}")
  endif()
  configure_file(cmake/component.pc.in ${PROJECT_BINARY_DIR}/${pc_name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${pc_name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

# An export of its own for each, so that one whose package is missing can stay away.
set(installed_components "")
set(component_packages "")
foreach(component IN LISTS components)
  string(REGEX REPLACE "^orionrt_" "" short ${component})
  string(APPEND installed_components " ${short}")
  get_target_property(type ${component} TYPE)
  get_property(packages TARGET ${component} PROPERTY ORIONRT_PACKAGES)
  if(packages AND type STREQUAL "STATIC_LIBRARY")
    string(APPEND component_packages "set(orionrt_${short}_packages ${packages})\n")
  endif()
  install(TARGETS ${component} EXPORT orionrt-${short}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
          RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(EXPORT orionrt-${short} NAMESPACE orionrt:: DESTINATION ${package_dir})
  orionrt_pc_file(${component})
endforeach()
install(DIRECTORY include/ ${headers_of_before_dir}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/orionrtConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_package_config_file(cmake/orionrtConfig.cmake.in ${PROJECT_BINARY_DIR}/orionrtConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/orionrtConfig.cmake ${PROJECT_BINARY_DIR}/orionrtConfigVersion.cmake
        DESTINATION ${package_dir})
if(TARGET orionrt_command)
  install(TARGETS orionrt_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES docs/orionrt.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  # As minimalloc, for programs that run a command of that name in a folder that they are told.
  file(RELATIVE_PATH command_from_link /${CMAKE_INSTALL_LIBEXECDIR}/orionrt /${CMAKE_INSTALL_BINDIR}/orionrt)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/links)
  file(CREATE_LINK ${command_from_link} ${PROJECT_BINARY_DIR}/links/minimalloc SYMBOLIC)
  install(FILES ${PROJECT_BINARY_DIR}/links/minimalloc DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/orionrt)
  if(NOT CMAKE_CROSSCOMPILING)  # the command itself writes them
    set(completions ${PROJECT_BINARY_DIR}/completions)
    add_custom_command(OUTPUT ${completions}/orionrt ${completions}/_orionrt ${completions}/orionrt.fish
      COMMAND ${CMAKE_COMMAND} -E make_directory ${completions}
      COMMAND orionrt_command completion bash > ${completions}/orionrt
      COMMAND orionrt_command completion zsh > ${completions}/_orionrt
      COMMAND orionrt_command completion fish > ${completions}/orionrt.fish
      DEPENDS orionrt_command VERBATIM)
    add_custom_target(orionrt_completions ALL DEPENDS ${completions}/orionrt)
    install(FILES ${completions}/orionrt DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    install(FILES ${completions}/_orionrt DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(FILES ${completions}/orionrt.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  endif()
endif()
