#include "pool/guard.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/index.hpp"
#include "graph/shown.hpp"

namespace orionrt {
namespace {

constexpr unsigned char kDeadFill = 0xDE;
constexpr unsigned char kBornFill = 0xFB;
constexpr unsigned char kCanaryFill = 0xCA;

using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;  // [first, second)

// Visits what of [begin, end) lies in none of `held`.
template <typename Visit>
void ForGaps(std::int64_t begin, std::int64_t end, Ranges held, Visit visit) {
  std::sort(held.begin(), held.end());
  for (const auto& [first, last] : held) {
    if (first >= end) break;
    if (first > begin) visit(begin, first);
    begin = std::max(begin, last);
  }
  if (begin < end) visit(begin, end);
}

}  // namespace

Guard::Guard(const Graph& ordered, const Lowered& lowered, const Plan& plan, const std::vector<int>& vanished_ids,
             GuardLayout layout, std::byte* region, const GuardOptions& options)
    : graph_(ordered),
      lifetimes_(GraphLiveness(graph_).lifetimes()),
      given_(layout.places.size(), false),
      shown_(layout.places.size(), false),
      layout_(std::move(layout)),
      options_(options),
      region_(region),
      mirror_(static_cast<std::size_t>(layout_.region_bytes)),
      reach_(layout_.places.size(), Access::kNone),
      fence_(region, mirror_.size(), options.pages, options.poison && !HasStreams(ordered.ops()),
             [this](std::uintptr_t address, Access access) { OnFence(address, access); }) {
  FindSharing(lowered, vanished_ids);
  for (int step = 0; step < static_cast<int>(lowered.workspaces.size()); ++step) lifetimes_.push_back({step, step});
  for (std::size_t i = 0; i < lifetimes_.size(); ++i) {
    const std::size_t tensors = graph_.tensors().size();
    const Binding& binding = i < tensors ? lowered.bindings[i] : lowered.workspaces[i - tensors];
    const std::int64_t begin = binding.buffer < 0 ? 0 : plan.offsets[At(binding.buffer)] + binding.delta;
    planned_.emplace_back(begin, begin + layout_.places[i].bytes);
  }
  if (HasStreams(graph_.ops())) FollowStreams();
  if (options_.fill) Fill(0, layout_.region_bytes, kDeadFill);
  StartRun();
  moment_ = Moment::kBetweenRuns;
  Close();
}

// Who is given, who is written, who lies with whom.
void Guard::FindSharing(const Lowered& lowered, const std::vector<int>& vanished_ids) {
  const std::size_t tensors = graph_.tensors().size();
  const auto& bindings = lowered.bindings;
  std::vector<bool> produced(tensors, false);
  for (int step = 0; step < static_cast<int>(graph_.ops().size()); ++step) {
    const OpNode& op = graph_.ops()[At(step)];
    step_of_[op.id] = step;
    for (std::size_t o = 0; o < op.outputs.size(); ++o) {
      const auto output = static_cast<std::size_t>(graph_.IndexOf(op.outputs[o]));
      produced[output] = true;
      shown_[output] = orionrt::IsShown(graph_, bindings, op, static_cast<int>(o));
    }
    vanished_.push_back(std::find(vanished_ids.begin(), vanished_ids.end(), op.id) != vanished_ids.end());
    if (vanished_.back()) continue;
    if (first_real_ < 0) first_real_ = step;
    last_real_ = step;
  }
  if (first_real_ < 0) first_real_ = static_cast<int>(graph_.ops().size()) - 1;
  std::vector<std::vector<int>> by_buffer(lowered.problem.buffers.size());
  for (std::size_t i = 0; i < tensors; ++i) {
    const auto root = static_cast<std::size_t>(graph_.RootOf(static_cast<int>(i)).index);
    given_[i] = !produced[i] && !produced[root];
    shown_[i] = shown_[i] || root != i;
    if (bindings[i].buffer >= 0) by_buffer[At(bindings[i].buffer)].push_back(static_cast<int>(i));
  }
  sharing_of_.assign(layout_.places.size(), -1);
  for (std::vector<int>& members : by_buffer) {
    if (members.size() <= 1) continue;
    for (const int i : members) sharing_of_[At(i)] = static_cast<int>(sharing_.size());
    sharing_.push_back(std::move(members));
  }
}

void Guard::BeginOp(int op_id) {
  Reports reports;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = step_of_.find(op_id);
    if (streams_ == nullptr) {
      BeginInLine(found == step_of_.end() ? -1 : found->second, op_id, reports);
    } else if (found == step_of_.end()) {
      reports.push_back(Unplanned(op_id));
    } else {
      BeginOnStream(found->second, reports);
    }
  }
  Deliver(reports);
}

