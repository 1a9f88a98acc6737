// Whose bytes they were, in a sentence.
#include <algorithm>

#include "base/index.hpp"
#include "base/text.hpp"
#include "graph/labels.hpp"
#include "pool/guard.hpp"

namespace orionrt {
namespace {

std::string Bytes(std::int64_t count) { return FormatThousands(count) + (count == 1 ? " byte" : " bytes"); }

}  // namespace

std::string Guard::OpLabel(int step) const {
  const OpNode& op = graph_.ops()[At(step)];
  return orionrt::OpLabel(op) + (streams_ != nullptr ? " on stream " + std::to_string(op.stream) : "");
}

std::string Guard::TensorLabel(int tensor) const {
  if (IsWorkspace(tensor)) return "the workspace of " + OpLabel(lifetimes_[At(tensor)].start);
  return orionrt::TensorLabel(graph_.tensors()[At(tensor)]);
}

// Of several ops that are open any may have done it.
std::string Guard::Subject() const {
  if (streams_ == nullptr && InOp()) return OpLabel(step_);
  std::string ops;
  for (std::size_t k = 0; InOp() && k < streams_->clocks.open().size(); ++k) {
    ops += (k == 0 ? "" : " or ") + OpLabel(streams_->clocks.open()[k]);
  }
  if (!ops.empty()) return ops;
  return IsRunning() && step_ >= 0 ? "after " + OpLabel(step_) + " the caller" : "between runs the caller";
}

// "wrote 12 bytes to", "read byte 7 of", "asked for".
std::string Guard::Amount(const Touch& touch) const {
  if (touch.bytes == 0 || touch.verb != "wrote") return touch.verb;
  return touch.verb + " " + Bytes(touch.bytes) + " to";
}

bool Guard::IsUnborn(int tensor) const {
  if (streams_ != nullptr) return LifeOf(tensor) == Life::kUnborn;
  return step_ < lifetimes_[At(tensor)].start;
}

bool Guard::IsDead(int tensor) const {
  if (streams_ != nullptr) return LifeOf(tensor) == Life::kDead;
  return lifetimes_[At(tensor)].end < step_;
}

int Guard::BirthOf(int tensor) const {
  const auto i = static_cast<std::size_t>(tensor);
  return streams_ != nullptr ? streams_->born_at[i] : lifetimes_[i].start;
}

int Guard::DeathOf(int tensor) const {
  const auto i = static_cast<std::size_t>(tensor);
  return streams_ != nullptr ? streams_->died_at[i] : lifetimes_[i].end;
}

// Whether `other` was born after the death of `tensor`, or in place of it.
bool Guard::HasOverwritten(int other, int tensor) const {
  const auto& [begin, end] = planned_[At(tensor)];
  const auto& [other_begin, other_end] = planned_[At(other)];
  if (IsUnborn(other) || std::max(begin, other_begin) >= std::min(end, other_end)) return false;
  if (BirthOf(other) > DeathOf(tensor)) return true;
  const bool with_death = streams_ != nullptr ? streams_->first_op[At(other)] >= 0 &&
                                                    streams_->first_op[At(other)] == streams_->died_with[At(tensor)]
                                              : BirthOf(other) == DeathOf(tensor);
  return with_death && !IsShown(other) && SharesWith(other, tensor);
}

// The first tensor to take some of this one's bytes in the plan; -1 when none has yet.
int Guard::OverwrittenBy(int tensor) const {
  int first = -1;
  for (int i = 0; i < tensor_count(); ++i) {
    if (HasOverwritten(i, tensor) && (first < 0 || BirthOf(i) < BirthOf(first))) first = i;
  }
  return first;
}

// ", dead since step 15, overwritten by tensor 30 "conv_4" at step 16", or ", not alive before ...".
std::string Guard::Fate(int tensor, int* other) const {
  const Lifetime& life = lifetimes_[At(tensor)];
  if (IsUnborn(tensor)) {
    const std::string before = streams_ != nullptr ? "" : "step " + FormatThousands(life.start) + ", where ";
    return ", not alive before " + before + OpLabel(life.start) + (IsWorkspace(tensor) ? " uses it" : " produces it");
  }
  std::string fate = streams_ != nullptr ? ", dead since the end of " + OpLabel(streams_->died_with[At(tensor)])
                                         : ", dead since step " + FormatThousands(life.end + 1);
  const int by = OverwrittenBy(tensor);
  if (by < 0) return fate;
  *other = IdOf(by);
  const int writer = lifetimes_[At(by)].start;
  return fate + ", overwritten by " + TensorLabel(by) +
         (streams_ != nullptr ? " of " + OpLabel(writer) : " at step " + FormatThousands(writer));
}

int Guard::IdOf(int tensor) const { return IsWorkspace(tensor) ? -1 : graph_.tensors()[At(tensor)].id; }

GuardReport Guard::Start(GuardFault fault, int tensor) const {
  GuardReport report;
  report.fault = fault;
  if (streams_ == nullptr) {
    report.op = InOp() ? graph_.ops()[At(step_)].id : -1;
  } else {
    const std::vector<int>& open = streams_->clocks.open();
    for (const int step : open) report.candidates.push_back(graph_.ops()[At(step)].id);
    if (open.size() == 1) report.op = report.candidates[0];
    if (open.size() <= 1 || fault == GuardFault::kOrder || fault == GuardFault::kUnordered) report.candidates.clear();
  }
  report.tensor = tensor < 0 ? -1 : IdOf(tensor);
  return report;
}

// The tensor alive behind this one, by address; -1 when none is.
int Guard::NextBehind(int tensor) const {
  int next = -1;
  for (int i = 0; i < tensor_count(); ++i) {
    if (i == tensor || !IsAlive(i) || Place(i).bytes == 0 || Place(i).begin < Place(tensor).end()) continue;
    if (next < 0 || Place(i).begin < Place(next).begin) next = i;
  }
  return next;
}

// The tensor that died last of those that lay here; -1 when none did.
int Guard::LatestDeadAt(std::int64_t at) const {
  int latest = -1;
  for (int i = 0; i < tensor_count(); ++i) {
    if (!IsDead(i) || at < Place(i).begin || at >= Place(i).end()) continue;
    if (latest < 0 || DeathOf(i) > DeathOf(latest)) latest = i;
  }
  return latest;
}

// The living before the dead, the latest dead before those of old, and these before what is still to come.
Guard::Owner Guard::OwnerOf(std::int64_t at) const {
  std::int64_t stop = layout_.region_bytes;  // where the next living one begins
  int unborn = -1;
  int past = -1;
  int live = -1;  // of those that share the byte, one that the op lists
  for (int i = 0; i < tensor_count(); ++i) {
    const GuardPlace& place = Place(i);
    if (place.bytes == 0) continue;
    const bool within = place.begin <= at && at < place.end();
    const bool reserved = place.reserved_begin <= at && at < place.reserved_end;
    if (IsAlive(i) || (!InOp() && IsOpenBetween(i))) {
      if (within && (live < 0 || (UseOf(live) == Use::kNone && UseOf(i) != Use::kNone))) live = i;
      if (within) continue;
      if (reserved && live < 0) return {Owner::Kind::kPast, i, at < place.begin ? place.begin : place.reserved_end};
      if (place.reserved_begin > at) stop = std::min(stop, place.reserved_begin);
    }
    if (within) unborn = i;
    const std::int64_t guard_page = options_.pages ? Fence::page_bytes() : 0;
    if (place.reserved_begin <= at && at < place.reserved_end + guard_page) past = i;
  }
  if (live >= 0) return {Owner::Kind::kLive, live, Place(live).end()};
  const int dead = LatestDeadAt(at);
  if (dead >= 0) return {Owner::Kind::kDead, dead, std::min(stop, Place(dead).end())};
  if (unborn >= 0) return {Owner::Kind::kUnborn, unborn, std::min(stop, Place(unborn).end())};
  if (options_.pages && past >= 0) return {Owner::Kind::kPast, past, std::min(stop, Place(past).reserved_end)};
  return {Owner::Kind::kNobody, -1, stop};
}

// `tensor` is not the op's to touch like this.
GuardReport Guard::JudgeTensor(const Touch& touch, int tensor) const {
  const bool alive = IsAlive(tensor);
  const GuardFault fault = !alive && IsUnborn(tensor)    ? GuardFault::kUnborn
                           : !alive                      ? GuardFault::kDead
                           : UseOf(tensor) == Use::kRead ? GuardFault::kReadOnly
                                                         : GuardFault::kUnlisted;
  GuardReport report = Start(fault, tensor);
  report.first = touch.bytes == 0 ? 0 : touch.at - Place(tensor).begin;
  report.bytes = touch.bytes;
  report.message = Subject() + " " + Amount(touch) + " " + TensorLabel(tensor);
  const bool several = !report.candidates.empty();
  if (fault == GuardFault::kUnlisted) report.message += several ? ", which none lists" : ", which it does not list";
  if (fault == GuardFault::kReadOnly) {
    report.message += several  ? ", which none may write"
                      : InOp() ? ", which it only reads"
                               : ", which only its op writes";
  }
  if (!alive) report.message += Fate(tensor, &report.other);
  if (report.first > 0) report.message += " (from byte " + FormatThousands(report.first) + ")";
  // A pointer kept too long looks like this where bytes are reused.
  const int before = fault == GuardFault::kUnlisted && touch.bytes > 0 ? LatestDeadAt(touch.at) : -1;
  if (before >= 0) report.message += "; its bytes were those of " + TensorLabel(before) + Fate(before, &report.other);
  return report;
}

GuardReport Guard::Judge(const Touch& touch, const Owner& owner) const {
  if (owner.kind == Owner::Kind::kNobody) {
    GuardReport report = Start(GuardFault::kStray, -1);
    report.first = touch.at;
    report.bytes = touch.bytes;
    report.message =
        Subject() + " " + Amount(touch) + " the arena at " + FormatThousands(touch.at) + ", where no tensor lies";
    return report;
  }
  if (owner.kind != Owner::Kind::kPast) return JudgeTensor(touch, owner.tensor);

  GuardReport report = Start(GuardFault::kOverrun, owner.tensor);
  const std::int64_t past = touch.at - Place(owner.tensor).end();
  report.first = past + Place(owner.tensor).bytes;
  report.bytes = touch.bytes;
  const std::string where = past < 0    ? "before the start of "
                            : past == 0 ? "past the end of "
                                        : FormatThousands(past) + " past the end of ";
  report.message = Subject() + " " + touch.verb + " " + Bytes(touch.bytes) + (past > 0 ? ", " : " ") + where +
                   TensorLabel(owner.tensor);
  const int next = NextBehind(owner.tensor);
  if (next < 0) return report;
  report.other = IdOf(next);
  report.message += "; behind it lies " + TensorLabel(next);
  return report;
}

}  // namespace orionrt
