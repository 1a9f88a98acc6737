#include "orionrt/tensor_pool.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "orionrt/error.hpp"
#include "orionrt/validate.hpp"
#include "plan/infeasible.hpp"
#include "pool/guard.hpp"
#include "pool/guard_layout.hpp"

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

std::string Short(std::int64_t needs, std::int64_t has) {
  return FormatThousands(needs) + " bytes, the arena has " + FormatThousands(has) + ", " +
         FormatThousands(needs - has) + " short";
}

}  // namespace

std::size_t RequiredBytes(const Plan& plan) { return static_cast<std::size_t>(plan.peak_bytes); }

std::size_t RequiredBytes(const Graph& graph, const Plan& plan, const PoolOptions& options) {
  if (!options.guard) return RequiredBytes(plan);
  const BoundProblem bound = MakeProblem(graph, GraphLiveness(graph), static_cast<std::int64_t>(options.alignment));
  const GuardLayout layout = LayOutGuarded(bound, graph.tensors(), plan, *options.guard);
  return static_cast<std::size_t>(layout.region_bytes);
}

TensorPool::TensorPool(std::size_t capacity, PoolOptions options)
    : TensorPool(Arena::Host(capacity, BaseAlignment(options)), options) {}

TensorPool::TensorPool(void* memory, std::size_t bytes, PoolOptions options)
    : TensorPool(Arena::Borrow(memory, bytes), options) {}

TensorPool::TensorPool(Arena arena, PoolOptions options)
    : options_(std::move(options)),
      arena_(std::move(arena)),
      scratch_(arena_.base(), arena_.bytes(), static_cast<std::int64_t>(options_.scratch_block), options_.log) {
  (void)BaseAlignment(options_);
}

TensorPool::TensorPool(TensorPool&&) noexcept = default;
TensorPool::~TensorPool() = default;

// The guard goes before the arena that it guards does, as in the destructor.
TensorPool& TensorPool::operator=(TensorPool&& other) noexcept {
  if (this == &other) return *this;
  this->~TensorPool();
  return *new (this) TensorPool(std::move(other));
}

void TensorPool::RegisterGraph(std::vector<OpNode> ops, std::vector<TensorDesc> tensors) {
  RegisterGraph(Graph(std::move(ops), std::move(tensors)));
}

void TensorPool::RegisterGraph(Graph graph) {
  BoundProblem bound = MakeProblem(graph, GraphLiveness(graph), static_cast<std::int64_t>(options_.alignment));
  Clear();
  graph_ = std::move(graph);
  bound_ = std::move(bound);
  registered_ = true;
}

void TensorPool::FinalizePlan(std::string_view policy, const PlanOptions& options) {
  FinalizePlan(ReusePlanner(policy), options);
}

void TensorPool::FinalizePlan(const ReusePlanner& planner, const PlanOptions& options) {
  CheckBase();
  PlanOptions within = options;
  const auto arena_bytes = static_cast<std::int64_t>(arena_.bytes());
  within.capacity = options.capacity > 0 ? std::min(options.capacity, arena_bytes) : arena_bytes;
  Plan plan = planner.Run(bound_.problem, within);
  if (plan.peak_bytes > arena_bytes) RefuseCapacity(bound_.problem, plan, arena_bytes);  // one without any bytes
  Install(std::move(plan));
}

void TensorPool::LoadPlan(const Plan& plan) {
  CheckBase();
  if (plan.problem_hash != HashProblem(bound_.problem)) {
    throw Error(ErrorCode::kBadInput,
                "pool: the plan was made for another graph or alignment (its hash differs); plan again");
  }
  if (const auto fault = Validate(bound_.problem, plan)) throw Error(ErrorCode::kBadInput, "pool: " + fault->message);
  if (RequiredBytes(plan) > arena_.bytes()) {
    throw Error(ErrorCode::kInfeasible,
                "pool: the plan needs " + Short(plan.peak_bytes, static_cast<std::int64_t>(arena_.bytes())));
  }
  Install(plan);
}

void TensorPool::CheckBase() const {
  if (!registered_) throw Error(ErrorCode::kMisuse, "pool: no graph yet; call RegisterGraph first");
  const std::int64_t alignment = LargestAlignment(bound_.problem);
  if (reinterpret_cast<std::uintptr_t>(arena_.base()) % static_cast<std::uintptr_t>(alignment) != 0) {
    throw Error(ErrorCode::kMisuse,
                "pool: the arena's base is not aligned to " + std::to_string(alignment) +
                    " bytes, which a tensor asks for; give memory that is, or a smaller PoolOptions::alignment");
  }
}

