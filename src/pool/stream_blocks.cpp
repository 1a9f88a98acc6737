#include "pool/stream_blocks.hpp"

#include <algorithm>
#include <limits>

#include "base/checked.hpp"
#include "base/index.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kNowhere = std::numeric_limits<std::int64_t>::max();

int SizeOf(std::int64_t bytes) { return 63 - __builtin_clzll(static_cast<std::uint64_t>(bytes)); }

std::int64_t WholeBlocks(std::int64_t capacity, std::int64_t block_bytes) {
  return block_bytes > 0 ? capacity - capacity % block_bytes : capacity;
}

}  // namespace

StreamBlocks::StreamBlocks(std::int64_t capacity, std::int64_t block_bytes, int blocks, int streams)
    : buddy_(WholeBlocks(capacity, block_bytes), block_bytes),
      streams_(streams),
      chunks_(static_cast<std::size_t>(blocks)),
      needs_(static_cast<std::size_t>(blocks) * At(streams), 0),
      lent_(static_cast<std::size_t>(blocks)) {
  std::fill_n(pending_, kSizes, -1);
  for (int chunk = blocks - 1; chunk >= 0; --chunk) Drop(chunk);
}

// ---- entries ----

void StreamBlocks::Drop(int chunk) {
  chunks_[At(chunk)].state = kUnused;
  chunks_[At(chunk)].next = unused_;
  unused_ = chunk;
  ++unused_count_;
}

int StreamBlocks::NewChunk(std::int64_t offset, std::int64_t bytes) {
  const int chunk = unused_;
  unused_ = chunks_[At(chunk)].next;
  --unused_count_;
  chunks_[At(chunk)].offset = offset;
  chunks_[At(chunk)].bytes = bytes;
  return chunk;
}

void StreamBlocks::Link(int chunk) {
  Chunk& linked = chunks_[At(chunk)];
  const int size = SizeOf(linked.bytes);
  linked.state = kPending;
  linked.before = -1;
  linked.next = pending_[size];
  if (linked.next >= 0) chunks_[At(linked.next)].before = chunk;
  pending_[size] = chunk;
  sizes_ |= std::uint64_t{1} << size;
  pending_bytes_ += linked.bytes;
  ++pending_blocks_;
}

void StreamBlocks::Unlink(int chunk) {
  const Chunk& linked = chunks_[At(chunk)];
  const int size = SizeOf(linked.bytes);
  (linked.before >= 0 ? chunks_[At(linked.before)].next : pending_[size]) = linked.next;
  if (linked.next >= 0) chunks_[At(linked.next)].before = linked.before;
  if (pending_[size] < 0) sizes_ &= ~(std::uint64_t{1} << size);
  pending_bytes_ -= linked.bytes;
  --pending_blocks_;
}

void StreamBlocks::Use(int chunk, StreamEvent taken_at) {
  Chunk& used = chunks_[At(chunk)];
  used.state = kInUse;
  used.taken_at = taken_at;
  ++used.generation;
  std::fill_n(Need(chunk), streams_, Position{0});
  used_bytes_ += used.bytes;
  ++used_blocks_;
  high_water_ = std::max(high_water_, used_bytes_);
  high_water_with_pending_ = std::max(high_water_with_pending_, used_bytes_ + pending_bytes_);
}

bool StreamBlocks::IsInUse(std::uint32_t chunk, std::uint32_t generation, std::int64_t offset) const {
  if (chunk >= chunks_.size()) return false;
  const Chunk& found = chunks_[chunk];
  return found.state == kInUse && found.generation == generation && found.offset == offset;
}

// The visited one may be unlinked.
template <typename Visit>
void StreamBlocks::EachPending(Visit visit) const {
  for (std::uint64_t sizes = sizes_; sizes != 0; sizes &= sizes - 1) {
    for (int chunk = pending_[__builtin_ctzll(sizes)], next; chunk >= 0; chunk = next) {
      next = chunks_[At(chunk)].next;
      visit(chunk);
    }
  }
}

// ---- taking ----

// A pending chunk of just that size and alignment.
template <typename MayTake>
int StreamBlocks::TakeSame(std::int64_t bytes, MayTake may_take) {
  for (int chunk = pending_[SizeOf(bytes)]; chunk >= 0; chunk = chunks_[At(chunk)].next) {
    if (chunks_[At(chunk)].bytes != bytes || chunks_[At(chunk)].offset % bytes != 0 || !may_take(chunk)) continue;
    Unlink(chunk);
    return chunk;
  }
  return -1;
}

int StreamBlocks::TakeFree(std::int64_t bytes) {
  if (!HasUnused()) return -1;
  const std::int64_t offset = buddy_.Allocate(bytes);
  return offset == kNoSpace ? -1 : NewChunk(offset, bytes);
}

