// Links the core as a user's project would, and uses it; then each component that is there.
#include <orionrt.h>
#include <orionrt_plan.h>

#include <cstdlib>
#include <orionrt/orionrt.hpp>
#include <string>
#ifdef HAS_io
#include <orionrt/formats.hpp>
#include <orionrt/report.hpp>
#endif
#ifdef HAS_onnx
#include <orionrt/import.hpp>
#endif
#ifdef HAS_tflite
#endif
#ifdef HAS_cuda
#include <orionrt/cuda.hpp>
#endif
#ifdef HAS_opencl
#include <orionrt/opencl.hpp>
#endif
#if defined(WANTS_SHARED) && !defined(ORIONRT_SHARED)
#error "the shared target must define ORIONRT_SHARED"
#endif

namespace {

// Whether the call links and says by an Error what is wrong with its arguments.
template <typename Call>
bool Refuses(const Call& call) {
  try {
    call();
  } catch (const orionrt::Error&) {
    return true;
  }
  return false;
}

bool ComponentsAnswer() {
  bool good = true;
#ifdef HAS_io
  good = good && Refuses([] { orionrt::ReadCsv("", "none.csv"); });
  good = good && Refuses([] { orionrt::ReplayTrace({}, -1, 1); });
#endif
#ifdef HAS_onnx
  good = good && Refuses([] { orionrt::ImportOnnx("no model", "none.onnx", {}); });
#endif
#ifdef HAS_tflite
  good = good && Refuses([] { orionrt::ImportTflite("no model", "none.tflite", {}); });
#endif
#ifdef HAS_cuda
  good = good && orionrt::CudaDeviceCount() >= 0;  // where there is no device, too
#endif
#ifdef HAS_opencl
  good = good && Refuses([] { orionrt::OpenClBuffer::Borrow(nullptr, nullptr); });
#endif
  return good;
}

}  // namespace

int main() {
  orionrt::TensorPool pool(4096);
  pool.RegisterGraph({{0, {}, {0}}, {1, {0}, {}}}, {{0, 100}});
  pool.FinalizePlan();
  const bool same = orionrt_version() == std::string(ORIONRT_VERSION);
  return pool.Allocate(0).bytes == 100 && same && ComponentsAnswer() ? EXIT_SUCCESS : EXIT_FAILURE;
}
