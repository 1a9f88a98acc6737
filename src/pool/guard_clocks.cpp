#include "pool/guard_clocks.hpp"

#include <algorithm>

#include "base/index.hpp"

namespace orionrt {

GuardClocks::GuardClocks(const std::vector<OpNode>& ops) {
  for (const OpNode& op : ops) rank_of_stream_.emplace(op.stream, 0);
  int rank = 0;
  for (auto& row : rank_of_stream_) row.second = rank++;
  ops_on_.resize(rank_of_stream_.size());
  for (int i = 0; i < static_cast<int>(ops.size()); ++i) {
    rank_of_.push_back(rank_of_stream_.at(ops[At(i)].stream));
    std::vector<int>& stream = ops_on_[At(rank_of_.back())];
    position_of_.push_back(static_cast<int>(stream.size()));
    stream.push_back(i);
  }
  Start();
}

void GuardClocks::Start() {
  has_begun_.assign(rank_of_.size(), false);
  open_.clear();
  begun_on_.assign(ops_on_.size(), 0);
  known_.assign(ops_on_.size(), Clock(ops_on_.size(), 0));
  events_.assign(rank_of_.size(), {});
  waits_.clear();
}

int GuardClocks::NextBeside(int op) const {
  const std::vector<int>& stream = ops_on_[At(RankOf(op))];
  const std::size_t next = At(begun_on_[At(RankOf(op))]);
  return next < stream.size() ? stream[next] : -1;
}

int GuardClocks::LastBeside(int op) const {
  const int begun = begun_on_[At(RankOf(op))];
  return begun > 0 ? ops_on_[At(RankOf(op))][At(begun - 1)] : -1;
}

bool GuardClocks::IsOpen(int op) const { return std::find(open_.begin(), open_.end(), op) != open_.end(); }

void GuardClocks::Begin(int op) {
  has_begun_[At(op)] = true;
  begun_on_[At(RankOf(op))] = PositionOf(op) + 1;
  open_.push_back(op);
}

void GuardClocks::End(int op) {
  open_.erase(std::remove(open_.begin(), open_.end(), op), open_.end());
  int& own = known_[At(RankOf(op))][At(RankOf(op))];
  own = std::max(own, PositionOf(op) + 1);
}

void GuardClocks::Record(int op) { events_[At(op)] = known_[At(RankOf(op))]; }

void GuardClocks::Wait(int stream, int op) {
  const auto found = rank_of_stream_.find(stream);
  if (found == rank_of_stream_.end()) return;  // one of the engine's own
  const Clock& event = events_[At(op)];
  waits_[{found->second, op}] = !event.empty();
  Clock& known = known_[At(found->second)];
  for (std::size_t rank = 0; rank < event.size(); ++rank) known[rank] = std::max(known[rank], event[rank]);
}

bool GuardClocks::Covers(int before, int op) const {
  return known_[At(RankOf(op))][At(RankOf(before))] > PositionOf(before);
}

GuardClocks::Lack GuardClocks::LackOf(int before, int op) const {
  const auto found = waits_.find({RankOf(op), before});
  if (found == waits_.end()) return Lack::kNoWait;
  return found->second ? Lack::kEarlyRecord : Lack::kNoRecord;
}

}  // namespace orionrt
