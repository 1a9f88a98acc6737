// Registering, loading and serving. Planning is tensor_pool_plan.cpp: who only loads links nothing that searches.
#include "orionrt/tensor_pool.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "graph/regroup.hpp"
#include "orionrt/config.hpp"
#include "pool/guard.hpp"
#include "pool/guard_layout.hpp"
#include "pool/nothing.hpp"
#include "pool/pool_state.hpp"

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

// The graph in the order of the assignment; nothing where that is the order in which it is listed.
std::optional<Graph> Reordered(const Graph& graph, const Assignment& assignment) {
  const auto same = [](const OpNode& op, int id) { return op.id == id; };
  const std::vector<int>& order = assignment.order_ids;
  if (std::equal(graph.ops().begin(), graph.ops().end(), order.begin(), order.end(), same)) return std::nullopt;
  return InOrder(graph, order);
}

// An assignment as the guard sees it: buffers that share bytes, and where they are without a guard.
struct GuardedPlan {
  Lowered lowered;
  Plan plan;
  GuardLayout layout;
};

GuardedPlan LayOutFor(const Graph& ordered, const Assignment& assignment, const PoolOptions& options) {
  GuardedPlan guarded;
  guarded.lowered = RecoverProblem(ordered, assignment, static_cast<std::int64_t>(options.alignment));
  guarded.plan.offsets = PlacesOf(ordered, assignment, guarded.lowered).offsets;
  guarded.plan.peak_bytes = PeakOf(guarded.lowered.problem, guarded.plan.offsets);
  guarded.layout = LayOutGuarded(guarded.lowered, ordered, guarded.plan, *options.guard);
  return guarded;
}

// Bodies lie where they would without a guard, but from behind its region on: it does not watch them.
std::int64_t BodiesBegin(const GuardLayout& layout, const Assignment& assignment) {
  return RoundUp(layout.region_bytes, assignment.spaces[0].base_alignment);
}

std::int64_t LaidOutBytes(const GuardLayout& layout, const Assignment& assignment) {
  if (assignment.bodies.empty()) return layout.region_bytes;
  return BodiesBegin(layout, assignment) + assignment.spaces[0].required_bytes;
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

void CheckGuarded(const Arena& arena, const GuardLayout& layout, const Assignment& assignment,
                  const GuardOptions& options) {
  const std::int64_t needs = LaidOutBytes(layout, assignment);
  const auto has = static_cast<std::int64_t>(arena.bytes());
  if (needs > has) {
    throw Error(ErrorCode::kInfeasible,
                "pool: with its guard the plan needs " + Short(needs, has) + "; without it, " +
                    FormatThousands(assignment.spaces[0].required_bytes) +
                    "; give a larger arena, or a guard that takes less: " + WithoutRoom(options));
  }
  if (reinterpret_cast<std::uintptr_t>(arena.base()) % static_cast<std::uintptr_t>(layout.alignment) != 0) {
    throw Error(ErrorCode::kMisuse, "pool: the guard protects pages, so the arena's base must be aligned to " +
                                        std::to_string(layout.alignment) + " bytes");
  }
}

// Views lie where their roots do, whatever they would get by themselves.
void CheckAlignment(const Graph& graph, const Assignment& assignment, std::int64_t alignment) {
  for (const Place& place : assignment.tensors) {
    const int tensor = graph.IndexOf(place.id);
    const bool judged = place.bytes > 0 && place.space != kExternal && graph.RootOf(tensor).index == tensor;
    if (!judged) continue;
    const std::int64_t base = assignment.spaces[At(place.space)].base_alignment;
    if (place.offset % alignment == 0 && base % alignment == 0) continue;
    throw Error(ErrorCode::kBadInput,
                "pool: the plan puts tensor " + std::to_string(place.id) + " at " + std::to_string(place.offset) +
                    " in an arena aligned to " + std::to_string(base) + ", but the pool aligns tensors to " +
                    std::to_string(alignment) + "; give PoolOptions::alignment that the plan was made with, " +
                    std::to_string(assignment.made_with.alignment) + ", or plan again");
  }
}

// Whether ids from 0 to less than `ids` are worth a table with a row each.
bool IsDense(std::size_t ids, std::size_t tensors) { return ids <= 4 * tensors + 64; }

std::size_t IdsOf(const Assignment& assignment) {
  return assignment.tensors.empty() ? 0 : static_cast<std::size_t>(assignment.tensors.back().id) + 1;
}

template <typename Entries>
TensorHandle Find(const Entries& sorted, int id) noexcept {
  const auto found =
      std::lower_bound(sorted.begin(), sorted.end(), id, [](const auto& entry, int b) { return entry.id < b; });
  return found != sorted.end() && found->id == id ? found->handle : TensorHandle{};
}

}  // namespace

