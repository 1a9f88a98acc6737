// The one exception OrionRT throws.
#pragma once

#include <stdexcept>
#include <string>

#include "orionrt/export.hpp"

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
