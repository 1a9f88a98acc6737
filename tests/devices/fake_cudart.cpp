// Stands in for the CUDA runtime where there is no GPU, so that what orionrt::cuda does with it is tested everywhere:
// two devices on the heap, whose addresses are aligned to 256 bytes and no more. It aborts on what the real one would
// leave undefined: memory given back by the wrong call, on the wrong device or stream, twice, or not at all; events
// that are not destroyed. A stream is a thread that runs host functions.
#include <cuda_runtime_api.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

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
  int events = 0;
  ~Books() {
    if (!alive.empty()) std::fprintf(stderr, "fake CUDA: %zu blocks never given back\n", alive.size()), std::abort();
    if (events != 0) std::fprintf(stderr, "fake CUDA: %d events never destroyed\n", events), std::abort();
  }
};
Books books;
thread_local int current = 0;
thread_local cudaError_t last = cudaSuccess;

class Stream {
 public:
  Stream() : thread_([this] { Serve(); }) {}
  ~Stream() {
    Put(nullptr, nullptr);
    thread_.join();
  }
  void Put(cudaHostFn_t function, void* data) {
    const std::lock_guard<std::mutex> lock(mutex_);
    calls_.emplace_back(function, data);
    ++put_;
    changed_.notify_all();
  }
  long put() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return put_;
  }
  bool HasEnded(long calls) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return ended_ >= calls;
  }
  void Synchronize() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return ended_ == put_; });
  }

 private:
  void Serve() {
    for (bool more = true; more;) {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return !calls_.empty(); });
      const auto [function, data] = calls_.front();
      calls_.pop_front();
      lock.unlock();
      more = function != nullptr;
      if (more) function(data);
      lock.lock();
      ++ended_;
      changed_.notify_all();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<cudaHostFn_t, void*>> calls_;
  long put_ = 0, ended_ = 0;
  std::thread thread_;
};
Stream* Of(cudaStream_t stream) { return reinterpret_cast<Stream*>(stream); }  // null: the default one, always idle

struct Event {
  Stream* stream = nullptr;
  long calls = 0;  // before it on its stream
};

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
  return *stream = reinterpret_cast<cudaStream_t>(new Stream), cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) { return Of(stream)->Synchronize(), cudaSuccess; }
cudaError_t cudaStreamDestroy(cudaStream_t stream) { return delete Of(stream), cudaSuccess; }
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  return Of(stream)->Put(function, data), cudaSuccess;
}
cudaError_t cudaPeekAtLastError() { return last; }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  if (flags != cudaEventDisableTiming) std::fprintf(stderr, "fake CUDA: an event that takes the time\n"), std::abort();
  ++books.events;
  return *event = reinterpret_cast<cudaEvent_t>(new Event), cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  --books.events;
  return delete reinterpret_cast<Event*>(event), cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  *reinterpret_cast<Event*>(event) = {Of(stream), stream == nullptr ? 0 : Of(stream)->put()};
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  const Event& asked = *reinterpret_cast<Event*>(event);
  return asked.stream == nullptr || asked.stream->HasEnded(asked.calls) ? cudaSuccess : Fail(cudaErrorNotReady);
}
}
