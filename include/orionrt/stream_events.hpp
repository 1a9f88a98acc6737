// Events of streams: how StreamScratch learns, without waiting, how far a stream has come. For host threads here; for
// devices, orionrt/cuda.hpp and orionrt/opencl.hpp.
#pragma once

#include <cstdint>
#include <memory>

#include "orionrt/export.hpp"

namespace orionrt {

inline constexpr int kMaxStreams = 64;

// `events` of each of `streams`, made at construction and used again and again. StreamScratch, which it serves alone,
// says which; it calls from any thread, never two Record of one event at a time, and never Record while IsDone looks at
// the same one.
class ORIONRT_API StreamEvents {
 public:
  // Throws Error (kMisuse) for streams outside [1, kMaxStreams], or events outside [1, 2^20].
  StreamEvents(int streams, int events);
  virtual ~StreamEvents();
  StreamEvents(const StreamEvents&) = delete;
  StreamEvents& operator=(const StreamEvents&) = delete;

  int streams() const noexcept { return streams_; }
  int events() const noexcept { return events_; }  // of each stream

  // Marks the end of what has been put on the stream before the call, and all that this had to wait for. Does not wait.
  // False when the backend could not: the event then tells nothing, and is not asked.
  virtual bool Record(int stream, int event) noexcept = 0;

  // Whether the stream has come to where the event was last recorded. Never waits; false also when it cannot be told.
  // After true, what the stream did up to there is visible to the calling thread where the host has part in it.
  virtual bool IsDone(int stream, int event) noexcept = 0;

 private:
  int streams_, events_;
};

// Streams of the host: queues whose tasks run in turn, each on whatever thread serves it. Count every task that may use
// scratch. A thread that allocates, works and releases by itself puts nothing: its work is over when it releases.
class ORIONRT_API HostStreamEvents final : public StreamEvents {
 public:
  // Throws as StreamEvents does.
  explicit HostStreamEvents(int streams, int events = 64);
  ~HostStreamEvents() override;

  // A task is put on the stream: before it can begin. From any thread; of one stream, one call at a time.
  void Put(int stream) noexcept;
  // The task that was put first of those that have not ended has ended: by the thread that ran it, as its last act.
  void End(int stream) noexcept;

  bool Record(int stream, int event) noexcept override;
  bool IsDone(int stream, int event) noexcept override;

 private:
  struct Stream;
  std::unique_ptr<Stream[]> by_stream_;
  std::unique_ptr<std::uint64_t[]> recorded_;  // by stream and event: tasks put before
};

}  // namespace orionrt