void Guard::BeginInLine(int step, int op_id, Reports& reports) {
  OpenForUs();
  Settle(reports);
  if (step < 0) {
    if (InOp()) moment_ = Moment::kBetweenOps;
    reports.push_back(Unplanned(op_id));
  } else {
    if (IsRunning() && step <= step_ && step <= first_real_ && IsOver()) moment_ = Moment::kBetweenRuns;
    CheckOrder(step, reports);
    if (!IsRunning()) StartRun();
    while (step_ + 1 < step && vanished_[At(step_ + 1)]) MoveTo(step_ + 1);
    MoveTo(step);
  }
  Close();
}

void Guard::EndOp(bool run) {
  Reports reports;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (streams_ == nullptr) {
      OpenForUs();
      Settle(reports);
    } else if (run) {
      EndAllStreams(reports);
    } else if (InOp()) {
      EndOnStream(streams_->clocks.open().back(), reports);
    }
    if (run) {
      moment_ = Moment::kBetweenRuns;
    } else if (moment_ == Moment::kInOp) {
      moment_ = Moment::kBetweenOps;
    }
    if (streams_ == nullptr) Close();
  }
  Deliver(reports);
}

GuardReport Guard::Unplanned(int op_id) const {
  GuardReport report = Start(GuardFault::kOrder, -1);
  report.op = op_id;
  report.message = "op " + std::to_string(op_id) + " is not in the graph that was planned; a plan holds for one";
  return report;
}

void Guard::Ask(int tensor) {
  Reports reports;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // Before a run, and between ops, a caller may look up what it likes: for later.
    if (InOp() && UseOf(tensor) == Use::kNone) reports.push_back(JudgeTensor({"asked for", 0, 0}, tensor));
  }
  Deliver(reports);
}

// Without the lock: the fault is in the middle of an op, and no call of ours is on this thread.
void Guard::OnFence(std::uintptr_t address, Access access) {
  was_hit_ = true;
  const auto at = static_cast<std::int64_t>(address - reinterpret_cast<std::uintptr_t>(region_));
  const char* const verb = access == Access::kRead ? "read" : access == Access::kWrite ? "wrote" : "touched";
  const GuardReport report = Judge({verb, at, 1}, OwnerOf(at));
  if (fence_.poisons() && !options_.report) {
    std::fprintf(stderr, "orionrt guard: %s\n", report.message.c_str());  // the sanitizer ends the process itself
  } else {
    Deliver({report});
  }
}

void Guard::Deliver(const Reports& reports) const {
  for (const GuardReport& report : reports) {
    if (options_.report) {
      options_.report(report);
    } else {
      std::fprintf(stderr, "orionrt guard: %s\n", report.message.c_str());
      std::abort();
    }
  }
}

void Guard::CheckOrder(int step, Reports& reports) const {
  int next = IsRunning() ? step_ + 1 : 0;
  while (next < step && vanished_[At(next)]) ++next;
  if (step == next) return;
  GuardReport report = Start(GuardFault::kOrder, -1);
  report.op = graph_.ops()[At(step)].id;
  report.message = OpLabel(step) + (IsRunning() ? " ran after " + OpLabel(step_) : " began the run") + ", where " +
                   (next < static_cast<int>(graph_.ops().size()) ? OpLabel(next) + " is next" : "the run ends") +
                   "; a plan holds for one order";
  reports.push_back(report);
}

bool Guard::IsAlive(int tensor, int step) const {
  if (step < 0) return IsGiven(tensor);
  const Lifetime& life = lifetimes_[At(tensor)];
  return life.start <= step && step <= life.end;
}

// What the caller may touch while no op runs: what is alive; and once a run is over, the next run's inputs.
bool Guard::IsOpenBetween(int tensor) const {
  return IsAlive(tensor) || ((!IsRunning() || IsOver()) && IsGiven(tensor));
}

