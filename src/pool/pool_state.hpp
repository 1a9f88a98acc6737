// What a TensorPool has: its memories, the graph, and the plan that is installed, with the tables that look-ups read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "orionrt/tensor_pool.hpp"
#include "pool/guard.hpp"
#include "pool/guard_layout.hpp"
#include "pool/scratch.hpp"

namespace orionrt {

// One arena. All of it is the scratch's: the plan's region is an allocation of it too.
struct PoolMemory {
  PoolMemory(Arena taken, const PoolOptions& options);
  std::byte* region_base() const noexcept;

  Arena arena;
  Scratch scratch;
  std::int64_t region = kNoSpace;
  std::int64_t region_bytes = 0;
};

// What a plan needs of one memory.
struct PoolNeed {
  std::int64_t bytes = 0;
  std::int64_t alignment = 1;
};

struct TensorPool::State {
  struct Entry {
    int id;
    TensorHandle handle;
  };

  State() = default;  // of a pool that was moved from
  explicit State(PoolOptions of) : options(std::move(of)) {}

  // In the order of the plan, once there is one; as registered until then.
  const Graph& graph() const noexcept { return ordered ? *ordered : registered; }
  PoolMemory* MemoryAt(int memory) noexcept;  // null for one that the pool does not have
  void CheckRegistered() const;
  // Takes the regions that the assignment needs, and makes the tables. Throws Error; what is installed then stays, or
  // is gone.
  void Install(Assignment made, Plan by);
  void SetAddress(int index, void* address);
  void Clear() noexcept;

  PoolOptions options;
  std::vector<PoolMemory> memories;
  std::vector<Space> spaces;  // what planning is told of them; empty for one
  Graph registered;
  std::vector<NestedGraph> bodies;
  bool is_registered = false;

  // Of a plan; nothing without one.
  bool is_installed = false;
  std::optional<Graph> ordered;  // where the plan's order is another
  Assignment assignment;
  Plan plan;
  std::size_t required_bytes = 0;  // of all memories together, without a guard
  std::vector<void*> addresses;    // per tensor of graph()
  std::vector<std::byte*> bases;   // per memory, of its region
  // By id, where ids are dense and there is no guard: all addresses, and behind them all bytes.
  std::vector<std::uintptr_t> table;
  std::vector<Entry> sparse;                 // sorted by id, otherwise
  std::vector<Entry> workspaces;             // sorted by id of op
  std::unique_ptr<PlaceTable> bodies_table;  // where there are bodies
  std::unique_ptr<Guard> guard;              // after the arenas: it opens what it closed before they go

 private:
  std::vector<PoolNeed> NeedsOf(const Assignment& made) const;
  void CheckNeeds(const std::vector<PoolNeed>& needs) const;
  void TakeRegions(const std::vector<PoolNeed>& needs);
  std::byte* PlaceOf(const Place& place) const;
  void MovePlaces(const GuardLayout& layout, std::vector<std::byte*>& places) const;
  void MakeTables(const std::vector<std::byte*>& places);
};

// Has the pool read the tables of its state, whether what changes them succeeds or throws.
class TensorPool::Shown {
 public:
  explicit Shown(TensorPool& pool) : pool_(pool) {}
  ~Shown() {
    const State& state = *pool_.state_;
    pool_.table_ids_ = state.table.size() / 2;
    pool_.table_ = state.table.data();
    pool_.guard_ = state.guard.get();
  }
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;

 private:
  TensorPool& pool_;
};

}  // namespace orionrt
