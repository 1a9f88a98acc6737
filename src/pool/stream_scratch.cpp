// Scratch for several streams: blocks that one releases and another may take once events say so.
#include "orionrt/stream_scratch.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "orionrt/config.hpp"
#include "pool/stream_blocks.hpp"
#include "pool/stream_clocks.hpp"

namespace orionrt {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Between two looks at what is pending: from short to long, as short waits are the common ones.
constexpr std::chrono::nanoseconds kFirstPause{10'000}, kLongestPause{1'000'000};

[[noreturn]] void Misuse(const std::string& what) { throw Error(ErrorCode::kMisuse, "stream scratch: " + what); }

void CheckCount(const char* name, int value, int most) {
  if (value < 1 || value > most) {
    Misuse(std::to_string(value) + " " + name + "; 1 to " + std::to_string(most) + " are possible");
  }
}

const StreamScratchOptions& Checked(const void* base, std::size_t capacity, const StreamScratchOptions& options) {
  if (base == nullptr && capacity > 0) Misuse("null memory given for " + std::to_string(capacity) + " bytes");
  if (capacity > static_cast<std::size_t>(kMaxBytes)) Misuse(std::to_string(capacity) + " bytes are more than 63 bits");
  CheckCount("streams", options.streams, kMaxStreams);
  CheckCount("blocks", options.blocks, 1 << 20);
  CheckCount("records", options.records, options.events == nullptr ? 1 << 20 : options.events->events());
  if (options.events != nullptr && options.events->streams() != options.streams) {
    Misuse(std::to_string(options.streams) + " streams, but events of " + std::to_string(options.events->streams()));
  }
  if (options.max_wait < std::chrono::nanoseconds::zero()) Misuse("max_wait is negative");
  if (options.max_wait > std::chrono::nanoseconds::zero() && options.events == nullptr) {
    Misuse("max_wait needs events to wait for; set StreamScratchOptions::events, or leave it 0");
  }
  return options;
}

}  // namespace

class StreamScratch::Books {
 public:
  Books(void* base, std::size_t capacity, const StreamScratchOptions& options)
      : base_(static_cast<std::byte*>(base)),
        events_(Checked(base, capacity, options).events),
        max_wait_(options.max_wait),
        clocks_(options.streams, options.records, events_ != nullptr),
        blocks_(static_cast<std::int64_t>(capacity), options.block_bytes, options.blocks, options.streams),
        refusals_(static_cast<std::size_t>(options.streams)) {}

  StreamBlock Allocate(int stream, std::size_t bytes);
  template <typename Place>
  FreeStatus Release(const StreamBlock& block, const Place* places, std::size_t count);
  StreamEvent Record(int stream);
  void Wait(int stream, StreamEvent event);
  void Synchronized();

  StreamPending Pending(int stream) const;
  StreamRefusal LastRefusal(int stream) const;
  StreamScratchStats stats() const;
  bool CheckInvariants() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  std::int64_t SizeFor(std::size_t bytes) const;
  FreeStatus Find(const StreamBlock& block) const;
  // A place where a release may be: the end of a stream as it is now, or an event.
  bool IsPlace(int stream) const { return clocks_.Has(stream); }
  bool IsPlace(StreamEvent event) const { return clocks_.WasRecorded(event); }
  StreamEvent EventAt(int stream) const { return {stream, clocks_.now(stream)}; }
  StreamEvent EventAt(StreamEvent event) const { return event; }
  template <typename Place>
  void Need(int chunk, const Place* places, std::size_t count);

  // The three that call the backend: unlocked meanwhile.
  StreamEvent RecordIn(Lock& lock, int stream);
  void Ask(Lock& lock, int stream);
  void AskAll(Lock& lock);

  StreamBlocks::Served TakeAsking(Lock& lock, int stream, std::int64_t size, StreamBlocks::Served served);
  StreamBlock Refuse(int stream, std::size_t bytes, StreamRefusal::Reason reason);

