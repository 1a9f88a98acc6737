// Scratch on OpenCL command queues of the first device that is here.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "orionrt/opencl.hpp"
#include "orionrt/stream_scratch.hpp"
#include "refuses.hpp"
#define CL_TARGET_OPENCL_VERSION 200
#include <CL/cl.h>

namespace orionrt::tests::stream_opencl_test {
namespace {

class OpenClStreams : public testing::Test {
 protected:
  void SetUp() override {
    cl_platform_id platform = nullptr;
    cl_uint count = 0;
    clGetPlatformIDs(1, &platform, &count);
    if (count == 0 || clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device_, nullptr) != CL_SUCCESS) {
      GTEST_SKIP() << "no OpenCL platform with a device is here (Debian: pocl-opencl-icd)";
    }
    context_ = clCreateContext(nullptr, 1, &device_, nullptr, nullptr, nullptr);
    for (int k = 0; k < 2; ++k) queues_.push_back(MakeQueue(0));
    gate_ = clCreateUserEvent(context_, nullptr);
  }
  void TearDown() override {
    if (context_ == nullptr) return;
    Open();
    for (void* const queue : queues_) {
      EXPECT_EQ(clFinish(static_cast<cl_command_queue>(queue)), CL_SUCCESS);
      clReleaseCommandQueue(static_cast<cl_command_queue>(queue));
    }
    clReleaseEvent(gate_);
    clReleaseContext(context_);
  }
  cl_command_queue MakeQueue(cl_command_queue_properties how) {
    const cl_queue_properties properties[] = {CL_QUEUE_PROPERTIES, how, 0};
    return clCreateCommandQueueWithProperties(context_, device_, properties, nullptr);
  }
  // Keeps a queue from going on until the gate is open.
  void Hold(int stream) {
    ASSERT_EQ(clEnqueueMarkerWithWaitList(static_cast<cl_command_queue>(queues_[stream]), 1, &gate_, nullptr),
              CL_SUCCESS);
  }
  void Open() {
    if (!is_open_) clSetUserEventStatus(gate_, CL_COMPLETE);
    is_open_ = true;
  }

  cl_device_id device_ = nullptr;
  cl_context context_ = nullptr;
  std::vector<void*> queues_;
  cl_event gate_ = nullptr;
  bool is_open_ = false;
};

TEST_F(OpenClStreams, AreAskedAndWaitedFor) {
  std::vector<std::byte> memory(1 << 16);  // offsets are what counts
  OpenClStreamEvents events(queues_);
  StreamScratchOptions options;
  options.streams = 2;
  options.events = &events;
  options.max_wait = std::chrono::milliseconds(5);
  StreamScratch scratch(memory.data(), memory.size(), options);
  Hold(0);
  for (int round = 0; round < 100; ++round) {  // more than there are events
    const StreamBlock block = scratch.Allocate(0, memory.size());
    ASSERT_NE(block.ptr, nullptr);
    ASSERT_EQ(scratch.Release(block, 0), FreeStatus::kFreed);
  }
  EXPECT_EQ(scratch.Allocate(1, 1).ptr, nullptr);
  EXPECT_TRUE(scratch.LastRefusal(1).pending.on(0));
  Open();
  EXPECT_EQ(clFinish(static_cast<cl_command_queue>(queues_[0])), CL_SUCCESS);
  EXPECT_EQ(scratch.Allocate(1, memory.size()).ptr, memory.data());
  EXPECT_EQ(scratch.stats().from_finished + scratch.stats().from_waited, 1);
}

TEST_F(OpenClStreams, RefuseWhatIsNoOneStream) {
  const cl_command_queue loose = MakeQueue(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  if (loose != nullptr) {
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"out-of-order"}, [&] { OpenClStreamEvents({queues_[0], loose}); }));
    clReleaseCommandQueue(loose);
  }
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"queue", "CL_INVALID"}, [] { OpenClStreamEvents({nullptr}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"0 streams"}, [] { OpenClStreamEvents({}); }));
}

}  // namespace
}  // namespace orionrt::tests::stream_opencl_test
