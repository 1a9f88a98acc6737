#include "graph/stream_placing.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/index.hpp"

namespace orionrt {
namespace {

// How ops are put on streams, one after another as they are listed. All keep an op on the stream of its path where
// that lets it begin as early as any other would.
enum class Style {
  kWholePaths,  // a path stays on one stream
  kEvenPaths,   // the same, and it begins where the fewest paths go on, before where it may begin first
  kCutPaths,    // an op leaves its path for a stream on which it begins earlier
};

class ChainPlacing {
 public:
  ChainPlacing(const Dependencies& needs, const std::vector<int>& path_before, int streams)
      : needs_(needs),
        path_before_(path_before),
        free_(At(streams)),
        open_(At(streams)),
        goes_on_(path_before.size(), false) {
    for (const int previous : path_before) {
      if (previous >= 0) goes_on_[At(previous)] = true;
    }
  }

  Placement Place(Style style) {
    Placement placed{std::vector<int>(path_before_.size(), 0), 0};
    std::vector<int> ended(path_before_.size(), 0);
    std::fill(free_.begin(), free_.end(), 0);
    std::fill(open_.begin(), open_.end(), 0);
    for (int i = 0; i < static_cast<int>(path_before_.size()); ++i) {
      int ready = 0;
      for (const int previous : needs_.before[At(i)]) ready = std::max(ready, ended[At(previous)]);
      const int previous = path_before_[At(i)];
      const int own = previous < 0 ? -1 : placed.stream_of[At(previous)];
      if (own >= 0) --open_[At(own)];
      const bool stays = own >= 0 && (style != Style::kCutPaths || needs_.effects_before[At(i)] >= 0);
      const int stream = stays ? own : Choose(style, ready, own);
      placed.stream_of[At(i)] = stream;
      ended[At(i)] = std::max(ready, free_[At(stream)]) + needs_.time[At(i)];
      free_[At(stream)] = ended[At(i)];
      placed.longest_chain = std::max(placed.longest_chain, ended[At(i)]);
      if (goes_on_[At(i)]) ++open_[At(stream)];
    }
    return placed;
  }

 private:
  // The best stream for an op that may begin at `ready` and whose path comes from stream `own`.
  int Choose(Style style, int ready, int own) const {
    const auto rank = [&](int stream) {
      const int begins = std::max(ready, free_[At(stream)]), elsewhere = stream == own ? 0 : 1;
      return style == Style::kEvenPaths ? std::array<int, 4>{elsewhere, open_[At(stream)], begins, stream}
                                        : std::array<int, 4>{begins, elsewhere, open_[At(stream)], stream};
    };
    int best = 0;
    for (int stream = 1; stream < static_cast<int>(free_.size()); ++stream) {
      if (rank(stream) < rank(best)) best = stream;
    }
    return best;
  }

  const Dependencies& needs_;
  const std::vector<int>& path_before_;
  std::vector<int> free_;      // per stream when its last op has run
  std::vector<int> open_;      // per stream how many paths of ops there go on
  std::vector<bool> goes_on_;  // per op: its path does
};

// Moves runs of ops on a path from stream to stream, as long as that makes the longest chain shorter, or ops end
// earlier on the whole. What to move is found on the longest chain: where an op waits for its stream, and not for what
// it needs, it or the op that is in its way should go elsewhere.
class Mover {
 public:
  Mover(const Dependencies& needs, const std::vector<int>& path_before, int streams, Placement placed)
      : needs_(needs),
        streams_(streams),
        path_before_(path_before),
        path_after_(path_before.size(), -1),
        placed_(std::move(placed)),
        ended_(path_before.size(), 0),
        in_way_(path_before.size(), -1) {
    for (int i = 0; i < static_cast<int>(path_before.size()); ++i) {
      if (path_before[At(i)] >= 0) path_after_[At(path_before[At(i)])] = i;
      arcs_ += 1 + needs.before[At(i)].size();
    }
  }

  Placement Improve() {
    Score score = Judge();
    for (bool moved = true; moved;) {
      moved = false;
      for (const int op : OpsInTheWay()) {
        moved = TryMoves(op, score);
        if (moved || spent_ > kBudget) break;
      }
      if (spent_ > kBudget) break;
    }
    placed_.longest_chain = score.first;
    return std::move(placed_);
  }

