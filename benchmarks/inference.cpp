// bench_inference MODEL RUNS OUTPUT [NAME=N ...]: what a network's activations and scratchpads take, and how long it
// runs, with the engine of examples/onnx_engine: a piece of the heap for every tensor, given back after its last
// reader, against planned memory. Prints a figure a line; scripts/measure_inference.py makes tables of them. Writes the
// output's floats to the file OUTPUT.
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels.hpp"
#include "model.hpp"
#include "orionrt/orionrt.hpp"
#include "planning.hpp"
#include "program.hpp"
#include "session.hpp"

namespace {

using namespace orionrt;
using onnx_engine::PlannedProgram;
using onnx_engine::Program;
using onnx_engine::Session;

constexpr int kThreads = 2;
constexpr std::size_t kAlignment = 64;

void Print(const std::string& name, double value) { std::printf("%s %.6f\n", name.c_str(), value); }

void WriteInput(const onnx_engine::Port& port, float* to) {
  for (std::int64_t k = 0; k < port.count; ++k) {
    to[k] = static_cast<float>(static_cast<double>(k) / static_cast<double>(port.count));
  }
}

// Bytes taken from the heap (above 0) and given back, in the order of one run; `piece` tells which.
struct HeapEvent {
  std::int64_t piece, bytes;
};

// The most that the heap has from the system while it serves five runs: asked of a process that has done nothing else,
// as what building a program leaves behind would hide it.
class FreshHeap {
 public:
  FreshHeap() {  // before all else
    if (pipe(to_) != 0 || pipe(from_) != 0) std::abort();
    child_ = fork();
    if (child_ == 0) Serve();
    close(to_[0]);
    close(from_[1]);
  }

  std::size_t PeakOf(const std::vector<HeapEvent>& events) {
    const std::size_t bytes = events.size() * sizeof(HeapEvent);
    std::size_t peak = 0;
    if (write(to_[1], &bytes, sizeof bytes) < 0 || write(to_[1], events.data(), bytes) < 0) return 0;
    if (read(from_[0], &peak, sizeof peak) < 0) return 0;
    waitpid(child_, nullptr, 0);
    return peak;
  }

 private:
  [[noreturn]] void Serve() {
    std::size_t bytes = 0;
    close(to_[1]);  // so that reading ends where the parent does
    if (read(to_[0], &bytes, sizeof bytes) != sizeof bytes) _exit(1);
    std::vector<HeapEvent> events(bytes / sizeof(HeapEvent));
    for (std::size_t done = 0; done < bytes;) {
      const ssize_t count = read(to_[0], reinterpret_cast<char*>(events.data()) + done, bytes - done);
      if (count <= 0) _exit(1);
      done += static_cast<std::size_t>(count);
    }
    const std::size_t peak = PeakOfRuns(events);
    _exit(write(from_[1], &peak, sizeof peak) == sizeof peak ? 0 : 1);
  }

  static std::size_t PeakOfRuns(const std::vector<HeapEvent>& events) {
    std::vector<void*> pieces(events.size());
    const auto heap_bytes = [] {
      const struct mallinfo2 info = mallinfo2();
      return info.arena + info.hblkhd;
    };
    const std::size_t before = heap_bytes();
    std::size_t peak = before;
    for (int run = 0; run < 5; ++run) {
      for (const HeapEvent& event : events) {
        void*& piece = pieces[static_cast<std::size_t>(event.piece)];
        if (event.bytes < 0) {
          free(piece);
          continue;
        }
        piece = aligned_alloc(kAlignment, static_cast<std::size_t>(event.bytes));
        peak = std::max(peak, heap_bytes());
      }
    }
    return peak - before;
  }

  int to_[2], from_[2];
  pid_t child_ = -1;
};

// Memory as engines without a plan take it: as ops come to their outputs, until the last of their readers is done.
class HeapSession {
 public:
  explicit HeapSession(const Program& program) : program_(program), stream_(program.engine) {
    const GraphLiveness liveness(program.graph);
    const std::vector<OpNode>& ops = program.graph.ops();
    dying_.resize(ops.size());
    for (std::size_t id = 0; id < program.graph.tensors().size(); ++id) {
      dying_[static_cast<std::size_t>(liveness.lifetimes()[id].end)].push_back(static_cast<int>(id));
    }
    addresses_.tensors.resize(program.graph.tensors().size());
    addresses_.workspaces.resize(ops.size());
    for (const OpNode& op : ops) arguments_.push_back(onnx_engine::ArgumentsOf(program, op.id, addresses_));
  }

