// What the files over OpenCL share.
#pragma once

#define CL_TARGET_OPENCL_VERSION 200  // for SVM; what is older answers CL_INVALID_VALUE
#include <CL/cl.h>

#include <string>

#include "orionrt/config.hpp"

namespace orionrt {

// "-13 (CL_MISALIGNED_SUB_BUFFER_OFFSET)": of those that our calls can give.
std::string Describe(cl_int status);

[[noreturn]] void Fail(ErrorCode code, const std::string& what, cl_int status);

}  // namespace orionrt
