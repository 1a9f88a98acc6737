#include "pool/stream_blocks.hpp"

#include <algorithm>
#include <limits>

#include "base/checked.hpp"

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
      pieces_(static_cast<std::size_t>(blocks)),
      needs_(static_cast<std::size_t>(blocks) * streams, 0),
      lent_(static_cast<std::size_t>(blocks)) {
  std::fill_n(pending_, kSizes, -1);
  for (int piece = blocks - 1; piece >= 0; --piece) Drop(piece);
}

// ---- entries ----

void StreamBlocks::Drop(int piece) {
  pieces_[piece].state = kUnused;
  pieces_[piece].next = unused_;
  unused_ = piece;
  ++unused_count_;
}

int StreamBlocks::NewPiece(std::int64_t offset, std::int64_t bytes) {
  const int piece = unused_;
  unused_ = pieces_[piece].next;
  --unused_count_;
  pieces_[piece].offset = offset;
  pieces_[piece].bytes = bytes;
  return piece;
}

void StreamBlocks::Link(int piece) {
  Piece& linked = pieces_[piece];
  const int size = SizeOf(linked.bytes);
  linked.state = kPending;
  linked.before = -1;
  linked.next = pending_[size];
  if (linked.next >= 0) pieces_[linked.next].before = piece;
  pending_[size] = piece;
  sizes_ |= std::uint64_t{1} << size;
  pending_bytes_ += linked.bytes;
  ++pending_blocks_;
}

void StreamBlocks::Unlink(int piece) {
  const Piece& linked = pieces_[piece];
  const int size = SizeOf(linked.bytes);
  (linked.before >= 0 ? pieces_[linked.before].next : pending_[size]) = linked.next;
  if (linked.next >= 0) pieces_[linked.next].before = linked.before;
  if (pending_[size] < 0) sizes_ &= ~(std::uint64_t{1} << size);
  pending_bytes_ -= linked.bytes;
  --pending_blocks_;
}

void StreamBlocks::Use(int piece, StreamEvent taken_at) {
  Piece& used = pieces_[piece];
  used.state = kInUse;
  used.taken_at = taken_at;
  ++used.generation;
  std::fill_n(Need(piece), streams_, Position{0});
  used_bytes_ += used.bytes;
  ++used_blocks_;
  high_water_ = std::max(high_water_, used_bytes_);
  high_water_with_pending_ = std::max(high_water_with_pending_, used_bytes_ + pending_bytes_);
}

bool StreamBlocks::IsInUse(std::uint32_t piece, std::uint32_t generation, std::int64_t offset) const {
  if (piece >= pieces_.size()) return false;
  const Piece& found = pieces_[piece];
  return found.state == kInUse && found.generation == generation && found.offset == offset;
}

// The visited one may be unlinked.
template <typename Visit>
void StreamBlocks::EachPending(Visit visit) const {
  for (std::uint64_t sizes = sizes_; sizes != 0; sizes &= sizes - 1) {
    for (int piece = pending_[__builtin_ctzll(sizes)], next; piece >= 0; piece = next) {
      next = pieces_[piece].next;
      visit(piece);
    }
  }
}

// ---- taking ----

// A pending piece of just that size and alignment.
template <typename MayTake>
int StreamBlocks::TakeSame(std::int64_t bytes, MayTake may_take) {
  for (int piece = pending_[SizeOf(bytes)]; piece >= 0; piece = pieces_[piece].next) {
    if (pieces_[piece].bytes != bytes || pieces_[piece].offset % bytes != 0 || !may_take(piece)) continue;
    Unlink(piece);
    return piece;
  }
  return -1;
}

int StreamBlocks::TakeFree(std::int64_t bytes) {
  if (!HasUnused()) return -1;
  const std::int64_t offset = buddy_.Allocate(bytes);
  return offset == kNoSpace ? -1 : NewPiece(offset, bytes);
}

