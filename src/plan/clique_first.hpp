// Packs by placing first what is alive where most is: the buffers of the worst section all conflict with each other, so
// they stack without a hole, and that section costs exactly its bytes. What remains falls apart into regions left and
// right of it that do not touch, and each is filled on its own, buffer by buffer at its lowest fit.
//
// Where a buffer fits nowhere below the target it was placed too late: it moves to the front of its region's order and
// the region is tried again. The few that cannot all be had soon gather at the front, so later tries fail fast or
// succeed. If they do gather, the stack is in their way: the lowest members of the clique that are not alive with the
// worst offender, as many as it needs room, go to the top of the stack, so that the hole they leave is at one with the
// free bytes above (the orders of the clique that suit the left and the right side are each other's mirror, so no fixed
// key serves both).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/placing/placer.hpp"
#include "plan/placing/sort_keys.hpp"
#include "plan/watch.hpp"

namespace orionrt {

// Which sections are the worst: all that reach the bound, or only the first of them. The former leaves smaller regions,
// but need not be a clique.
enum class Core { kAllWorst, kFirstWorst };

class CliqueFirst {
 public:
  // `watch` is told of every step, and must outlive this.
  CliqueFirst(const Problem& problem, Core core, Watch& watch);

  // For PackAround: buffers that pairwise conflict, and none of the problem at a fixed offset.
  CliqueFirst(const Problem& problem, const std::vector<int>& clique, std::int64_t work_of_step, Watch& watch);

  // How long to go on before giving up on one order of the clique.
  struct Patience {
    int tries;       // per region and order of its buffers: how often something may move to the front,
    int passes;      // or: buffers placed, as a multiple of the region's
    int orders;      // how many orders of a region's buffers (kFillKeys)
    int rearranged;  // how often the clique may be rearranged
  };

  // Looks for a plan with peak <= target. True if found: see offsets() and Peak(). With `anyway`, what does not fit
  // within `patience` goes above the target, so there is a plan in any case.
  bool Pack(Key clique_key, const Patience& patience, std::int64_t target, bool anyway = false);

  // Its members, the same however the problem lists them.
  const std::vector<int>& clique() const { return clique_; }

  // The same around the clique, its members where they are told to lie, below `target`. Orders of regions that end in a
  // failure are those that the next call begins with.
  bool PackAround(const std::vector<std::int64_t>& offsets_of_clique, const Patience& patience, std::int64_t target);

  const std::vector<std::int64_t>& offsets() const { return offsets_; }
  std::int64_t Peak() const;
  const Shapes& shapes() const { return shapes_; }
  const SortKeys& sort_keys() const { return sort_keys_; }

  // Buffers placed so far, tries that failed included: the measure of effort. Pack gives up beyond the limit, and
  // where the watch is over.
  std::int64_t steps() const { return steps_; }
  void set_step_limit(std::int64_t limit) { step_limit_ = limit; }

  // The clique stacked below every target asked for so far.
  bool stacks() const { return stacks_; }

 private:
  CliqueFirst(const Problem& problem, Watch& watch);

  // Buffers that are filled in together, in a window of sections that they do not stick out of, around obstacles placed
  // before; `sorted` holds the orders asked for so far.
  struct Batch {
    Span window;
    std::vector<int> buffers;
    std::vector<int> obstacles;
    std::vector<int> sorted[kKeyCount];
    std::unique_ptr<Placer> placer;  // kept from one fill to the next, where it is not one of many
  };
  // Batches one after the other: one, or for a large region first its core (what lives through the tightest sections,
  // where failures are found fast), then what crosses the edges of its blocks, then each block.
  struct Region {
    Span extent;
    std::int64_t blocks = 1;
    std::vector<Batch> batches;
    // The block in which a section of the region lies.
    std::int64_t BlockOf(int section) const { return blocks * (section - extent.first) / extent.length(); }
  };

  std::vector<char> AliveAt(const std::vector<char>& critical) const;
  void Split(const std::vector<char>& in_clique);
  void AddRegion(std::vector<int> buffers, Span extent);
  int CoreTightness(const std::vector<int>& buffers) const;
  void AddObstacle(Region& region, int buffer, std::size_t from) const;
  bool Stack(const std::vector<int>& clique, std::int64_t target, bool anyway);
  bool FillAll(const Patience& patience, std::int64_t target, bool anyway);
  std::unique_ptr<Placer> Prepare(Batch& batch) const;
  bool TryOrder(Placer& placer, std::vector<int>& order, int tries, std::int64_t step_limit, std::int64_t target);
  bool FillLoosely(Batch& batch, std::int64_t target);
  bool Fill(Batch& batch, const Patience& patience, std::int64_t target, bool anyway);
  std::size_t PlaceInOrder(Placer& placer, const std::vector<int>& order, std::size_t from, std::int64_t target);
  void PlaceAnyway(Placer& placer, const std::vector<int>& order, std::int64_t target);
  const std::vector<int>& Sorted(Batch& batch, Key key);
  void TopWithSlack(std::vector<int>& clique) const;
  void MakeRoom(std::vector<int>& clique, int buffer) const;

  const Problem& problem_;
  Watch& watch_;
  const Shapes shapes_;
  const std::vector<std::int64_t> bounds_;  // SectionBounds
  SortKeys sort_keys_;
  std::vector<int> fixed_;       // buffers with bytes at fixed offsets
  std::vector<int> clique_;      // in the order of ties
  std::vector<Region> regions_;  // largest first; one that failed moves to the front
  std::vector<std::int64_t> offsets_;
  std::vector<int> failures_;  // per buffer, in the fill that runs
  std::vector<int> failed_;    // those of them that are not 0, perhaps repeatedly
  int offender_ = -1;          // the buffer that failed most often in the last failed fill
  std::int64_t steps_ = 0;
  std::int64_t step_limit_ = INT64_MAX;
  bool stacks_ = true;
  std::int64_t work_of_step_ = kWorkOfStep;
  bool keeps_orders_ = false;  // what failed stays in front for the next call
};

}  // namespace orionrt
