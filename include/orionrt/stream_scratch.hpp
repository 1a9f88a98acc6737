// StreamScratch: memory that no plan knows of, for ops on several streams that run at the same time: queues of a GPU,
// copy engines, threads of the host. docs/streams.md has the rules and the figures.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>

#include "orionrt/buddy.hpp"
#include "orionrt/config.hpp"

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
  [[nodiscard]] virtual bool Record(int stream, int event) noexcept = 0;

  // Whether the stream has come to where the event was last recorded. Never waits; false also when it cannot be told.
  // After true, what the stream did up to there is visible to the calling thread where the host has part in it.
  [[nodiscard]] virtual bool IsDone(int stream, int event) noexcept = 0;

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

// A place in the order of a stream: behind what had been put on it when it was recorded. A value, good for as long as
// the StreamScratch that gave it. The default one was never recorded.
struct StreamEvent {
  int stream = -1;
  std::uint64_t position = 0;  // 1, 2, ...: the how-manieth segment of the stream it ends
};

struct StreamBlock {
  void* ptr = nullptr;
  std::size_t bytes = 0;  // as asked for
  std::uint32_t entry = 0, generation = 0;
};

struct StreamScratchOptions {
  int streams = 1;                 // 1 to kMaxStreams; they are called 0, 1, ...
  std::int64_t block_bytes = 256;  // the least that is given out, a power of two, as BuddyAllocator's
  int blocks = 1024;               // in use and pending at once, at most: 1 to 2^20
  int records = 64;                // remembered of each stream: 1 to 2^20, and no more than events->events()

  // Whom to ask what has finished; it outlives the StreamScratch. With none nothing is ever asked, and the same calls
  // give the same addresses on every run.
  StreamEvents* events = nullptr;
  // How long Allocate may wait for pending blocks, at most; 0: not at all. Only with events.
  std::chrono::nanoseconds max_wait{0};
};

// What is released, but not yet over for some stream.
struct StreamPending {
  std::uint64_t streams = 0;  // bit s: on stream s
  std::int64_t bytes = 0;     // in whole chunks
  std::int64_t blocks = 0;    // chunks of memory
  bool on(int stream) const { return (streams >> stream & 1) != 0; }
};

struct StreamRefusal {
  enum class Reason {
    kNone,       // nothing has been refused
    kTooLarge,   // more than the memory holds at all
    kNoRoom,     // what is pending says whether to wait, and for which streams; with nothing pending all is in use
    kBooksFull,  // StreamScratchOptions::blocks chunks are there already
  };
  Reason reason = Reason::kNone;
  std::size_t bytes = 0;  // asked for
  StreamPending pending;  // at that moment, for the stream that asked
};

struct StreamScratchStats {
  std::int64_t capacity = 0;  // bytes, in whole blocks; so are all of these
  std::int64_t used_bytes = 0;
  std::int64_t pending_bytes = 0;     // released, and not over for every stream
  std::int64_t high_water_bytes = 0;  // the most that used_bytes has been
  std::int64_t high_water_with_pending_bytes = 0;
  std::int64_t used_blocks = 0, pending_blocks = 0;
  // Where allocations were served from; together, all of them.
  std::int64_t from_free = 0;
  std::int64_t from_own = 0;       // with bytes that the asking stream itself released
  std::int64_t from_covered = 0;   // with bytes of others that it waits for
  std::int64_t from_finished = 0;  // after asking for events
  std::int64_t from_waited = 0;    // after waiting for them
  std::int64_t refused = 0;
  std::int64_t metadata_bytes = 0;  // all that this takes itself; but not its events

  std::int64_t free_bytes() const { return capacity - used_bytes - pending_bytes; }
};

