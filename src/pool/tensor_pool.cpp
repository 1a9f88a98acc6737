#include "orionrt/tensor_pool.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "orionrt/error.hpp"
#include "orionrt/validate.hpp"
#include "plan/infeasible.hpp"

namespace orionrt {
namespace {

// Small enough not to matter, large enough that the buddy's books take little beside the arena.
constexpr std::int64_t kRegionBlock = 4096;

std::int64_t Capacity(const Arena& arena) {
  if (arena.bytes() > static_cast<std::size_t>(kMaxBytes)) {
    throw Error(ErrorCode::kMisuse, "arena: " + std::to_string(arena.bytes()) + " bytes are more than 63 bits");
  }
  return static_cast<std::int64_t>(arena.bytes());
}

std::size_t LargestAlignment(const Problem& problem) {
  std::int64_t largest = 1;
  for (const Buffer& buffer : problem.buffers) largest = std::max(largest, buffer.alignment);
  return static_cast<std::size_t>(largest);
}

}  // namespace

std::size_t RequiredBytes(const Plan& plan) { return static_cast<std::size_t>(plan.peak_bytes); }

TensorPool::TensorPool(std::size_t capacity, PoolOptions options)
    : TensorPool(Arena::Host(capacity, std::max<std::size_t>(options.alignment, kRegionBlock)), options) {}

TensorPool::TensorPool(void* memory, std::size_t bytes, PoolOptions options)
    : TensorPool(Arena::Borrow(memory, bytes), options) {}

TensorPool::TensorPool(Arena arena, PoolOptions options)
    : arena_(std::move(arena)), options_(options), buddy_(Capacity(arena_), kRegionBlock) {
  if (!IsPowerOfTwo(static_cast<std::int64_t>(options_.alignment))) {
    throw Error(ErrorCode::kMisuse, "pool: alignment " + std::to_string(options_.alignment) + " is not a power of two");
  }
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
    const auto has = static_cast<std::int64_t>(arena_.bytes());
    throw Error(ErrorCode::kInfeasible, "pool: the plan needs " + FormatThousands(plan.peak_bytes) +
                                            " bytes, the arena has " + FormatThousands(has) + ", " +
                                            FormatThousands(plan.peak_bytes - has) + " short");
  }
  Install(plan);
}

void TensorPool::CheckBase() const {
  if (!registered_) throw Error(ErrorCode::kMisuse, "pool: no graph yet; call RegisterGraph first");
  const std::size_t alignment = LargestAlignment(bound_.problem);
  if (reinterpret_cast<std::uintptr_t>(arena_.base()) % alignment != 0) {
    throw Error(ErrorCode::kMisuse,
                "pool: the arena's base is not aligned to " + std::to_string(alignment) +
                    " bytes, which a tensor asks for; give memory that is, or a smaller PoolOptions::alignment");
  }
}

void TensorPool::Install(Plan plan) {
  Clear();
  plan_ = std::move(plan);
  if (plan_.peak_bytes > 0) region_ = buddy_.AllocateRun(plan_.peak_bytes);
  std::byte* const base = arena_.base() + std::max<std::int64_t>(region_, 0);

  const auto& tensors = graph_.tensors();
  const auto handle = [&](std::size_t i) -> TensorHandle {
    const Binding& binding = bound_.bindings[i];
    const std::int64_t offset = binding.buffer < 0 ? 0 : plan_.offsets[binding.buffer] + binding.delta;
    return {base + offset, tensors[i].bytes};
  };
  std::size_t ids = 0;  // one more than the largest
  for (const TensorDesc& tensor : tensors) ids = std::max(ids, static_cast<std::size_t>(tensor.id) + 1);
  const bool dense = ids <= 4 * tensors.size() + 64;
  if (dense) dense_.resize(ids);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (dense) {
      dense_[tensors[i].id] = handle(i);
    } else {
      sparse_.push_back({tensors[i].id, handle(i)});
    }
  }
  std::sort(sparse_.begin(), sparse_.end(), [](const SparseHandle& a, const SparseHandle& b) { return a.id < b.id; });
  finalized_ = true;
}

void TensorPool::Clear() noexcept {
  if (region_ != kNoSpace) (void)buddy_.Free(region_);
  region_ = kNoSpace;
  dense_.clear();
  sparse_.clear();
  plan_ = {};
  finalized_ = false;
}

TensorHandle TensorPool::FindSparse(int tensor_id) const noexcept {
  const auto found = std::lower_bound(sparse_.begin(), sparse_.end(), tensor_id,
                                      [](const SparseHandle& a, int id) { return a.id < id; });
  return found != sparse_.end() && found->id == tensor_id ? found->handle : TensorHandle{};
}

}  // namespace orionrt