std::size_t GuardedBytes(const Graph& graph, const Assignment& assignment, const PoolOptions& options) {
  if (!options.guard) return RequiredBytes(assignment);
  const std::optional<Graph> ordered = Reordered(graph, assignment);
  const GuardLayout layout = LayOutFor(ordered ? *ordered : graph, assignment, options).layout;
  return SizeOrMost(LaidOutBytes(layout, assignment));
}

PoolMemory::PoolMemory(Arena taken, const PoolOptions& options)
    : arena(std::move(taken)),
      scratch(arena.base(), arena.bytes(), ScratchBlock(arena.bytes(), options), options.log) {}

// Memory without a region holds empty tensors alone. An address of the arena would be that of scratch.
std::byte* PoolMemory::region_base() const noexcept { return region == kNoSpace ? Nothing() : arena.base() + region; }

PoolMemory* TensorPool::State::MemoryAt(int memory) noexcept {
  return memory >= 0 && memory < static_cast<int>(memories.size()) ? &memories[At(memory)] : nullptr;
}

void TensorPool::State::CheckRegistered() const {
  if (memories.empty()) {
    throw Error(ErrorCode::kMisuse,
                "pool: it was moved from and has no memory; use the one that has, or move one here");
  }
  if (!is_registered) throw Error(ErrorCode::kMisuse, "pool: no graph yet; call RegisterGraph first");
}

std::vector<PoolNeed> TensorPool::State::NeedsOf(const Assignment& made) const {
  std::vector<PoolNeed> needs;
  bool same = made.spaces.size() == memories.size();
  for (std::size_t i = 0; i < made.spaces.size() && same; ++i) {
    const AssignedSpace& space = made.spaces[i];
    needs.push_back({space.required_bytes, space.base_alignment});
    same = spaces.empty() || spaces[i].name == space.name || (space.name.empty() && spaces.size() == 1);
  }
  if (same) return needs;
  std::string theirs, mine;
  for (const AssignedSpace& space : made.spaces) theirs += (theirs.empty() ? "" : ", ") + space.name;
  for (const Space& space : spaces) mine += (mine.empty() ? "" : ", ") + space.name;
  throw Error(ErrorCode::kBadInput, "pool: the plan is over " +
                                        (theirs.empty() ? "one arena" : "the spaces " + theirs) + ", the pool has " +
                                        (mine.empty() ? "one arena" : "the spaces " + mine) +
                                        "; give the pool the memories that it was planned for");
}

void TensorPool::State::CheckNeeds(const std::vector<PoolNeed>& needs) const {
  for (std::size_t i = 0; i < needs.size(); ++i) {
    const auto has = static_cast<std::int64_t>(memories[i].arena.bytes());
    if (needs[i].bytes > has) {
      throw Error(ErrorCode::kInfeasible, "pool: the plan needs " + Short(needs[i].bytes, has));
    }
    CheckBase(memories[i].arena, needs[i].alignment, spaces.empty() ? "the arena" : "space " + spaces[i].name);
  }
}

