// The graph that two_streams.cpp runs on threads and two_streams_cuda.cpp on a GPU: two blocks of two branches each.
//
//   stream 0   stem ──▶ left ──▶ left ──▶ join ──▶ left ──▶ left ──▶ join
//                  ╲                      ╱   ╲                      ╱
//   stream 1        ╰▶ right ──▶ right ──╯     ╰▶ right ──▶ right ──╯
//
// The first block is heavy on stream 0, the second on stream 1. Each slanted line is a wait.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <vector>

#include "orionrt/orionrt.hpp"

namespace two_streams {

constexpr std::size_t kKiB = 1024;
constexpr int kStreams = 2, kInput = 0, kOutput = 11;

inline orionrt::Graph MakeGraph() {
  std::vector<orionrt::TensorDesc> tensors;
  const std::size_t kib[] = {64, 64, 512, 512, 64, 64, 64, 64, 64, 512, 512, 64};  // of tensors 0 to 11
  for (const std::size_t size : kib) {
    orionrt::TensorDesc tensor;
    tensor.id = static_cast<int>(tensors.size());
    tensor.bytes = size * kKiB;
    tensors.push_back(tensor);
  }
  tensors[kOutput].roles = orionrt::TensorRole::kOutput;

  std::vector<orionrt::OpNode> ops;
  const auto add = [&](std::vector<int> inputs, int output, int stream, std::vector<int> waits, const char* name) {
    orionrt::OpNode op;
    op.id = static_cast<int>(ops.size());
    op.inputs = std::move(inputs);
    op.outputs = {output};
    op.stream = stream;
    op.waits = std::move(waits);
    op.name = name;
    ops.push_back(op);
  };
  add({0}, 1, 0, {}, "stem");
  add({1}, 2, 0, {}, "left1");
  add({1}, 4, 1, {0}, "right1");  // runs beside left1: no order of the list is one of execution
  add({2}, 3, 0, {}, "left2");
  add({4}, 5, 1, {}, "right2");
  add({3, 5}, 6, 0, {4}, "join1");
  add({6}, 7, 0, {}, "left3");
  add({6}, 9, 1, {5}, "right3");
  add({7}, 8, 0, {}, "left4");
  add({9}, 10, 1, {}, "right4");
  add({8, 10}, 11, 0, {9}, "join2");
  return {std::move(ops), std::move(tensors)};
}

// What every op does: a mark in all bytes of its output, and over that its inputs, as much of each as finds room.
// Set(output, byte, bytes) and Copy(from, to, bytes) are the host's or the device's.
template <typename SetBytes, typename CopyBytes>
void RunOp(const orionrt::OpNode& op, const orionrt::TensorPool& pool, SetBytes set, CopyBytes copy) {
  const orionrt::TensorHandle out = pool.Allocate(op.outputs[0]);
  set(out.ptr, op.id + 1, out.bytes);
  const std::size_t share = out.bytes / op.inputs.size() - 1;  // the last byte of each share keeps the mark
  auto* to = static_cast<std::byte*>(out.ptr);
  for (const int id : op.inputs) {
    const orionrt::TensorHandle in = pool.Allocate(id);
    copy(to, in.ptr, std::min(share, in.bytes));
    to += share + 1;
  }
}

// The output, with bytes of its own for every tensor: what each run must come to.
inline std::vector<std::uint8_t> Expected(const orionrt::Graph& graph, const std::vector<std::uint8_t>& input) {
  std::map<int, std::vector<std::uint8_t>> values = {{kInput, input}};
  for (const orionrt::OpNode& op : graph.ops()) {
    const std::size_t bytes = graph.tensors()[static_cast<std::size_t>(graph.IndexOf(op.outputs[0]))].bytes;
    std::vector<std::uint8_t> out(bytes, static_cast<std::uint8_t>(op.id + 1));
    const std::size_t share = bytes / op.inputs.size() - 1;
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      const std::vector<std::uint8_t>& in = values[op.inputs[i]];
      std::copy_n(in.begin(), std::min(share, in.size()), out.begin() + static_cast<std::ptrdiff_t>(i * (share + 1)));
    }
    values[op.outputs[0]] = std::move(out);
  }
  return values[kOutput];
}

inline std::vector<std::uint8_t> InputOf(int run) {
  std::vector<std::uint8_t> bytes(64 * kKiB);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251 + run * 7U);
  return bytes;
}

// The least bytes for the same ops one after another, as they are listed.
inline std::int64_t SerialPeak(const orionrt::Graph& graph) {
  std::vector<orionrt::OpNode> ops = graph.ops();
  for (orionrt::OpNode& op : ops) op.stream = 0, op.waits.clear();
  const orionrt::Graph serial(std::move(ops), graph.tensors());
  const orionrt::GraphLiveness liveness(serial);
  return orionrt::ReusePlanner().Run(orionrt::MakeProblem(serial, liveness, 64).problem).peak_bytes;
}

// What engines without clocks do: bytes belong to the stream that writes them (those of inputs, to stream 0).
inline std::int64_t LanesPeak(const orionrt::Graph& graph) {
  const orionrt::Lowered lowered = orionrt::MakeProblem(graph, orionrt::GraphLiveness(graph), 64);
  std::vector<int> stream_of(lowered.problem.buffers.size(), 0);
  for (const orionrt::OpNode& op : graph.ops()) {
    const int tensor = graph.IndexOf(op.outputs[0]);
    stream_of[static_cast<std::size_t>(lowered.bindings[static_cast<std::size_t>(tensor)].buffer)] = op.stream;
  }
  std::int64_t sum = 0;
  for (int stream = 0; stream < kStreams; ++stream) {
    orionrt::Problem lane = lowered.problem;
    for (std::size_t i = 0; i < lane.buffers.size(); ++i) {
      if (stream_of[i] != stream) lane.buffers[i].size = 0;  // an empty buffer conflicts with nothing
    }
    sum += orionrt::ReusePlanner().Run(lane).peak_bytes;
  }
  return sum;
}

inline void PrintPlan(const orionrt::TensorPool& pool) {
  const orionrt::Plan& plan = pool.plan();
  const auto kib = [](std::int64_t bytes) { return static_cast<long long>(bytes) / static_cast<long long>(kKiB); };
  std::printf("one stream                  %5lld KiB\n", kib(SerialPeak(pool.graph())));
  std::printf("two, each with its own      %5lld KiB\n", kib(LanesPeak(pool.graph())));
  std::printf("two, planned together       %5lld KiB, ", kib(plan.peak_bytes));
  if (plan.certificate.proven_optimal) {
    std::printf("proven: no plan needs less\n");
  } else {
    std::printf("no plan needs less than %lld\n", kib(plan.certificate.lower_bound_bytes));
  }
}

}  // namespace two_streams
