// CUDA's events, by which StreamScratch learns how far streams are.
#include <cuda_runtime_api.h>

#include <string>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "devices/cuda_calls.hpp"
#include "orionrt/config.hpp"
#include "orionrt/cuda.hpp"

namespace orionrt {
namespace {

constexpr const char* kWhat = "CUDA stream events: ";

}  // namespace

class CudaStreamEvents::State {
 public:
  State(std::vector<void*> streams, int events, int device) : streams_(std::move(streams)), device_(device) {
    for (const void* const stream : streams_) {
      if (stream == cudaStreamPerThread) {
        throw Error(ErrorCode::kMisuse, std::string(kWhat) +
                                            "cudaStreamPerThread is another stream for each thread "
                                            "that asks; make one with cudaStreamCreate");
      }
    }
    const CurrentDevice current(device);
    cudaError_t status = current.status();
    events_.resize(streams_.size() * static_cast<std::size_t>(events), nullptr);
    for (cudaEvent_t& event : events_) {
      if (status == cudaSuccess) status = cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
    }
    if (status == cudaSuccess) return;
    (void)cudaGetLastError();
    Destroy();
    throw Error(ErrorCode::kUnsupported,
                kWhat + std::string("device ") + std::to_string(device) + " cannot be used: " + Describe(status));
  }
  ~State() { Destroy(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool Record(int stream, std::size_t event) const noexcept {
    const CurrentDevice current(device_);  // whose default stream null is
    return current.status() == cudaSuccess && Succeeds(cudaEventRecord(events_[event], Handle(stream)));
  }
  bool IsDone(std::size_t event) const noexcept { return Succeeds(cudaEventQuery(events_[event])); }

 private:
  cudaStream_t Handle(int stream) const { return static_cast<cudaStream_t>(streams_[At(stream)]); }
  // "Not ready" is an answer, but the runtime remembers it as an error for the program's next check of its own calls.
  // An error that was there before, or that lasts, stays for that.
  static bool Succeeds(cudaError_t status) {
    if (status == cudaErrorNotReady && cudaPeekAtLastError() == cudaErrorNotReady) (void)cudaGetLastError();
    return status == cudaSuccess;
  }
  void Destroy() {
    for (const cudaEvent_t event : events_) {
      if (event != nullptr) (void)cudaEventDestroy(event);
    }
  }

  std::vector<void*> streams_;
  std::vector<cudaEvent_t> events_;  // by stream and event
  int device_;
};

CudaStreamEvents::CudaStreamEvents(std::vector<void*> streams, int device, int events)
    : StreamEvents(static_cast<int>(streams.size()), events),
      state_(std::make_unique<State>(std::move(streams), events, device)) {}

CudaStreamEvents::~CudaStreamEvents() = default;

bool CudaStreamEvents::Record(int stream, int event) noexcept {
  return state_->Record(stream, At(stream) * At(events()) + At(event));
}

bool CudaStreamEvents::IsDone(int stream, int event) noexcept {
  return state_->IsDone(At(stream) * At(events()) + At(event));
}

}  // namespace orionrt