Guard::Use Guard::UseOf(int tensor) const {
  if (!InOp()) return IsOpenBetween(tensor) ? (IsGiven(tensor) ? Use::kWrite : Use::kRead) : Use::kNone;
  if (streams_ == nullptr) return UseBy(step_, tensor);
  Use most = Use::kNone;
  for (const int step : streams_->clocks.open()) most = std::max(most, UseBy(step, tensor));
  return most;
}

Guard::Use Guard::UseBy(int step, int tensor) const {
  if (IsWorkspace(tensor)) return IsAlive(tensor, step) ? Use::kWrite : Use::kNone;
  const OpNode& op = graph_.ops()[At(step)];
  const TensorDesc& desc = graph_.tensors()[At(tensor)];
  if (std::find(op.outputs.begin(), op.outputs.end(), desc.id) != op.outputs.end()) {
    return IsShown(tensor) ? Use::kRead : Use::kWrite;
  }
  if (std::find(op.inputs.begin(), op.inputs.end(), desc.id) == op.inputs.end()) return Use::kNone;
  return (desc.roles & TensorRole::kState) != 0 ? Use::kWrite : Use::kRead;  // an op that lists a state may update it
}

// Compares what had no right to change, and takes note of what had; but of what an op that goes on may write nothing is
// looked at: it is being written.
void Guard::Settle(Reports& reports, int ending) {
  std::vector<int> writable;
  for (int i = 0; i < tensor_count(); ++i) {
    if (UseOf(i) == Use::kWrite && Place(i).bytes > 0) writable.push_back(i);
  }
  std::sort(writable.begin(), writable.end(), [&](int a, int b) { return Place(a).begin < Place(b).begin; });
  std::int64_t at = 0;
  for (const int i : writable) {
    const GuardPlace& place = Place(i);
    CompareRange(options_.pages ? place.reserved_begin : at, place.begin, reports);
    if (options_.pages) CompareRange(place.end(), place.reserved_end, reports);  // the rest was out of reach
    at = std::max(at, place.end());
  }
  if (!options_.pages) CompareRange(at, layout_.region_bytes, reports);
  Ranges being_written;
  for (const int i : writable) {
    for (std::size_t k = 0; streams_ != nullptr && ending != kAllOps && k < streams_->clocks.open().size(); ++k) {
      const int step = streams_->clocks.open()[k];
      if (step == ending || UseBy(step, i) != Use::kWrite) continue;
      being_written.emplace_back(Place(i).begin, Place(i).end());
    }
  }
  for (const int i : writable) {
    ForGaps(Place(i).begin, Place(i).end(), being_written, [&](std::int64_t first, std::int64_t last) {
      std::copy(region_ + first, region_ + last, mirror_.data() + first);
    });
  }
}

void Guard::CompareRange(std::int64_t begin, std::int64_t end, Reports& reports) {
  while (begin < end) {
    const std::byte* const now = region_ + begin;
    if (std::memcmp(now, mirror_.data() + begin, static_cast<std::size_t>(end - begin)) == 0) return;
    const std::int64_t first = begin + (std::mismatch(now, now + (end - begin), mirror_.data() + begin).first - now);
    const Owner owner = OwnerOf(first);
    const std::int64_t stop = std::min(owner.end, end);
    std::int64_t last = stop - 1;
    while (region_[last] == mirror_[At(last)]) --last;
    if (options_.contents || owner.kind == Owner::Kind::kPast) {
      reports.push_back(Judge({"wrote", first, last + 1 - first}, owner));
    }
    std::copy(region_ + first, region_ + last + 1, mirror_.data() + first);  // reported once
    begin = stop;
  }
}

void Guard::Fill(std::int64_t begin, std::int64_t end, unsigned char pattern) {
  if (begin == end) return;  // where all is empty the mirror is null
  std::memset(region_ + begin, pattern, static_cast<std::size_t>(end - begin));
  std::memset(mirror_.data() + begin, pattern, static_cast<std::size_t>(end - begin));
}

