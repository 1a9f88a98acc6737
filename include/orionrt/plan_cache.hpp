// Plans for shapes that are known only when a request comes: one plan a bucket of dimensions, a bounded number kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "orionrt/export.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/shared_arena.hpp"

namespace orionrt {

using Dims = std::vector<std::int64_t>;  // sizes of the dimensions that vary, in an order of the caller's

struct PlanCacheStats {
  std::int64_t plans_made = 0;
  std::int64_t hits = 0;     // of Get
  std::int64_t misses = 0;   // of Get: no prepared bucket covers
  std::int64_t evicted = 0;  // plans dropped for being least recently used
  std::size_t kept = 0;      // now
};

// For any number of threads. Plans are shared: an evicted one lives on with who has it.
class ORIONRT_API PlanCache {
 public:
  // The graph for these dimensions; called with those of a bucket, by one thread at a time. May throw.
  using Builder = std::function<Graph(const Dims&)>;

  // `buckets` has for each dimension the sizes to plan for, ascending and above 0; `most_plans` (> 0) bounds what is
  // kept. Throws Error (kMisuse).
  PlanCache(Builder builder, std::vector<std::vector<std::int64_t>> buckets, std::size_t most_plans,
            SharedPlanOptions options = {});

  // The least bucket that covers `dims`. Throws Error (kMisuse) for another number of dimensions, or one that no bucket
  // covers. O(log buckets) a dimension.
  Dims BucketOf(const Dims& dims) const;

  // The plan of the bucket of `dims`, made now if need be: slow, off the hot path, on any thread; while one plans,
  // others that must plan wait. A bucket is planned once as long as it is kept. Throws what BucketOf, the builder and
  // the planner throw; then nothing has changed.
  std::shared_ptr<const SharedPlan> Prepare(const Dims& dims);

  // Of the prepared plans whose bucket covers `dims`, the one that needs the fewest bytes (of equals, the least bucket
  // in lexicographic order); null when there is none. Never plans, never waits for who plans. O(plans kept).
  std::shared_ptr<const SharedPlan> Get(const Dims& dims) noexcept;

  PlanCacheStats stats() const noexcept;
  std::size_t metadata_bytes() const noexcept;  // of the cache and the plans that it keeps

 private:
  struct Entry {
    Dims bucket;
    std::shared_ptr<const SharedPlan> plan;
    std::uint64_t used = 0;  // the tick of its last use
  };
  std::shared_ptr<const SharedPlan> Find(const Dims& bucket);
  void Add(Entry entry);

  const Builder builder_;
  const std::vector<std::vector<std::int64_t>> buckets_;
  const std::size_t most_plans_;
  const SharedPlanOptions options_;
  std::mutex planning_;         // held while a plan is made; before mutex_
  mutable std::mutex mutex_;    // of all below; held briefly
  std::vector<Entry> entries_;  // sorted by bucket
  std::uint64_t tick_ = 0;
  PlanCacheStats stats_;
};

}  // namespace orionrt
