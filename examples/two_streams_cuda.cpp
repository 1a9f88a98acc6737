// The same as two_streams.cpp on a GPU: cudaStream_t, cudaEvent_t, and memory of the device, which is filled and copied
// by the ops. Where there is no GPU it says so, and ends.
#include <cuda_runtime_api.h>

#include <exception>
#include <stdexcept>
#include <string>

#include "orionrt/cuda.hpp"
#include "two_streams.hpp"

using namespace orionrt;

namespace {

void Check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
}

struct Device {
  Device() {
    for (cudaStream_t& stream : streams) Check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream");
  }
  ~Device() {
    for (cudaEvent_t event : events) cudaEventDestroy(event);
    for (cudaStream_t stream : streams) cudaStreamDestroy(stream);
  }
  cudaStream_t streams[two_streams::kStreams] = {};  // non-blocking: they do not sync with the legacy default stream
  std::vector<cudaEvent_t> events;                   // one an op, by id
};

// Puts everything on the streams and then waits for both, so that no run overlaps the next. The host launches in the
// order of graph().ops(), where each op stands behind those it waits for: an event must have been recorded before it
// is waited for, or the wait is for nothing.
std::vector<std::uint8_t> Run(const TensorPool& pool, Device& device, const std::vector<std::uint8_t>& input) {
  // On the stream whose first op reads the input; others come behind that op.
  Check(cudaMemcpyAsync(pool.GetPtr(two_streams::kInput), input.data(), input.size(), cudaMemcpyHostToDevice,
                        device.streams[0]),
        "copy of the input");
  for (const OpNode& op : pool.graph().ops()) {
    const cudaStream_t stream = device.streams[op.stream];
    for (const int other : op.waits) {
      Check(cudaStreamWaitEvent(stream, device.events[static_cast<std::size_t>(other)], 0), "wait");
    }
    const auto set = [&](void* to, int value, std::size_t bytes) {
      Check(cudaMemsetAsync(to, value, bytes, stream), "set");
    };
    const auto copy = [&](void* to, const void* from, std::size_t bytes) {
      Check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream), "copy");
    };
    two_streams::RunOp(op, pool, set, copy);
    Check(cudaEventRecord(device.events[static_cast<std::size_t>(op.id)], stream), "record");
  }
  const TensorHandle output = pool.Allocate(two_streams::kOutput);
  std::vector<std::uint8_t> bytes(output.bytes);
  Check(cudaMemcpyAsync(bytes.data(), output.ptr, bytes.size(), cudaMemcpyDeviceToHost, device.streams[0]),
        "copy of the output");
  for (const cudaStream_t stream : device.streams) Check(cudaStreamSynchronize(stream), "end of a stream");
  return bytes;
}

}  // namespace

int main() try {
  if (CudaDeviceCount() == 0) {
    std::printf("two_streams_cuda: no CUDA device here\n");
    return 0;
  }
  CudaMemory memory(CudaKind::kDevice);
  TensorPool pool(Arena::From(memory, 4 * 1024 * two_streams::kKiB));
  pool.RegisterGraph(two_streams::MakeGraph());
  pool.FinalizePlan();
  two_streams::PrintPlan(pool);

  Device device;
  for (std::size_t op = 0; op < pool.graph().ops().size(); ++op) {
    device.events.emplace_back();
    Check(cudaEventCreateWithFlags(&device.events.back(), cudaEventDisableTiming), "event");
  }
  constexpr int kRuns = 200;
  for (int run = 0; run < kRuns; ++run) {
    const std::vector<std::uint8_t> input = two_streams::InputOf(run);
    if (Run(pool, device, input) != two_streams::Expected(pool.graph(), input)) {
      std::fprintf(stderr, "two_streams_cuda: run %d came to other bytes\n", run);
      return 1;
    }
  }
  std::printf("%d runs on two CUDA streams: every output is right\n", kRuns);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "two_streams_cuda: %s\n", error.what());
  return 1;
}
