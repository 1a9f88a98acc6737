// A buddy that tells of every call, and a ring that keeps the latest of what it is told.
#include <algorithm>

#include "orionrt/buddy_adaptors.hpp"

namespace orionrt {

void BuddyRing::Add(const BuddyEvent& event) noexcept {
  if (!events_.empty()) events_[added_ % events_.size()] = event;
  ++added_;
}

std::vector<BuddyEvent> BuddyRing::Events() const {
  std::vector<BuddyEvent> events(events_.begin(),
                                 events_.begin() + static_cast<std::ptrdiff_t>(std::min(added_, events_.size())));
  if (lost() > 0 && !events.empty()) {
    std::rotate(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(added_ % events_.size()), events.end());
  }
  return events;
}

BuddyRecorder::BuddyRecorder(BuddyAllocator& buddy, BuddyRing& ring)
    : BuddyRecorder(
          buddy, [](void* context, const BuddyEvent& event) noexcept { static_cast<BuddyRing*>(context)->Add(event); },
          &ring) {}

std::int64_t BuddyRecorder::Allocate(std::int64_t bytes, std::int64_t tag) noexcept {
  const std::int64_t used = buddy_.stats().used_bytes;
  return Tell(BuddyEvent::Kind::kAllocate, buddy_.Allocate(bytes), bytes, used, tag);
}

std::int64_t BuddyRecorder::AllocateRun(std::int64_t bytes, std::int64_t tag) noexcept {
  const std::int64_t used = buddy_.stats().used_bytes;
  return Tell(BuddyEvent::Kind::kAllocateRun, buddy_.AllocateRun(bytes), bytes, used, tag);
}

FreeStatus BuddyRecorder::Free(std::int64_t offset, std::int64_t tag) noexcept {
  const FreeStatus status = buddy_.Free(offset);
  if (status == FreeStatus::kFreed) sink_(context_, {seq_++, BuddyEvent::Kind::kRelease, offset, 0, 0, tag});
  return status;
}

std::int64_t BuddyRecorder::Tell(BuddyEvent::Kind kind, std::int64_t offset, std::int64_t bytes,
                                 std::int64_t used_before, std::int64_t tag) noexcept {
  const std::int64_t size = offset == kNoSpace ? 0 : buddy_.stats().used_bytes - used_before;
  if (bytes > 0) sink_(context_, {seq_++, kind, offset, bytes, size, tag});
  return offset;
}

}  // namespace orionrt