  void Run(std::vector<float>& output) {
    ++runs_;
    for (const onnx_engine::Port& port : program_.inputs) {
      WriteInput(port, static_cast<float*>(Take(addresses_.tensors[static_cast<std::size_t>(port.tensor)],
                                                static_cast<std::size_t>(port.count) * sizeof(float))));
    }
    for (const OpNode& op : program_.graph.ops()) RunOp(op, output);
  }

  std::size_t live_bytes_peak() const { return live_peak_; }
  const std::vector<HeapEvent>& events() const { return events_; }  // of the first run

 private:
  void* Take(void*& address, std::size_t bytes) {
    bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    live_ += bytes;
    live_peak_ = std::max(live_peak_, live_);
    address = aligned_alloc(kAlignment, bytes);
    Note(address, static_cast<std::int64_t>(bytes));
    return address;
  }

  void RunOp(const OpNode& op, std::vector<float>& output) {
    const auto at = static_cast<std::size_t>(op.id);
    const auto tensor = static_cast<std::size_t>(op.outputs[0]);
    Take(addresses_.tensors[tensor], program_.graph.tensors()[tensor].bytes);
    if (op.workspace_bytes > 0) Take(addresses_.workspaces[at], op.workspace_bytes);
    const onnx_engine::Step& step = program_.steps[at];
    for (const onnx_engine::Operand& operand : step.operands) {
      if (operand.value.tensor == kNoTensor) continue;
      arguments_[at][operand.argument].set_data_handle(
          addresses_.tensors[static_cast<std::size_t>(operand.value.tensor)]);
    }
    if (op.workspace_bytes > 0) arguments_[at][DNNL_ARG_SCRATCHPAD].set_data_handle(addresses_.workspaces[at]);
    onnx_engine::Execute(step, arguments_[at], stream_);
    if (op.workspace_bytes > 0) Give(addresses_.workspaces[at], op.workspace_bytes);
    GiveDying(at, output);
  }

  void GiveDying(std::size_t at, std::vector<float>& output) {
    for (const int id : dying_[at]) {
      void* const address = addresses_.tensors[static_cast<std::size_t>(id)];
      const onnx_engine::Port& result = program_.outputs[0];
      if (id == result.tensor) std::copy_n(static_cast<const float*>(address), result.count, output.begin());
      Give(address, program_.graph.tensors()[static_cast<std::size_t>(id)].bytes);
    }
  }

  void Give(void* address, std::size_t bytes) {
    bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    live_ -= bytes;
    Note(address, -static_cast<std::int64_t>(bytes));
    free(address);
  }

  // Pieces have a number as long as they live; an address is another's as soon as they do not.
  void Note(void* address, std::int64_t bytes) {
    if (runs_ > 1) return;
    if (bytes > 0) numbers_[address] = static_cast<std::int64_t>(events_.size());
    events_.push_back({numbers_.at(address), bytes});
  }

  const Program& program_;
  const dnnl::stream stream_;
  std::vector<std::vector<int>> dying_;  // by op: the tensors whose last use it is
  onnx_engine::Addresses addresses_;
  std::vector<onnx_engine::Arguments> arguments_;
  std::size_t live_ = 0, live_peak_ = 0;
  int runs_ = 0;
  std::map<void*, std::int64_t> numbers_;
  std::vector<HeapEvent> events_;
};

// Ordinary pages, whatever the system does with large blocks by default.
class SmallPages : public MemoryResource {
 public:
  SmallPages() : MemoryResource({"small pages", true, 4096, 4096, 0}) {}

 private:
  void* DoAllocate(std::size_t bytes, std::size_t) override {
    void* const base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return nullptr;
    madvise(base, bytes, MADV_NOHUGEPAGE);
    return base;
  }
  void DoDeallocate(void* base, std::size_t bytes, std::size_t) noexcept override { munmap(base, bytes); }
};

class PooledSession {
 public:
  PooledSession(const Program& program, const PlannedProgram& planned, MemoryResource& resource)
      : program_(program),
        pool_(Arena::From(resource, RequiredBytes(planned.assignment))),
        session_(program, planned.assignment, AddressesIn(program, planned), kThreads) {}

  void Run(std::vector<float>& output) {
    for (std::size_t i = 0; i < program_.inputs.size(); ++i) WriteInput(program_.inputs[i], session_.Input(i));
    session_.Run();
    std::copy_n(session_.Output(0), output.size(), output.begin());
  }

