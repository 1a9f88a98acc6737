// What an engine has reported of a run on several streams, and so which ops are known to be over before which.
//
// Every stream has a clock: per stream how many of its ops are known to have ended. Ending an op moves the clock of its
// own stream on; an event is a copy of it, and waiting for one joins it into another stream's.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "orionrt/graph.hpp"

namespace orionrt {

// Ops are positions in the list. O(streams) a call.
class GuardClocks {
 public:
  explicit GuardClocks(const std::vector<OpNode>& ops);

  // A run: nothing has been reported.
  void Start();

  // The op next in program order on the stream of `op`, and the one that began last there; -1 where there is none.
  int NextBeside(int op) const;
  int LastBeside(int op) const;
  bool HasBegun(int op) const { return has_begun_[At(op)]; }
  bool IsOpen(int op) const;
  const std::vector<int>& open() const { return open_; }  // begun and not ended, in that order

  void Begin(int op);
  void End(int op);
  // An event behind what has ended on the op's stream; in place of an earlier one.
  void Record(int op);
  // What begins on the stream (by its number in the graph) from now on comes behind the op's event. Without an event
  // that orders nothing.
  void Wait(int stream, int op);

  // Whether `before` is known to have ended where the stream of `op` is now.
  bool Covers(int before, int op) const;

  // What Covers lacks.
  enum class Lack { kNoWait, kNoRecord, kEarlyRecord };
  Lack LackOf(int before, int op) const;

 private:
  using Clock = std::vector<int>;  // per stream, by rank

  int RankOf(int op) const { return rank_of_[At(op)]; }
  int PositionOf(int op) const { return position_of_[At(op)]; }

  std::map<int, int> rank_of_stream_;
  std::vector<int> rank_of_, position_of_;  // per op: of its stream, and on it
  std::vector<std::vector<int>> ops_on_;    // per stream

  std::vector<bool> has_begun_;  // per op
  std::vector<int> open_;
  std::vector<int> begun_on_;                  // per stream the position behind the op that began last
  std::vector<Clock> known_;                   // per stream
  std::vector<Clock> events_;                  // per op; empty: not recorded
  std::map<std::pair<int, int>, bool> waits_;  // by stream and op: whether there was an event
};

}  // namespace orionrt
