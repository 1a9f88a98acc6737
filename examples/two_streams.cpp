// A graph on two streams that share bytes. The streams are threads of the host, an event is a promise: made good behind
// an op, waited for before another. Prints what the plan needs beside one stream, and beside two that share nothing.
#include "two_streams.hpp"

#include <cstring>
#include <exception>
#include <future>
#include <thread>

using namespace orionrt;

// One op behind the other, those of one stream; `events`: one an op, by id.
void RunStream(const TensorPool& pool, int stream, std::vector<std::promise<void>>& events,
               const std::vector<std::shared_future<void>>& recorded) {
  for (const OpNode& op : pool.graph().ops()) {
    if (op.stream != stream) continue;
    for (const int other : op.waits) recorded[static_cast<std::size_t>(other)].wait();
    two_streams::RunOp(op, pool, std::memset, std::memcpy);
    events[static_cast<std::size_t>(op.id)].set_value();
  }
}

// The calling thread, the host, is a stream too: it writes the input before both begin, and reads the output when both
// have ended. So no run overlaps the next.
std::vector<std::uint8_t> Run(const TensorPool& pool, const std::vector<std::uint8_t>& input) {
  std::memcpy(pool.GetPtr(two_streams::kInput), input.data(), input.size());
  std::vector<std::promise<void>> events(pool.graph().ops().size());
  std::vector<std::shared_future<void>> recorded;
  for (std::promise<void>& event : events) recorded.push_back(event.get_future().share());
  std::vector<std::thread> streams;
  for (int stream = 0; stream < two_streams::kStreams; ++stream) {
    streams.emplace_back([&, stream] { RunStream(pool, stream, events, recorded); });
  }
  for (std::thread& stream : streams) stream.join();
  const TensorHandle output = pool.Allocate(two_streams::kOutput);
  const auto* const bytes = static_cast<const std::uint8_t*>(output.ptr);
  return {bytes, bytes + output.bytes};
}

int main() try {
  TensorPool pool(4 * 1024 * two_streams::kKiB);
  pool.RegisterGraph(two_streams::MakeGraph());
  pool.FinalizePlan();
  two_streams::PrintPlan(pool);

  constexpr int kRuns = 200;
  for (int run = 0; run < kRuns; ++run) {
    const std::vector<std::uint8_t> input = two_streams::InputOf(run);
    if (Run(pool, input) != two_streams::Expected(pool.graph(), input)) {
      std::fprintf(stderr, "two_streams: run %d came to other bytes\n", run);
      return 1;
    }
  }
  std::printf("%d runs on two threads: every output is right\n", kRuns);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "two_streams: %s\n", error.what());
  return 1;
}
