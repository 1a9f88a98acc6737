#include "session.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

namespace onnx_engine {
namespace {

int StreamsOf(const orionrt::Assignment& assignment) {
  int streams = 1;
  for (const orionrt::Launch& launch : assignment.launches) streams = std::max(streams, launch.stream + 1);
  return streams;
}

}  // namespace

Arguments ArgumentsOf(const Program& program, int op_id, const Addresses& addresses) {
  const Step& step = program.steps[static_cast<std::size_t>(op_id)];
  Arguments arguments;
  for (const Operand& operand : step.operands) {
    const auto tensor = static_cast<std::size_t>(operand.value.tensor);
    arguments[operand.argument] = operand.value.tensor == orionrt::kNoTensor
                                      ? operand.weight
                                      : dnnl::memory(operand.value.layout, program.engine, addresses.tensors[tensor]);
  }
  if (step.scratchpad.get_size() > 0) {
    arguments[DNNL_ARG_SCRATCHPAD] =
        dnnl::memory(step.scratchpad, program.engine, addresses.workspaces[static_cast<std::size_t>(op_id)]);
  }
  return arguments;
}

void Execute(const Step& step, const Arguments& arguments, const dnnl::stream& stream) {
  if (step.element == nullptr) {
    step.primitive.execute(stream, arguments);
    return;
  }
  const dnnl::memory &from = arguments.at(DNNL_ARG_SRC), &to = arguments.at(DNNL_ARG_DST);
  const auto* const source = static_cast<const float*>(from.get_data_handle());
  std::transform(source, source + from.get_desc().get_size() / sizeof(float), static_cast<float*>(to.get_data_handle()),
                 step.element);
}

void UseThreads(int threads) {
  if (threads <= 0) return;
  // oneDNN brings the OpenMP that it was built with; this program is linked with none of its own.
  using Setter = void (*)(int);
  static const auto set = reinterpret_cast<Setter>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  if (set != nullptr) set(threads);
}

Session::Session(const Program& program, const orionrt::Assignment& assignment, Addresses addresses, int threads)
    : program_(program), addresses_(std::move(addresses)), threads_(threads), done_(program.steps.size()) {
  UseThreads(threads_);
  for (int i = 0; i < StreamsOf(assignment); ++i) streams_.emplace_back(program_.engine);
  const std::vector<int>& vanished = assignment.vanished_ids;
  for (std::size_t i = 0; i < assignment.order_ids.size(); ++i) {
    Launch launch{assignment.order_ids[i], 0, {}, {}};
    if (!assignment.launches.empty()) {
      launch.stream = assignment.launches[i].stream;
      launch.waits = assignment.launches[i].waits;
    }
    // What has vanished has its output in place; others may still wait for its turn.
    const bool runs = std::count(vanished.begin(), vanished.end(), launch.op_id) == 0;
    if (runs) launch.arguments = ArgumentsOf(program_, launch.op_id, addresses_);
    if (runs || !assignment.launches.empty()) launches_.push_back(std::move(launch));
  }
}

void Session::SetInput(std::size_t i, const std::vector<float>& floats) {
  const Port& port = program_.inputs.at(i);
  if (static_cast<std::int64_t>(floats.size()) != port.count) {
    throw orionrt::Error(orionrt::ErrorCode::kMisuse, "input \"" + port.name + "\" has " + std::to_string(port.count) +
                                                          " floats, " + std::to_string(floats.size()) + " were given");
  }
  std::copy(floats.begin(), floats.end(), Input(i));
}

void Session::Execute(const Launch& launch) const {
  if (launch.arguments.empty()) return;
  onnx_engine::Execute(program_.steps[static_cast<std::size_t>(launch.op_id)], launch.arguments,
                       streams_[static_cast<std::size_t>(launch.stream)]);
}

void Session::Run() {
  if (streams_.size() == 1) {
    for (const Launch& launch : launches_) Execute(launch);
    return;
  }
  std::fill(done_.begin(), done_.end(), 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    threads.emplace_back([this, i] { RunStream(static_cast<int>(i)); });
  }
  for (std::thread& thread : threads) thread.join();
}

void Session::RunStream(int stream) {
  UseThreads(threads_);
  for (const Launch& launch : launches_) {
    if (launch.stream != stream) continue;
    Wait(launch.waits);
    Execute(launch);
    SetDone(launch.op_id);
  }
}

void Session::Wait(const std::vector<int>& op_ids) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] {
    return std::all_of(op_ids.begin(), op_ids.end(), [&](int id) { return done_[static_cast<std::size_t>(id)] != 0; });
  });
}

void Session::SetDone(int op_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  done_[static_cast<std::size_t>(op_id)] = 1;
  changed_.notify_all();
}

}  // namespace onnx_engine
