// The chunks of a StreamScratch: in use, or released and pending behind a row of positions. All of them are allocations
// of one buddy, which therefore knows as free only what is over for everyone.
#pragma once

#include <cstdint>
#include <vector>

#include "base/index.hpp"
#include "orionrt/buddy.hpp"
#include "orionrt/stream_scratch.hpp"
#include "pool/stream_clocks.hpp"

namespace orionrt {

enum class ServedFrom { kFree, kOwn, kCovered };

class StreamBlocks {
 public:
  StreamBlocks(std::int64_t capacity, std::int64_t block_bytes, int blocks, int streams);

  struct Served {
    int chunk = -1;  // none: no place
    ServedFrom from = ServedFrom::kFree;
    bool books_full = false;  // there would be a place, but no entry for it
  };
  // `bytes`, a power of two of whole blocks, for what stream t does from now on.
  Served Take(int t, std::int64_t bytes, const StreamClocks& clocks);

  // The need of a chunk in use, to be filled in by its release; zero.
  Position* Need(int chunk) { return &needs_[static_cast<std::size_t>(chunk) * At(streams_)]; }
  const Position* Need(int chunk) const { return &needs_[static_cast<std::size_t>(chunk) * At(streams_)]; }
  // Makes it pending behind its need; where that is over for all, free.
  void Release(int chunk, const StreamClocks& clocks);
  // Frees what is over for all streams.
  void Reap(const StreamClocks& clocks);

  bool IsInUse(std::uint32_t chunk, std::uint32_t generation, std::int64_t offset) const;
  std::int64_t offset(int chunk) const { return chunks_[At(chunk)].offset; }
  std::uint32_t generation(int chunk) const { return chunks_[At(chunk)].generation; }
  // Where the stream that has the chunk stood when it took it from what was pending; nothing when it was free.
  StreamEvent taken_at(int chunk) const { return chunks_[At(chunk)].taken_at; }

  StreamPending Pending(int t, const StreamClocks& clocks) const;
  bool HasPending() const { return pending_blocks_ > 0; }
  // The latest position of each stream that pending chunks wait for.
  void LatestNeeds(Position* row) const;
  bool HasUnused() const { return unused_ >= 0; }
  std::int64_t capacity() const { return buddy_.capacity(); }
  std::int64_t block_bytes() const { return buddy_.block_bytes(); }
  void AddTo(StreamScratchStats& stats) const;
  [[nodiscard]] bool CheckInvariants(const StreamClocks& clocks) const;

 private:
  enum State : std::uint8_t { kUnused, kInUse, kPending };
  struct Chunk {
    std::int64_t offset = 0, bytes = 0;
    StreamEvent taken_at;
    std::uint32_t generation = 0;
    int next = -1, before = -1;  // of the pending ones of about its size, or of the unused
    State state = kUnused;
  };
  static constexpr int kSizes = 64;

  template <typename Visit>
  void EachPending(Visit visit) const;
  // `may_take` says of a pending chunk whether the stream that asks may have it.
  template <typename MayTake>
  int TakeSame(std::int64_t bytes, MayTake may_take);
  template <typename MayTake>
  [[nodiscard]] bool LendOne(std::int64_t bytes, MayTake may_take);
  template <typename MayTake>
  [[nodiscard]] bool LendAll(std::int64_t bytes, MayTake may_take);
  template <typename MayTake>
  int TakeLent(std::int64_t bytes, MayTake may_take, const StreamClocks& clocks, bool* books_full);
  int TakeFree(std::int64_t bytes);
  Served TakeOnce(int t, std::int64_t bytes, const StreamClocks& clocks);
  int Cut(std::int64_t bytes, const StreamClocks& clocks, bool* books_full);
  int UnusedAround(std::int64_t at, std::int64_t end) const;
  void PutBack(std::int64_t at, std::int64_t end, const StreamClocks& clocks);
  void KeepAround(int chunk, std::int64_t at, std::int64_t end);

  int NewChunk(std::int64_t offset, std::int64_t bytes);
  void Drop(int chunk);
  void Link(int chunk);
  void Unlink(int chunk);
  void Use(int chunk, StreamEvent taken_at);

  BuddyAllocator buddy_;
  int streams_;
  std::vector<Chunk> chunks_;
  std::vector<Position> needs_;  // by chunk, a row
  std::vector<int> lent_;        // chunks, while Take looks what is free with them; as many as there may be
  int lent_count_ = 0;
  int unused_ = -1, unused_count_ = 0;
  std::uint64_t sizes_ = 0;  // bit k: there are pending chunks of [2^k, 2^(k+1)) bytes
  int pending_[kSizes];      // by k, the first of them: what was released last
  std::int64_t used_bytes_ = 0, pending_bytes_ = 0, high_water_ = 0, high_water_with_pending_ = 0;
  std::int64_t used_blocks_ = 0, pending_blocks_ = 0;
};

}  // namespace orionrt
