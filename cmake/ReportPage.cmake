# The page of `orionrt report`, as a source file: ${report_page}.
set(report_page ${PROJECT_BINARY_DIR}/generated/report/page.cpp)
file(GLOB report_parts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/report/page/*)
add_custom_command(OUTPUT ${report_page}
  COMMAND ${CMAKE_COMMAND} -DPAGE=${PROJECT_SOURCE_DIR}/src/report/page/report.html -DOUT=${report_page}
          -P ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake
  DEPENDS ${report_parts} ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake VERBATIM)
