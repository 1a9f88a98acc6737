/* CHECK(condition): says where it does not hold, with the last error, and ends the program with 1. */
#ifndef ORIONRT_TESTS_CAPI_CHECK_H_
#define ORIONRT_TESTS_CAPI_CHECK_H_

#include <orionrt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void Check(int holds, const char* what, int line) {
  if (holds) return;
  fprintf(stderr, "line %d: %s does not hold; last error: %s\n", line, what, orionrt_last_error());
  exit(EXIT_FAILURE);
}
#define CHECK(condition) Check((condition) ? 1 : 0, #condition, __LINE__)

/* The call fails with the status, and the last error has the words. */
static void CheckRefused(orionrt_status status, orionrt_status wanted, const char* words, int line) {
  Check(status == wanted, words, line);
  Check(strstr(orionrt_last_error(), words) != NULL, words, line);
}
#define REFUSED(wanted, words, call) CheckRefused((call), (wanted), (words), __LINE__)

#endif