  std::byte* base_;
  StreamEvents* events_;
  std::chrono::nanoseconds max_wait_;
  mutable std::mutex mutex_;  // of all that follows
  StreamClocks clocks_;
  StreamBlocks blocks_;
  std::vector<StreamRefusal> refusals_;  // by stream, the last one
  StreamScratchStats counts_;            // from_*, refused
};

// ---- allocating ----

// Whole blocks, a power of two; 0 for what cannot fit.
std::int64_t StreamScratch::Books::SizeFor(std::size_t bytes) const {
  if (bytes > static_cast<std::size_t>(blocks_.capacity())) return 0;
  std::int64_t size = blocks_.block_bytes();
  while (size < static_cast<std::int64_t>(bytes)) {
    if (size > blocks_.capacity() / 2) return 0;
    size *= 2;
  }
  return size <= blocks_.capacity() ? size : 0;
}

StreamBlock StreamScratch::Books::Allocate(int stream, std::size_t bytes) {
  Lock lock(mutex_);
  if (!clocks_.Has(stream)) return ++counts_.refused, StreamBlock{};
  const std::int64_t size = SizeFor(bytes);
  if (size == 0) return Refuse(stream, bytes, StreamRefusal::Reason::kTooLarge);
  StreamBlocks::Served served = blocks_.Take(stream, size, clocks_);
  if (served.chunk >= 0) {
    ++(served.from == ServedFrom::kFree  ? counts_.from_free
       : served.from == ServedFrom::kOwn ? counts_.from_own
                                         : counts_.from_covered);
  } else if (events_ != nullptr) {
    served = TakeAsking(lock, stream, size, served);
  }
  if (served.chunk < 0) {
    return Refuse(stream, bytes,
                  served.books_full ? StreamRefusal::Reason::kBooksFull : StreamRefusal::Reason::kNoRoom);
  }
  return {base_ + blocks_.offset(served.chunk), bytes, static_cast<std::uint32_t>(served.chunk),
          blocks_.generation(served.chunk)};
}

// Asks for events, once or for as long as it may wait; other threads come in meanwhile.
StreamBlocks::Served StreamScratch::Books::TakeAsking(Lock& lock, int stream, std::int64_t size,
                                                      StreamBlocks::Served served) {
  SteadyClock::time_point until;
  for (std::chrono::nanoseconds pause{0}; blocks_.HasPending();) {
    AskAll(lock);
    blocks_.Reap(clocks_);
    served = blocks_.Take(stream, size, clocks_);
    if (served.chunk >= 0) {
      ++(pause.count() == 0 ? counts_.from_finished : counts_.from_waited);
      break;
    }
    if (max_wait_.count() == 0) break;
    const SteadyClock::time_point now = SteadyClock::now();
    if (pause.count() == 0) until = now + max_wait_;
    if (now >= until) break;
    pause = std::clamp(2 * pause, kFirstPause, kLongestPause);
    lock.unlock();
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(pause, until - now));
    lock.lock();
  }
  return served;
}

StreamBlock StreamScratch::Books::Refuse(int stream, std::size_t bytes, StreamRefusal::Reason reason) {
  ++counts_.refused;
  refusals_[At(stream)] = {reason, bytes, blocks_.Pending(stream, clocks_)};
  return {};
}

// ---- events ----

StreamEvent StreamScratch::Books::RecordIn(Lock& lock, int stream) {
  int slot = -1;
  const StreamEvent event = clocks_.Record(stream, &slot);
  if (events_ == nullptr || slot < 0) return event;
  lock.unlock();
  const bool ok = events_->Record(stream, slot);  // behind more than the event, perhaps; never behind less
  lock.lock();
  clocks_.Recorded(stream, slot, ok);
  return event;
}

// From the oldest on, until one has not finished.
void StreamScratch::Books::Ask(Lock& lock, int stream) {
  for (bool is_done = true; is_done;) {
    const int slot = clocks_.BeginAsk(stream);
    if (slot < 0) return;
    lock.unlock();
    is_done = events_->IsDone(stream, slot);
    lock.lock();
    clocks_.EndAsk(stream, slot, is_done);
  }
}

// Every stream that something pending waits for. What no event is behind yet, as there was no room for one, gets one.
void StreamScratch::Books::AskAll(Lock& lock) {
  Position latest[kMaxStreams];
  blocks_.LatestNeeds(latest);
  for (int stream = 0; stream < clocks_.streams(); ++stream) {
    if (latest[stream] <= clocks_.done(stream)) continue;
    if (clocks_.IsFull(stream)) Ask(lock, stream);
    if (latest[stream] > clocks_.newest(stream) && !clocks_.IsFull(stream)) (void)RecordIn(lock, stream);
    Ask(lock, stream);
  }
}

StreamEvent StreamScratch::Books::Record(int stream) {
  Lock lock(mutex_);
  return clocks_.Has(stream) ? RecordIn(lock, stream) : StreamEvent{};
}

void StreamScratch::Books::Wait(int stream, StreamEvent event) {
  const Lock lock(mutex_);
  if (clocks_.Has(stream) && clocks_.WasRecorded(event)) clocks_.Wait(stream, event);
}

void StreamScratch::Books::Synchronized() {
  const Lock lock(mutex_);
  clocks_.EndAll();
  blocks_.Reap(clocks_);
}

// ---- releasing ----

// kFreed when it is there to be freed.
FreeStatus StreamScratch::Books::Find(const StreamBlock& block) const {
  const auto at = reinterpret_cast<std::uintptr_t>(block.ptr);
  const auto base = reinterpret_cast<std::uintptr_t>(base_);
  if (at < base || at - base >= static_cast<std::uintptr_t>(blocks_.capacity())) return FreeStatus::kForeign;
  const auto offset = static_cast<std::int64_t>(at - base);
  if (offset % blocks_.block_bytes() != 0) return FreeStatus::kMisaligned;
  return blocks_.IsInUse(block.entry, block.generation, offset) ? FreeStatus::kFreed : FreeStatus::kNotAllocated;
}

