// A guarded run on several streams: what is alive is said by the ops that have begun and ended, and what may lie over
// what by the order that the engine has reported.
#include <algorithm>
#include <climits>

#include "base/index.hpp"
#include "pool/guard.hpp"

namespace orionrt {
namespace {

void AddOnce(std::vector<int>& list, int value) {
  if (list.empty() || list.back() != value) list.push_back(value);
}

}  // namespace

// Who uses what, and whose lives begin with whom; workspaces too.
void Guard::FollowStreams() {
  streams_ = std::make_unique<Streams>(graph_);
  Streams& s = *streams_;
  const int tensors = static_cast<int>(graph_.tensors().size()), ops = static_cast<int>(graph_.ops().size());
  s.first_op.assign(At(tensor_count()), -1);
  s.users.resize(At(tensor_count()));
  s.born.resize(At(ops));
  s.used.resize(At(ops));
  s.kept.assign(At(tensor_count()), false);
  for (int step = 0; step < ops; ++step) {
    const OpNode& op = graph_.ops()[At(step)];
    for (const auto* ids : {&op.inputs, &op.outputs}) {
      for (const int id : *ids) {
        const int tensor = graph_.IndexOf(id);
        AddOnce(s.users[At(tensor)], step);
        AddOnce(s.users[At(graph_.RootOf(tensor).index)], step);
        if (ids == &op.outputs) s.first_op[At(tensor)] = step;
      }
    }
    if (tensor_count() > tensors) s.users[At(tensors + step)] = {step};
    if (tensor_count() > tensors) s.first_op[At(tensors + step)] = step;
  }
  for (int i = 0; i < tensors; ++i) {
    const int root = graph_.RootOf(i).index;
    if (s.first_op[At(i)] < 0) s.first_op[At(i)] = s.first_op[At(root)];
    if ((graph_.tensors()[At(i)].roles & (TensorRole::kOutput | TensorRole::kState)) == 0) continue;
    s.kept[At(i)] = true;
    s.kept[At(root)] = true;
  }
  for (int i = 0; i < tensor_count(); ++i) {
    if (s.first_op[At(i)] >= 0) s.born[At(s.first_op[At(i)])].push_back(i);
    for (const int step : s.users[At(i)]) s.used[At(step)].push_back(i);
  }
}

void Guard::StartLives() {
  Streams& s = *streams_;
  s.clocks.Start();
  s.now = 0;
  s.ops_left = static_cast<int>(std::count(vanished_.begin(), vanished_.end(), false));
  s.lives.assign(At(tensor_count()), Life::kUnborn);
  s.born_at.assign(At(tensor_count()), 0);
  s.died_at.assign(At(tensor_count()), INT_MAX);
  s.died_with.assign(At(tensor_count()), -1);
  s.left.clear();
  for (int i = 0; i < tensor_count(); ++i) {
    s.left.push_back(static_cast<int>(s.users[At(i)].size()));
    if (s.first_op[At(i)] < 0) s.lives[At(i)] = Life::kAlive;
  }
}

void Guard::BeginOnStream(int step, Reports& reports) {
  GuardClocks& clocks = streams_->clocks;
  const int last = clocks.LastBeside(step);
  if (last >= 0 && clocks.IsOpen(last)) {
    EndOnStream(last, reports);
  } else {
    Settle(reports, kNoOp);
  }
  if (IsRunning() && clocks.HasBegun(step) && IsOver()) moment_ = Moment::kBetweenRuns;
  if (!IsRunning()) StartRun();
  for (int next = clocks.NextBeside(step); next >= 0 && next != step && vanished_[At(next)];
       next = clocks.NextBeside(step)) {
    PassVanished(next, reports);
  }
  CheckStreamOrder(step, reports);
  CheckWaits(step, reports);
  CheckReads(step, reports);
  CheckWrites(step, reports);
  Bear(step);
  clocks.Begin(step);
  step_ = step;
}

void Guard::EndOnStream(int step, Reports& reports) {
  Settle(reports, step);
  streams_->clocks.End(step);
  if (!vanished_[At(step)]) --streams_->ops_left;
  Bury(step);
}

void Guard::EndAllStreams(Reports& reports) {
  Settle(reports, kAllOps);
  while (InOp()) {
    const int step = streams_->clocks.open().back();
    streams_->clocks.End(step);
    if (!vanished_[At(step)]) --streams_->ops_left;
    Bury(step);
  }
}

// An op that is left out: its step is taken, and what it waits for must be waited for all the same.
void Guard::PassVanished(int step, Reports& reports) {
  CheckWaits(step, reports);
  Bear(step);
  streams_->clocks.Begin(step);
  streams_->clocks.End(step);
  Bury(step);
}

// The op's position, or -1, which is reported.
int Guard::StepOf(int op_id, Reports& reports) const {
  const auto found = step_of_.find(op_id);
  if (found != step_of_.end()) return found->second;
  reports.push_back(Unplanned(op_id));
  return -1;
}

void Guard::EndOne(int op_id) {
  if (streams_ == nullptr) return EndOp(false);
  Reports reports;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const int step = StepOf(op_id, reports);
    if (step >= 0 && streams_->clocks.IsOpen(step)) {
      EndOnStream(step, reports);
    } else if (step >= 0) {
      reports.push_back(Start(GuardFault::kOrder, -1));
      reports.back().op = op_id;
      reports.back().message = OpLabel(step) + " ended, but it was not running";
    }
  }
  Deliver(reports);
}

