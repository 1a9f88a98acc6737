#include "orionrt/shared_arena.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "orionrt/error.hpp"

namespace orionrt {
namespace {

std::size_t ScratchAlignment(const SharedArenaOptions& options) {
  if (!IsPowerOfTwo(static_cast<std::int64_t>(options.scratch_block))) {
    throw Error(ErrorCode::kMisuse, "shared arena: scratch block of " + std::to_string(options.scratch_block) +
                                        " bytes, which is no power of two");
  }
  return std::max(options.scratch_block, kArenaAlignment);
}

std::size_t BaseAlignment(const SharedPlan& plan, const SharedArenaOptions& options) {
  return std::max(plan.base_alignment(), ScratchAlignment(options));
}

std::int64_t ScratchBegin(const SharedPlan& plan, const SharedArenaOptions& options) {
  return RoundUp(static_cast<std::int64_t>(plan.required_bytes()),
                 static_cast<std::int64_t>(ScratchAlignment(options)));
}

const std::shared_ptr<const SharedPlan>& NotNull(const std::shared_ptr<const SharedPlan>& plan) {
  if (plan != nullptr) return plan;
  throw Error(ErrorCode::kMisuse,
              "shared arena: no plan given (null); make one by SharedPlan::Make, or PlanCache::Prepare where "
              "PlanCache::Get has none yet");
}

Arena HostArena(const SharedPlan& plan, const SharedArenaOptions& options) {
  return Arena::Host(RequiredBytes(plan, options), BaseAlignment(plan, options));
}

// The plan's memory, which the scratch lies behind.
Arena Checked(const SharedPlan& plan, Arena arena, const SharedArenaOptions& options) {
  const std::size_t needs = RequiredBytes(plan, options);
  if (arena.bytes() < needs) {
    const auto format = [](std::size_t bytes) { return FormatThousands(static_cast<std::int64_t>(bytes)); };
    throw Error(ErrorCode::kInfeasible, "shared arena: " + format(needs) + " bytes needed, " + format(arena.bytes()) +
                                            " given, " + format(needs - arena.bytes()) + " short");
  }
  if (reinterpret_cast<std::uintptr_t>(arena.base()) % BaseAlignment(plan, options) != 0) {
    throw Error(ErrorCode::kMisuse, "shared arena: its base is not aligned to " +
                                        std::to_string(BaseAlignment(plan, options)) + " bytes; give memory that is");
  }
  return arena;
}

}  // namespace

std::size_t RequiredBytes(const SharedPlan& plan, const SharedArenaOptions& options) {
  if (options.scratch_bytes == 0) return plan.required_bytes();
  return static_cast<std::size_t>(ScratchBegin(plan, options)) + options.scratch_bytes;
}

SharedArena::SharedArena(std::shared_ptr<const SharedPlan> plan, const SharedArenaOptions& options)
    : SharedArena(plan, HostArena(*NotNull(plan), options), options) {}

SharedArena::SharedArena(std::shared_ptr<const SharedPlan> plan, Arena arena, const SharedArenaOptions& options)
    : plan_(NotNull(plan)),
      arena_(Checked(*plan_, std::move(arena), options)),
      scratch_begin_(std::min(ScratchBegin(*plan_, options), static_cast<std::int64_t>(arena_.bytes()))),
      scratch_(arena_.base() + scratch_begin_, arena_.bytes() - static_cast<std::size_t>(scratch_begin_),
               static_cast<std::int64_t>(options.scratch_block), options.log) {
  scratch_.Tell(PoolEvent::kPlanInstalled, static_cast<std::int64_t>(plan_->required_bytes()));
  ClearStates();
}

void SharedArena::ClearStates() noexcept {
  if (plan_->state_bytes() > 0 && arena_.host_accessible()) std::memset(arena_.base(), 0, plan_->state_bytes());
}

TensorHandle SharedArena::AllocateScratch(std::size_t bytes) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  return scratch_.Allocate(bytes);
}

FreeStatus SharedArena::FreeScratch(TensorHandle scratch) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  return scratch_.Free(scratch);
}

PoolStats SharedArena::stats() const noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  PoolStats stats = scratch_.stats();
  stats.capacity = static_cast<std::int64_t>(arena_.bytes());
  stats.planned_bytes = static_cast<std::int64_t>(plan_->required_bytes());
  stats.used_bytes += scratch_begin_;
  stats.high_water_bytes += scratch_begin_;
  stats.allocations += plan_->graph_count();
  return stats;
}

std::size_t SharedArena::metadata_bytes() const noexcept {
  return sizeof *this - sizeof scratch_ + static_cast<std::size_t>(scratch_.metadata_bytes());
}

}  // namespace orionrt
