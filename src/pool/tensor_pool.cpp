#include "orionrt/tensor_pool.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "orionrt/error.hpp"
#include "orionrt/validate.hpp"
#include "plan/infeasible.hpp"
#include "pool/guard.hpp"
#include "pool/guard_layout.hpp"
#include "pool/nothing.hpp"

namespace orionrt {
namespace {

constexpr std::size_t kArenaBase = 4096;  // bytes: what an arena of our own is aligned to at least

// Checked before it is used: the arena is made from it.
std::size_t BaseAlignment(const PoolOptions& options) {
  if (!IsPowerOfTwo(static_cast<std::int64_t>(options.alignment))) {
    throw Error(ErrorCode::kMisuse, "pool: alignment " + std::to_string(options.alignment) + " is not a power of two");
  }
  const bool pages = options.guard && options.guard->pages;
  return std::max({options.alignment, kArenaBase, pages ? static_cast<std::size_t>(Fence::page_bytes()) : 1});
}

std::int64_t LargestAlignment(const Problem& problem) {
  std::int64_t largest = 1;
  for (const Buffer& buffer : problem.buffers) largest = std::max(largest, buffer.alignment);
  return largest;
}

// Two bits of books a block: no more than 4 MiB for any arena.
std::int64_t ScratchBlock(std::size_t arena_bytes, const PoolOptions& options) {
  std::size_t block = options.scratch_block;
  while (block != 0 && arena_bytes / block > (std::size_t{1} << 24)) block *= 2;
  return static_cast<std::int64_t>(block);
}

std::string Short(std::int64_t needs, std::int64_t has) {
  return FormatThousands(needs) + " bytes, the arena has " + FormatThousands(has) + ", " +
         FormatThousands(needs - has) + " short";
}

void CheckBase(const Arena& arena, std::int64_t alignment, const std::string& what) {
  if (reinterpret_cast<std::uintptr_t>(arena.base()) % static_cast<std::uintptr_t>(alignment) == 0) return;
  throw Error(ErrorCode::kMisuse, "pool: the base of " + what + " is not aligned to " + std::to_string(alignment) +
                                      " bytes, which a tensor or the pool asks for; give memory that is, or a smaller "
                                      "PoolOptions::alignment");
}

// As the options want it. Without transforms, as MakeProblem makes it, and nothing said about it.
TransformedGraph Prepare(Graph graph, const PoolOptions& options, const std::vector<Pool>& pools) {
  const auto alignment = static_cast<std::int64_t>(options.alignment);
  const Transforms& on = options.transforms;
  if (on.views || on.colocate || on.in_place || on.reorder) {
    const ReusePlanner judge;
    return Transform(graph, on, alignment, &judge, pools);
  }
  TransformedGraph given;
  given.bound = MakeProblem(graph, GraphLiveness(graph), alignment, pools);
  given.graph = std::move(graph);
  return given;
}

// Those of a guard's switches that are on and that take room in the arena, as they would have to stand to take none.
std::string WithoutRoom(const GuardOptions& options) {
  std::string off;
  const auto add = [&](bool on, const char* text) {
    if (on) off += (off.empty() ? "GuardOptions::" : ", ") + std::string(text);
  };
  const bool apart = options.pages || options.no_reuse;
  add(options.pages, "pages = false");
  add(options.no_reuse, "no_reuse = false");
  add(!apart && options.quarantine_ops > 0, "quarantine_ops = 0");
  add(!options.pages && options.canary_bytes > 0, "canary_bytes = 0");
  return off;
}

GuardLayout LayOutFor(const Arena& arena, const BoundProblem& bound, const std::vector<TensorDesc>& tensors,
                      const Plan& plan, const GuardOptions& options) {
  if (!arena.host_accessible()) {
    throw Error(ErrorCode::kUnsupported,
                "pool: a guard reads the arena, which the host may not; guard a run in host memory");
  }
  GuardLayout layout = LayOutGuarded(bound, tensors, plan, options);
  const auto has = static_cast<std::int64_t>(arena.bytes());
  if (layout.region_bytes > has) {
    throw Error(ErrorCode::kInfeasible,
                "pool: with its guard the plan needs " + Short(layout.region_bytes, has) + "; without it, " +
                    FormatThousands(plan.peak_bytes) +
                    "; give a larger arena, or a guard that takes less: " + WithoutRoom(options));
  }
  if (reinterpret_cast<std::uintptr_t>(arena.base()) % static_cast<std::uintptr_t>(layout.alignment) != 0) {
    throw Error(ErrorCode::kMisuse, "pool: the guard protects pages, so the arena's base must be aligned to " +
                                        std::to_string(layout.alignment) + " bytes");
  }
  return layout;
}

}  // namespace

std::size_t RequiredBytes(const Plan& plan) { return static_cast<std::size_t>(plan.peak_bytes); }

std::size_t RequiredBytes(const Graph& graph, const Plan& plan, const PoolOptions& options) {
  if (!options.guard) return RequiredBytes(plan);
  return RequiredBytes(Prepare(graph, options, {}), plan, options);
}

std::size_t RequiredBytes(const TransformedGraph& transformed, const Plan& plan, const PoolOptions& options) {
  if (!options.guard) return RequiredBytes(plan);
  const auto& tensors = transformed.graph.tensors();
  return static_cast<std::size_t>(LayOutGuarded(transformed.bound, tensors, plan, *options.guard).region_bytes);
}

TensorPool::Memory::Memory(Arena taken, const PoolOptions& options)
    : arena(std::move(taken)),
      scratch(arena.base(), arena.bytes(), ScratchBlock(arena.bytes(), options), options.log) {}

TensorPool::TensorPool(std::size_t capacity, PoolOptions options)
    : TensorPool(Arena::Host(capacity, BaseAlignment(options)), options) {}

TensorPool::TensorPool(void* memory, std::size_t bytes, PoolOptions options)
    : TensorPool(Arena::Borrow(memory, bytes), options) {}

TensorPool::TensorPool(Arena arena, PoolOptions options) : options_(std::move(options)) {
  (void)BaseAlignment(options_);
  memories_.emplace_back(std::move(arena), options_);
}

TensorPool::TensorPool(std::vector<PoolMemory> memories, PoolOptions options) : options_(std::move(options)) {
  (void)BaseAlignment(options_);
  if (memories.empty()) throw Error(ErrorCode::kMisuse, "pool: no memory given; give one at least");
  if (options_.guard) {
    throw Error(ErrorCode::kMisuse, "pool: a guard watches one memory, not several; guard a run in host memory alone");
  }
  for (PoolMemory& memory : memories) {
    const auto has = static_cast<std::int64_t>(memory.arena.bytes());
    Pool& pool = memory.pool;
    if (pool.capacity != kUnlimited && pool.capacity > has) {
      throw Error(ErrorCode::kMisuse, "pool " + pool.name + ": has a capacity of " + Short(pool.capacity, has));
    }
    if (pool.capacity == kUnlimited) pool.capacity = has;
    pools_.push_back(std::move(pool));
    memories_.emplace_back(std::move(memory.arena), options_);
  }
}

TensorPool::TensorPool(TensorPool&& other) noexcept { *this = std::move(other); }
TensorPool::~TensorPool() = default;

// Member by member, each of `other` left as in a pool that has nothing. The guard goes before the arena that it guards
// does, as in the destructor.
TensorPool& TensorPool::operator=(TensorPool&& other) noexcept {
  if (this == &other) return *this;
  guard_.reset();
  const auto take = [](auto& mine, auto& others) { mine = std::exchange(others, {}); };
  take(table_ids_, other.table_ids_);
  take(table_, other.table_);
  take(table_memory_, other.table_memory_);
  take(sparse_, other.sparse_);
  take(workspaces_, other.workspaces_);
  take(options_, other.options_);
  take(memories_, other.memories_);
  take(pools_, other.pools_);
  take(transformed_, other.transformed_);
  take(plan_, other.plan_);
  take(registered_, other.registered_);
  take(finalized_, other.finalized_);
  take(guard_, other.guard_);
  return *this;
}

// Memory without a region holds empty tensors alone. An address of the arena would be that of scratch.
std::byte* TensorPool::Memory::region_base() const noexcept {
  return region == kNoSpace ? Nothing() : arena.base() + region;
}

void TensorPool::RegisterGraph(std::vector<OpNode> ops, std::vector<TensorDesc> tensors) {
  RegisterGraph(Graph(std::move(ops), std::move(tensors)));
}

void TensorPool::RegisterGraph(Graph graph) { Register(Prepare(std::move(graph), options_, pools_)); }

void TensorPool::RegisterTransformed(TransformedGraph transformed) {
  CheckProblem(transformed.bound.problem);
  if (const auto fault = CheckSharing(transformed)) throw Error(ErrorCode::kBadInput, "pool: " + fault->message);
  Register(std::move(transformed));
}

void TensorPool::Register(TransformedGraph transformed) {
  Clear();
  transformed_ = std::move(transformed);
  registered_ = true;
}

void TensorPool::FinalizePlan(std::string_view policy, const PlanOptions& options) {
  FinalizePlan(ReusePlanner(policy), options);
}

void TensorPool::FinalizePlan(const ReusePlanner& planner, const PlanOptions& options) {
  CheckRegistered();
  CheckBases();
  PlanOptions within = options;
  const auto most = static_cast<std::int64_t>(capacity());
  within.capacity = options.capacity > 0 ? std::min(options.capacity, most) : most;
  Plan plan = planner.Run(transformed_.bound.problem, within);
  if (plan.peak_bytes > most) RefuseCapacity(transformed_.bound.problem, plan, most);  // one without any bytes
  Install(std::move(plan));
}

void TensorPool::LoadPlan(const Plan& plan) {
  CheckRegistered();
  CheckBases();
  if (plan.problem_hash != HashProblem(transformed_.bound.problem)) {
    throw Error(
        ErrorCode::kBadInput,
        "pool: the plan was made for another graph, alignment or table of pools (its hash differs); plan again");
  }
  if (const auto fault = Validate(transformed_.bound.problem, plan))
    throw Error(ErrorCode::kBadInput, "pool: " + fault->message);
  CheckFits(plan);
  Install(plan);
}

void TensorPool::CheckRegistered() const {
  if (memories_.empty()) {
    throw Error(ErrorCode::kMisuse,
                "pool: it was moved from and has no memory; use the one that has, or move one here");
  }
  if (!registered_) throw Error(ErrorCode::kMisuse, "pool: no graph yet; call RegisterGraph first");
}

// With several memories, what each holds is known once it is planned: Install checks them.
void TensorPool::CheckBases() const {
  if (pools_.empty()) CheckBase(memories_[0].arena, LargestAlignment(transformed_.bound.problem), "the arena");
}

void TensorPool::CheckFits(const Plan& plan) const {
  for (int i = 0; i < memory_count(); ++i) {
    const auto needs = static_cast<std::int64_t>(RequiredBytes(plan, i));
    const auto has = static_cast<std::int64_t>(memories_[static_cast<std::size_t>(i)].arena.bytes());
    if (needs > has) throw Error(ErrorCode::kInfeasible, "pool: the plan needs " + Short(needs, has));
  }
}

std::vector<TensorPool::Demand> TensorPool::DemandsOf(const Plan& plan) const {
  std::vector<Demand> demands(memories_.size());
  for (std::size_t i = 0; i < demands.size(); ++i) {
    demands[i].bytes = static_cast<std::int64_t>(RequiredBytes(plan, static_cast<int>(i)));
    if (!pools_.empty()) demands[i].alignment = pools_[i].alignment;
  }
  for (int b = 0; b < static_cast<int>(transformed_.bound.problem.buffers.size()); ++b) {
    std::int64_t& alignment = demands[static_cast<std::size_t>(PoolOf(plan, b))].alignment;
    alignment = std::max(alignment, transformed_.bound.problem.buffers[static_cast<std::size_t>(b)].alignment);
  }
  return demands;
}

void TensorPool::Install(Plan plan) {
  std::vector<Demand> demands = DemandsOf(plan);
  for (std::size_t i = 0; i < pools_.size(); ++i) {
    CheckBase(memories_[i].arena, demands[i].alignment, "pool " + pools_[i].name);
  }
  GuardLayout layout;
  if (options_.guard) {
    layout = LayOutFor(memories_[0].arena, transformed_.bound, transformed_.graph.tensors(), plan, *options_.guard);
    demands[0] = {layout.region_bytes, layout.alignment};
  }
  TakeRegions(demands);
  plan_ = std::move(plan);
  std::vector<std::byte*> places;
  const BoundProblem& bound = transformed_.bound;
  for (const auto* bindings : {&bound.bindings, &bound.workspaces}) {
    for (const Binding& binding : *bindings) {
      places.push_back(options_.guard ? memories_[0].region_base() + layout.places[places.size()].begin
                                      : PlaceOf(binding));
    }
  }
  MakeTables(places);
  if (options_.guard) {
    std::byte* const base = memories_[0].region_base();
    guard_ = std::make_unique<Guard>(transformed_, plan_, std::move(layout), base, *options_.guard);
  }
  finalized_ = true;
  for (const Memory& memory : memories_) memory.scratch.Tell(PoolEvent::kPlanInstalled, memory.region_bytes);
  for (const Spill& spill : plan_.pools.spills) {
    memories_[static_cast<std::size_t>(spill.to)].scratch.Tell(
        PoolEvent::kTensorSpilled, transformed_.bound.problem.buffers[static_cast<std::size_t>(spill.buffer)].size);
  }
}

std::byte* TensorPool::PlaceOf(const Binding& binding) const {
  if (binding.buffer < 0) return memories_[0].region_base();
  const Memory& memory = memories_[static_cast<std::size_t>(PoolOf(plan_, binding.buffer))];
  return memory.region_base() + plan_.offsets[static_cast<std::size_t>(binding.buffer)] + binding.delta;
}

// The regions for a plan, in the place of the present ones, which are gone when this succeeds and stay when it throws.
void TensorPool::TakeRegions(const std::vector<Demand>& demands) {
  for (Memory& memory : memories_) {
    if (memory.region != kNoSpace) memory.scratch.FreeRegion(memory.region, memory.region_bytes);
  }
  std::vector<std::int64_t> taken;
  for (std::size_t i = 0; i < demands.size(); ++i) {
    const Demand& demand = demands[i];
    taken.push_back(demand.bytes > 0 ? memories_[i].scratch.TakeRegion(demand.bytes, demand.alignment) : kNoSpace);
    if (demand.bytes == 0 || taken.back() != kNoSpace) continue;
    for (std::size_t k = 0; k < i; ++k) memories_[k].scratch.FreeRegion(taken[k], demands[k].bytes);
    for (Memory& memory : memories_) {
      if (memory.region != kNoSpace) (void)memory.scratch.TakeRegionAt(memory.region, memory.region_bytes);
    }
    throw Error(ErrorCode::kInfeasible, "pool: no " + FormatThousands(demand.bytes) +
                                            " bytes in one piece: scratch of " +
                                            FormatThousands(memories_[i].scratch.stats().scratch_bytes) +
                                            " bytes is in use; free it before planning");
  }
  for (Memory& memory : memories_) memory.region = kNoSpace;
  Clear();
  for (std::size_t i = 0; i < demands.size(); ++i) {
    memories_[i].region = taken[i];
    memories_[i].region_bytes = demands[i].bytes;
  }
}

void TensorPool::MakeTables(const std::vector<std::byte*>& places) {
  const auto& tensors = transformed_.graph.tensors();
  std::size_t ids = 0;  // one more than the largest
  for (const TensorDesc& tensor : tensors) ids = std::max(ids, static_cast<std::size_t>(tensor.id) + 1);
  const bool dense = ids <= 4 * tensors.size() + 64 && !options_.guard;  // a guard has every look-up go the slow way
  if (dense) table_memory_.assign(2 * ids, 0);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (dense) {
      const auto id = static_cast<std::size_t>(tensors[i].id);
      table_memory_[id] = reinterpret_cast<std::uintptr_t>(places[i]);
      table_memory_[ids + id] = tensors[i].bytes;
    } else {
      sparse_.push_back({tensors[i].id, {places[i], tensors[i].bytes}});
    }
  }
  for (std::size_t step = 0; step < transformed_.bound.workspaces.size(); ++step) {
    const OpNode& op = transformed_.graph.ops()[step];
    if (op.workspace_bytes == 0) continue;
    workspaces_.push_back({op.id, {places[tensors.size() + step], op.workspace_bytes}});
  }
  for (auto* table : {&sparse_, &workspaces_}) {
    std::sort(table->begin(), table->end(), [](const SparseHandle& a, const SparseHandle& b) { return a.id < b.id; });
  }
  table_ = table_memory_.data();
  table_ids_ = dense ? ids : 0;
}