void TensorPool::State::Install(Assignment made, Plan by) {
  std::vector<PoolNeed> needs = NeedsOf(made);
  CheckNeeds(needs);
  std::optional<Graph> in_order = Reordered(registered, made);
  GuardedPlan guarded;
  if (options.guard) {
    if (!memories[0].arena.host_accessible()) {
      throw Error(ErrorCode::kUnsupported,
                  "pool: a guard reads the arena, which the host may not; guard a run in host memory");
    }
    guarded = LayOutFor(in_order ? *in_order : registered, made, options);
    CheckGuarded(memories[0].arena, guarded.layout, made, *options.guard);
    needs[0] = {LaidOutBytes(guarded.layout, made), std::max(needs[0].alignment, guarded.layout.alignment)};
  }
  TakeRegions(needs);
  ordered = std::move(in_order);
  assignment = std::move(made);
  plan = std::move(by);
  for (const AssignedSpace& space : assignment.spaces) {
    required_bytes += static_cast<std::size_t>(space.required_bytes);
  }
  for (const PoolMemory& memory : memories) bases.push_back(memory.region_base());
  std::vector<std::byte*> places;  // of tensors as graph() lists them, then of workspaces as the assignment does
  for (const TensorDesc& tensor : graph().tensors()) {
    const Place* const place = FindPlace(assignment.tensors, tensor.id);
    places.push_back(place == nullptr ? bases[0] : PlaceOf(*place));
  }
  for (const Place& workspace : assignment.workspaces) places.push_back(PlaceOf(workspace));
  if (options.guard) MovePlaces(guarded.layout, places);
  MakeTables(places);
  if (options.guard) {
    bases[0] += BodiesBegin(guarded.layout, assignment);
    guard = std::make_unique<Guard>(graph(), guarded.lowered, guarded.plan, assignment.vanished_ids,
                                    std::move(guarded.layout), memories[0].region_base(), *options.guard);
  }
  if (!assignment.bodies.empty()) bodies_table = std::make_unique<PlaceTable>(assignment);
  is_installed = true;
  for (const PoolMemory& memory : memories) memory.scratch.Tell(PoolEvent::kPlanInstalled, memory.region_bytes);
}

// Where the guard has laid them: its places are those of the tensors, then of workspaces by step.
void TensorPool::State::MovePlaces(const GuardLayout& layout, std::vector<std::byte*>& places) const {
  const std::size_t tensors = graph().tensors().size();
  std::byte* const base = memories[0].region_base();
  for (std::size_t i = 0; i < tensors; ++i) {
    if (places[i] != nullptr) places[i] = base + layout.places[i].begin;
  }
  for (std::size_t step = 0; tensors + step < layout.places.size(); ++step) {
    const Place* const place = FindPlace(assignment.workspaces, graph().ops()[step].id);
    if (place == nullptr) continue;
    const auto k = static_cast<std::size_t>(place - assignment.workspaces.data());
    places[tensors + k] = base + layout.places[tensors + step].begin;
  }
}

void TensorPool::State::SetAddress(int index, void* address) {
  const TensorDesc& tensor = graph().tensors()[At(index)];
  const std::size_t bytes = address == nullptr ? 0 : tensor.bytes;
  addresses[At(index)] = address;
  if (!table.empty()) {
    const auto id = static_cast<std::size_t>(tensor.id);
    table[id] = reinterpret_cast<std::uintptr_t>(address);
    table[table.size() / 2 + id] = bytes;
    return;
  }
  const auto by_id = [](const Entry& a, int id) { return a.id < id; };
  std::lower_bound(sparse.begin(), sparse.end(), tensor.id, by_id)->handle = {address, bytes};
}

std::byte* TensorPool::State::PlaceOf(const Place& place) const {
  if (place.bytes == 0) return bases[0];
  if (place.space == kExternal) return nullptr;
  return bases[At(place.space)] + place.offset;
}