// The latest place on each stream. And what the stream that allocated it took it behind, unless one of these streams is
// known to be behind that: one that did not wait for the allocation says nothing about who was there before.
template <typename Place>
void StreamScratch::Books::Need(int chunk, const Place* places, std::size_t count) {
  Position* const need = blocks_.Need(chunk);
  const StreamEvent taken = blocks_.taken_at(chunk);
  bool is_behind = taken.position == 0;
  for (std::size_t i = 0; i < count; ++i) {
    const StreamEvent place = EventAt(places[i]);
    need[place.stream] = std::max(need[place.stream], place.position);
    is_behind = is_behind || clocks_.IsImplied(taken.stream, taken.position, place);
  }
  if (!is_behind) need[taken.stream] = std::max(need[taken.stream], taken.position);
}

template <typename Place>
FreeStatus StreamScratch::Books::Release(const StreamBlock& block, const Place* places, std::size_t count) {
  Lock lock(mutex_);
  const FreeStatus found = Find(block);
  if (found != FreeStatus::kFreed) return found;
  if (!std::all_of(places, places + count, [&](const Place& place) { return IsPlace(place); })) {
    return FreeStatus::kForeign;
  }
  Need(static_cast<int>(block.entry), places, count);
  blocks_.Release(static_cast<int>(block.entry), clocks_);
  if constexpr (std::is_same_v<Place, int>) {
    if (events_ == nullptr || clocks_.streams() == 1) return FreeStatus::kFreed;
    for (std::size_t i = 0; i < count; ++i) {
      if (clocks_.IsFull(places[i])) Ask(lock, places[i]);
      if (!clocks_.IsFull(places[i])) (void)RecordIn(lock, places[i]);
    }
  }
  return FreeStatus::kFreed;
}

// ---- what there is ----

StreamPending StreamScratch::Books::Pending(int stream) const {
  const Lock lock(mutex_);
  return clocks_.Has(stream) ? blocks_.Pending(stream, clocks_) : StreamPending{};
}

StreamRefusal StreamScratch::Books::LastRefusal(int stream) const {
  const Lock lock(mutex_);
  return clocks_.Has(stream) ? refusals_[At(stream)] : StreamRefusal{};
}

StreamScratchStats StreamScratch::Books::stats() const {
  const Lock lock(mutex_);
  StreamScratchStats stats = counts_;
  stats.metadata_bytes =
      static_cast<std::int64_t>(sizeof *this + sizeof(StreamScratch) + refusals_.capacity() * sizeof(StreamRefusal)) +
      clocks_.metadata_bytes();
  blocks_.AddTo(stats);
  return stats;
}

bool StreamScratch::Books::CheckInvariants() const {
  const Lock lock(mutex_);
  return blocks_.CheckInvariants(clocks_);
}

// ---- the face, which may have been moved from ----

StreamScratch::StreamScratch(void* base, std::size_t capacity, const StreamScratchOptions& options)
    : books_(std::make_unique<Books>(base, capacity, options)) {}
StreamScratch::~StreamScratch() = default;
StreamScratch::StreamScratch(StreamScratch&& other) noexcept = default;
StreamScratch& StreamScratch::operator=(StreamScratch&& other) noexcept = default;

StreamBlock StreamScratch::Allocate(int stream, std::size_t bytes) noexcept {
  return books_ ? books_->Allocate(stream, bytes) : StreamBlock{};
}
FreeStatus StreamScratch::Release(const StreamBlock& block, const int* streams, std::size_t count) noexcept {
  return books_ ? books_->Release(block, streams, count) : FreeStatus::kForeign;
}
FreeStatus StreamScratch::Release(const StreamBlock& block, const StreamEvent* events, std::size_t count) noexcept {
  return books_ ? books_->Release(block, events, count) : FreeStatus::kForeign;
}
StreamEvent StreamScratch::Record(int stream) noexcept { return books_ ? books_->Record(stream) : StreamEvent{}; }
void StreamScratch::Wait(int stream, StreamEvent event) noexcept {
  if (books_) books_->Wait(stream, event);
}
void StreamScratch::Synchronized() noexcept {
  if (books_) books_->Synchronized();
}
StreamPending StreamScratch::Pending(int stream) const noexcept {
  return books_ ? books_->Pending(stream) : StreamPending{};
}
StreamRefusal StreamScratch::LastRefusal(int stream) const noexcept {
  return books_ ? books_->LastRefusal(stream) : StreamRefusal{};
}
StreamScratchStats StreamScratch::stats() const noexcept { return books_ ? books_->stats() : StreamScratchStats{}; }
bool StreamScratch::CheckInvariants() const { return books_ == nullptr || books_->CheckInvariants(); }

}  // namespace orionrt
