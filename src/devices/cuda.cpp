// CUDA's memory as resources: device, pinned and stream-ordered, by the runtime library alone.
#include "orionrt/cuda.hpp"

#include <cuda_runtime_api.h>

#include <string>

#include "devices/cuda_calls.hpp"
#include "devices/padded_blocks.hpp"
#include "orionrt/config.hpp"

namespace orionrt {
namespace {

// "Any address of a variable residing in global memory or returned by one of the memory allocation routines ... is
// always aligned to at least 256 bytes" (CUDA C++ Programming Guide, 5.3.2, Device Memory Accesses).
constexpr std::size_t kNatural = 256;

struct KindRow {
  const char* name;
  bool host_accessible;
  cudaError_t (*take)(void** base, std::size_t bytes, cudaStream_t stream);
  cudaError_t (*give)(void* base, cudaStream_t stream);
};

// By CudaKind.
constexpr KindRow kKinds[] = {
    {"device memory", false, [](void** base, std::size_t bytes, cudaStream_t) { return cudaMalloc(base, bytes); },
     [](void* base, cudaStream_t) { return cudaFree(base); }},
    {"pinned host memory", true,
     [](void** base, std::size_t bytes, cudaStream_t) { return cudaMallocHost(base, bytes); },
     [](void* base, cudaStream_t) { return cudaFreeHost(base); }},
    {"stream-ordered device memory", false,
     [](void** base, std::size_t bytes, cudaStream_t stream) { return cudaMallocAsync(base, bytes, stream); },
     [](void* base, cudaStream_t stream) { return cudaFreeAsync(base, stream); }},
};

MemoryTraits Traits(CudaKind kind, int device) {
  const KindRow& row = kKinds[static_cast<int>(kind)];
  const std::string name = "CUDA device " + std::to_string(device);
  int devices = 0;
  cudaError_t status = cudaGetDeviceCount(&devices);
  if (status == cudaSuccess && (device < 0 || device >= devices)) status = cudaErrorInvalidDevice;
  const CurrentDevice current(status == cudaSuccess ? device : 0);
  int has_pools = 1;
  std::size_t free_bytes = 0, all_bytes = 0;
  if (status == cudaSuccess) status = current.status();
  if (status == cudaSuccess) status = cudaDeviceGetAttribute(&has_pools, cudaDevAttrMemoryPoolsSupported, device);
  if (status == cudaSuccess) status = cudaMemGetInfo(&free_bytes, &all_bytes);
  if (status != cudaSuccess) {
    (void)cudaGetLastError();  // not for the program's next check of its own calls
    throw Error(ErrorCode::kUnsupported, name + " cannot be used: " + Describe(status) + "; " +
                                             std::to_string(devices) + " found, see nvidia-smi");
  }
  if (kind == CudaKind::kStreamOrdered && has_pools == 0) {
    throw Error(ErrorCode::kUnsupported, name + " has no stream-ordered memory; take CudaKind::kDevice");
  }
  return {name + ": " + row.name, row.host_accessible, kNatural, kNatural, row.host_accessible ? 0 : all_bytes};
}

}  // namespace

class CudaMemory::State {
 public:
  State(CudaKind kind, int device, void* stream)
      : row_(kKinds[static_cast<int>(kind)]), device_(device), stream_(static_cast<cudaStream_t>(stream)) {}

  void* Allocate(std::size_t bytes, std::size_t alignment, const std::string& name) {
    const CurrentDevice current(device_);
    const auto take = [&](std::size_t all) -> void* {
      void* base = nullptr;
      const cudaError_t status = current.status() == cudaSuccess ? row_.take(&base, all, stream_) : current.status();
      if (status == cudaSuccess) return base;
      (void)cudaGetLastError();
      if (status == cudaErrorMemoryAllocation) return nullptr;
      throw Error(ErrorCode::kMisuse,
                  name + ": " + Describe(status) + "; an earlier CUDA call or kernel may have failed");
    };
    return blocks_.Allocate(bytes, alignment, kNatural, take, [&](void* start) { (void)row_.give(start, stream_); });
  }

  // A failure is not reported: it is one of an earlier kernel, or the driver is unloading, and the memory is gone.
  void Deallocate(void* base, std::size_t alignment) noexcept {
    const CurrentDevice current(device_);
    (void)row_.give(blocks_.TakeStart(base, alignment, kNatural), stream_);
  }

 private:
  const KindRow& row_;
  int device_;
  cudaStream_t stream_;
  PaddedBlocks blocks_;
};

int CudaDeviceCount() noexcept {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) == cudaSuccess) return devices;
  (void)cudaGetLastError();
  return 0;
}

CudaMemory::CudaMemory(CudaKind kind, int device, void* stream)
    : MemoryResource(Traits(kind, device)), state_(std::make_unique<State>(kind, device, stream)) {}

CudaMemory::~CudaMemory() = default;

void* CudaMemory::DoAllocate(std::size_t bytes, std::size_t alignment) {
  return state_->Allocate(bytes, alignment, traits().name);
}

void CudaMemory::DoDeallocate(void* base, std::size_t, std::size_t alignment) noexcept {
  state_->Deallocate(base, alignment);
}

}  // namespace orionrt
