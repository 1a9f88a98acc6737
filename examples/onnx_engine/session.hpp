// A program in the places of a plan, ready to run again and again. Addresses are looked up once, when it is made.
#pragma once

#include <condition_variable>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "orionrt/orionrt.hpp"
#include "program.hpp"

namespace onnx_engine {

struct Addresses {
  std::vector<void*> tensors;     // by id
  std::vector<void*> workspaces;  // by id of op
};

// Of a TensorPool, or of a TensorView into memory that several programs share.
template <typename Places>
Addresses AddressesOf(const orionrt::Graph& graph, const Places& places) {
  Addresses addresses;
  for (std::size_t id = 0; id < graph.tensors().size(); ++id) {
    addresses.tensors.push_back(places.GetPtr(static_cast<int>(id)));
  }
  for (std::size_t id = 0; id < graph.ops().size(); ++id) {
    addresses.workspaces.push_back(places.Workspace(static_cast<int>(id)).ptr);
  }
  return addresses;
}

using Arguments = std::unordered_map<int, dnnl::memory>;

// What op number `op_id` of the program takes, where it lies.
Arguments ArgumentsOf(const Program& program, int op_id, const Addresses& addresses);

void Execute(const Step& step, const Arguments& arguments, const dnnl::stream& stream);

class Session {
 public:
  // The program outlives the session, and so does the memory. `threads`: of each kernel; 0: as OpenMP likes.
  Session(const Program& program, const orionrt::Assignment& assignment, Addresses addresses, int threads = 0);

  // Row-major floats of an input or output; one that is to be read after the run, or was written before it.
  float* Input(std::size_t i) const { return FloatsOf(program_.inputs.at(i)); }
  float* Output(std::size_t i) const { return FloatsOf(program_.outputs.at(i)); }

  // Writes an input. Throws orionrt::Error (kMisuse) where `floats` are not as many as the input has.
  void SetInput(std::size_t i, const std::vector<float>& floats);

  // Runs all ops: in the order of the plan, and, where it is over several streams, one thread a stream.
  void Run();

 private:
  struct Launch {
    int op_id;
    int stream;
    std::vector<int> waits;  // ids of ops
    Arguments arguments;     // none: it has nothing to do
  };

  float* FloatsOf(const Port& port) const {
    return static_cast<float*>(addresses_.tensors[static_cast<std::size_t>(port.tensor)]);
  }
  void Execute(const Launch& launch) const;
  void RunStream(int stream);
  void Wait(const std::vector<int>& op_ids);
  void SetDone(int op_id);

  const Program& program_;
  const Addresses addresses_;
  const int threads_;
  std::vector<dnnl::stream> streams_;
  std::vector<Launch> launches_;  // in the order of the plan, without the ops that have nothing to do
  std::mutex mutex_;              // of done_
  std::condition_variable changed_;
  std::vector<char> done_;  // by id of op
};

// How many threads kernels that this thread starts may use.
void UseThreads(int threads);

}  // namespace onnx_engine
