// The rectangles placed so far, and where the next one fits: exactly what a scan over all placed ones in address order
// would answer, without the scan.
//
// Sections are cut into buckets, and a binary tree stands over the buckets. A rectangle is noted
//   - whole, in the two buckets where it begins and ends (if it does not fill them),
//   - as an address interval in the `cover` list of the topmost tree nodes that it fills,
//   - in the `any` list of all those buckets and nodes and of everything above them: the union of what lies below.
// What meets a span is then the `any` lists of the nodes that the span fills, the `cover` lists of the nodes on the way
// there, and a scan of its two end buckets: O(log n) sorted lists that are walked together from address 0 upward.
// Unions that are full take no notice of new intervals, and then nor does anything above.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/placing/interval_lists.hpp"
#include "plan/placing/sections.hpp"

namespace orionrt {

inline constexpr std::int64_t kNoFit = INT64_MAX;

class PlacedSet {
 public:
  // `spans`: of all rectangles that will ever be placed (their ends decide where buckets are cut), in `sections`
  // sections. Memory O(spans).
  PlacedSet(const std::vector<Span>& spans, int sections);

  // Forgets all rectangles and the checkpoint, keeps the memory.
  void Clear();

  // Rollback forgets what was placed since the latest Checkpoint; its cost is about that of the placing.
  void Checkpoint();
  void Rollback();

  // The lowest offset >= floor, a multiple of `alignment` (a power of two), at which `size` > 0 bytes are free during
  // all of `span`; kNoFit if they would end above `limit`.
  std::int64_t LowestFit(Span span, std::int64_t size, std::int64_t alignment = 1, std::int64_t floor = 0,
                         std::int64_t limit = kNoFit) const;

  // The same in the tightest gap between what is placed during `span` (ties: the lowest such gap); above everything if
  // there is none. A gap's width is what alignment leaves of it.
  std::int64_t TightestFit(Span span, std::int64_t size, std::int64_t alignment = 1, std::int64_t limit = kNoFit) const;

  // Takes [offset, offset + size) during `span`. Overlaps are allowed (nothing is counted twice).
  void Place(Span span, std::int64_t offset, std::int64_t size);

 private:
  struct Entry {
    std::int64_t begin, end;
    Span span;
  };
  struct Cursors;
  class Union;

  void CutBuckets(const std::vector<Span>& spans, int sections);
  template <typename Visitor>
  void Visit(Span span, Visitor& visitor) const;
  void AddAny(std::size_t node, std::int64_t begin, std::int64_t end);

  std::vector<int> bucket_;                  // per section
  std::vector<int> bucket_begin_;            // per bucket its first section; one more at the end
  std::size_t leaves_ = 1;                   // a power of two; node of bucket b is leaves_ + b, the root is 1
  IntervalLists cover_, any_;                // per node
  std::vector<std::vector<Entry>> entries_;  // per bucket, by address
  struct Inserted {
    std::size_t bucket;
    std::ptrdiff_t position;
  };
  std::vector<Inserted> journal_;  // into entries_, since the checkpoint
  std::vector<std::size_t> used_;  // buckets that were given an entry, for Clear
  std::size_t used_at_checkpoint_ = 0;
  bool checkpointed_ = false;
};

}  // namespace orionrt