// The regions for a plan, in the place of the present ones, which are gone when this succeeds and stay when it throws.
void TensorPool::State::TakeRegions(const std::vector<PoolNeed>& needs) {
  for (PoolMemory& memory : memories) {
    if (memory.region != kNoSpace) (void)memory.scratch.FreeRegion(memory.region, memory.region_bytes);
  }
  std::vector<std::int64_t> taken;
  for (std::size_t i = 0; i < needs.size(); ++i) {
    const PoolNeed& need = needs[i];
    taken.push_back(need.bytes > 0 ? memories[i].scratch.TakeRegion(need.bytes, need.alignment) : kNoSpace);
    if (need.bytes == 0 || taken.back() != kNoSpace) continue;
    for (std::size_t k = 0; k < i; ++k) (void)memories[k].scratch.FreeRegion(taken[k], needs[k].bytes);
    for (PoolMemory& memory : memories) {
      if (memory.region != kNoSpace) (void)memory.scratch.TakeRegionAt(memory.region, memory.region_bytes);
    }
    throw Error(ErrorCode::kInfeasible, "pool: no " + FormatThousands(need.bytes) + " bytes in one piece: scratch of " +
                                            FormatThousands(memories[i].scratch.stats().scratch_bytes) +
                                            " bytes is in use; free it before planning");
  }
  for (PoolMemory& memory : memories) memory.region = kNoSpace;
  Clear();
  for (std::size_t i = 0; i < needs.size(); ++i) {
    memories[i].region = taken[i];
    memories[i].region_bytes = needs[i].bytes;
  }
}

void TensorPool::State::MakeTables(const std::vector<std::byte*>& places) {
  const auto& tensors = graph().tensors();
  const std::size_t ids = IdsOf(assignment);
  const bool dense = IsDense(ids, tensors.size()) && !options.guard;  // a guard has every look-up go the slow way
  if (dense) table.assign(2 * ids, 0);
  if (!dense) sparse.reserve(tensors.size());
  addresses.assign(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(tensors.size()));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::size_t bytes = places[i] == nullptr ? 0 : tensors[i].bytes;
    if (dense) {
      const auto id = static_cast<std::size_t>(tensors[i].id);
      table[id] = reinterpret_cast<std::uintptr_t>(places[i]);
      table[ids + id] = bytes;
    } else {
      sparse.push_back({tensors[i].id, {places[i], bytes}});
    }
  }
  std::sort(sparse.begin(), sparse.end(), [](const Entry& a, const Entry& b) { return a.id < b.id; });
  workspaces.reserve(assignment.workspaces.size());
  for (std::size_t k = 0; k < assignment.workspaces.size(); ++k) {
    const Place& workspace = assignment.workspaces[k];
    workspaces.push_back({workspace.id, {places[tensors.size() + k], static_cast<std::size_t>(workspace.bytes)}});
  }
}

void TensorPool::State::Clear() noexcept {
  guard.reset();
  for (PoolMemory& memory : memories) {
    if (memory.region != kNoSpace) (void)memory.scratch.FreeRegion(memory.region, memory.region_bytes);
    memory.region = kNoSpace;
    memory.region_bytes = 0;
  }
  table.clear();
  sparse.clear();
  workspaces.clear();
  addresses.clear();
  bases.clear();
  bodies_table.reset();
  ordered.reset();
  assignment = {};
  required_bytes = 0;
  plan = {};
  is_installed = false;
}

TensorPool::TensorPool(std::size_t capacity, PoolOptions options)
    : TensorPool(Arena::Host(capacity, BaseAlignment(options)), options) {}

TensorPool::TensorPool(void* memory, std::size_t bytes, PoolOptions options)
    : TensorPool(Arena::Borrow(memory, bytes), options) {}

TensorPool::TensorPool(Arena arena, PoolOptions options) : state_(std::make_unique<State>(std::move(options))) {
  (void)BaseAlignment(state_->options);
  state_->memories.emplace_back(std::move(arena), state_->options);
}