void TensorPool::Install(Plan plan) {
  GuardLayout layout;
  layout.region_bytes = plan.peak_bytes;
  layout.alignment = LargestAlignment(bound_.problem);
  if (options_.guard) {
    if (!arena_.host_accessible()) {
      throw Error(ErrorCode::kUnsupported,
                  "pool: a guard reads the arena, which the host may not; guard a run in host memory");
    }
    layout = LayOutGuarded(bound_, graph_.tensors(), plan, *options_.guard);
    const auto has = static_cast<std::int64_t>(arena_.bytes());
    if (layout.region_bytes > has) {
      throw Error(ErrorCode::kInfeasible, "pool: with its guard the plan needs " + Short(layout.region_bytes, has) +
                                              "; without it, " + FormatThousands(plan.peak_bytes));
    }
    if (reinterpret_cast<std::uintptr_t>(arena_.base()) % static_cast<std::uintptr_t>(layout.alignment) != 0) {
      throw Error(ErrorCode::kMisuse, "pool: the guard protects pages, so the arena's base must be aligned to " +
                                          std::to_string(layout.alignment) + " bytes");
    }
  }
  const std::int64_t region = TakeRegion(layout.region_bytes, layout.alignment);
  plan_ = std::move(plan);
  region_ = region;
  region_bytes_ = layout.region_bytes;
  std::byte* const base = arena_.base() + std::max<std::int64_t>(region_, 0);

  std::vector<std::int64_t> offsets;
  for (const auto* bindings : {&bound_.bindings, &bound_.workspaces}) {
    for (const Binding& binding : *bindings) {
      offsets.push_back(options_.guard ? layout.places[offsets.size()].begin : OffsetOf(binding));
    }
  }
  MakeTables(base, offsets);
  if (options_.guard) guard_ = std::make_unique<Guard>(graph_, bound_, plan_, std::move(layout), base, *options_.guard);
  finalized_ = true;
  scratch_.Tell(PoolEvent::kPlanInstalled, region_bytes_);
}

std::int64_t TensorPool::OffsetOf(const Binding& binding) const {
  return binding.buffer < 0 ? 0 : plan_.offsets[static_cast<std::size_t>(binding.buffer)] + binding.delta;
}

// The region for a plan, in the place of the present one, which is gone when this succeeds and stays when it throws.
std::int64_t TensorPool::TakeRegion(std::int64_t bytes, std::int64_t alignment) {
  const std::int64_t old_bytes = region_bytes_;
  const bool had = region_ != kNoSpace;
  if (had) scratch_.FreeRegion(region_, old_bytes);
  const std::int64_t region = bytes > 0 ? scratch_.TakeRegion(bytes, alignment) : kNoSpace;
  if (bytes > 0 && region == kNoSpace) {
    if (had) (void)scratch_.TakeRegionAt(region_, old_bytes);
    throw Error(ErrorCode::kInfeasible, "pool: no " + FormatThousands(bytes) + " bytes in one piece: scratch of " +
                                            FormatThousands(scratch_.stats().scratch_bytes) +
                                            " bytes is in use; free it before planning");
  }
  region_ = kNoSpace;
  Clear();
  return region;
}

void TensorPool::MakeTables(std::byte* base, const std::vector<std::int64_t>& offsets) {
  const auto& tensors = graph_.tensors();
  std::size_t ids = 0;  // one more than the largest
  for (const TensorDesc& tensor : tensors) ids = std::max(ids, static_cast<std::size_t>(tensor.id) + 1);
  const bool dense = ids <= 4 * tensors.size() + 64 && !options_.guard;  // a guard has every look-up go the slow way
  if (dense) table_memory_.assign(2 * ids, 0);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (dense) {
      const auto id = static_cast<std::size_t>(tensors[i].id);
      table_memory_[id] = reinterpret_cast<std::uintptr_t>(base + offsets[i]);
      table_memory_[ids + id] = tensors[i].bytes;
    } else {
      sparse_.push_back({tensors[i].id, {base + offsets[i], tensors[i].bytes}});
    }
  }
  for (std::size_t step = 0; step < bound_.workspaces.size(); ++step) {
    const OpNode& op = graph_.ops()[step];
    if (op.workspace_bytes == 0) continue;
    workspaces_.push_back({op.id, {base + offsets[tensors.size() + step], op.workspace_bytes}});
  }
  for (auto* table : {&sparse_, &workspaces_}) {
    std::sort(table->begin(), table->end(), [](const SparseHandle& a, const SparseHandle& b) { return a.id < b.id; });
  }
  table_ = table_memory_.data();
  table_ids_.value = dense ? ids : 0;
}

void TensorPool::Clear() noexcept {
  guard_.reset();
  if (region_ != kNoSpace) scratch_.FreeRegion(region_, region_bytes_);
  region_ = kNoSpace;
  region_bytes_ = 0;
  table_ids_.value = 0;
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
  if (guard_ != nullptr && handle.ptr != nullptr) guard_->Ask(graph_.IndexOf(tensor_id));
  return handle;
}

TensorHandle TensorPool::Workspace(int op_id) const noexcept { return Find(workspaces_, op_id); }

void TensorPool::GuardBegin(int op_id) noexcept { guard_->BeginOp(op_id); }
void TensorPool::GuardEnd(bool run) noexcept { guard_->EndOp(run); }

std::size_t TensorPool::metadata_bytes() const noexcept {
  const std::size_t tables = table_memory_.capacity() * sizeof table_memory_[0] +
                             (sparse_.capacity() + workspaces_.capacity()) * sizeof(SparseHandle);
  const std::int64_t guard = guard_ == nullptr ? 0 : guard_->metadata_bytes();
  return sizeof *this - sizeof scratch_ + tables + static_cast<std::size_t>(scratch_.metadata_bytes() + guard);
}

}  // namespace orionrt
