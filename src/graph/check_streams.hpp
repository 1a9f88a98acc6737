// Whether places hold on several streams: of two accesses to a byte, at least one of them a write, the one must happen
// before the other. Without such races every interleaving of the streams does what one order of launching does, and
// that one is run byte by byte (check_assignment.cpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"

namespace orionrt {

// Whether the ops name more than one stream.
bool UsesSeveralStreams(const Graph& graph);

// Takes the accesses of the ops, step by step, and asks program order and waits about as few pairs as decide: each
// write must come behind the write before it and all reads since, each read behind the last write; of the ops of one
// stream it is the last that matters. Knows no clocks and no lanes, so that it shares nothing with who planned by them.
class ORIONRT_API RaceFinder {
 public:
  // `ordered`: ops as they are launched, each behind what happens before it. Outlives this.
  RaceFinder(const Graph& ordered, std::size_t spaces);

  // The op at `step`, no earlier one than before, uses the bytes of a place in a space. `what`: the tensor, by its
  // position, or kWorkspace. O(log stretches + stretches that they are in).
  void Read(int step, const Place& place, int what);
  void Write(int step, const Place& place, int what);

  // Of the pairs that nothing orders the one whose later op is launched first. O(pairs log pairs + pairs / 256 x ops
  // between them).
  [[nodiscard]] std::optional<AssignmentFault> Find();

 private:
  struct Use {
    int step = -1;  // -1: nobody's
    int what = 0;
  };
  // From its first byte to that of the next stretch.
  struct Stretch {
    Use writer;
    std::vector<Use> readers;  // since; of one stream the last, if it is remembered
  };
  using Arena = std::map<std::int64_t, Stretch>;

  struct Pair {
    Use first, second;
    std::int64_t begin = 0, end = 0;  // bytes
    bool first_writes = false, second_writes = false;
  };

  int StreamOf(int step) const;
  static Arena::iterator Split(Arena& arena, std::int64_t at);
  void AddReader(Stretch& stretch, const Use& use) const;
  void Ask(const Use& first, const Pair& pair);
  void KeepLastOfStreams();
  std::optional<Pair> FirstUnordered();
  AssignmentFault FaultOf(const Pair& pair) const;

  const Graph& ordered_;
  std::vector<Arena> arenas_;
  std::vector<Pair> pairs_;
  std::size_t asked_at_step_ = 0;  // where those of the latest step begin in pairs_
  int step_ = -1;
};

}  // namespace orionrt
