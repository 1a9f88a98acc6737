# Install rules: libraries, headers, CMake package, pkg-config file, command.
include(CMakePackageConfigHelpers)
get_property(components GLOBAL PROPERTY ORIONRT_COMPONENTS)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/orionrt)
install(TARGETS ${components} EXPORT orionrtTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/orionrt DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
install(EXPORT orionrtTargets NAMESPACE orionrt:: DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/orionrtConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_package_config_file(cmake/orionrtConfig.cmake.in ${PROJECT_BINARY_DIR}/orionrtConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/orionrtConfig.cmake ${PROJECT_BINARY_DIR}/orionrtConfigVersion.cmake
        DESTINATION ${package_dir})
# Relocatable: the prefix is found from where the .pc file lies.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/orionrt.pc.in ${PROJECT_BINARY_DIR}/orionrt.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/orionrt.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(TARGET orionrt_command)
  install(TARGETS orionrt_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES docs/orionrt.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
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
