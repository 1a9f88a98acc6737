// Memory and events of OpenCL devices (component orionrt::opencl, built where the OpenCL headers and loader are).
// OpenCL's handles are void* here, as its own headers make them pointers: cl_context, cl_device_id, cl_mem,
// cl_command_queue.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/stream_scratch.hpp"

namespace orionrt {

// Shared virtual memory (OpenCL 2.0): one address for host and device. Fine-grained where the device has it, which the
// host reads and writes freely; coarse-grained else, which it may touch only between clEnqueueSVMMap and
// clEnqueueSVMUnmap: the traits then say that it is not host-accessible. Aligned to 128 bytes, the widest type of
// OpenCL; for more it takes as many bytes more. For several threads.
class ORIONRT_API OpenClSvm : public MemoryResource {
 public:
  // Both are used until the last block is given back; the context is retained.
  // Throws Error (kUnsupported) when the device has no shared virtual memory.
  OpenClSvm(void* context, void* device, bool coarse_only = false);
  ~OpenClSvm() override;

 private:
  class State;
  // Deallocate does not wait: what uses the block must have ended.
  void* DoAllocate(std::size_t bytes, std::size_t alignment) override;
  void DoDeallocate(void* base, std::size_t bytes, std::size_t alignment) noexcept override;

  std::unique_ptr<State> state_;
};

// One cl_mem, the arena where memory has no address: each planned tensor is a sub-buffer at its offset.
// Movable, not copyable.
class ORIONRT_API OpenClBuffer {
 public:
  // A buffer to read and write, of the context, on the memory of `device`.
  // Throws Error: kOutOfMemory, with what the device has; kMisuse for what is no context or device, or for 0 bytes.
  OpenClBuffer(void* context, void* device, std::size_t bytes);

  // A caller's own cl_mem, retained until this is destroyed. Throws Error (kMisuse) for what is no buffer.
  static OpenClBuffer Borrow(void* mem, void* device);

  // The planned tensor at [offset, offset + bytes): a cl_mem of its own, which keeps the whole buffer alive. An empty
  // tensor gets a null mem(). Sub-buffers that overlap hold each other's bytes, as a plan means them to; it is the
  // order of the ops that keeps them apart, so use one in-order queue, or events.
  // Throws Error (kMisuse): beyond the end, `offset` no multiple of alignment() (plan with it: PoolOptions::alignment),
  // or a sub-buffer of a sub-buffer, which OpenCL has not.
  OpenClBuffer SubBuffer(std::size_t offset, std::size_t bytes) const;

  void* mem() const noexcept { return mem_.get(); }  // cl_mem
  std::size_t bytes() const noexcept { return bytes_; }
  // Bytes: CL_DEVICE_MEM_BASE_ADDR_ALIGN, which OpenCL counts in bits.
  std::size_t alignment() const noexcept { return alignment_; }

 private:
  struct Release {
    void operator()(void* mem) const noexcept;
  };
  using Handle = std::unique_ptr<void, Release>;
  OpenClBuffer(Handle mem, std::size_t bytes, std::size_t alignment)
      : mem_(std::move(mem)), bytes_(bytes), alignment_(alignment) {}

  Handle mem_;
  std::size_t bytes_;
  std::size_t alignment_;
};

// Command queues as streams, for StreamScratch. OpenCL makes an event for each marker, so Record takes heap memory of
// its own, and flushes the queue.
class ORIONRT_API OpenClStreamEvents final : public StreamEvents {
 public:
  // `queues` are cl_command_queue, retained; stream i of StreamScratch is queues[i].
  // Throws Error (kMisuse) for what is no queue, for an out-of-order one, and as StreamEvents does.
  explicit OpenClStreamEvents(const std::vector<void*>& queues, int events = 64);
  ~OpenClStreamEvents() override;

  bool Record(int stream, int event) noexcept override;
  bool IsDone(int stream, int event) noexcept override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace orionrt
