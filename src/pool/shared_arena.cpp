// The memory that a SharedPlan runs in, its scratch behind the planned bytes.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "orionrt/shared_plan.hpp"
#include "pool/nothing.hpp"
#include "pool/scratch.hpp"

namespace orionrt {
namespace {

std::size_t ScratchAlignment(const SharedArenaOptions& options) {
  if (!IsPowerOfTwo(static_cast<std::int64_t>(options.scratch_block))) {
    throw Error(ErrorCode::kMisuse, "shared arena: scratch block of " + std::to_string(options.scratch_block) +
                                        " bytes, which is no power of two");
  }
  return std::max(options.scratch_block, kArenaAlignment);
}

int LastSpace(const SharedPlan& plan) { return plan.space_count() - 1; }

// Of the base of one space; scratch lies in the last.
std::size_t BaseAlignment(const SharedPlan& plan, int space, const SharedArenaOptions& options) {
  const std::size_t own = plan.base_alignment(space);
  return space == LastSpace(plan) ? std::max(own, ScratchAlignment(options)) : own;
}

std::int64_t ScratchBegin(const SharedPlan& plan, const SharedArenaOptions& options) {
  return RoundUp(static_cast<std::int64_t>(plan.required_bytes(LastSpace(plan))),
                 static_cast<std::int64_t>(ScratchAlignment(options)));
}

const std::shared_ptr<const SharedPlan>& NotNull(const std::shared_ptr<const SharedPlan>& plan) {
  if (plan != nullptr) return plan;
  throw Error(ErrorCode::kMisuse,
              "shared arena: no plan given (null); make one by SharedPlan::Make, or PlanCache::Prepare where "
              "PlanCache::Get has none yet");
}

std::vector<Arena> HostArenas(const SharedPlan& plan, const SharedArenaOptions& options) {
  std::vector<Arena> arenas;
  for (int space = 0; space < plan.space_count(); ++space) {
    const std::size_t bytes = space == LastSpace(plan) ? SharedArenaBytes(plan, options) : plan.required_bytes(space);
    arenas.push_back(Arena::Host(bytes, BaseAlignment(plan, space, options)));
  }
  return arenas;
}

std::vector<Arena> One(Arena arena) {
  std::vector<Arena> arenas;
  arenas.push_back(std::move(arena));
  return arenas;
}

// The plan's memory, which the scratch lies behind.
std::vector<Arena> Checked(const SharedPlan& plan, std::vector<Arena> arenas, const SharedArenaOptions& options) {
  if (static_cast<int>(arenas.size()) != plan.space_count()) {
    throw Error(ErrorCode::kMisuse, "shared arena: " + std::to_string(arenas.size()) + " arenas given, the plan has " +
                                        std::to_string(plan.space_count()) + " spaces");
  }
  for (int space = 0; space < plan.space_count(); ++space) {
    const Arena& arena = arenas[At(space)];
    const std::size_t needs = space == LastSpace(plan) ? SharedArenaBytes(plan, options) : plan.required_bytes(space);
    if (arena.bytes() < needs) {
      const auto format = [](std::size_t bytes) {
        return FormatThousands(static_cast<std::int64_t>(std::min<std::uint64_t>(bytes, kMaxBytes)));
      };
      throw Error(ErrorCode::kInfeasible, "shared arena: " + format(needs) + " bytes needed, " + format(arena.bytes()) +
                                              " given, " + format(needs - arena.bytes()) + " short");
    }
    const std::size_t alignment = BaseAlignment(plan, space, options);
    if (reinterpret_cast<std::uintptr_t>(arena.base()) % alignment != 0) {
      throw Error(ErrorCode::kMisuse, "shared arena: its base is not aligned to " + std::to_string(alignment) +
                                          " bytes; give memory that is");
    }
  }
  return arenas;
}

}  // namespace

std::size_t SharedArenaBytes(const SharedPlan& plan, const SharedArenaOptions& options) {
  if (options.scratch_bytes == 0) return plan.required_bytes(LastSpace(plan));
  const std::size_t begin = SizeOrMost(ScratchBegin(plan, options));
  return begin + std::min(options.scratch_bytes, SIZE_MAX - begin);
}

SharedArena::SharedArena(std::shared_ptr<const SharedPlan> plan, const SharedArenaOptions& options)
    : SharedArena(plan, HostArenas(*NotNull(plan), options), options) {}

SharedArena::SharedArena(std::shared_ptr<const SharedPlan> plan, Arena arena, const SharedArenaOptions& options)
    : SharedArena(std::move(plan), One(std::move(arena)), options) {}

SharedArena::SharedArena(std::shared_ptr<const SharedPlan> plan, std::vector<Arena> arenas,
                         const SharedArenaOptions& options)
    : plan_(NotNull(plan)),
      arenas_(Checked(*plan_, std::move(arenas), options)),
      scratch_begin_(std::min(ScratchBegin(*plan_, options), static_cast<std::int64_t>(arenas_.back().bytes()))),
      scratch_(std::make_unique<Scratch>(arenas_.back().base() + scratch_begin_,
                                         arenas_.back().bytes() - static_cast<std::size_t>(scratch_begin_),
                                         static_cast<std::int64_t>(options.scratch_block), options.log)) {
  for (const Arena& arena : arenas_) bases_.push_back(arena.base() != nullptr ? arena.base() : Nothing());
  std::size_t planned = 0;
  for (int space = 0; space < plan_->space_count(); ++space) planned += plan_->required_bytes(space);
  scratch_->Tell(PoolEvent::kPlanInstalled, static_cast<std::int64_t>(planned));
  ClearStates();
}

SharedArena::~SharedArena() = default;

std::size_t SharedArena::capacity() const noexcept {
  std::size_t bytes = 0;
  for (const Arena& arena : arenas_) bytes += arena.bytes();
  return bytes;
}

void SharedArena::ClearStates() noexcept {
  for (std::size_t i = 0; i < arenas_.size(); ++i) {
    const std::size_t bytes = plan_->state_bytes(static_cast<int>(i));
    if (bytes > 0 && arenas_[i].host_accessible()) std::memset(arenas_[i].base(), 0, bytes);
  }
}

TensorHandle SharedArena::AllocateScratch(std::size_t bytes) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  return scratch_->Allocate(bytes);
}

FreeStatus SharedArena::FreeScratch(TensorHandle scratch) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  return scratch_->Free(scratch);
}

PoolStats SharedArena::stats() const noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  PoolStats stats = scratch_->stats();
  stats.capacity = static_cast<std::int64_t>(arenas_.back().bytes());
  stats.planned_bytes = static_cast<std::int64_t>(plan_->required_bytes(LastSpace(*plan_)));
  stats.used_bytes += scratch_begin_;
  stats.high_water_bytes += scratch_begin_;
  stats.allocations += plan_->graph_count();
  return stats;
}

std::size_t SharedArena::metadata_bytes() const noexcept {
  return sizeof *this + arenas_.size() * (sizeof(Arena) + sizeof bases_[0]) +
         static_cast<std::size_t>(scratch_->metadata_bytes());
}

}  // namespace orionrt
