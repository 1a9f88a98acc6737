#include "plan/clique_first.hpp"

#include <algorithm>
#include <climits>

#include "base/index.hpp"
#include "plan/lower_bound.hpp"
#include "plan/placing/skyline.hpp"

namespace orionrt {
namespace {

// The orders in which a region is filled, best first. kEarly on the right of the clique, and kLate on its left, go
// outward from it.
constexpr Key kFillKeys[] = {Key::kTightHeavy, Key::kTightSize, Key::kHeavy, Key::kSizeEarly,
                             Key::kSizeLate,   Key::kEarly,     Key::kLate};

// A region of more buffers is cut into blocks of about that many, so that one block's part of the tree stays in the
// cache, and a failure costs one block's refill.
constexpr std::size_t kLargestBlock = 16384;
constexpr std::size_t kCoreSize = kLargestBlock / 4;
constexpr std::size_t kCoreSteps = 32768;  // a pass, however few buffers it has, is at least so many placements
constexpr std::size_t kCore = 0, kCrossing = 1, kFirstBlock = 2;  // the batches of a region with blocks

// A buffer of a block alive in no more sections is short: there are many of them, and they seldom matter.
constexpr int kShort = 16;

std::vector<char> CriticalSections(const std::vector<std::int64_t>& bounds, Core core) {
  std::vector<char> critical(bounds.size(), 0);
  if (bounds.empty()) return critical;
  const std::int64_t worst = *std::max_element(bounds.begin(), bounds.end());
  for (std::size_t s = 0; s < bounds.size(); ++s) {
    critical[s] = bounds[s] == worst;
    if (critical[s] && core == Core::kFirstWorst) break;
  }
  return critical;
}

}  // namespace

CliqueFirst::CliqueFirst(const Problem& problem, Watch& watch)
    : problem_(problem),
      watch_(watch),
      shapes_(problem),
      bounds_(SectionBounds(problem, shapes_)),
      sort_keys_(problem, shapes_, bounds_),
      offsets_(problem.buffers.size(), 0),
      failures_(problem.buffers.size(), 0) {}

CliqueFirst::CliqueFirst(const Problem& problem, Core core, Watch& watch) : CliqueFirst(problem, watch) {
  for (std::size_t i = 0; i < offsets_.size(); ++i) {
    if (problem.buffers[i].fixed_offset == kFree) continue;
    offsets_[i] = problem.buffers[i].fixed_offset;
    if (shapes_.extents[i].length() > 0) fixed_.push_back(static_cast<int>(i));
  }
  Split(AliveAt(CriticalSections(bounds_, core)));
}

CliqueFirst::CliqueFirst(const Problem& problem, const std::vector<int>& clique, std::int64_t work_of_step,
                         Watch& watch)
    : CliqueFirst(problem, watch) {
  std::vector<char> in_clique(problem.buffers.size(), 0);
  for (const int buffer : clique) in_clique[At(buffer)] = 1;
  Split(in_clique);
  work_of_step_ = work_of_step;
  keeps_orders_ = true;
}

// The buffers, gaps taken for filled, that are alive in a critical section.
std::vector<char> CliqueFirst::AliveAt(const std::vector<char>& critical) const {
  std::vector<int> before(critical.size() + 1, 0);  // critical sections before each
  for (std::size_t s = 0; s < critical.size(); ++s) before[s + 1] = before[s] + critical[s];
  std::vector<char> alive;
  for (const Span& span : shapes_.extents) alive.push_back(before[At(span.last)] > before[At(span.first)]);
  return alive;
}

// All that is not in the clique is swept by birth: a region ends where none of its buffers is alive.
void CliqueFirst::Split(const std::vector<char>& in_clique) {
  std::vector<int> region;
  Span extent;
  for (const int buffer : sort_keys_.movable()) {
    const Span span = shapes_.extents[At(buffer)];
    if (in_clique[At(buffer)] != 0) {
      clique_.push_back(buffer);
      continue;
    }
    if (!region.empty() && span.first >= extent.last) {
      AddRegion(std::move(region), extent);
      region.clear();
    }
    extent = region.empty() ? span : Span{extent.first, std::max(extent.last, span.last)};
    region.push_back(buffer);
  }
  if (!region.empty()) AddRegion(std::move(region), extent);
  for (Region& r : regions_) {
    for (const int buffer : fixed_) AddObstacle(r, buffer, 0);
    for (const int buffer : clique_) AddObstacle(r, buffer, 0);
    if (r.blocks == 1) continue;
    for (const int buffer : r.batches[kCore].buffers) AddObstacle(r, buffer, kCrossing);
    for (const int buffer : r.batches[kCrossing].buffers) AddObstacle(r, buffer, kFirstBlock);
  }
  std::stable_sort(regions_.begin(), regions_.end(),
                   [](const Region& a, const Region& b) { return a.extent.length() > b.extent.length(); });
}

// The loosest class of tightness (SortKeys) up to which there are few enough buffers for a core.
int CliqueFirst::CoreTightness(const std::vector<int>& buffers) const {
  std::vector<std::size_t> count(256, 0);
  for (const int buffer : buffers) ++count[At(sort_keys_.tightness(buffer))];
  int tightness = -1;
  for (std::size_t sum = count[0]; sum <= kCoreSize && tightness < 255;
       sum += count[static_cast<std::size_t>(tightness) + 1]) {
    ++tightness;
    if (tightness == 255) break;
  }
  return tightness;
}

void CliqueFirst::AddRegion(std::vector<int> buffers, Span extent) {
  regions_.emplace_back();
  Region& region = regions_.back();
  region.extent = extent;
  region.blocks = static_cast<std::int64_t>(buffers.size() / kLargestBlock) + 1;
  region.batches.resize(region.blocks == 1 ? 1 : kFirstBlock + static_cast<std::size_t>(region.blocks));
  const int core = region.blocks == 1 ? INT_MAX : CoreTightness(buffers);
  for (const int buffer : buffers) {
    const Span span = shapes_.extents[At(buffer)];
    const std::int64_t block = region.BlockOf(span.first);
    const bool inside = region.blocks > 1 && block == region.BlockOf(span.last - 1);
    const std::size_t batch = inside                                 ? kFirstBlock + static_cast<std::size_t>(block)
                              : sort_keys_.tightness(buffer) <= core ? kCore
                                                                     : kCrossing;
    region.batches[batch].buffers.push_back(buffer);
  }
  for (Batch& batch : region.batches) {
    if (batch.buffers.empty()) continue;
    batch.window = {INT_MAX, 0};
    for (const int buffer : batch.buffers) {
      const Span span = shapes_.extents[At(buffer)];
      batch.window = {std::min(batch.window.first, span.first), std::max(batch.window.last, span.last)};
    }
  }
}

// Notes a buffer as an obstacle in the batches that it meets, from the one numbered `from` on.
void CliqueFirst::AddObstacle(Region& region, int buffer, std::size_t from) const {
  const Span span = shapes_.extents[At(buffer)];
  if (!Overlap(region.extent, span)) return;
  const auto note = [&](std::size_t b) {
    Batch& batch = region.batches[b];
    if (Overlap(batch.window, span)) batch.obstacles.push_back(buffer);
  };
  for (std::size_t b = from; b < std::min(kFirstBlock, region.batches.size()); ++b) note(b);
  if (region.blocks == 1) return;
  const std::int64_t to = region.BlockOf(std::min(span.last, region.extent.last) - 1);
  for (std::int64_t b = region.BlockOf(std::max(span.first, region.extent.first)); b <= to; ++b) {
    note(kFirstBlock + static_cast<std::size_t>(b));
  }
}

const std::vector<int>& CliqueFirst::Sorted(Batch& batch, Key key) {
  auto& sorted = batch.sorted[static_cast<int>(key)];
  if (sorted.empty()) {
    sorted = batch.buffers;
    sort_keys_.Sort(sorted, key);
  }
  return sorted;
}

// The bound of a section counts the largest padding as saved: its owner must be on top.
void CliqueFirst::TopWithSlack(std::vector<int>& clique) const {
  const auto slack = [this](int buffer) {
    const Buffer& b = problem_.buffers[At(buffer)];
    return -b.size & (b.alignment - 1);
  };
  const auto top = std::max_element(clique.begin(), clique.end(), [&](int a, int b) { return slack(a) < slack(b); });
  if (top != clique.end() && slack(*top) > 0) std::rotate(top, top + 1, clique.end());
}

// Moves members that are not alive with `buffer` to the top, lowest first, until they are as large as it is.
void CliqueFirst::MakeRoom(std::vector<int>& clique, int buffer) const {
  const auto& extents = shapes_.extents;
  const Span span = extents[At(buffer)];
  std::int64_t need = problem_.buffers[At(buffer)].size;
  std::vector<int> bottom, top;
  for (const int member : clique) {
    const bool moves = need > 0 && !Overlap(extents[At(member)], span);
    if (moves) need -= problem_.buffers[At(member)].size;
    (moves ? top : bottom).push_back(member);
  }
  clique = std::move(bottom);
  clique.insert(clique.end(), top.begin(), top.end());
}

// Places buffers from one position on at their lowest fits until one would end above the target; returns that one's
// position, or order.size().
std::size_t CliqueFirst::PlaceInOrder(Placer& placer, const std::vector<int>& order, std::size_t from,
                                      std::int64_t target) {
  std::size_t i = from;
  for (; i < order.size(); ++i) {
    const std::int64_t offset = placer.LowestFit(order[i], target);
    ++steps_;
    if (offset == kNoFit) break;
    placer.Place(order[i], offset);
    offsets_[At(order[i])] = offset;
  }
  watch_.Spend(work_of_step_ * static_cast<std::int64_t>(i - from + 1));
  return i;
}

bool CliqueFirst::Stack(const std::vector<int>& clique, std::int64_t target, bool anyway) {
  std::vector<int> all = fixed_;
  all.insert(all.end(), clique.begin(), clique.end());
  Placer placer(problem_, shapes_, {0, shapes_.sections()}, all);
  for (const int buffer : fixed_) placer.Place(buffer, offsets_[At(buffer)]);
  const bool done = PlaceInOrder(placer, clique, 0, anyway ? kNoFit : target) == clique.size();
  stacks_ = stacks_ && done;
  return done;
}

// An empty placer with the batch's obstacles at their offsets.
std::unique_ptr<Placer> CliqueFirst::Prepare(Batch& batch) const {
  std::unique_ptr<Placer> placer = std::move(batch.placer);
  if (placer == nullptr) {
    std::vector<int> all = batch.obstacles;
    all.insert(all.end(), batch.buffers.begin(), batch.buffers.end());
    placer = std::make_unique<Placer>(problem_, shapes_, batch.window, all);
  }
  placer->Clear();
  for (const int buffer : batch.obstacles) placer->Place(buffer, offsets_[At(buffer)]);
  placer->Checkpoint();
  return placer;
}

// Places the buffers in order. Where one does not fit it moves to the front, all are taken out, and the next try
// begins.
bool CliqueFirst::TryOrder(Placer& placer, std::vector<int>& order, int tries, std::int64_t step_limit,
                           std::int64_t target) {
  for (int t = 0; t <= tries && steps_ < step_limit && !watch_.stopped(); ++t) {
    const std::size_t stop = PlaceInOrder(placer, order, 0, target);
    if (stop == order.size()) return true;
    placer.Rollback();
    const int buffer = order[stop];
    failed_.push_back(buffer);
    const int count = ++failures_[At(buffer)];
    if (offender_ < 0 || count > failures_[At(offender_)]) offender_ = buffer;
    if (stop == 0) return false;  // fits nowhere even alone
    const auto at = order.begin() + static_cast<std::ptrdiff_t>(stop);
    std::rotate(order.begin(), at, at + 1);
  }
  return false;
}

// In a block far from the worst section nearly everything fits: the long buffers in order, the short ones (most of
// them) on top of what is there. False if that does not stay below the target.
bool CliqueFirst::FillLoosely(Batch& batch, std::int64_t target) {
  std::vector<int> longer, shorter;
  for (const int buffer : batch.buffers) {
    (shapes_.extents[At(buffer)].length() > kShort ? longer : shorter).push_back(buffer);
  }
  std::vector<int> placed = batch.obstacles;
  placed.insert(placed.end(), longer.begin(), longer.end());
  if (!longer.empty()) {
    Placer placer(problem_, shapes_, batch.window, placed);
    for (const int buffer : batch.obstacles) placer.Place(buffer, offsets_[At(buffer)]);
    sort_keys_.Sort(longer, kFillKeys[0]);
    if (PlaceInOrder(placer, longer, 0, target) != longer.size()) return false;
  }
  Skyline skyline(problem_, shapes_, batch.window, placed, offsets_);
  sort_keys_.Sort(shorter, Key::kHeavy);
  steps_ += static_cast<std::int64_t>(shorter.size());
  for (const int buffer : shorter) {
    if (!skyline.Put(buffer, target, offsets_[At(buffer)])) return false;
  }
  return true;
}

// Places all buffers; those that do not fit below the target lie above it.
void CliqueFirst::PlaceAnyway(Placer& placer, const std::vector<int>& order, std::int64_t target) {
  for (std::size_t i = PlaceInOrder(placer, order, 0, target); i < order.size();
       i = PlaceInOrder(placer, order, i + 1, target)) {
    const std::int64_t offset = placer.LowestFit(order[i], kNoFit, target);
    placer.Place(order[i], offset);
    offsets_[At(order[i])] = offset;
  }
}

bool CliqueFirst::Fill(Batch& batch, const Patience& patience, std::int64_t target, bool anyway) {
  std::unique_ptr<Placer> placer = Prepare(batch);
  offender_ = -1;
  bool done = false;
  const auto pass = static_cast<std::int64_t>(std::max(batch.buffers.size(), kCoreSteps));
  for (int k = 0; k < patience.orders && !done; ++k) {
    const std::int64_t limit = steps_ + patience.passes * pass;
    std::vector<int> order = Sorted(batch, kFillKeys[k]);
    done = TryOrder(*placer, order, patience.tries, anyway ? limit : std::min(limit, step_limit_), target);
    if (keeps_orders_) batch.sorted[static_cast<int>(kFillKeys[k])] = order;
    if (done || !anyway || k + 1 < patience.orders) continue;
    PlaceAnyway(*placer, order, target);
    done = true;
  }
  for (const int buffer : failed_) failures_[At(buffer)] = 0;
  failed_.clear();
  if (batch.buffers.size() <= kLargestBlock) batch.placer = std::move(placer);
  return done;
}

// Fills the cores first: a target that cannot be met fails there, before the many buffers of blocks are placed.
bool CliqueFirst::FillAll(const Patience& patience, std::int64_t target, bool anyway) {
  for (const bool core : {true, false}) {
    for (std::size_t r = 0; r < regions_.size(); ++r) {
      auto& batches = regions_[r].batches;
      for (std::size_t b = core ? 0 : 1; b < (core ? 1 : batches.size()); ++b) {
        if (batches[b].buffers.empty() || (b >= kFirstBlock && FillLoosely(batches[b], target))) continue;
        if (Fill(batches[b], patience, target, anyway)) continue;
        const auto at = regions_.begin() + static_cast<std::ptrdiff_t>(r);
        std::rotate(regions_.begin(), at, at + 1);
        return false;
      }
    }
  }
  return true;
}

bool CliqueFirst::Pack(Key clique_key, const Patience& patience, std::int64_t target, bool anyway) {
  std::vector<int> clique = clique_;
  sort_keys_.Sort(clique, clique_key);
  for (int round = 0; round <= patience.rearranged; ++round) {
    TopWithSlack(clique);
    if (!Stack(clique, target, anyway)) return false;
    if (FillAll(patience, target, anyway)) return true;
    if (steps_ >= step_limit_ || offender_ < 0 || watch_.stopped()) return false;
    MakeRoom(clique, offender_);
  }
  return false;
}

bool CliqueFirst::PackAround(const std::vector<std::int64_t>& offsets_of_clique, const Patience& patience,
                             std::int64_t target) {
  for (std::size_t k = 0; k < clique_.size(); ++k) offsets_[At(clique_[k])] = offsets_of_clique[k];
  return FillAll(patience, target, false);
}

std::int64_t CliqueFirst::Peak() const {
  std::int64_t peak = 0;
  for (std::size_t i = 0; i < offsets_.size(); ++i) peak = std::max(peak, offsets_[i] + problem_.buffers[i].size);
  return peak;
}

}  // namespace orionrt
