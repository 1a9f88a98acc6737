// BuddyAllocator: hands out ranges of [0, capacity). It works on offsets and keeps its books outside the memory that it
// manages, so one class serves host, device and simulated arenas. docs/buddy.md has the design and the figures.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "orionrt/config.hpp"

namespace orionrt {

inline constexpr std::int64_t kNoSpace = -1;

enum class [[nodiscard]] FreeStatus{
    kFreed,
    kForeign,       // outside [0, capacity)
    kMisaligned,    // inside, but no allocation can start there
    kNotAllocated,  // a double free, or an offset within an allocation
};

struct BuddyOptions {
  // Blocks of each power of two that Free may keep back unmerged, for the next Allocate of that size: 0 to 4096; but
  // of n blocks no more than 4 + n / 2^14.
  //   0, lean: merges at once and gives out the lowest address; the arena stays as whole as a buddy system's can be.
  //      Gives up speed: a call may split or merge a block a level.
  //   more, fast: most calls touch two words. Gives up lowest-address-first (what was freed lately comes back first)
  //      and merging at once: what is kept back splits the arena until a request that finds no place has it all merged.
  int keep = 0;
  // The most of the arena that is kept back of one size: 1 / 2^keep_share of it, or one block.
  int keep_share = 0;
  // Fills in BuddyStats::requested_bytes, at 8 bytes of books a block. For lean only.
  bool count_requests = false;
};

inline constexpr BuddyOptions kLeanBuddy = {0, 0, false};
inline constexpr BuddyOptions kFastBuddy = {256, 4, false};

struct BuddyStats {
  std::int64_t capacity = 0;
  std::int64_t used_bytes = 0;          // in whole blocks: what requests were rounded up to
  std::int64_t requested_bytes = -1;    // of these, what was asked for; -1 when not counted (BuddyOptions)
  std::int64_t high_water_bytes = 0;    // the most that used_bytes has been
  std::int64_t free_bytes = 0;          // capacity - used_bytes
  std::int64_t largest_free_bytes = 0;  // the largest power-of-two block that Allocate can give without a Flush
  std::int64_t allocations = 0;         // alive now
  std::int64_t splits = 0, merges = 0;  // free blocks cut off by allocations and joined by releases so far
  std::int64_t kept_bytes = 0;          // of free_bytes, what is kept back unmerged
  std::int64_t metadata_bytes = 0;      // all that the allocator itself takes

  // Of what is free, the share outside the largest block: 0 when whole, near 1 when in crumbs.
  double external_fragmentation() const {
    return free_bytes == 0 ? 0 : 1 - static_cast<double>(largest_free_bytes) / static_cast<double>(free_bytes);
  }
  // Of what is used, the share that nobody asked for; -1 when requests are not counted.
  double internal_waste() const {
    if (requested_bytes < 0) return -1;
    return used_bytes == 0 ? 0 : 1 - static_cast<double>(requested_bytes) / static_cast<double>(used_bytes);
  }
};

// What a BuddyAllocator knows, and nobody else is to touch: a value, so that a move can leave the books of no capacity.
struct BuddyBooks {
  // 64 blocks, a bit of each word a block. Where a chunk starts: allocated 10, free 01, kept back 11 (starts, free).
  // The chunk ends where the next one starts; see chunks.cpp for chunks that cover the next group.
  struct Group {
    std::uint64_t starts = 0;
    std::uint64_t free = 0;
    std::uint64_t chunks() const { return starts | free; }
  };
  // Blocks freed of one exponent, in kept_blocks_[at ... at + count): taken from behind. When there are `most`, the
  // next one takes the place of that at `hand`, which is merged, and the hand goes on: an old one goes, and nothing
  // moves.
  struct Kept {
    std::uint32_t count = 0, most = 0, at = 0, hand = 0;
  };
  // A set of small integers: one bit a member, and level by level a bit per non-zero word below.
  struct Tree {
    std::uint32_t levels = 0;
    std::uint32_t low = 0;     // the first word of members that is not 0, when any is
    std::uint32_t at[5] = {};  // where in index_ each level begins, members first
  };

