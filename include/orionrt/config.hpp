// What every other header needs: the version, the visibility of public symbols, and the one exception.
#pragma once

#if !defined(__GNUC__)  // clang defines it, too
#error "OrionRT is written for gcc and clang, and was never compiled by another compiler"
#elif __cplusplus < 201703L
#error "OrionRT needs C++17 (-std=c++17); C99 and C++11 have orionrt/orionrt.h, bare metal has orionrt/orionrt_plan.h"
#elif __SIZEOF_INT__ < 4 || __SIZEOF_POINTER__ < 4
#error "OrionRT needs ints and addresses of 32 bits; smaller machines run its plans by orionrt/orionrt_plan.h"
#endif

#include <stdexcept>
#include <string>

// The one place where the version is written; CMake reads it from here.
#define ORIONRT_VERSION "0.1.0"

// Marks the public symbols; everything else is hidden.
//
// Without any macro these headers mean the static archive: they ask for no visibility, and a plugin that links the
// archive with -fvisibility=hidden exports nothing of it. The shared library is compiled with ORIONRT_SHARED, and its
// CMake target and .pc files define it for whoever links it.
#if defined(ORIONRT_SHARED) && !defined(_WIN32)
#define ORIONRT_API __attribute__((visibility("default")))
#else
#define ORIONRT_API
#endif

namespace orionrt {

enum class ErrorCode {
  kBadInput,     // a graph, problem, plan or file that breaks a rule; the message names the place
  kInfeasible,   // proven: it does not fit the capacity or the arena
  kLimit,        // a limit of effort or time ended a yes/no question before its answer
  kOutOfMemory,  // the system refused memory
  kUnsupported,  // well-formed input that this version cannot handle
  kMisuse,       // a call out of order, or an argument outside its documented range
  kInternal,     // a defect of OrionRT itself; please report it
};

// `what()` names the place, the reason and, where there is one, the remedy. Thrown while building, planning and
// loading; never by TensorPool::Allocate or GetPtr.
class ORIONRT_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace orionrt
