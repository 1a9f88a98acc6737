// lookup_loop N: finalizes a pool, looks tensors up N times, and takes scratch as often. no_system_calls.sh counts the
// system calls.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "orionrt/shared_plan.hpp"
#include "orionrt/stream_scratch.hpp"
#include "orionrt/tensor_pool.hpp"

int main(int argc, char** argv) {
  const long n = argc > 1 ? std::atol(argv[1]) : 10;
  std::vector<orionrt::OpNode> ops;
  std::vector<orionrt::TensorDesc> tensors;
  for (int i = 0; i < 100; ++i) {
    ops.push_back({i, i == 0 ? std::vector<int>{} : std::vector<int>{i - 1}, {i}});
    tensors.push_back({i, static_cast<std::size_t>(64 * i)});
  }
  orionrt::TensorPool pool(1 << 20);
  pool.RegisterGraph(ops, tensors);
  pool.FinalizePlan();
  orionrt::SharedArenaOptions options;
  options.scratch_bytes = 1 << 20;
  orionrt::SharedArena arena(orionrt::SharedPlan::Make({{pool.graph(), 0, {}}}), options);
  orionrt::HostStreamEvents events(2);
  orionrt::StreamScratchOptions on_streams;
  on_streams.streams = 2;
  on_streams.events = &events;
  std::vector<std::byte> memory(1 << 15);
  orionrt::StreamScratch streamed(memory.data(), memory.size(), on_streams);
  std::size_t sum = 0;
  for (long k = 0; k < n; ++k) {
    const int id = static_cast<int>(k % 101);
    sum += pool.Allocate(id).bytes;
    pool.Release(id);
    const orionrt::TensorHandle beside = pool.AllocateScratch(static_cast<std::size_t>(k % 9000));
    const orionrt::TensorHandle scratch = arena.AllocateScratch(static_cast<std::size_t>(k % 9000));
    sum += arena.View().Allocate(id).bytes + scratch.bytes + beside.bytes;
    (void)arena.FreeScratch(scratch);
    (void)pool.FreeScratch(beside);
    const int stream = static_cast<int>(k / 3 % 2);
    const orionrt::StreamBlock block = streamed.Allocate(stream, static_cast<std::size_t>(k % 9000));
    (void)streamed.Release(block, stream);
    if (k % 16 == 0) streamed.Wait(1 - stream, streamed.Record(stream));
  }
  std::printf("%d\n", sum > 0 ? 1 : 0);  // the same output for every N
  return 0;
}
