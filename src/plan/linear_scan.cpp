// The classic policy: one pass over the steps. Buffers that have ended go back to a buddy allocator, and those that
// begin are taken from it.
#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "orionrt/buddy.hpp"
#include "orionrt/config.hpp"
#include "plan/policies.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kMostPlanningBlocks = std::int64_t{1} << 23;

using ByteRange = std::pair<std::int64_t, std::int64_t>;

// The bytes of all buffers with a fixed offset, as disjoint ranges: kept out of the pass from beginning to end.
std::vector<ByteRange> FixedRanges(const Problem& problem) {
  std::vector<ByteRange> ranges;
  for (const Buffer& b : problem.buffers) {
    if (b.fixed_offset != kFree && b.size > 0) ranges.emplace_back(b.fixed_offset, b.fixed_offset + b.size);
  }
  std::sort(ranges.begin(), ranges.end());
  std::vector<ByteRange> merged;
  for (const ByteRange& range : ranges) {
    if (!merged.empty() && range.first <= merged.back().second) {
      merged.back().second = std::max(merged.back().second, range.second);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

// What the buddy is asked for: rounding to a power of two makes it a multiple of the alignment too.
std::int64_t Request(const Buffer& b) { return std::max(b.size, b.alignment); }

// The common alignment, or the power of two nearest to the bound / 2^20, whichever is larger: fine enough not to waste,
// coarse enough that the books stay small.
std::int64_t BlockBytes(const Problem& problem, std::int64_t lower_bound) {
  std::int64_t block = INT64_MAX;
  for (const Buffer& b : problem.buffers) block = std::min(block, b.alignment);
  const std::int64_t share = lower_bound >> 20;
  std::int64_t nearest = 1;
  while (nearest < share && (nearest * 2 - share) <= (share - nearest)) nearest *= 2;
  return std::max(block == INT64_MAX ? 1 : block, nearest);
}

// Positions of the movable buffers in order of (lower, larger first, upper); `by_end` holds them in order of upper.
struct Passes {
  std::vector<int> by_start, by_end;
};

Passes PassesOf(const Problem& problem) {
  Passes passes;
  const auto& buffers = problem.buffers;
  for (int i = 0; i < static_cast<int>(buffers.size()); ++i) {
    if (buffers[At(i)].size > 0 && buffers[At(i)].fixed_offset == kFree) passes.by_start.push_back(i);
  }
  passes.by_end = passes.by_start;
  std::sort(passes.by_start.begin(), passes.by_start.end(), [&](int a, int b) {
    const auto key = [&](int i) {
      const Buffer& buffer = buffers[At(i)];
      return std::make_tuple(buffer.lower, -Request(buffer), buffer.upper, -buffer.size, buffer.alignment, i);
    };
    return key(a) < key(b);
  });
  std::sort(passes.by_end.begin(), passes.by_end.end(), [&](int a, int b) {
    return std::make_pair(buffers[At(a)].upper, a) < std::make_pair(buffers[At(b)].upper, b);
  });
  return passes;
}

// One pass in an arena of `capacity`; nothing when it is too small.
std::optional<std::vector<std::int64_t>> Scan(const Problem& problem, const Passes& passes,
                                              const std::vector<ByteRange>& fixed, std::int64_t capacity,
                                              std::int64_t block) {
  BuddyAllocator buddy(capacity, block);
  for (const ByteRange& range : fixed) {
    const std::int64_t begin = range.first & ~(block - 1);
    // Neighbouring ranges may meet in one block: then the rest of the later one is what is still free.
    for (std::int64_t at = begin; at < range.second; at += block) (void)buddy.AllocateAt(at, block);
  }
  std::vector<std::int64_t> offsets(problem.buffers.size(), 0);
  std::size_t ended = 0;
  for (const int i : passes.by_start) {
    const Buffer& b = problem.buffers[At(i)];
    for (; problem.buffers[At(passes.by_end[ended])].upper <= b.lower; ++ended) {
      (void)buddy.Free(offsets[At(passes.by_end[ended])]);
    }
    offsets[At(i)] = buddy.Allocate(Request(b));
    if (offsets[At(i)] == kNoSpace) return std::nullopt;
  }
  return offsets;
}

}  // namespace

Plan PlanLinearScan(const Problem& problem, const PlanOptions&) {
  const std::int64_t bound = LowerBound(problem).lower_bound_bytes;
  std::int64_t block = BlockBytes(problem, bound);
  const std::vector<ByteRange> fixed = FixedRanges(problem);
  const Passes passes = PassesOf(problem);
  std::int64_t capacity = block;
  while (capacity < bound && capacity <= kMaxBytes / 2) capacity *= 2;
  // A larger arena only adds blocks above. So the pass makes the same choices again, up to the one that failed.
  auto offsets = Scan(problem, passes, fixed, capacity, block);
  while (!offsets) {
    if (capacity > kMaxBytes / 2) {
      throw Error(ErrorCode::kUnsupported,
                  "linear_scan: sizes rounded to powers of two pass 63 bits; use another policy");
    }
    capacity *= 2;
    if (capacity / block > kMostPlanningBlocks) block *= 2;  // an alignment may be far larger than all sizes
    offsets = Scan(problem, passes, fixed, capacity, block);
  }
  Plan plan;
  plan.offsets = std::move(*offsets);
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    if (problem.buffers[i].fixed_offset != kFree) plan.offsets[i] = problem.buffers[i].fixed_offset;
  }
  return plan;
}

Plan PlanNoReuse(const Problem& problem, const PlanOptions&) {
  std::int64_t top = 0;
  for (const ByteRange& range : FixedRanges(problem)) top = std::max(top, range.second);
  Plan plan;
  for (const Buffer& b : problem.buffers) {
    if (b.size > 0 && b.fixed_offset == kFree) top = RoundUp(top, b.alignment);
    plan.offsets.push_back(b.fixed_offset != kFree ? b.fixed_offset : b.size == 0 ? 0 : top);
    if (b.size > 0 && b.fixed_offset == kFree) top += b.size;
  }
  return plan;
}

}  // namespace orionrt
