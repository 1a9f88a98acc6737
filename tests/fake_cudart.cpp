// Stands in for the CUDA runtime where there is no GPU, so that what orionrt::cuda does with it is tested everywhere:
// two devices on the heap, whose addresses are aligned to 256 bytes and no more. It aborts on what the real one would
// leave undefined: memory given back by the wrong call, on the wrong device or stream, twice, or not at all.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace {

constexpr std::size_t kDeviceBytes = std::size_t{1} << 30;
enum Call { kDevice, kPinned, kAsync };

struct Block {
  Call call;
  int device;
  cudaStream_t stream;
  void* start;
};

struct Books {
  std::map<void*, Block> alive;
  ~Books() {
    if (!alive.empty()) std::fprintf(stderr, "fake CUDA: %zu blocks never given back\n", alive.size()), std::abort();
  }
};
Books books;
int current = 0;
cudaError_t last = cudaSuccess;

cudaError_t Fail(cudaError_t status) { return last = status; }

cudaError_t Take(void** base, std::size_t bytes, Call call, cudaStream_t stream) {
  if (bytes > kDeviceBytes) return Fail(cudaErrorMemoryAllocation);
  void* const start = std::aligned_alloc(512, (bytes + 256 + 511) / 512 * 512);
  *base = static_cast<char*>(start) + 256;
  books.alive[*base] = {call, current, stream, start};
  return cudaSuccess;
}

cudaError_t Give(void* base, Call call, cudaStream_t stream) {
  const auto found = books.alive.find(base);
  if (found == books.alive.end() || found->second.call != call || found->second.stream != stream ||
      found->second.device != current) {
    std::fprintf(stderr, "fake CUDA: %p was not taken so\n", base);
    std::abort();
  }
  std::free(found->second.start);
  books.alive.erase(found);
  return cudaSuccess;
}

}  // namespace

extern "C" {
cudaError_t cudaGetDeviceCount(int* count) { return *count = 2, cudaSuccess; }
cudaError_t cudaGetDevice(int* device) { return *device = current, cudaSuccess; }
cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device > 1) return Fail(cudaErrorInvalidDevice);
  return current = device, cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) { return *value = 1, cudaSuccess; }
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) { return *free = *total = kDeviceBytes, cudaSuccess; }
cudaError_t cudaGetLastError() {
  const cudaError_t status = last;
  last = cudaSuccess;
  return status;
}
const char* cudaGetErrorName(cudaError_t) { return "cudaErrorFake"; }
const char* cudaGetErrorString(cudaError_t) { return "an error of the fake"; }
cudaError_t cudaMalloc(void** base, std::size_t bytes) { return Take(base, bytes, kDevice, nullptr); }
cudaError_t cudaFree(void* base) { return Give(base, kDevice, nullptr); }
cudaError_t cudaMallocHost(void** base, std::size_t bytes) { return Take(base, bytes, kPinned, nullptr); }
cudaError_t cudaFreeHost(void* base) { return Give(base, kPinned, nullptr); }
cudaError_t cudaMallocAsync(void** base, std::size_t bytes, cudaStream_t stream) {
  return Take(base, bytes, kAsync, stream);
}
cudaError_t cudaFreeAsync(void* base, cudaStream_t stream) { return Give(base, kAsync, stream); }
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind) {
  return std::memcpy(to, from, bytes), cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return *stream = reinterpret_cast<cudaStream_t>(&books), cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
}
