// Memory of the first OpenCL device that is here; PoCL, OpenCL on the processor, will do.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "memory_contract.hpp"
#include "orionrt/opencl.hpp"
#include "orionrt/orionrt.hpp"
#include "refuses.hpp"
#define CL_TARGET_OPENCL_VERSION 200
#include <CL/cl.h>

// What PoCL and LLVM keep until the process ends is not ours to free.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpocl\nleak:libLLVM\nleak:libOpenCL\nleak:libhwloc\n";
}

namespace orionrt::tests::memory_opencl_test {
namespace {

constexpr const char* kNoDevice = "no OpenCL platform with a device is here (Debian: pocl-opencl-icd)";

struct Device {
  cl_device_id id = nullptr;
  cl_context context = nullptr;
  cl_command_queue queue = nullptr;  // in order
};

// One for the process: null handles where there is none.
const Device& TheDevice() {
  static const Device found = [] {
    Device device;
    cl_uint count = 0;
    clGetPlatformIDs(0, nullptr, &count);
    std::vector<cl_platform_id> platforms(count);
    if (count > 0) clGetPlatformIDs(count, platforms.data(), nullptr);
    for (const cl_platform_id platform : platforms) {
      if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device.id, nullptr) != CL_SUCCESS) continue;
      device.context = clCreateContext(nullptr, 1, &device.id, nullptr, nullptr, nullptr);
      device.queue = clCreateCommandQueueWithProperties(device.context, device.id, nullptr, nullptr);
      break;
    }
    return device;
  }();
  return found;
}

// Bytes through the queue, as coarse-grained memory wants it; fine-grained may be used so too.
template <bool kCoarse>
MemoryUnderTest Svm() {
  const Device& device = TheDevice();
  MemoryUnderTest memory;
  memory.why_not = kNoDevice;
  if (device.context == nullptr) return memory;
  if (!kCoarse) memory = OfHost<OpenClSvm>(device.context, device.id);
  if (!kCoarse && memory.resource->traits().host_accessible) return memory;
  memory.resource = std::make_unique<OpenClSvm>(device.context, device.id, /*coarse_only=*/true);
  memory.write = [&device](void* at, std::byte value) {
    ASSERT_EQ(clEnqueueSVMMemFill(device.queue, at, &value, 1, 1, 0, nullptr, nullptr), CL_SUCCESS);
    clFinish(device.queue);
  };
  memory.read = [&device](const void* at) {
    std::byte value{};
    EXPECT_EQ(clEnqueueSVMMemcpy(device.queue, CL_TRUE, &value, at, 1, 0, nullptr, nullptr), CL_SUCCESS);
    return value;
  };
  return memory;
}

INSTANTIATE_TEST_SUITE_P(OpenCl, MemoryContract,
                         testing::Values(MemorySource{"svm", Svm<false>}, MemorySource{"svm_coarse", Svm<true>}),
                         SourceName);

class OpenCl : public testing::Test {
 protected:
  void SetUp() override {
    if (device_.context == nullptr) GTEST_SKIP() << kNoDevice;
  }
  const Device& device_ = TheDevice();
};

TEST_F(OpenCl, SvmSaysWhetherTheHostMayUseIt) {
  cl_device_svm_capabilities has = 0;
  clGetDeviceInfo(device_.id, CL_DEVICE_SVM_CAPABILITIES, sizeof has, &has, nullptr);
  const bool fine = (has & CL_DEVICE_SVM_FINE_GRAIN_BUFFER) != 0;
  EXPECT_EQ(OpenClSvm(device_.context, device_.id).traits().host_accessible, fine);
  const OpenClSvm coarse(device_.context, device_.id, /*coarse_only=*/true);
  EXPECT_FALSE(coarse.traits().host_accessible);
  EXPECT_GT(coarse.traits().capacity, 0u);
}

TEST_F(OpenCl, RefusesHandlesOfNothing) {
  EXPECT_TRUE(
      Refuses(ErrorCode::kUnsupported, {"shared virtual memory"}, [&] { OpenClSvm(device_.context, nullptr); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"context"}, [&] { OpenClSvm(nullptr, device_.id); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"CL_INVALID_DEVICE"}, [&] { OpenClBuffer(device_.context, nullptr, 64); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"CL_INVALID_CONTEXT"}, [&] { OpenClBuffer(nullptr, device_.id, 64); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"no buffer"}, [&] { OpenClBuffer::Borrow(nullptr, device_.id); }));
}

TEST_F(OpenCl, BufferRefusesSizesThatTheDeviceHasNot) {
  EXPECT_TRUE(Refuses(ErrorCode::kOutOfMemory, {std::to_string(SIZE_MAX), "at most"},
                      [&] { OpenClBuffer(device_.context, device_.id, SIZE_MAX); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"0 bytes"}, [&] { OpenClBuffer(device_.context, device_.id, 0); }));
}