TensorPool::TensorPool(std::vector<SpaceMemory> memories, PoolOptions options)
    : state_(std::make_unique<State>(std::move(options))) {
  (void)BaseAlignment(state_->options);
  if (memories.empty()) throw Error(ErrorCode::kMisuse, "pool: no memory given; give one at least");
  if (state_->options.guard) {
    throw Error(ErrorCode::kMisuse, "pool: a guard watches one memory, not several; guard a run in host memory alone");
  }
  for (SpaceMemory& memory : memories) {
    const auto has = static_cast<std::int64_t>(memory.arena.bytes());
    Space& space = memory.space;
    if (space.capacity && *space.capacity > has) {
      throw Error(ErrorCode::kMisuse, "space " + space.name + ": has a capacity of " + Short(*space.capacity, has));
    }
    if (!space.capacity) space.capacity = has;
    state_->spaces.push_back(std::move(space));
    state_->memories.emplace_back(std::move(memory.arena), state_->options);
  }
}

TensorPool::TensorPool(TensorPool&& other) noexcept { *this = std::move(other); }
TensorPool::~TensorPool() = default;

TensorPool& TensorPool::operator=(TensorPool&& other) noexcept {
  if (this == &other) return *this;
  state_ = std::move(other.state_);
  table_ids_ = std::exchange(other.table_ids_, 0);
  table_ = std::exchange(other.table_, nullptr);
  guard_ = std::exchange(other.guard_, nullptr);
  return *this;
}

const TensorPool::State& TensorPool::state() const noexcept {
  static const State nothing;
  return state_ != nullptr ? *state_ : nothing;
}

TensorPool::State& TensorPool::state() {
  if (state_ == nullptr) state_ = std::make_unique<State>();
  return *state_;
}

bool TensorPool::finalized() const noexcept { return state().is_installed; }
int TensorPool::memory_count() const noexcept { return static_cast<int>(state().memories.size()); }
const Graph& TensorPool::graph() const noexcept { return state().graph(); }
const Assignment& TensorPool::assignment() const noexcept { return state().assignment; }
const Plan& TensorPool::plan() const noexcept { return state().plan; }
void* const* TensorPool::addresses() const noexcept { return state().addresses.data(); }

TensorHandle TensorPool::AllocateScratch(std::size_t bytes, int memory) noexcept {
  PoolMemory* const at = state_ != nullptr ? state_->MemoryAt(memory) : nullptr;
  return at != nullptr ? at->scratch.Allocate(bytes) : TensorHandle{};
}

FreeStatus TensorPool::FreeScratch(TensorHandle scratch, int memory) noexcept {
  PoolMemory* const at = state_ != nullptr ? state_->MemoryAt(memory) : nullptr;
  return at != nullptr ? at->scratch.Free(scratch) : FreeStatus::kForeign;
}

PoolStats TensorPool::stats(int memory) const noexcept {
  const PoolMemory* const at = state_ != nullptr ? state_->MemoryAt(memory) : nullptr;
  return at != nullptr ? at->scratch.stats() : PoolStats{};
}

void TensorPool::RegisterGraph(std::vector<OpNode> ops, std::vector<TensorDesc> tensors) {
  RegisterGraph(Graph(std::move(ops), std::move(tensors)));
}

void TensorPool::RegisterModel(Graph graph, std::vector<NestedGraph> bodies) {
  State& own = state();
  const Shown shown(*this);
  own.Clear();
  own.registered = std::move(graph);
  own.bodies = std::move(bodies);
  own.is_registered = true;
}

void TensorPool::LoadPlan(Assignment assignment) {
  State& own = state();
  own.CheckRegistered();
  CompleteAssignment(own.registered, assignment);
  if (const auto fault = CheckAssignment(own.registered, assignment, own.bodies)) {
    throw Error(ErrorCode::kBadInput, "pool: " + fault->message);
  }
  CheckAlignment(own.registered, assignment, static_cast<std::int64_t>(own.options.alignment));
  const Shown shown(*this);
  own.Install(std::move(assignment), {});
}

