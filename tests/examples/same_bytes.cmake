# -DPROGRAM= -DEXPECTED= -DOUT= -P same_bytes.cmake: PROGRAM writes into OUT what the file EXPECTED holds.
execute_process(COMMAND ${PROGRAM} ${OUT} RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${PROGRAM} ended with ${failed}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${OUT} ${EXPECTED} RESULT_VARIABLE differs)
if(differs)
  message(FATAL_ERROR "${OUT} is not ${EXPECTED}; if that is meant, copy it there")
endif()
