// Plans by buckets of dimensions, made once each; the one not used for longest goes first.
#include <algorithm>
#include <string>
#include <utility>

#include "orionrt/config.hpp"
#include "orionrt/shared_plan.hpp"

namespace orionrt {
namespace {

bool Covers(const Dims& bucket, const Dims& dims) {
  if (bucket.size() != dims.size()) return false;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (bucket[d] < dims[d]) return false;
  }
  return true;
}

}  // namespace

PlanCache::PlanCache(Builder builder, std::vector<std::vector<std::int64_t>> buckets, std::size_t most_plans,
                     SharedPlanOptions options)
    : builder_(std::move(builder)),
      buckets_(std::move(buckets)),
      most_plans_(most_plans),
      options_(std::move(options)) {
  if (most_plans_ == 0) throw Error(ErrorCode::kMisuse, "plan cache: it must be allowed to keep a plan");
  if (!builder_) throw Error(ErrorCode::kMisuse, "plan cache: no builder of graphs given");
  for (std::size_t d = 0; d < buckets_.size(); ++d) {
    const auto& sizes = buckets_[d];
    const bool ascending = std::adjacent_find(sizes.begin(), sizes.end(), std::greater_equal<>()) == sizes.end();
    if (sizes.empty() || sizes[0] <= 0 || !ascending) {
      throw Error(ErrorCode::kMisuse,
                  "plan cache: the buckets of dimension " + std::to_string(d) + " are not ascending sizes above 0");
    }
  }
  entries_.reserve(most_plans_ < 4096 ? most_plans_ + 1 : 0);
}

Dims PlanCache::BucketOf(const Dims& dims) const {
  if (dims.size() != buckets_.size()) {
    throw Error(ErrorCode::kMisuse, "plan cache: " + std::to_string(dims.size()) + " dimensions given, there are " +
                                        std::to_string(buckets_.size()));
  }
  Dims bucket;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    const auto size = std::lower_bound(buckets_[d].begin(), buckets_[d].end(), dims[d]);
    if (size == buckets_[d].end()) {
      throw Error(ErrorCode::kMisuse, "plan cache: dimension " + std::to_string(d) + " is " + std::to_string(dims[d]) +
                                          ", above its largest bucket, " + std::to_string(buckets_[d].back()));
    }
    bucket.push_back(*size);
  }
  return bucket;
}

// With mutex_ held.
std::shared_ptr<const SharedPlan> PlanCache::Find(const Dims& bucket) {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), bucket,
                                      [](const Entry& a, const Dims& b) { return a.bucket < b; });
  if (found == entries_.end() || found->bucket != bucket) return nullptr;
  found->used = ++tick_;
  return found->plan;
}

// With mutex_ held.
void PlanCache::Add(Entry entry) {
  entry.used = ++tick_;
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), entry.bucket,
                                   [](const Entry& a, const Dims& b) { return a.bucket < b; });
  entries_.insert(at, std::move(entry));
  ++stats_.plans_made;
  if (entries_.size() <= most_plans_) return;
  entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                  [](const Entry& a, const Entry& b) { return a.used < b.used; }));
  ++stats_.evicted;
}

std::shared_ptr<const SharedPlan> PlanCache::Prepare(const Dims& dims) {
  const Dims bucket = BucketOf(dims);
  const auto find = [&] {
    const std::lock_guard<std::mutex> lock(mutex_);
    return Find(bucket);
  };
  if (auto plan = find()) return plan;
  const std::lock_guard<std::mutex> planning(planning_);
  if (auto plan = find()) return plan;  // another thread made it while this one waited
  std::vector<SharedGraph> graphs;
  graphs.push_back({builder_(bucket), 0, {}});
  auto plan = SharedPlan::Make(std::move(graphs), options_);
  const std::lock_guard<std::mutex> lock(mutex_);
  Add({bucket, plan, 0});
  return plan;
}

std::shared_ptr<const SharedPlan> PlanCache::Get(const Dims& dims) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  Entry* best = nullptr;
  for (Entry& entry : entries_) {  // in lexicographic order
    if (!Covers(entry.bucket, dims)) continue;
    if (best == nullptr || entry.plan->required_bytes() < best->plan->required_bytes()) best = &entry;
  }
  ++(best == nullptr ? stats_.misses : stats_.hits);
  if (best == nullptr) return nullptr;
  best->used = ++tick_;
  return best->plan;
}

PlanCacheStats PlanCache::stats() const noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  PlanCacheStats stats = stats_;
  stats.kept = entries_.size();
  return stats;
}

std::size_t PlanCache::metadata_bytes() const noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::size_t bytes = sizeof *this + entries_.capacity() * sizeof(Entry);
  for (const Entry& entry : entries_)
    bytes += entry.plan->metadata_bytes() + entry.bucket.capacity() * sizeof(Dims::value_type);
  return bytes;
}

}  // namespace orionrt