// What a tensor that is born or dies in `step` takes, up to `end`, but for what others in its buffer hold: those alive
// then, and when it is born, before then too, as its bytes may be theirs.
void Guard::FillUnshared(int tensor, std::int64_t end, int step, bool born) {
  const unsigned char pattern = born ? kBornFill : kDeadFill;
  const std::int64_t at = born ? Place(tensor).begin : Place(tensor).reserved_begin;
  const int shared = sharing_of_[At(tensor)];
  Ranges held;
  for (std::size_t k = 0; streams_ == nullptr && shared >= 0 && k < sharing_[At(shared)].size(); ++k) {
    const int other = sharing_[At(shared)][k];
    if (other == tensor || !IsAlive(other, step) || (born && !IsAlive(other, step_))) continue;
    held.emplace_back(Place(other).reserved_begin, Place(other).reserved_end);
  }
  // On several streams whatever is alive may be in use.
  for (int i = 0; streams_ != nullptr && i < tensor_count(); ++i) {
    if (i != tensor && IsAlive(i)) held.emplace_back(Place(i).reserved_begin, Place(i).reserved_end);
  }
  ForGaps(at, end, held, [&](std::int64_t first, std::int64_t last) { Fill(first, last, pattern); });
}

void Guard::PutCanary(int tensor) {
  const GuardPlace& place = Place(tensor);
  if (place.bytes == 0) return;
  Fill(place.reserved_begin, place.begin, kCanaryFill);
  Fill(place.end(), place.reserved_end, kCanaryFill);
}

// All that was not given from outside is gone. What was given is written already, maybe where the last run's outputs
// lay.
void Guard::StartRun() {
  OpenAll();
  std::copy_n(region_, mirror_.size(), mirror_.data());
  if (options_.fill && !mirror_.empty()) {
    std::memset(region_, kDeadFill, mirror_.size());
    for (int i = 0; i < tensor_count(); ++i) {
      if (IsGiven(i)) std::copy_n(mirror_.data() + Place(i).begin, Place(i).bytes, region_ + Place(i).begin);
    }
    std::copy_n(region_, mirror_.size(), mirror_.data());
  }
  for (int i = 0; i < tensor_count(); ++i) {
    if (IsGiven(i)) PutCanary(i);
  }
  step_ = -1;
  moment_ = Moment::kBetweenOps;
  if (streams_ != nullptr) StartLives();
}

// Deaths before births: the born may lie where the dead did.
void Guard::MoveTo(int step) {
  for (int i = 0; options_.fill && i < tensor_count(); ++i) {
    const GuardPlace& place = Place(i);
    if (!IsAlive(i, step_) || IsAlive(i, step) || place.bytes == 0) continue;
    Reach(i, Access::kWrite);
    FillUnshared(i, place.reserved_end, step, false);
  }
  for (int i = 0; i < tensor_count(); ++i) {
    if (IsAlive(i, step_) || !IsAlive(i, step)) continue;
    Reach(i, Access::kWrite);
    if (options_.fill) FillUnshared(i, Place(i).end(), step, true);
    PutCanary(i);
  }
  step_ = step;
  moment_ = Moment::kInOp;
}

void Guard::OpenAll() {
  fence_.OpenAll();
  all_open_ = true;
}

// Opens what the guard itself is about to look at. Pages are opened as they are needed; but a canary that they leave
// open is poisoned by the sanitizer all the same.
void Guard::OpenForUs() {
  const bool pages_alone = options_.pages && !fence_.poisons();
  if (was_hit_.exchange(false) || !pages_alone) OpenAll();
}

// Changes what is open of one tensor. With pages nothing else is on them.
void Guard::Reach(int tensor, Access access) {
  Access& reach = reach_[At(tensor)];
  if (all_open_ || reach == access) return;
  fence_.Open(Place(tensor).begin, Place(tensor).bytes, access);
  reach = access;
}

// Opens what the op, or between ops the caller, may touch, and nothing else. Protecting pages is dear, so with them
// only what changes is changed; without, tensors share bytes, so all is closed first.
void Guard::Close() {
  if (all_open_) {
    fence_.CloseAll();
    all_open_ = false;
    std::fill(reach_.begin(), reach_.end(), Access::kNone);
  }
  for (int i = 0; i < tensor_count(); ++i) {
    const Use use = UseOf(i);
    Reach(i, use == Use::kNone ? Access::kNone : use == Use::kRead ? Access::kRead : Access::kWrite);
  }
}

}  // namespace orionrt
