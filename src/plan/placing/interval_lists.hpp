// Many small sets of addresses, each kept as a sorted list of disjoint intervals, in memory taken once and reused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace orionrt {

// Bytes [begin, end).
struct Interval {
  std::int64_t begin;
  std::int64_t end;
};

class IntervalLists {
 public:
  struct View {
    const Interval* begin;
    const Interval* end;
  };

  explicit IntervalLists(std::size_t count) : lists_(count), saved_in_(count, 0) {}

  // The intervals of `list`, ascending, with at least one byte between any two.
  View Get(std::size_t list) const { return {lists_[list].data, lists_[list].data + lists_[list].size}; }

  // Adds [begin, end) to `list`. False if it was covered already. O(log k + intervals moved).
  bool Add(std::size_t list, std::int64_t begin, std::int64_t end);

  // Empties all lists, forgets the checkpoint, keeps the memory. O(lists in use).
  void Clear();

  // Rollback returns to the state at the latest Checkpoint, any number of times. Its cost is the lists touched since.
  void Checkpoint();
  void Rollback();

 private:
  struct List {
    Interval* data = nullptr;
    std::uint32_t size = 0;
    std::uint32_t log_capacity = 0;  // capacity = 1 << log_capacity, if data is not null
  };
  struct Saved {
    std::uint32_t list, size;
    std::size_t at;  // in saved_
  };

  void Save(std::size_t list);
  void Grow(List& list);
  Interval* Take(std::uint32_t log_capacity);

  std::vector<List> lists_;
  std::vector<std::uint32_t> used_;      // lists that are not empty (and some that are again), for Clear
  std::vector<std::uint32_t> saved_in_;  // per list the epoch of its copy in the journal
  std::uint32_t epoch_ = 0;              // 0: no checkpoint
  std::size_t used_at_checkpoint_ = 0;
  std::vector<Saved> journal_;
  std::vector<Interval> saved_;
  std::vector<Interval*> free_[32];  // blocks given up by lists that grew, by log_capacity
  std::vector<std::unique_ptr<Interval[]>> chunks_;
  Interval* current_ = nullptr;  // the chunk that is being handed out
  std::size_t chunk_used_ = 0;
};

}  // namespace orionrt