// Hands out memory that it does not own and never touches, so it may be a device's. Allocate returns at once; the bytes
// may be used by what is put on that stream *later*, whatever is still running. Release likewise does not wait: it says
// behind what on which streams the bytes are free, and they stay pending until then. A stream takes, in this order:
//   1. free bytes, and those that it released itself: its own order makes them safe;
//   2. bytes of others whose release its waits cover;
//   3. bytes whose release has been reached, as an event says that was asked, not waited for;
//   4. the same, looked at again and again for `max_wait`;
//   5. none: LastRefusal says what is pending.
// Chunks that are next to each other make one block when all of them may be taken. What is left of a chunk keeps the
// whole of its release: every stream and place of it.
//
// Who may run before whom is told by Record and Wait, and nothing else; they order nothing themselves. The backend's
// own record and wait (cudaEventRecord and cudaStreamWaitEvent, a barrier, a condition variable) are the caller's:
// Record first and then make yours, make your wait and then Wait, so that nothing comes between that is not covered.
// Release when the last use has been put on its stream. A stream that uses another's block waits for where it was
// allocated.
//
// For several threads, with one short lock that nothing is waited for, asked or recorded under. Calls that name one
// stream as theirs must come one after the other, as what they tell is an order. Allocate, Release, Record and Wait
// take no heap memory (a backend may: OpenCL's does), and make no system call of their own but to wait. Of n blocks and
// k streams: Allocate O(n (k + log n)), and O(k + log n) as long as free memory does; Release O(k) for each point;
// Record and Wait O(k). Movable, not copyable: what is moved from has no memory, and refuses every call.
class ORIONRT_API StreamScratch {
 public:
  // `base` may be null where `capacity` is 0, and otherwise outlives this. Memory behind the last whole block is not
  // used. Throws Error (kMisuse): options outside their bounds, events of another number of streams, a wait without
  // events, null with a capacity, a capacity past 63 bits; and as BuddyAllocator does.
  StreamScratch(void* base, std::size_t capacity, const StreamScratchOptions& options);
  ~StreamScratch();
  StreamScratch(StreamScratch&& other) noexcept;
  StreamScratch& operator=(StreamScratch&& other) noexcept;

  // At least `bytes` (0 counts as 1) for what is put on the stream from now on, aligned to `bytes` rounded up to a
  // power of two as far as the base is; {nullptr, 0} when there is no place, or no such stream.
  StreamBlock Allocate(int stream, std::size_t bytes) noexcept;

  // Gives a block back behind all that is now on these streams: every stream that used it; none where nobody did. Or
  // behind events, each of them recorded after that stream's last use. Once for a block: kNotAllocated is what is given
  // back already, kForeign (and nothing is changed) what was never given out, a stream that there is not, or an event
  // that was never recorded. Always has room for its note. With events it records one of each of these streams.
  FreeStatus Release(const StreamBlock& block, int stream) noexcept { return Release(block, &stream, 1); }
  FreeStatus Release(const StreamBlock& block, std::initializer_list<int> streams) noexcept {
    return Release(block, streams.begin(), streams.size());
  }
  FreeStatus Release(const StreamBlock& block, const int* streams, std::size_t count) noexcept;
  FreeStatus Release(const StreamBlock& block, std::initializer_list<StreamEvent> events) noexcept {
    return Release(block, events.begin(), events.size());
  }
  FreeStatus Release(const StreamBlock& block, const StreamEvent* events, std::size_t count) noexcept;

  // An event behind what is on the stream now: what was released before it, not after. One that was never recorded
  // when there is no such stream.
  StreamEvent Record(int stream) noexcept;

  // From here on the stream runs behind the event, and behind all that the event's stream had waited for before it. An
  // event that was never recorded is nothing to wait for. Once `records` newer ones of its stream were made, what that
  // stream had waited for is forgotten: the event covers its own stream alone, which is safe.
  void Wait(int stream, StreamEvent event) noexcept;

  // All that was put on any stream has ended, as after cudaDeviceSynchronize: what is pending is free.
  void Synchronized() noexcept;

  StreamPending Pending(int stream) const noexcept;      // what the stream may not take now; O(n k)
  StreamRefusal LastRefusal(int stream) const noexcept;  // of this stream's requests
  StreamScratchStats stats() const noexcept;             // O(log n)
  [[nodiscard]] bool CheckInvariants() const;            // whether the books agree with each other; O(n log n)

 private:
  class Books;
  std::unique_ptr<Books> books_;
};

}  // namespace orionrt
