// Which buffers spill from a space that is too small, in fractions: a linear program that is a flow along time.
//
//   minimise  sum cost_j x_j   subject to   sum over j alive at s of bytes_j x_j >= excess_s   at every section s
//
// With y_j = bytes_j x_j every column is an interval of ones, so the program is a flow (Ahuja, Magnanti and Orlin,
// Network Flows, 9.6): an arc per buffer from its first section to behind its last, with its bytes as capacity and its
// cost per byte; arcs of no cost back from each section to the one before; across every cut flows the excess. Its cost
// bounds what spilling costs. Its node potentials price the sections.
//
// As no buffer spills in part, the program is tightened: an excess is raised to the least sum of sizes alive that
// reaches it, and no buffer counts with more bytes than the largest excess that it lives through.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "plan/placing/placer.hpp"
#include "plan/spaces/choose_spills.hpp"

namespace orionrt {

enum class Fate : signed char { kOpen, kSpills, kStays };

// Loads in units that respect a common alignment A of all buffers: each takes its size rounded up to A, and the sum of
// these is within the capacity rounded up to A, as the topmost needs no padding; or down, where no buffer is such that
// it could end in the last part of the space.
struct Loads {
  Loads(const Problem& problem, std::int64_t capacity);

  // Per section, of the buffers that do not spill. O(n).
  std::vector<std::int64_t> PerSection(const std::vector<Fate>& fates) const;

  Shapes shapes;
  std::int64_t limit;               // bytes that may be alive at a section
  std::vector<std::int64_t> bytes;  // per buffer, the most that it takes at a section
  bool whole = true;                // no buffer has parts: each takes that much throughout its life
};

class ExcessFlow {
 public:
  // Where more sections are overloaded than this, the worst of each stretch of them stand for all: fewer rows, a weaker
  // bound, still one.
  static constexpr int kMostRows = 256;
  static constexpr std::int64_t kScale = std::int64_t{1} << 24;  // costs per byte are in 1/kScale, rounded down

  ExcessFlow(const Loads& loads, const std::vector<Resident>& residents, const std::vector<Fate>& fates);

  // Solves it, by successive shortest paths. False where spilling all that may is not enough.
  [[nodiscard]] bool Run();

  bool empty() const { return sections_.empty(); }     // nothing is overloaded
  bool has_all_rows() const { return has_all_rows_; }  // each overloaded section has its row

  // In whole units of cost, rounded up: the bound.
  std::int64_t Cost() const;

  // Rows [first, last) that a span of sections lives through; what these charge for a byte, in 1/kScale.
  Span RowsOf(Span sections) const;
  std::int64_t Price(Span rows) const { return potential_[At(rows.last)] - potential_[At(rows.first)]; }

  static std::int64_t CostPerByte(std::int64_t cost, std::int64_t bytes);

  // The dearest of the buffers that spill in part, or -1; those that spill as a whole are appended.
  int Split(const std::vector<Resident>& residents, std::vector<int>* spilled) const;

 private:
  // Of one or more buffers that live through the same rows [from, to) at the same cost per byte.
  struct Arc {
    int from, to;
    std::int64_t cost, left, flow;
    int first, last;  // of arc_buffers_
  };
  struct ArcBuffer {
    std::int64_t bytes;
    int buffer;
  };
  struct Step {  // of a path: how it came to a node
    int from = -1;
    int arc = -1;          // -1: from a node to the one before
    bool reverse = false;  // takes flow back
  };

  void ChooseRows(const std::vector<std::int64_t>& loads, std::int64_t limit);
  void RaiseExcess(const Loads& loads, const std::vector<Fate>& fates);
  void MakeArcs(const Loads& loads, const std::vector<Resident>& residents, const std::vector<Fate>& fates);
  void Relax(int from, int to, std::int64_t cost, int arc, bool reverse);
  void RelaxFrom(int node);
  int Search();
  bool Augment();
  void Push(int node, std::int64_t amount);

  std::vector<int> sections_;         // of the rows, ascending
  std::vector<std::int64_t> excess_;  // of the rows
  bool has_all_rows_ = true;
  int nodes_ = 1;                                        // the gaps between rows, and the ends
  std::vector<std::int64_t> potential_, supply_, back_;  // per node; back_[v]: flow from v to v - 1
  std::vector<Arc> arcs_;
  std::vector<ArcBuffer> arc_buffers_;
  std::vector<std::vector<int>> at_;  // per node the arcs that begin or end there
  std::vector<std::int64_t> distance_;
  std::vector<Step> step_;
  std::priority_queue<std::pair<std::int64_t, int>, std::vector<std::pair<std::int64_t, int>>, std::greater<>> reached_;
};

}  // namespace orionrt