 private:
  onnx_engine::Addresses AddressesIn(const Program& program, const PlannedProgram& planned) {
    pool_.RegisterGraph(planned.graph);
    pool_.LoadPlan(planned.assignment);
    return onnx_engine::AddressesOf(program.graph, pool_);
  }

  const Program& program_;
  TensorPool pool_;
  Session session_;
};

struct Way {
  std::string name;
  std::function<void(std::vector<float>&)> run;
  std::vector<double> milliseconds = {};
  std::int64_t faults = 0;  // of all runs but the first
};

std::int64_t Faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// In turns, so that what else the machine does is shared; the first turn warms up.
void Measure(std::vector<Way>& ways, int runs, const std::vector<float>& expected) {
  for (int run = 0; run <= runs; ++run) {
    for (Way& way : ways) {
      std::vector<float> output(expected.size());
      const std::int64_t faults = Faults();
      const auto begin = std::chrono::steady_clock::now();
      way.run(output);
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
      if (run > 0) way.milliseconds.push_back(took.count());
      if (run > 0) way.faults += Faults() - faults;
      if (std::memcmp(output.data(), expected.data(), expected.size() * sizeof(float)) == 0) continue;
      throw Error(ErrorCode::kInternal, way.name + ": another output");
    }
  }
}

PlannedProgram PrintPlans(const Program& program) {
  PlannedProgram best;
  for (const Policy& policy : Policies()) {
    onnx_engine::PlanningOptions options;
    options.policy = policy.name;
    PlannedProgram planned = MakePlan(program.graph, options);
    Print("policy." + policy.name, static_cast<double>(planned.plan.peak_bytes));
    if (policy.name == "auto") best = std::move(planned);
  }
  Print("bound", static_cast<double>(best.plan.certificate.lower_bound_bytes));
  onnx_engine::PlanningOptions all;
  all.transforms = {true, true, true, true};
  best = MakePlan(program.graph, all);
  Print("all", static_cast<double>(best.plan.peak_bytes));
  Print("all.bound", static_cast<double>(best.plan.certificate.lower_bound_bytes));
  return best;
}

void Main(FreshHeap& fresh_heap, const std::string& path, int runs, const std::string& output_path,
          const ImportOptions& import) {
  onnx_engine::ReadOptions read;
  read.hash_weights = true;
  read.import = import;
  onnx_engine::UseThreads(kThreads);
  const Program program = onnx_engine::MakeProgram(onnx_engine::ReadModel(path, read, onnx_engine::KernelTypes()));
  Print("weights", static_cast<double>(program.weight_bytes));
  const PlannedProgram planned = PrintPlans(program);
  std::vector<float> output(static_cast<std::size_t>(program.outputs[0].count));

  HeapSession heap(program);
  heap.Run(output);
  Print("malloc.live", static_cast<double>(heap.live_bytes_peak()));
  Print("malloc.heap", static_cast<double>(fresh_heap.PeakOf(heap.events())));
  std::ofstream(output_path, std::ios::binary)
      .write(reinterpret_cast<const char*>(output.data()), static_cast<std::streamsize>(output.size() * sizeof(float)));

  SmallPages small;
  HugePageMemory huge;
  PooledSession in_small(program, planned, small), in_huge(program, planned, huge);
  std::vector<Way> ways = {{"malloc", [&](std::vector<float>& to) { heap.Run(to); }},
                           {"pool", [&](std::vector<float>& to) { in_small.Run(to); }},
                           {"pool_huge", [&](std::vector<float>& to) { in_huge.Run(to); }}};
  Measure(ways, runs, output);
  for (Way& way : ways) {
    std::sort(way.milliseconds.begin(), way.milliseconds.end());
    Print("ms." + way.name, way.milliseconds[way.milliseconds.size() / 2]);
    Print("faults." + way.name, static_cast<double>(way.faults) / runs);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::fprintf(stderr, "usage: bench_inference MODEL RUNS OUTPUT [NAME=N ...]\n");
    return 2;
  }
  FreshHeap fresh_heap;
  ImportOptions import;
  for (int i = 4; i < argc; ++i) {
    const std::string dim = argv[i];
    const std::size_t equals = std::min(dim.find('='), dim.size() - 1);
    import.dims[dim.substr(0, equals)] = std::atoll(dim.c_str() + equals + 1);
  }
  Main(fresh_heap, argv[1], std::max(1, std::atoi(argv[2])), argv[3], import);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_inference: %s\n", error.what());
  return 1;
}