std::size_t TensorPool::capacity() const noexcept {
  std::size_t bytes = 0;
  for (const Memory& memory : memories_) bytes += memory.arena.bytes();
  return bytes;
}

std::size_t TensorPool::peak_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const Memory& memory : memories_) bytes += static_cast<std::size_t>(memory.region_bytes);
  return bytes;
}

void TensorPool::Clear() noexcept {
  guard_.reset();
  for (Memory& memory : memories_) {
    if (memory.region != kNoSpace) memory.scratch.FreeRegion(memory.region, memory.region_bytes);
    memory.region = kNoSpace;
    memory.region_bytes = 0;
  }
  table_ids_ = 0;
  table_memory_.clear();
  sparse_.clear();
  workspaces_.clear();
  plan_ = {};
  finalized_ = false;
}

TensorHandle TensorPool::Find(const std::vector<SparseHandle>& sorted, int id) noexcept {
  const auto found =
      std::lower_bound(sorted.begin(), sorted.end(), id, [](const SparseHandle& a, int b) { return a.id < b; });
  return found != sorted.end() && found->id == id ? found->handle : TensorHandle{};
}

TensorHandle TensorPool::FindSlow(int tensor_id) const noexcept {
  const TensorHandle handle = Find(sparse_, tensor_id);
  if (guard_ != nullptr && handle.ptr != nullptr) guard_->Ask(transformed_.graph.IndexOf(tensor_id));
  return handle;
}

TensorHandle TensorPool::Workspace(int op_id) const noexcept { return Find(workspaces_, op_id); }

void TensorPool::GuardBegin(int op_id) noexcept { guard_->BeginOp(op_id); }
void TensorPool::GuardEnd(bool run) noexcept { guard_->EndOp(run); }

std::size_t TensorPool::metadata_bytes() const noexcept {
  const std::size_t tables = table_memory_.capacity() * sizeof table_memory_[0] +
                             (sparse_.capacity() + workspaces_.capacity()) * sizeof(SparseHandle);
  std::int64_t books = guard_ == nullptr ? 0 : guard_->metadata_bytes();
  for (const Memory& memory : memories_) books += memory.scratch.metadata_bytes();
  return sizeof *this + memories_.size() * (sizeof(Memory) - sizeof(Scratch)) + tables +
         static_cast<std::size_t>(books);
}

}  // namespace orionrt