TEST_F(OpenCl, SubBuffersKeepToTheAlignmentAndTheEnd) {
  const OpenClBuffer whole(device_.context, device_.id, 1 << 20);
  cl_uint bits = 0;
  clGetDeviceInfo(device_.id, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof bits, &bits, nullptr);
  const std::size_t alignment = whole.alignment();
  ASSERT_EQ(alignment * 8, bits);
  EXPECT_EQ(whole.bytes(), std::size_t{1} << 20);
  EXPECT_EQ(whole.SubBuffer(alignment, 1).bytes(), 1u);
  EXPECT_EQ(whole.SubBuffer(whole.bytes() - alignment, alignment).bytes(), alignment);
  EXPECT_EQ(whole.SubBuffer(4, 0).mem(), nullptr) << "an empty tensor";
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"8 bytes at 4", std::to_string(alignment)}, [&] { whole.SubBuffer(4, 8); }));
  for (const auto& [offset, bytes] : {std::pair{whole.bytes(), std::size_t{1}},
                                      {alignment, whole.bytes()},
                                      {std::size_t{0}, SIZE_MAX},
                                      {SIZE_MAX, std::size_t{2}}}) {
    EXPECT_TRUE(
        Refuses(ErrorCode::kMisuse, {"beyond", "1048576"}, [&, o = offset, b = bytes] { whole.SubBuffer(o, b); }));
  }
  const OpenClBuffer part = whole.SubBuffer(alignment, 4 * alignment);
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"sub-buffer"}, [&] { part.SubBuffer(alignment, alignment); }));
}

TEST_F(OpenCl, SubBuffersShareTheBytesOfTheWholeAndKeepItAlive) {
  cl_mem mine = clCreateBuffer(device_.context, CL_MEM_READ_WRITE, 4096, nullptr, nullptr);
  const OpenClBuffer part = OpenClBuffer::Borrow(mine, device_.id).SubBuffer(1024, 16);
  std::vector<unsigned char> bytes(4096);
  std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(0));
  bytes[1024] = 42;
  EXPECT_EQ(clEnqueueWriteBuffer(device_.queue, mine, CL_TRUE, 0, 4096, bytes.data(), 0, nullptr, nullptr), CL_SUCCESS);
  clReleaseMemObject(mine);
  unsigned char first = 0;
  EXPECT_EQ(
      clEnqueueReadBuffer(device_.queue, static_cast<cl_mem>(part.mem()), CL_TRUE, 0, 1, &first, 0, nullptr, nullptr),
      CL_SUCCESS);
  EXPECT_EQ(first, 42);
}

// The README's graph as kernels over sub-buffers at the planned offsets, two of which lie at the same one.
TEST_F(OpenCl, RunsAPlannedGraphInOneBuffer) {
  const std::size_t alignment = OpenClBuffer(device_.context, device_.id, 1).alignment();
  const Graph graph({{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {2}}, {3, {2}, {}}}, {{0, 1024}, {1, 2048}, {2, 1024}});
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph), static_cast<std::int64_t>(alignment));
  const Plan plan = ReusePlanner().Run(lowered.problem);
  ASSERT_EQ(plan.offsets[0], plan.offsets[2]);
  const OpenClBuffer whole(device_.context, device_.id, RequiredBytes(plan));
  std::vector<OpenClBuffer> tensors;
  for (std::size_t i = 0; i < 3; ++i) {
    tensors.push_back(whole.SubBuffer(static_cast<std::size_t>(plan.offsets[i]), graph.tensors()[i].bytes));
  }

  const char* source =
      "kernel void next(global const int* in, global int* out) { out[get_global_id(0)] = in[get_global_id(0)] + 1; }";
  cl_program program = clCreateProgramWithSource(device_.context, 1, &source, nullptr, nullptr);
  ASSERT_EQ(clBuildProgram(program, 1, &device_.id, "", nullptr, nullptr), CL_SUCCESS);
  cl_kernel kernel = clCreateKernel(program, "next", nullptr);
  std::vector<int> values(256);
  std::iota(values.begin(), values.end(), 0);
  cl_mem mem[3];
  for (int i = 0; i < 3; ++i) mem[i] = static_cast<cl_mem>(tensors[static_cast<std::size_t>(i)].mem());
  EXPECT_EQ(clEnqueueWriteBuffer(device_.queue, mem[0], CL_TRUE, 0, 1024, values.data(), 0, nullptr, nullptr),
            CL_SUCCESS);
  for (int op = 1; op <= 2; ++op) {
    const std::size_t items = values.size();
    clSetKernelArg(kernel, 0, sizeof(cl_mem), &mem[op - 1]);
    clSetKernelArg(kernel, 1, sizeof(cl_mem), &mem[op]);
    EXPECT_EQ(clEnqueueNDRangeKernel(device_.queue, kernel, 1, nullptr, &items, nullptr, 0, nullptr, nullptr),
              CL_SUCCESS);
  }
  std::vector<int> result(256);
  EXPECT_EQ(clEnqueueReadBuffer(device_.queue, mem[2], CL_TRUE, 0, 1024, result.data(), 0, nullptr, nullptr),
            CL_SUCCESS);
  for (int& value : values) value += 2;
  EXPECT_EQ(result, values);
  clReleaseKernel(kernel);
  clReleaseProgram(program);
}

}  // namespace
}  // namespace orionrt::tests::memory_opencl_test
