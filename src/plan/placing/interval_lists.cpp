#include "plan/placing/interval_lists.hpp"

#include <algorithm>
#include <cstring>

namespace orionrt {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 14;  // intervals; blocks above a quarter of it are chunks of their own
constexpr std::uint32_t kFirstLog = 1;

}  // namespace

void IntervalLists::Clear() {
  for (const std::uint32_t list : used_) lists_[list].size = 0;
  used_.clear();
  journal_.clear();
  saved_.clear();
  if (epoch_ != 0) std::fill(saved_in_.begin(), saved_in_.end(), 0);
  epoch_ = 0;
}

void IntervalLists::Checkpoint() {
  ++epoch_;
  used_at_checkpoint_ = used_.size();
  journal_.clear();
  saved_.clear();
}

void IntervalLists::Rollback() {
  for (const Saved& saved : journal_) {
    List& list = lists_[saved.list];  // its block may have grown since, never shrunk
    list.size = saved.size;
    if (saved.size > 0) std::memcpy(list.data, saved_.data() + saved.at, saved.size * sizeof(Interval));
  }
  used_.resize(used_at_checkpoint_);
  Checkpoint();
}

void IntervalLists::Save(std::size_t index) {
  const List& list = lists_[index];
  saved_in_[index] = epoch_;
  journal_.push_back({static_cast<std::uint32_t>(index), list.size, saved_.size()});
  saved_.insert(saved_.end(), list.data, list.data + list.size);
}

Interval* IntervalLists::Take(std::uint32_t log_capacity) {
  auto& blocks = free_[log_capacity];
  if (!blocks.empty()) {
    Interval* block = blocks.back();
    blocks.pop_back();
    return block;
  }
  const std::size_t size = std::size_t{1} << log_capacity;
  if (size > kChunk / 4) {
    chunks_.emplace_back(new Interval[size]);
    return chunks_.back().get();
  }
  if (current_ == nullptr || chunk_used_ + size > kChunk) {
    chunks_.emplace_back(new Interval[kChunk]);
    current_ = chunks_.back().get();
    chunk_used_ = 0;
  }
  chunk_used_ += size;
  return current_ + (chunk_used_ - size);
}

void IntervalLists::Grow(List& list) {
  const std::uint32_t log_capacity = list.data == nullptr ? kFirstLog : list.log_capacity + 1;
  Interval* data = Take(log_capacity);
  if (list.data != nullptr) {
    std::memcpy(data, list.data, list.size * sizeof(Interval));
    free_[list.log_capacity].push_back(list.data);
  }
  list.data = data;
  list.log_capacity = log_capacity;
}

bool IntervalLists::Add(std::size_t index, std::int64_t begin, std::int64_t end) {
  List& list = lists_[index];
  Interval* stop = list.data + list.size;
  // The first interval that the new one touches or precedes.
  Interval* at = std::lower_bound(list.data, stop, begin, [](const Interval& x, std::int64_t b) { return x.end < b; });
  if (at != stop && at->begin <= begin && at->end >= end) return false;
  if (saved_in_[index] != epoch_) Save(index);
  if (at == stop || at->begin > end) {
    const std::size_t position = static_cast<std::size_t>(at - list.data);
    if (list.data == nullptr || list.size == std::uint32_t{1} << list.log_capacity) {
      Grow(list);
      at = list.data + position;
    }
    if (list.size == 0) used_.push_back(static_cast<std::uint32_t>(index));
    std::memmove(at + 1, at, (list.size - position) * sizeof(Interval));
    *at = {begin, end};
    ++list.size;
    return true;
  }
  Interval* next = at + 1;  // swallow all that the grown interval touches
  std::int64_t reach = std::max(at->end, end);
  while (next != stop && next->begin <= reach) {
    reach = std::max(reach, next->end);
    ++next;
  }
  *at = {std::min(at->begin, begin), reach};
  if (next != at + 1) {
    std::memmove(at + 1, next, static_cast<std::size_t>(stop - next) * sizeof(Interval));
    list.size -= static_cast<std::uint32_t>(next - (at + 1));
  }
  return true;
}

}  // namespace orionrt