  std::vector<Group> groups_;               // and one more, so that every group has a next
  std::vector<Kept> kept_;                  // by exponent; empty when lean
  std::vector<std::uint32_t> kept_blocks_;  // of all exponents
  int block_shift_ = 0;
  unsigned fast_exponents_ = 0;    // kept_.size()
  std::uint64_t fast_blocks_ = 0;  // Free may keep back what starts below; 0 when lean
  std::int64_t used_bytes_ = 0;
  std::int64_t high_water_ = 0;

  std::uint64_t nonempty_ = 0;  // bit k: the index has a free block of exponent k
  std::vector<Tree> trees_;  // by exponent: the groups (exponent < 6), or the 2^exponent-blocks, that hold or are one
  std::vector<std::uint64_t> index_;  // the words of all trees
  std::uint64_t top_ = 0;             // [top_, top_end_) is free, and in no index; a chunk starts at top_
  std::uint64_t top_end_ = 0;         // the largest power of two <= blocks_, or 0
  std::uint64_t blocks_ = 0;          // whole ones
  std::int64_t capacity_ = 0;
  std::int64_t tail_owner_ = kNoSpace;  // first block of the run that holds the broken block at the end, if any does
  std::int64_t chunks_ = 0;             // allocated or kept back
  std::int64_t splits_ = 0, merges_ = 0;
  std::int64_t requested_bytes_ = 0;
  std::vector<std::int64_t> requests_;  // by block: bytes asked for by the allocation that starts there, when counted
};

// The binary buddy system (Knowlton, CACM 8(10), 1965; Knuth, TAOCP 1, 2.5): a request is rounded up to a power of two
// of blocks, cut from the smallest free block that holds it (the lowest address among equals) by splitting in halves;
// on release a block is merged with its buddy, at its index XOR 1, while that is free. Any capacity will do.
//
// Deterministic. Not thread-safe (LockedBuddy is). Allocate and Free never touch the heap. Of n blocks, Allocate cuts
// off at most log2 n and Free joins at most log2 n, each found by one look at every level of a tree of 64 branches.
// Runs do so for each of their at most 2 log2 n powers of two. One
// exception: with `keep`, a request that finds no place first merges all that was kept back, at most `keep` of each
// size, and tries once more. Books: 2 bits a block, and an eighth of a bit for the index: 1,090 bytes per MiB at 256 B.
class ORIONRT_API BuddyAllocator : private BuddyBooks {
 public:
  // `block_bytes` (a power of two) is the least that is given out, and the alignment of every offset. Throws Error:
  // kMisuse for a negative capacity, a block size that is no power of two, or options outside their bounds;
  // kUnsupported for more than 2^32 blocks.
  BuddyAllocator(std::int64_t capacity, std::int64_t block_bytes, BuddyOptions options = {});

  // Not copyable: two of one arena would give the same bytes out twice. What is moved from has no capacity and refuses
  // every call, until another is moved into it.
  BuddyAllocator(BuddyAllocator&& other) noexcept : BuddyBooks(std::exchange(other.books(), {})) {}
  BuddyAllocator& operator=(BuddyAllocator&& other) noexcept {
    BuddyBooks taken = std::exchange(other.books(), {});  // first, so that moving into itself keeps all
    books() = std::move(taken);
    return *this;
  }
  BuddyAllocator(const BuddyAllocator&) = delete;
  BuddyAllocator& operator=(const BuddyAllocator&) = delete;

  // A block of at least `bytes` (> 0), aligned to its own rounded size. Its offset, or kNoSpace.
  std::int64_t Allocate(std::int64_t bytes) noexcept {
    const unsigned exponent = ExponentFor(bytes);
    if (exponent < fast_exponents_) {
      Kept& kept = kept_[exponent];
      if (kept.count != 0) {
        const std::uint32_t first = kept_blocks_[kept.at + --kept.count];
        groups_[first >> 6].free &= ~(std::uint64_t{1} << (first & 63));
        Book(std::int64_t{1} << exponent << block_shift_);
        return static_cast<std::int64_t>(first) << block_shift_;
      }
    }
    return AllocateSplit(bytes);
  }