// Lends the buddy a pending piece that the bytes fit into: of the smallest such size, the one released last.
template <typename MayTake>
bool StreamBlocks::LendOne(std::int64_t bytes, MayTake may_take) {
  for (std::uint64_t sizes = sizes_ >> SizeOf(bytes) << SizeOf(bytes); sizes != 0; sizes &= sizes - 1) {
    for (int piece = pending_[__builtin_ctzll(sizes)]; piece >= 0; piece = pieces_[piece].next) {
      const Piece& found = pieces_[piece];
      if (RoundUp(found.offset, bytes) + bytes > found.offset + found.bytes || !may_take(piece)) continue;
      lent_[0] = piece;
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
  EachPending([&](int piece) {
    if (!may_take(piece)) return;
    lent_[lent_count_++] = piece;
    together += pieces_[piece].bytes;
  });
  if (together < bytes) lent_count_ = 0;
  for (int i = 0; i < lent_count_; ++i) (void)buddy_.Free(pieces_[lent_[i]].offset);
  return lent_count_ > 0;
}

template <typename MayTake>
int StreamBlocks::TakeLent(std::int64_t bytes, MayTake may_take, const StreamClocks& clocks, bool* books_full) {
  if (LendOne(bytes, may_take)) {
    const int piece = Cut(bytes, clocks, books_full);
    if (piece >= 0) return piece;
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
  return NewPiece(at, bytes);
}

// Entries that are unused once [at, end) is cut out of what is lent.
int StreamBlocks::UnusedAround(std::int64_t at, std::int64_t end) const {
  int unused = unused_count_;
  for (int i = 0; i < lent_count_; ++i) {
    const Piece& lent = pieces_[lent_[i]];
    const std::int64_t stop = lent.offset + lent.bytes;
    if (at <= lent.offset && stop <= end) ++unused;
    if (lent.offset < at && end < stop) --unused;
  }
  return unused;
}

void StreamBlocks::PutBack(std::int64_t at, std::int64_t end, const StreamClocks& clocks) {
  for (int i = 0; i < lent_count_; ++i) {
    Unlink(lent_[i]);
    if (clocks.AreBeforeAll(Need(lent_[i]))) {
      Drop(lent_[i]);
    } else {
      KeepAround(lent_[i], at, end);
    }
  }
  lent_count_ = 0;
}

// Of a lent piece, keeps what [at, end) leaves over, on both sides or none.
void StreamBlocks::KeepAround(int piece, std::int64_t at, std::int64_t end) {
  const std::int64_t begin = pieces_[piece].offset, stop = begin + pieces_[piece].bytes;
  int kept = piece;
  const auto keep = [&](std::int64_t from, std::int64_t to) {
    if (from >= to) return;
    if (kept < 0) {
      kept = NewPiece(from, to - from);
      std::copy_n(Need(piece), streams_, Need(kept));
    }
    pieces_[kept].offset = buddy_.AllocateAt(from, to - from);
    pieces_[kept].bytes = to - from;
    Link(kept);
    kept = -1;
  };
  keep(begin, std::min(stop, at));
  keep(std::max(begin, end), stop);
  if (kept == piece) Drop(piece);
}

StreamBlocks::Served StreamBlocks::TakeOnce(int t, std::int64_t bytes, const StreamClocks& clocks) {
  const auto own = [&](int piece) { return clocks.AreOwn(Need(piece), t); };
  const auto covered = [&](int piece) { return clocks.AreBefore(Need(piece), t); };
  Served served;
  const auto is_found = [&](int piece, ServedFrom from) {
    served.piece = piece;
    served.from = from;
    return piece >= 0;
  };
  (void)(is_found(TakeSame(bytes, own), ServedFrom::kOwn) || is_found(TakeFree(bytes), ServedFrom::kFree) ||
         is_found(TakeLent(bytes, own, clocks, &served.books_full), ServedFrom::kOwn) ||
         is_found(TakeSame(bytes, covered), ServedFrom::kCovered) ||
         is_found(TakeLent(bytes, covered, clocks, &served.books_full), ServedFrom::kCovered));
  return served;
}

StreamBlocks::Served StreamBlocks::Take(int t, std::int64_t bytes, const StreamClocks& clocks) {
  Served served = TakeOnce(t, bytes, clocks);
  if (served.piece < 0 && (served.books_full || !HasUnused())) {
    Reap(clocks);
    served = TakeOnce(t, bytes, clocks);
    served.books_full |= !HasUnused();
  }
  if (served.piece < 0) return served;
  Use(served.piece, served.from == ServedFrom::kFree ? StreamEvent{} : StreamEvent{t, clocks.now(t)});
  return served;
}

// ---- giving back ----

void StreamBlocks::Release(int piece, const StreamClocks& clocks) {
  used_bytes_ -= pieces_[piece].bytes;
  --used_blocks_;
  if (clocks.AreBeforeAll(Need(piece))) {
    (void)buddy_.Free(pieces_[piece].offset);
    Drop(piece);
  } else {
    Link(piece);
  }
}

void StreamBlocks::Reap(const StreamClocks& clocks) {
  EachPending([&](int piece) {
    if (!clocks.AreBeforeAll(Need(piece))) return;
    Unlink(piece);
    (void)buddy_.Free(pieces_[piece].offset);
    Drop(piece);
  });
}

// ---- what there is ----

StreamPending StreamBlocks::Pending(int t, const StreamClocks& clocks) const {
  StreamPending pending;
  EachPending([&](int piece) {
    std::uint64_t on = 0;
    for (int s = 0; s < streams_; ++s) on |= std::uint64_t{!clocks.IsBefore(s, Need(piece)[s], t)} << s;
    if (on == 0) return;
    pending.streams |= on;
    pending.bytes += pieces_[piece].bytes;
    ++pending.blocks;
  });
  return pending;
}

void StreamBlocks::LatestNeeds(Position* row) const {
  std::fill_n(row, streams_, Position{0});
  EachPending([&](int piece) {
    for (int s = 0; s < streams_; ++s) row[s] = std::max(row[s], Need(piece)[s]);
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
      static_cast<std::int64_t>(pieces_.capacity() * sizeof(Piece) + needs_.capacity() * sizeof(Position) +
                                lent_.capacity() * sizeof(int));
}

// Pieces are the buddy's allocations, one by one; pending ones are what the lists hold, and over for some stream not
// yet.
bool StreamBlocks::CheckInvariants(const StreamClocks& clocks) const {
  std::int64_t bytes[3] = {}, count[3] = {}, listed = 0;
  for (const Piece& piece : pieces_) {
    ++count[piece.state];
    if (piece.state == kUnused) continue;
    bytes[piece.state] += piece.bytes;
    if (buddy_.BytesAt(piece.offset) != piece.bytes) return false;
    const Position* const need = Need(static_cast<int>(&piece - pieces_.data()));
    for (int s = 0; s < streams_; ++s) {
      if (need[s] > clocks.now(s) || (piece.state == kInUse && need[s] != 0)) return false;
    }
  }
  for (int size = 0; size < kSizes; ++size) {
    if ((pending_[size] >= 0) != ((sizes_ >> size & 1) != 0)) return false;
    for (int piece = pending_[size], before = -1; piece >= 0; before = piece, piece = pieces_[piece].next, ++listed) {
      const Piece& found = pieces_[piece];
      if (found.state != kPending || found.before != before || SizeOf(found.bytes) != size) return false;
    }
  }
  return buddy_.CheckInvariants() && buddy_.stats().allocations == count[kInUse] + count[kPending] &&
         buddy_.stats().used_bytes == bytes[kInUse] + bytes[kPending] && bytes[kInUse] == used_bytes_ &&
         bytes[kPending] == pending_bytes_ && count[kInUse] == used_blocks_ && count[kPending] == pending_blocks_ &&
         listed == pending_blocks_ && count[kUnused] == unused_count_ && lent_count_ == 0;
}

}  // namespace orionrt
