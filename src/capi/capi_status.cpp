// Status, last error and version.
#include <cstdio>
#include <exception>
#include <new>

#include "capi/handles.hpp"
#include "orionrt/config.hpp"

namespace orionrt::capi {
namespace {

thread_local char last_error[2048] = "";

struct StatusRow {
  ErrorCode code;
  orionrt_status status;
  const char* name;
};
constexpr StatusRow kStatusRows[] = {
    {ErrorCode::kBadInput, ORIONRT_BAD_INPUT, "bad_input"},
    {ErrorCode::kInfeasible, ORIONRT_INFEASIBLE, "infeasible"},
    {ErrorCode::kLimit, ORIONRT_LIMIT, "limit"},
    {ErrorCode::kOutOfMemory, ORIONRT_OUT_OF_MEMORY, "out_of_memory"},
    {ErrorCode::kUnsupported, ORIONRT_UNSUPPORTED, "unsupported"},
    {ErrorCode::kMisuse, ORIONRT_MISUSE, "misuse"},
    {ErrorCode::kInternal, ORIONRT_INTERNAL, "internal"},
};

orionrt_status StatusOf(ErrorCode code) {
  for (const StatusRow& row : kStatusRows) {
    if (row.code == code) return row.status;
  }
  return ORIONRT_INTERNAL;
}

constexpr bool IsVersion(const char* text, int major, int minor, int patch) {
  for (const int number : {major, minor, patch}) {
    int value = 0;
    for (; *text >= '0' && *text <= '9'; ++text) value = 10 * value + (*text - '0');
    if (value != number) return false;
    if (*text == '.') ++text;
  }
  return *text == '\0';
}
static_assert(IsVersion(ORIONRT_VERSION, ORIONRT_VERSION_MAJOR, ORIONRT_VERSION_MINOR, ORIONRT_VERSION_PATCH),
              "orionrt.h has another version than config.hpp");

}  // namespace

orionrt_status Fail(orionrt_status status, const char* message) noexcept {
  std::snprintf(last_error, sizeof last_error, "%s", message);
  return status;
}

orionrt_status AnswerCheck(orionrt_status status, const std::string& fault) noexcept {
  return status == ORIONRT_OK && !fault.empty() ? Fail(ORIONRT_NO, fault.c_str()) : status;
}

orionrt_status FailByException() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return Fail(StatusOf(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return Fail(ORIONRT_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return Fail(ORIONRT_INTERNAL, error.what());
  } catch (...) {
    return Fail(ORIONRT_INTERNAL, "an exception of a kind that is not known");
  }
}

}  // namespace orionrt::capi

using namespace orionrt::capi;

const char* orionrt_last_error(void) { return last_error; }

const char* orionrt_status_name(int status) {
  if (status == ORIONRT_OK) return "ok";
  if (status == ORIONRT_NO) return "no";
  for (const StatusRow& row : kStatusRows) {
    if (row.status == status) return row.name;
  }
  return nullptr;
}

const char* orionrt_version(void) { return ORIONRT_VERSION; }

uint32_t orionrt_version_number(void) {
  return ORIONRT_VERSION_MAJOR * 1000000u + ORIONRT_VERSION_MINOR * 1000u + ORIONRT_VERSION_PATCH;
}