  // Exactly the blocks that `bytes` (> 0) needs: what the power of two leaves over is given back. The offset is aligned
  // like Allocate's. A run of the whole capacity succeeds when nothing is in use, also when the capacity is no multiple
  // of the block. O(log^2 n).
  std::int64_t AllocateRun(std::int64_t bytes) noexcept;

  // The same at a given offset, a multiple of the block; `offset`, or kNoSpace when a byte there is in use or outside.
  std::int64_t AllocateAt(std::int64_t offset, std::int64_t bytes) noexcept;

  // Gives back what one of the three above returned. Anything else is refused, and changes nothing.
  FreeStatus Free(std::int64_t offset) noexcept {
    const std::uint64_t first = BlockAt(offset);
    if (first < fast_blocks_ && IsAllocated(first)) {
      const std::uint64_t blocks = LengthAt(first);
      Kept& kept = kept_[Lowest(blocks)];
      if (IsBlock(first, blocks) && kept.count < kept.most) {
        kept_blocks_[kept.at + kept.count++] = static_cast<std::uint32_t>(first);
        groups_[first >> 6].free |= std::uint64_t{1} << (first & 63);
        used_bytes_ -= static_cast<std::int64_t>(blocks << block_shift_);
        return FreeStatus::kFreed;
      }
    }
    return FreeMerge(offset);
  }

  // Merges all that is kept back: at most `keep` blocks of each size.
  void Flush() noexcept;

  // What the allocation at `offset` takes, in whole blocks: bytes; 0 where none starts. O(1).
  std::int64_t BytesAt(std::int64_t offset) const noexcept;

  BuddyStats stats() const noexcept;  // O(log n)
  std::int64_t capacity() const noexcept { return capacity_; }
  std::int64_t block_bytes() const noexcept { return std::int64_t{1} << block_shift_; }

  // Whether the books agree with each other: chunks tile the capacity, no two free buddies, counts right. O(n log n).
  [[nodiscard]] bool CheckInvariants() const;

  // One character a block, for failing tests: '.' free, '+' kept back, 'a'..'z' by exponent of the allocated chunk.
  std::string Map() const;

 private:
  // ceil(log2(blocks for `bytes`)); 63 - shift or more when bytes <= 0.
  unsigned ExponentFor(std::int64_t bytes) const noexcept {
    const std::uint64_t more_blocks = (static_cast<std::uint64_t>(bytes) - 1) >> block_shift_;
    return 63u ^ static_cast<unsigned>(__builtin_clzll((more_blocks << 1) | 1));
  }
  // The block at an offset; too large for any when the offset is negative or in the middle of a block.
  std::uint64_t BlockAt(std::int64_t offset) const noexcept {
    const auto bits = static_cast<std::uint64_t>(offset);
    return bits >> block_shift_ | bits << (-block_shift_ & 63);
  }
  // Whether a chunk is a power of two in its place, as Allocate gives them.
  static bool IsBlock(std::uint64_t first, std::uint64_t blocks) noexcept {
    return ((blocks - 1) & (blocks | first)) == 0;
  }
  bool IsAllocated(std::uint64_t first) const noexcept {
    const Group& group = groups_[first >> 6];
    return ((group.starts & ~group.free) >> (first & 63) & 1) != 0;
  }
  // Whether a group holds no chunks but, behind these two bits, the length of one that covers it; see chunks.cpp.
  static constexpr std::uint64_t kLong = std::uint64_t{3} << 62;
  static bool IsLong(const Group& group) noexcept { return (group.free & ~group.starts) >= kLong; }
  // Blocks of the chunk, not a free one, that starts at `first`.
  std::uint64_t LengthAt(std::uint64_t first) const noexcept {
    const Group* const group = &groups_[first >> 6];
    const int at = static_cast<int>(first & 63);
    const std::uint64_t next = (group->chunks() >> at >> 1) | (group[1].chunks() << 63 >> at);
    if (next != 0) return std::uint64_t{1} + Lowest(next);
    return IsLong(group[1]) ? (group[1].free & ~kLong) >> 1 : 64 - (first & 63) + Lowest(group[1].chunks());
  }
  void Book(std::int64_t bytes) noexcept {
    used_bytes_ += bytes;
    if (used_bytes_ > high_water_) high_water_ = used_bytes_;
  }
  static std::uint64_t Lowest(std::uint64_t x) noexcept { return static_cast<unsigned>(__builtin_ctzll(x)); }