// Lends the buddy a pending chunk that the bytes fit into: of the smallest such size, the one released last.
template <typename MayTake>
bool StreamBlocks::LendOne(std::int64_t bytes, MayTake may_take) {
  for (std::uint64_t sizes = sizes_ >> SizeOf(bytes) << SizeOf(bytes); sizes != 0; sizes &= sizes - 1) {
    for (int chunk = pending_[__builtin_ctzll(sizes)]; chunk >= 0; chunk = chunks_[At(chunk)].next) {
      const Chunk& found = chunks_[At(chunk)];
      if (RoundUp(found.offset, bytes) + bytes > found.offset + found.bytes || !may_take(chunk)) continue;
      lent_[0] = chunk;
      lent_count_ = 1;
      (void)buddy_.Free(found.offset);
      return true;
    }
  }
  return false;
}

// Lends it all that the stream may take, so that neighbours merge; unless that and what is free are too few bytes.
template <typename MayTake>
bool StreamBlocks::LendAll(std::int64_t bytes, MayTake may_take) {
  std::int64_t together = buddy_.capacity() - used_bytes_ - pending_bytes_;
  EachPending([&](int chunk) {
    if (!may_take(chunk)) return;
    lent_[At(lent_count_++)] = chunk;
    together += chunks_[At(chunk)].bytes;
  });
  if (together < bytes) lent_count_ = 0;
  for (int i = 0; i < lent_count_; ++i) (void)buddy_.Free(chunks_[At(lent_[At(i)])].offset);
  return lent_count_ > 0;
}

template <typename MayTake>
int StreamBlocks::TakeLent(std::int64_t bytes, MayTake may_take, const StreamClocks& clocks, bool* books_full) {
  if (LendOne(bytes, may_take)) {
    const int chunk = Cut(bytes, clocks, books_full);
    if (chunk >= 0) return chunk;
  }
  return LendAll(bytes, may_take) ? Cut(bytes, clocks, books_full) : -1;
}

// Allocates from what is free and lent, and makes the rest of what is lent pending again, each part behind its own
// need.
int StreamBlocks::Cut(std::int64_t bytes, const StreamClocks& clocks, bool* books_full) {
  std::int64_t at = buddy_.Allocate(bytes);
  if (at != kNoSpace && UnusedAround(at, at + bytes) < 1) {
    *books_full = true;
    (void)buddy_.Free(at);
    at = kNoSpace;
  }
  if (at == kNoSpace) {
    PutBack(kNowhere, kNowhere, clocks);
    return -1;
  }
  PutBack(at, at + bytes, clocks);
  return NewChunk(at, bytes);
}

// Entries that are unused once [at, end) is cut out of what is lent.
int StreamBlocks::UnusedAround(std::int64_t at, std::int64_t end) const {
  int unused = unused_count_;
  for (int i = 0; i < lent_count_; ++i) {
    const Chunk& lent = chunks_[At(lent_[At(i)])];
    const std::int64_t stop = lent.offset + lent.bytes;
    if (at <= lent.offset && stop <= end) ++unused;
    if (lent.offset < at && end < stop) --unused;
  }
  return unused;
}

void StreamBlocks::PutBack(std::int64_t at, std::int64_t end, const StreamClocks& clocks) {
  for (int i = 0; i < lent_count_; ++i) {
    Unlink(lent_[At(i)]);
    if (clocks.AreBeforeAll(Need(lent_[At(i)]))) {
      Drop(lent_[At(i)]);
    } else {
      KeepAround(lent_[At(i)], at, end);
    }
  }
  lent_count_ = 0;
}

// Of a lent chunk, keeps what [at, end) leaves over, on both sides or none.
void StreamBlocks::KeepAround(int chunk, std::int64_t at, std::int64_t end) {
  const std::int64_t begin = chunks_[At(chunk)].offset, stop = begin + chunks_[At(chunk)].bytes;
  int kept = chunk;
  const auto keep = [&](std::int64_t from, std::int64_t to) {
    if (from >= to) return;
    if (kept < 0) {
      kept = NewChunk(from, to - from);
      std::copy_n(Need(chunk), streams_, Need(kept));
    }
    chunks_[At(kept)].offset = buddy_.AllocateAt(from, to - from);
    chunks_[At(kept)].bytes = to - from;
    Link(kept);
    kept = -1;
  };
  keep(begin, std::min(stop, at));
  keep(std::max(begin, end), stop);
  if (kept == chunk) Drop(chunk);
}

StreamBlocks::Served StreamBlocks::TakeOnce(int t, std::int64_t bytes, const StreamClocks& clocks) {
  const auto own = [&](int chunk) { return clocks.AreOwn(Need(chunk), t); };
  const auto covered = [&](int chunk) { return clocks.AreBefore(Need(chunk), t); };
  Served served;
  const auto is_found = [&](int chunk, ServedFrom from) {
    served.chunk = chunk;
    served.from = from;
    return chunk >= 0;
  };
  (void)(is_found(TakeSame(bytes, own), ServedFrom::kOwn) || is_found(TakeFree(bytes), ServedFrom::kFree) ||
         is_found(TakeLent(bytes, own, clocks, &served.books_full), ServedFrom::kOwn) ||
         is_found(TakeSame(bytes, covered), ServedFrom::kCovered) ||
         is_found(TakeLent(bytes, covered, clocks, &served.books_full), ServedFrom::kCovered));
  return served;
}

