// OpenCL's events, by which StreamScratch learns how far queues are.
#include <string>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "devices/opencl_calls.hpp"
#include "orionrt/opencl.hpp"

namespace orionrt {

class OpenClStreamEvents::State {
 public:
  State(const std::vector<void*>& queues, int events) : events_(queues.size() * static_cast<std::size_t>(events)) {
    for (void* const queue : queues) queues_.push_back(static_cast<cl_command_queue>(queue));
    for (const cl_command_queue queue : queues_) CheckIsInOrder(queue);
    for (const cl_command_queue queue : queues_) (void)clRetainCommandQueue(queue);
  }
  ~State() {
    for (const cl_event event : events_) {
      if (event != nullptr) (void)clReleaseEvent(event);
    }
    for (const cl_command_queue queue : queues_) (void)clReleaseCommandQueue(queue);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // An event of OpenCL is one marker's; the one that had the place before goes. Flushed, or it might never be reached.
  bool Record(int stream, std::size_t at) noexcept {
    const cl_command_queue queue = queues_[At(stream)];
    cl_event event = nullptr;
    if (clEnqueueMarkerWithWaitList(queue, 0, nullptr, &event) != CL_SUCCESS) return false;
    const cl_event before = std::exchange(events_[at], event);
    if (before != nullptr) (void)clReleaseEvent(before);
    return clFlush(queue) == CL_SUCCESS;
  }
  // Below 0 it was ended by an error: then too nothing is left to run.
  bool IsDone(std::size_t at) const noexcept {
    cl_int status = CL_QUEUED;
    return clGetEventInfo(events_[at], CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr) ==
               CL_SUCCESS &&
           status <= CL_COMPLETE;
  }

 private:
  static void CheckIsInOrder(cl_command_queue queue) {
    cl_command_queue_properties properties = 0;
    const cl_int status = clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof properties, &properties, nullptr);
    if (status != CL_SUCCESS) Fail(ErrorCode::kMisuse, "what was given is no command queue", status);
    if ((properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) == 0) return;
    throw Error(ErrorCode::kMisuse,
                "OpenCL: an out-of-order queue is no stream; make it without "
                "CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE");
  }

  std::vector<cl_command_queue> queues_;
  std::vector<cl_event> events_;  // by stream and event
};

OpenClStreamEvents::OpenClStreamEvents(const std::vector<void*>& queues, int events)
    : StreamEvents(static_cast<int>(queues.size()), events), state_(std::make_unique<State>(queues, events)) {}

OpenClStreamEvents::~OpenClStreamEvents() = default;

bool OpenClStreamEvents::Record(int stream, int event) noexcept {
  return state_->Record(stream, At(stream) * At(events()) + At(event));
}

bool OpenClStreamEvents::IsDone(int stream, int event) noexcept {
  return state_->IsDone(At(stream) * At(events()) + At(event));
}

}  // namespace orionrt
