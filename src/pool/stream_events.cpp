// Events of streams: recorded once each in turn, asked until they are done; those of host threads.
#include <atomic>
#include <string>

#include "base/index.hpp"
#include "orionrt/config.hpp"
#include "orionrt/stream_scratch.hpp"

namespace orionrt {

StreamEvents::StreamEvents(int streams, int events) : streams_(streams), events_(events) {
  if (streams < 1 || streams > kMaxStreams) {
    throw Error(ErrorCode::kMisuse, "stream events: " + std::to_string(streams) + " streams; 1 to " +
                                        std::to_string(kMaxStreams) + " are possible");
  }
  if (events < 1 || events > 1 << 20) {
    throw Error(ErrorCode::kMisuse,
                "stream events: " + std::to_string(events) + " of each stream; 1 to 2^20 are possible");
  }
}

StreamEvents::~StreamEvents() = default;

struct alignas(64) HostStreamEvents::Stream {  // a cache line each
  std::atomic<std::uint64_t> put{0}, ended{0};
};

HostStreamEvents::HostStreamEvents(int streams, int events)
    : StreamEvents(streams, events),
      by_stream_(std::make_unique<Stream[]>(static_cast<std::size_t>(streams))),
      recorded_(std::make_unique<std::uint64_t[]>(static_cast<std::size_t>(streams) * At(events))) {}

HostStreamEvents::~HostStreamEvents() = default;

void HostStreamEvents::Put(int stream) noexcept { by_stream_[At(stream)].put.fetch_add(1, std::memory_order_relaxed); }
void HostStreamEvents::End(int stream) noexcept {
  by_stream_[At(stream)].ended.fetch_add(1, std::memory_order_release);
}

bool HostStreamEvents::Record(int stream, int event) noexcept {
  recorded_[static_cast<std::size_t>(stream) * At(events()) + At(event)] =
      by_stream_[At(stream)].put.load(std::memory_order_relaxed);
  return true;
}

bool HostStreamEvents::IsDone(int stream, int event) noexcept {
  return by_stream_[At(stream)].ended.load(std::memory_order_acquire) >=
         recorded_[static_cast<std::size_t>(stream) * At(events()) + At(event)];
}

}  // namespace orionrt