  // Allocation and release without what is kept back (buddy.cpp).
  std::int64_t AllocateSplit(std::int64_t bytes) noexcept;
  FreeStatus FreeMerge(std::int64_t offset) noexcept;
  bool FlushAny() noexcept;
  void OwnTail(std::int64_t owner) noexcept;
  std::int64_t Granted(std::uint64_t first, std::int64_t granted_bytes, std::int64_t bytes) noexcept;
  void KeepBack(std::uint64_t first, unsigned exponent) noexcept;
  std::uint32_t TakeOldest(Kept& kept) noexcept;
  void MakeTrees();
  void MakeKept(BuddyOptions options);

  // Chunks (chunks.cpp).
  void SetLength(std::uint64_t first, std::uint64_t count) noexcept;
  std::int64_t Take(unsigned exponent) noexcept;
  std::int64_t TakeLarger(unsigned exponent) noexcept;
  bool IsTopSooner(unsigned exponent, unsigned from) const noexcept;
  std::uint64_t TakeFromGroup(unsigned exponent) noexcept;
  std::uint64_t SplitInGroup(unsigned from, unsigned exponent) noexcept;
  std::uint64_t SplitGroups(unsigned from, unsigned exponent) noexcept;
  std::uint64_t TakeFromTop(unsigned exponent) noexcept;
  void ReleaseBlock(std::uint64_t first, unsigned exponent) noexcept;
  void ReleaseRun(std::uint64_t first, std::uint64_t count) noexcept;
  void MergeInGroup(std::uint64_t first, unsigned exponent) noexcept;
  void MergeGroups(std::uint64_t first, unsigned exponent) noexcept;
  void Place(std::uint64_t first, unsigned exponent) noexcept;
  void PlaceAll(std::uint64_t first, std::uint64_t end) noexcept;
  void Remove(std::uint64_t first, unsigned exponent) noexcept;
  void MoveTop(std::uint64_t top) noexcept;
  void LowerTop(std::uint64_t top) noexcept;
  bool IsFreeBlock(std::uint64_t first, unsigned exponent) const noexcept;

  // Runs (runs.cpp).
  int FreeExponent(std::uint64_t at) const noexcept;
  bool IsFree(std::uint64_t first, std::uint64_t count) const noexcept;
  void CarveOut(std::uint64_t first, std::uint64_t count) noexcept;

  // The index: for each exponent, where its free blocks are (chunks.cpp).
  void Mark(unsigned exponent, std::uint64_t i) noexcept;
  void Unmark(unsigned exponent, std::uint64_t i) noexcept;
  void MarkAbove(unsigned exponent, std::uint32_t word) noexcept;
  void UnmarkAbove(unsigned exponent, std::uint32_t word) noexcept;
  bool Has(unsigned exponent, std::uint64_t i) const noexcept;
  std::uint64_t Least(unsigned exponent) const noexcept;
  std::int64_t broken_bytes() const noexcept { return capacity_ & (block_bytes() - 1); }

  explicit BuddyAllocator(const BuddyBooks& books) : BuddyBooks(books) {}
  BuddyBooks& books() noexcept { return *this; }
  const BuddyBooks& books() const noexcept { return *this; }
  [[nodiscard]] bool CheckKept(std::int64_t expected) const;
};

}  // namespace orionrt