void TensorPool::BindExternal(int tensor_id, void* memory) {
  State& own = state();
  const Graph& graph = own.graph();
  const int root = own.is_installed ? graph.IndexOf(tensor_id) : -1;
  const Place* const place = root < 0 ? nullptr : FindPlace(own.assignment.tensors, tensor_id);
  if (place == nullptr || place->space != kExternal || graph.RootOf(root).index != root) {
    throw Error(ErrorCode::kMisuse,
                "pool: tensor " + std::to_string(tensor_id) +
                    " is none that is held elsewhere; bind roots of role TensorRole::kHeld, once there is a plan");
  }
  for (int i = 0; i < static_cast<int>(graph.tensors().size()); ++i) {
    const TensorRoot from = graph.RootOf(i);
    if (from.index != root) continue;
    own.SetAddress(i, memory == nullptr ? nullptr : static_cast<std::byte*>(memory) + from.offset);
  }
}

std::size_t TensorPool::capacity() const noexcept {
  std::size_t bytes = 0;
  for (const PoolMemory& memory : state().memories) bytes += memory.arena.bytes();
  return bytes;
}

std::size_t TensorPool::peak_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const PoolMemory& memory : state().memories) bytes += static_cast<std::size_t>(memory.region_bytes);
  return bytes;
}

std::size_t TensorPool::guard_bytes() const noexcept { return peak_bytes() - state().required_bytes; }

TensorHandle TensorPool::FindSlow(int tensor_id) const noexcept {
  const TensorHandle handle = Find(state().sparse, tensor_id);
  if (guard_ != nullptr && handle.ptr != nullptr) guard_->Ask(graph().IndexOf(tensor_id));
  return handle;
}

TensorHandle TensorPool::Workspace(int op_id) const noexcept { return Find(state().workspaces, op_id); }

TensorView TensorPool::Body(int op_id, std::string_view attribute) const noexcept {
  const State& own = state();
  return own.bodies_table != nullptr ? TensorView(*own.bodies_table, own.bases.data()).Body(op_id, attribute)
                                     : TensorView();
}

void TensorPool::GuardBegin(int op_id) noexcept { guard_->BeginOp(op_id); }
void TensorPool::GuardEnd(bool run) noexcept { guard_->EndOp(run); }
void TensorPool::GuardEndOne(int op_id) noexcept { guard_->EndOne(op_id); }
void TensorPool::GuardRecord(int op_id) noexcept { guard_->Record(op_id); }
void TensorPool::GuardWait(int stream, int op_id) noexcept { guard_->Wait(stream, op_id); }

std::size_t TensorPool::metadata_bytes() const noexcept {
  const State& own = state();
  const std::size_t tables = own.table.size() * sizeof own.table[0] +
                             (own.sparse.size() + own.workspaces.size()) * sizeof(State::Entry) +
                             own.addresses.size() * sizeof own.addresses[0] + own.bases.size() * sizeof own.bases[0] +
                             (own.bodies_table == nullptr ? 0 : own.bodies_table->metadata_bytes());
  std::int64_t books = own.guard == nullptr ? 0 : own.guard->metadata_bytes();
  for (const PoolMemory& memory : own.memories) books += memory.scratch.metadata_bytes();
  return sizeof *this + sizeof own + own.memories.size() * (sizeof(PoolMemory) - sizeof(Scratch)) + tables +
         static_cast<std::size_t>(books);
}

std::size_t TensorPool::MetadataBytes(const Assignment& assignment) {
  const PoolOptions options;
  const std::size_t tensors = assignment.tensors.size(), ids = IdsOf(assignment);
  std::size_t bytes = sizeof(TensorPool) + sizeof(State) + assignment.workspaces.size() * sizeof(State::Entry) +
                      tensors * sizeof(void*) +
                      assignment.spaces.size() * (sizeof(void*) + sizeof(PoolMemory) - sizeof(Scratch)) +
                      (IsDense(ids, tensors) ? 2 * ids * sizeof(std::uintptr_t) : tensors * sizeof(State::Entry)) +
                      (assignment.bodies.empty() ? 0 : PlaceTable(assignment).metadata_bytes());
  for (const AssignedSpace& space : assignment.spaces) {
    const std::size_t capacity = SizeOrMost(space.required_bytes);
    bytes += static_cast<std::size_t>(Scratch::MetadataBytes(space.required_bytes, ScratchBlock(capacity, options)));
  }
  return bytes;
}

}  // namespace orionrt
