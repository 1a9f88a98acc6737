// From an ONNX file to addresses: reads a model, plans it, takes an arena of exactly what the plan needs, and says
// where the inputs and outputs are.
//
//   onnx_to_pool examples/models/encoder.onnx batch=4 sequence=128
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "orionrt/formats.hpp"
#include "orionrt/import.hpp"
#include "orionrt/orionrt.hpp"

using namespace orionrt;

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::fprintf(stderr, "usage: onnx_to_pool MODEL.onnx [DIM=N ...]\n");
    return 2;
  }
  const std::string path = argv[1];
  ImportOptions import;
  for (int i = 2; i < argc; ++i) {
    const std::string dim = argv[i];
    const std::size_t equals = dim.find('=');
    if (equals != std::string::npos) import.dims[dim.substr(0, equals)] = std::atoll(dim.c_str() + equals + 1);
  }
  ImportedModel model = ImportOnnx(ReadFile(path), path, import);

  LowerOptions lower;
  lower.transforms.in_place = true;
  const Workload workload = Lower(model, path, import, lower);
  const Assignment assignment = Assign(workload, PlanWorkload(workload, ReusePlanner()));

  TensorPool pool(RequiredBytes(assignment));  // exactly; nothing is left over
  pool.RegisterModel(std::move(model.graph), std::move(model.bodies));
  pool.LoadPlan(assignment);
  std::printf("%zu bytes in the arena, %zu for tables, %lld for weights\n", pool.capacity(), pool.metadata_bytes(),
              static_cast<long long>(model.weights.needed_bytes));
  for (const TensorDesc& tensor : pool.graph().tensors()) {
    if (tensor.roles == 0) continue;
    const TensorHandle handle = pool.Allocate(tensor.id);
    const auto offset = static_cast<const char*>(handle.ptr) - static_cast<const char*>(pool.addresses()[0]);
    std::printf("%s \"%s\": %zu bytes, %+lld from the first tensor\n",
                tensor.roles & TensorRole::kOutput ? "output" : "input", tensor.name.c_str(), handle.bytes,
                static_cast<long long>(offset));
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "onnx_to_pool: %s\n", error.what());
  return 3;
}