 private:
  using Score = std::pair<int, std::int64_t>;         // the longest chain, and the sum of all ends
  static constexpr std::size_t kBudget = 20'000'000;  // dependencies looked at

  // Runs the ops, and remembers when each ended and, where it waited for its stream, for whom.
  Score Judge() {
    std::vector<int> last(At(streams_), -1);
    Score score{0, 0};
    for (int i = 0; i < static_cast<int>(ended_.size()); ++i) {
      int begins = 0;
      for (const int previous : needs_.before[At(i)]) begins = std::max(begins, ended_[At(previous)]);
      int& before = last[At(placed_.stream_of[At(i)])];
      const bool in_way = before >= 0 && ended_[At(before)] > begins;
      in_way_[At(i)] = in_way ? before : -1;
      ended_[At(i)] = (in_way ? ended_[At(before)] : begins) + needs_.time[At(i)];
      before = i;
      score.first = std::max(score.first, ended_[At(i)]);
      score.second += ended_[At(i)];
    }
    spent_ += arcs_;
    return score;
  }

  // Backwards along the longest chain: each op that waits for its stream, and the one in its way.
  std::vector<int> OpsInTheWay() const {
    std::vector<int> found;
    int at = static_cast<int>(std::max_element(ended_.begin(), ended_.end()) - ended_.begin());
    while (at >= 0) {
      const int in_way = in_way_[At(at)];
      if (in_way >= 0) {
        if (path_before_[At(at)] != in_way) found.insert(found.end(), {at, in_way});
        at = in_way;
        continue;
      }
      int latest = -1;
      for (const int previous : needs_.before[At(at)]) {
        if (latest < 0 || ended_[At(previous)] > ended_[At(latest)]) latest = previous;
      }
      at = latest;
    }
    return found;
  }

  bool Stays(int op) const {  // with effects
    return needs_.effects_before[At(op)] >= 0 ||
           (path_after_[At(op)] >= 0 && needs_.effects_before[At(path_after_[At(op)])] >= 0);
  }

  // The ops of the path around `op` that are on its stream; or those from it on, or up to it.
  std::vector<int> RunOf(int op, bool backwards, bool forwards) const {
    const int stream = placed_.stream_of[At(op)];
    std::vector<int> run = {op};
    const auto add = [&](const std::vector<int>& next_of) {
      for (int i = next_of[At(op)]; i >= 0 && placed_.stream_of[At(i)] == stream; i = next_of[At(i)]) run.push_back(i);
    };
    if (backwards) add(path_before_);
    if (forwards) add(path_after_);
    return run;
  }

  bool TryMoves(int op, Score& score) {
    const int own = placed_.stream_of[At(op)];
    for (const auto& [backwards, forwards] : {std::pair(true, true), std::pair(false, true), std::pair(true, false)}) {
      const std::vector<int> run = RunOf(op, backwards, forwards);
      if (std::any_of(run.begin(), run.end(), [&](int i) { return Stays(i); })) continue;
      for (int stream = 0; stream < streams_; ++stream) {
        if (stream == own) continue;
        for (const int i : run) placed_.stream_of[At(i)] = stream;
        const Score moved = Judge();
        if (moved < score) {
          score = moved;
          return true;
        }
        for (const int i : run) placed_.stream_of[At(i)] = own;
        if (spent_ > kBudget) break;
      }
    }
    return false;
  }

  const Dependencies& needs_;
  int streams_;
  const std::vector<int>& path_before_;
  std::vector<int> path_after_;
  Placement placed_;
  std::vector<int> ended_, in_way_;  // per op
  std::size_t arcs_ = 0, spent_ = 0;
};

}  // namespace

std::vector<Placement> PlaceOnStreams(const Dependencies& needs, const std::vector<int>& path_before, int streams) {
  std::vector<Placement> found;
  if (path_before.empty() || streams == 1) return found;
  ChainPlacing placing(needs, path_before, streams);
  for (const Style style : {Style::kWholePaths, Style::kEvenPaths, Style::kCutPaths}) {
    found.push_back(placing.Place(style));
    found.push_back(Mover(needs, path_before, streams, found.back()).Improve());
  }
  return found;
}

}  // namespace orionrt