void Guard::Record(int op_id) {
  if (streams_ == nullptr) return;
  Reports reports;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const int step = StepOf(op_id, reports); step >= 0) {
      GuardClocks& clocks = streams_->clocks;
      const int last = clocks.LastBeside(step);
      const bool idle = IsRunning() && (last < 0 || !clocks.IsOpen(last));
      for (int next = clocks.NextBeside(step); idle && next >= 0 && next <= step && vanished_[At(next)];
           next = clocks.NextBeside(step)) {
        PassVanished(next, reports);
      }
      clocks.Record(step);
    }
  }
  Deliver(reports);
}

void Guard::Wait(int stream, int op_id) {
  if (streams_ == nullptr) return;
  Reports reports;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const int step = StepOf(op_id, reports); step >= 0) streams_->clocks.Wait(stream, step);
  }
  Deliver(reports);
}

// Whatever else is alive keeps its bytes, so that an op that comes too early is reported, and spoils no more than it
// would without a guard.
void Guard::Bear(int step) {
  Streams& s = *streams_;
  for (const int i : s.born[At(step)]) {
    if (s.lives[At(i)] != Life::kUnborn) continue;
    if (options_.fill && Place(i).bytes > 0) FillUnshared(i, Place(i).end(), step, true);
    PutCanary(i);
    s.lives[At(i)] = Life::kAlive;
    s.born_at[At(i)] = s.now++;
  }
}

// What the op was the last to use.
void Guard::Bury(int step) {
  Streams& s = *streams_;
  for (const int i : s.used[At(step)]) {
    if (s.left[At(i)] == 0 || --s.left[At(i)] > 0 || s.kept[At(i)]) continue;
    s.lives[At(i)] = Life::kDead;
    s.died_at[At(i)] = s.now++;
    s.died_with[At(i)] = step;
    if (options_.fill && Place(i).bytes > 0) FillUnshared(i, Place(i).reserved_end, step, false);
  }
}

void Guard::CheckStreamOrder(int step, Reports& reports) const {
  const GuardClocks& clocks = streams_->clocks;
  const int next = clocks.NextBeside(step);
  if (next == step) return;
  const int last = clocks.LastBeside(step);
  GuardReport report = Start(GuardFault::kOrder, -1);
  report.op = graph_.ops()[At(step)].id;
  report.message = OpLabel(step) + (last < 0 ? " began its stream" : " ran after " + OpLabel(last)) + ", where " +
                   (next < 0 ? "the stream ends" : OpLabel(next) + " is next") + "; a plan holds for one order";
  reports.push_back(report);
}

void Guard::CheckWaits(int step, Reports& reports) const {
  const OpNode& op = graph_.ops()[At(step)];
  for (const int id : op.waits) {
    const int before = step_of_.at(id);
    if (streams_->clocks.Covers(before, step)) continue;
    GuardReport report = Start(GuardFault::kUnordered, -1);
    report.op = op.id;
    report.other_op = id;
    const std::string other = OpLabel(before);
    switch (streams_->clocks.LackOf(before, step)) {
      case GuardClocks::Lack::kNoWait:
        report.message = OpLabel(step) + " began, but its wait for " + other + " was not reported";
        break;
      case GuardClocks::Lack::kNoRecord:
        report.message = OpLabel(step) + " began, but it waited for " + other +
                         " before an event was recorded there, which orders nothing";
        break;
      case GuardClocks::Lack::kEarlyRecord:
        report.message = OpLabel(step) + " began, but the event of " + other +
                         " that it waited for was recorded before that op had ended, and covers only what had";
        break;
    }
    reports.push_back(report);
  }
}

// What the op uses is written, in any order that the engine's reports leave open.
void Guard::CheckReads(int step, Reports& reports) const {
  for (const int i : streams_->used[At(step)]) {
    const int writer = streams_->first_op[At(i)];
    if (writer < 0 || writer == step || streams_->clocks.Covers(writer, step)) continue;
    GuardReport report = Start(GuardFault::kUnordered, i);
    report.op = graph_.ops()[At(step)].id;
    report.other_op = graph_.ops()[At(writer)].id;
    report.message =
        OpLabel(step) + " used " + TensorLabel(i) + ", written by " + OpLabel(writer) + ": no wait orders them";
    reports.push_back(report);
  }
}

// What the op writes for the first time lies, in the plan, over what is over by then.
void Guard::CheckWrites(int step, Reports& reports) const {
  for (const int i : streams_->born[At(step)]) {
    if (IsShown(i)) continue;
    const auto& [begin, end] = planned_[At(i)];
    for (int under = 0; under < tensor_count(); ++under) {
      const auto& [first, last] = planned_[At(under)];
      if (under == i || std::max(begin, first) >= std::min(end, last)) continue;
      const int user = UserNotOver(under, step, SharesWith(i, under));
      if (user < 0) continue;
      const OpNode& other = graph_.ops()[At(user)];
      const bool reads = !IsWorkspace(under) && streams_->first_op[At(under)] != user;
      GuardReport report = Start(GuardFault::kUnordered, i);
      report.op = graph_.ops()[At(step)].id;
      report.other = IdOf(under);
      report.other_op = other.id;
      report.message = OpLabel(step) + " wrote " + TensorLabel(i) + " over " + TensorLabel(under) + ", still " +
                       (reads ? "read by " : "written by ") + OpLabel(user) + ": no wait orders them";
      reports.push_back(report);
    }
  }
}

// The last user of a tensor that should be, and is not known to be, over before the op; -1 when all are. What shares
// the tensor's bytes as it may need not come behind all of them.
int Guard::UserNotOver(int tensor, int step, bool shares) const {
  const std::vector<int>& users = streams_->users[At(tensor)];
  for (auto user = users.rbegin(); user != users.rend(); ++user) {
    if (*user == step || streams_->order.IsBefore(step, *user) || streams_->clocks.Covers(*user, step)) continue;
    if (!shares || streams_->order.IsBefore(*user, step)) return *user;
  }
  return -1;
}

}  // namespace orionrt
