// OpenCL's shared virtual memory as a resource, and sub-buffers for planned tensors.
#include "orionrt/opencl.hpp"

#include <algorithm>
#include <string>

#include "devices/opencl_calls.hpp"
#include "devices/padded_blocks.hpp"
#include "orionrt/config.hpp"

namespace orionrt {
std::string Describe(cl_int status) {
  static constexpr struct {
    cl_int status;
    const char* name;
  } kNames[] = {
      {CL_MEM_OBJECT_ALLOCATION_FAILURE, "CL_MEM_OBJECT_ALLOCATION_FAILURE"},
      {CL_OUT_OF_RESOURCES, "CL_OUT_OF_RESOURCES"},
      {CL_OUT_OF_HOST_MEMORY, "CL_OUT_OF_HOST_MEMORY"},
      {CL_MISALIGNED_SUB_BUFFER_OFFSET, "CL_MISALIGNED_SUB_BUFFER_OFFSET"},
      {CL_INVALID_VALUE, "CL_INVALID_VALUE"},
      {CL_INVALID_DEVICE, "CL_INVALID_DEVICE"},
      {CL_INVALID_CONTEXT, "CL_INVALID_CONTEXT"},
      {CL_INVALID_COMMAND_QUEUE, "CL_INVALID_COMMAND_QUEUE"},
      {CL_INVALID_MEM_OBJECT, "CL_INVALID_MEM_OBJECT"},
      {CL_INVALID_BUFFER_SIZE, "CL_INVALID_BUFFER_SIZE"},
  };
  for (const auto& row : kNames) {
    if (row.status == status) return std::to_string(status) + " (" + row.name + ")";
  }
  return std::to_string(status) + " (see CL/cl.h)";
}

void Fail(ErrorCode code, const std::string& what, cl_int status) {
  throw Error(code, "OpenCL: " + what + ": error " + Describe(status));
}

namespace {

constexpr std::size_t kNatural = sizeof(cl_long16);

// A property of a device; `Value` is the type that OpenCL documents for it.
template <typename Value>
Value Ask(void* device, cl_device_info property, const char* name) {
  Value value{};
  const cl_int status = clGetDeviceInfo(static_cast<cl_device_id>(device), property, sizeof value, &value, nullptr);
  if (status != CL_SUCCESS) Fail(ErrorCode::kMisuse, std::string("the device does not tell its ") + name, status);
  return value;
}

std::size_t BaseAlignment(void* device) {
  return Ask<cl_uint>(device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, "CL_DEVICE_MEM_BASE_ADDR_ALIGN") / 8;
}

std::size_t MemoryOf(void* device) {
  return Ask<cl_ulong>(device, CL_DEVICE_GLOBAL_MEM_SIZE, "CL_DEVICE_GLOBAL_MEM_SIZE");
}

cl_device_svm_capabilities SvmOf(void* device) {
  cl_device_svm_capabilities has = 0;  // stays so before OpenCL 2.0
  clGetDeviceInfo(static_cast<cl_device_id>(device), CL_DEVICE_SVM_CAPABILITIES, sizeof has, &has, nullptr);
  return has;
}

bool IsFine(void* device, bool coarse_only) {
  return !coarse_only && (SvmOf(device) & CL_DEVICE_SVM_FINE_GRAIN_BUFFER) != 0;
}

MemoryTraits SvmTraits(void* device, bool coarse_only) {
  if (SvmOf(device) == 0) {
    throw Error(ErrorCode::kUnsupported, "OpenCL: the device has no shared virtual memory; take an OpenClBuffer");
  }
  const bool fine = IsFine(device, coarse_only);
  return {fine ? "OpenCL fine-grained SVM" : "OpenCL coarse-grained SVM", fine, kNatural, kNatural, MemoryOf(device)};
}

}  // namespace

class OpenClSvm::State {
 public:
  State(void* context, bool fine)
      : context_(static_cast<cl_context>(context)),
        flags_(CL_MEM_READ_WRITE | (fine ? cl_svm_mem_flags{CL_MEM_SVM_FINE_GRAIN_BUFFER} : 0)) {
    const cl_int status = clRetainContext(context_);
    if (status != CL_SUCCESS) Fail(ErrorCode::kMisuse, "shared virtual memory needs a context", status);
  }
  ~State() { clReleaseContext(context_); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void* Allocate(std::size_t bytes, std::size_t alignment) {
    const auto take = [&](std::size_t all) { return clSVMAlloc(context_, flags_, all, kNatural); };
    return blocks_.Allocate(bytes, alignment, kNatural, take, [&](void* start) { clSVMFree(context_, start); });
  }
  void Deallocate(void* base, std::size_t alignment) noexcept {
    clSVMFree(context_, blocks_.TakeStart(base, alignment, kNatural));
  }

 private:
  cl_context context_;
  cl_svm_mem_flags flags_;
  PaddedBlocks blocks_;
};

OpenClSvm::OpenClSvm(void* context, void* device, bool coarse_only)
    : MemoryResource(SvmTraits(device, coarse_only)),
      state_(std::make_unique<State>(context, traits().host_accessible)) {}

OpenClSvm::~OpenClSvm() = default;

void* OpenClSvm::DoAllocate(std::size_t bytes, std::size_t alignment) { return state_->Allocate(bytes, alignment); }

void OpenClSvm::DoDeallocate(void* base, std::size_t, std::size_t alignment) noexcept {
  state_->Deallocate(base, alignment);
}

void OpenClBuffer::Release::operator()(void* mem) const noexcept { clReleaseMemObject(static_cast<cl_mem>(mem)); }

OpenClBuffer::OpenClBuffer(void* context, void* device, std::size_t bytes)
    : OpenClBuffer(Handle(), bytes, BaseAlignment(device)) {
  cl_int status = CL_SUCCESS;
  mem_.reset(clCreateBuffer(static_cast<cl_context>(context), CL_MEM_READ_WRITE, bytes, nullptr, &status));
  if (status == CL_SUCCESS) return;
  const bool too_much = status != CL_INVALID_CONTEXT && bytes > 0;
  const auto largest = Ask<cl_ulong>(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, "CL_DEVICE_MAX_MEM_ALLOC_SIZE");
  Fail(too_much ? ErrorCode::kOutOfMemory : ErrorCode::kMisuse,
       "no buffer of " + std::to_string(bytes) + " bytes (the device gives at most " + std::to_string(largest) +
           " at once, and has " + std::to_string(MemoryOf(device)) + ")",
       status);
}

OpenClBuffer OpenClBuffer::Borrow(void* mem, void* device) {
  std::size_t bytes = 0;
  cl_int status = clGetMemObjectInfo(static_cast<cl_mem>(mem), CL_MEM_SIZE, sizeof bytes, &bytes, nullptr);
  const std::size_t alignment = BaseAlignment(device);
  if (status == CL_SUCCESS) status = clRetainMemObject(static_cast<cl_mem>(mem));
  if (status != CL_SUCCESS) Fail(ErrorCode::kMisuse, "what was given is no buffer", status);
  return OpenClBuffer(Handle(mem), bytes, alignment);
}

OpenClBuffer OpenClBuffer::SubBuffer(std::size_t offset, std::size_t bytes) const {
  const std::string range = std::to_string(bytes) + " bytes at " + std::to_string(offset);
  if (offset > bytes_ || bytes > bytes_ - offset) {
    throw Error(ErrorCode::kMisuse, "OpenCL: sub-buffer of " + range + " is beyond the buffer's " +
                                        std::to_string(bytes_) + " bytes; make it of RequiredBytes(plan)");
  }
  if (bytes == 0) return OpenClBuffer(Handle(), 0, alignment_);
  if (offset % alignment_ != 0) {
    throw Error(ErrorCode::kMisuse, "OpenCL: sub-buffer of " + range + ": the device wants multiples of " +
                                        std::to_string(alignment_) + "; plan with that alignment");
  }
  const cl_buffer_region region{offset, bytes};
  cl_int status = CL_SUCCESS;
  void* const mem = clCreateSubBuffer(static_cast<cl_mem>(mem_.get()), 0 /* as the whole */,
                                      CL_BUFFER_CREATE_TYPE_REGION, &region, &status);
  if (status != CL_SUCCESS) Fail(ErrorCode::kMisuse, "sub-buffer of " + range, status);
  return OpenClBuffer(Handle(mem), bytes, alignment_);
}

}  // namespace orionrt