StreamBlocks::Served StreamBlocks::Take(int t, std::int64_t bytes, const StreamClocks& clocks) {
  Served served = TakeOnce(t, bytes, clocks);
  if (served.chunk < 0 && (served.books_full || !HasUnused())) {
    Reap(clocks);
    served = TakeOnce(t, bytes, clocks);
    served.books_full |= !HasUnused();
  }
  if (served.chunk < 0) return served;
  Use(served.chunk, served.from == ServedFrom::kFree ? StreamEvent{} : StreamEvent{t, clocks.now(t)});
  return served;
}

// ---- giving back ----

void StreamBlocks::Release(int chunk, const StreamClocks& clocks) {
  used_bytes_ -= chunks_[At(chunk)].bytes;
  --used_blocks_;
  if (clocks.AreBeforeAll(Need(chunk))) {
    (void)buddy_.Free(chunks_[At(chunk)].offset);
    Drop(chunk);
  } else {
    Link(chunk);
  }
}

void StreamBlocks::Reap(const StreamClocks& clocks) {
  EachPending([&](int chunk) {
    if (!clocks.AreBeforeAll(Need(chunk))) return;
    Unlink(chunk);
    (void)buddy_.Free(chunks_[At(chunk)].offset);
    Drop(chunk);
  });
}

// ---- what there is ----

StreamPending StreamBlocks::Pending(int t, const StreamClocks& clocks) const {
  StreamPending pending;
  EachPending([&](int chunk) {
    std::uint64_t on = 0;
    for (int s = 0; s < streams_; ++s) on |= std::uint64_t{!clocks.IsBefore(s, Need(chunk)[s], t)} << s;
    if (on == 0) return;
    pending.streams |= on;
    pending.bytes += chunks_[At(chunk)].bytes;
    ++pending.blocks;
  });
  return pending;
}

void StreamBlocks::LatestNeeds(Position* row) const {
  std::fill_n(row, streams_, Position{0});
  EachPending([&](int chunk) {
    for (int s = 0; s < streams_; ++s) row[s] = std::max(row[s], Need(chunk)[s]);
  });
}

void StreamBlocks::AddTo(StreamScratchStats& stats) const {
  stats.capacity = buddy_.capacity();
  stats.used_bytes = used_bytes_;
  stats.pending_bytes = pending_bytes_;
  stats.high_water_bytes = high_water_;
  stats.high_water_with_pending_bytes = high_water_with_pending_;
  stats.used_blocks = used_blocks_;
  stats.pending_blocks = pending_blocks_;
  stats.metadata_bytes +=
      buddy_.stats().metadata_bytes +
      static_cast<std::int64_t>(chunks_.capacity() * sizeof(Chunk) + needs_.capacity() * sizeof(Position) +
                                lent_.capacity() * sizeof(int));
}

// Chunks are the buddy's allocations, one by one; pending ones are what the lists hold, and over for some stream not
// yet.
bool StreamBlocks::CheckInvariants(const StreamClocks& clocks) const {
  std::int64_t bytes[3] = {}, count[3] = {}, listed = 0;
  for (const Chunk& chunk : chunks_) {
    ++count[chunk.state];
    if (chunk.state == kUnused) continue;
    bytes[chunk.state] += chunk.bytes;
    if (buddy_.BytesAt(chunk.offset) != chunk.bytes) return false;
    const Position* const need = Need(static_cast<int>(&chunk - chunks_.data()));
    for (int s = 0; s < streams_; ++s) {
      if (need[s] > clocks.now(s) || (chunk.state == kInUse && need[s] != 0)) return false;
    }
  }
  for (int size = 0; size < kSizes; ++size) {
    if ((pending_[size] >= 0) != ((sizes_ >> size & 1) != 0)) return false;
    for (int chunk = pending_[size], before = -1; chunk >= 0;
         before = chunk, chunk = chunks_[At(chunk)].next, ++listed) {
      const Chunk& found = chunks_[At(chunk)];
      if (found.state != kPending || found.before != before || SizeOf(found.bytes) != size) return false;
    }
  }
  return buddy_.CheckInvariants() && buddy_.stats().allocations == count[kInUse] + count[kPending] &&
         buddy_.stats().used_bytes == bytes[kInUse] + bytes[kPending] && bytes[kInUse] == used_bytes_ &&
         bytes[kPending] == pending_bytes_ && count[kInUse] == used_blocks_ && count[kPending] == pending_blocks_ &&
         listed == pending_blocks_ && count[kUnused] == unused_count_ && lent_count_ == 0;
}

}  // namespace orionrt
