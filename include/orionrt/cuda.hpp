// Memory and events of CUDA devices (component orionrt::cuda, built where the CUDA runtime library is).
#pragma once

#include <memory>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/stream_scratch.hpp"

namespace orionrt {

// Devices that can be used now; 0 where there is no driver. Never throws.
ORIONRT_API int CudaDeviceCount() noexcept;

enum class CudaKind {
  kDevice,         // cudaMalloc: for kernels and copies; the host may not read it
  kPinned,         // cudaMallocHost: host memory that the device copies from and to without a detour
  kStreamOrdered,  // cudaMallocAsync on one stream, from the device's default pool: no wait for the device
};

// Every block is aligned to 256 bytes, as CUDA promises; for more than that it takes as many bytes more. For several
// threads. Leaves the calling thread's current device as it was.
class ORIONRT_API CudaMemory : public MemoryResource {
 public:
  // `stream` is a cudaStream_t of that device, used by kStreamOrdered alone, that outlives this and its blocks; null
  // is the default stream. A stream-ordered block may be used by what is put on that stream after Allocate returned,
  // and Deallocate takes it back when the stream comes to it.
  // Throws Error (kUnsupported): no such device, or one without stream-ordered memory.
  explicit CudaMemory(CudaKind kind, int device = 0, void* stream = nullptr);
  ~CudaMemory() override;

 private:
  class State;
  void* DoAllocate(std::size_t bytes, std::size_t alignment) override;
  void DoDeallocate(void* base, std::size_t bytes, std::size_t alignment) noexcept override;

  std::unique_ptr<State> state_;
};

// Streams of one device, for StreamScratch: cudaEvent_t without timing, made at construction. Leaves the calling
// thread's current device, and errors of earlier calls, as they were. Not while a stream is captured into a graph:
// asking is not allowed there; use a StreamScratch without events.
class ORIONRT_API CudaStreamEvents final : public StreamEvents {
 public:
  // `streams` are cudaStream_t of that device, which outlive this; stream i of StreamScratch is streams[i]. Null is the
  // legacy default stream: an event on it waits for all blocking streams, and they for it, so that it costs their
  // running side by side; what that orders beyond the Waits that were told is not made use of.
  // Throws Error: kMisuse for cudaStreamPerThread, and as StreamEvents does; kUnsupported when there is no such device.
  explicit CudaStreamEvents(std::vector<void*> streams, int device = 0, int events = 64);
  ~CudaStreamEvents() override;

  bool Record(int stream, int event) noexcept override;
  bool IsDone(int stream, int event) noexcept override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace orionrt
