// Links the core as a user's project would, and uses it.
#include <cstdlib>
#include <orionrt/orionrt.hpp>
#ifdef HAS_cuda
#include <orionrt/cuda.hpp>
#endif
#ifdef HAS_opencl
#include <orionrt/opencl.hpp>
#endif

namespace {

// Of those devices' memory that is installed: it links, and answers where there is no device too.
bool DevicesAnswer() {
#ifdef HAS_cuda
  if (orionrt::CudaDeviceCount() < 0) return false;
#endif
#ifdef HAS_opencl
  try {
    orionrt::OpenClBuffer::Borrow(nullptr, nullptr);
    return false;
  } catch (const orionrt::Error&) {
  }
#endif
  return true;
}

}  // namespace

int main() {
  orionrt::TensorPool pool(4096);
  pool.RegisterGraph({{0, {}, {0}}, {1, {0}, {}}}, {{0, 100}});
  pool.FinalizePlan();
  return pool.Allocate(0).bytes == 100 && DevicesAnswer() ? EXIT_SUCCESS : EXIT_FAILURE;
}
