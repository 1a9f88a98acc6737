// onnx_engine_loop MODELS N: two networks, of the folder with the examples' models, take turns N times in one shared
// arena. Ends with 1 where an output differs from the first of its network, or where in the end more memory is
// resident, or more bytes of the heap are in use, than after the first runs. onnx_engine_loop.sh counts the system
// calls between the two marks.
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "kernels.hpp"
#include "model.hpp"
#include "orionrt/orionrt.hpp"
#include "program.hpp"
#include "session.hpp"

namespace {

using Floats = std::vector<float>;
constexpr int kWarmUp = 50;  // runs of both
constexpr int kThreads = 2;

onnx_engine::Program ProgramOf(const std::string& path) {
  onnx_engine::ReadOptions options;
  options.hash_weights = true;
  options.import.default_dim = 16;
  return onnx_engine::MakeProgram(onnx_engine::ReadModel(path, options, onnx_engine::KernelTypes()));
}

// KiB of this process that are in memory and in no file: pages of programs come and go as the kernel sees fit. From the
// page tables, as /proc/self/statm only estimates (proc(5)). Takes no memory itself.
long ResidentKib() {
  char text[4096] = {};
  const int file = open("/proc/self/smaps_rollup", O_RDONLY);
  if (file < 0 || read(file, text, sizeof text - 1) <= 0) std::abort();
  close(file);
  const char key[] = "\nAnonymous:";
  const char* const at = std::strstr(text, key);
  if (at == nullptr) std::abort();
  return std::atol(at + sizeof key - 1);
}

// Leaves what becomes resident to this program. oneDNN takes aligned buffers from the heap for as long as an op runs,
// and glibc keeps what it cuts off their ends in fast bins, where nobody asks for chunks of that size, until the top of
// the heap is used up: only then are they joined again (malloc_consolidate), after some thousand runs. Without fast
// bins they are joined at once. And the kernel is not to fill pages in to make a huge one of them.
void SteadyHeap() {
  if (mallopt(M_MXFAST, 0) != 1) std::abort();
  (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

// A system call about memory that does nothing: a mark in a trace of them.
void Mark() { (void)madvise(nullptr, 0, MADV_NORMAL); }

// Writes inputs, runs, and compares the output with that of the first run.
bool RunAsBefore(onnx_engine::Session& session, const onnx_engine::Program& program, Floats& first) {
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    float* const input = session.Input(i);
    for (std::int64_t k = 0; k < program.inputs[i].count; ++k) input[k] = static_cast<float>(k % 251) / 251;
  }
  session.Run();
  const float* const output = session.Output(0);
  const auto count = static_cast<std::size_t>(program.outputs[0].count);
  if (first.empty()) first.assign(output, output + count);
  return std::memcmp(first.data(), output, count * sizeof(float)) == 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  SteadyHeap();
  const std::string folder = argv[1];
  const int runs = std::atoi(argv[2]);
  const std::vector<onnx_engine::Program> programs = {ProgramOf(folder + "/encoder.onnx"),
                                                      ProgramOf(folder + "/mobilenet_v2.onnx")};
  orionrt::SharedPlanOptions options;
  options.transforms = {true, true, true, true};
  orionrt::SharedArena arena(orionrt::SharedPlan::Make({{programs[0].graph}, {programs[1].graph}}, options));
  std::vector<std::unique_ptr<onnx_engine::Session>> sessions;
  for (int i = 0; i < 2; ++i) {
    const onnx_engine::Program& program = programs[static_cast<std::size_t>(i)];
    sessions.push_back(std::make_unique<onnx_engine::Session>(
        program, arena.plan().assignment(i), onnx_engine::AddressesOf(program.graph, arena.View(i)), kThreads));
  }
  Floats firsts[2];
  struct mallinfo2 heap = {};  // after the first runs, as resident
  long resident = 0;
  for (int run = 0; run < runs; ++run) {
    if (run == std::min(2 * kWarmUp, runs - 1)) {
      heap = mallinfo2();
      resident = ResidentKib();
      Mark();
    }
    const auto i = static_cast<std::size_t>(run % 2);
    if (RunAsBefore(*sessions[i], programs[i], firsts[i])) continue;
    std::printf("run %d came to another output\n", run);
    return 1;
  }
  Mark();
  const long grown = ResidentKib() - resident;
  const std::size_t in_use = mallinfo2().uordblks;
  std::fprintf(
      stderr,
      "%d runs in %zu bytes; after the first runs: %ld KiB resident, %zu bytes of the heap in use; in the end: "
      "%ld KiB and %ld bytes more\n",
      runs, arena.capacity(), resident, heap.uordblks, grown,
      static_cast<long>(in_use) - static_cast<long>(heap.uordblks));
  return grown > 0 || in_use > heap.uordblks ? 1 : 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "onnx_engine_loop: %s\n", error.what());
  return 1;
}
