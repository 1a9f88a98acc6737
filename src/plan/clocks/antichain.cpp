#include "plan/clocks/antichain.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "base/index.hpp"

namespace orionrt {
namespace {

constexpr std::size_t kMostArcs = std::size_t{1} << 25;  // rectangles x chains: an arc each at the worst

// Begins, and behind them deaths: of rectangles that are over before the same begins, one. An arc leads to what comes
// later, and carries bytes that are handed over, as many as may be.
class Network {
 public:
  Network(const Precedence& order, const std::vector<std::int64_t>& weights) : order_(order) {
    demand_.assign(At(order.nodes()), 0);
    FindDeaths(weights);
    supply_.resize(demand_.size(), 0);
    supply_.insert(supply_.end(), death_bytes_.begin(), death_bytes_.end());
    demand_.resize(supply_.size(), 0);
    LinkBegins();
    LinkDeaths();
    Sort();
  }

  // True if the flow is a maximum one.
  bool Run(std::int64_t most_work) {
    work_left_ = most_work;
    HandOverForward();
    while (work_left_ > 0 && FindLevels()) Augment();
    return work_left_ > 0;
  }

  // What may hand over to a begin that lacks bytes: the lower side of a least cut.
  bool Reaches(int node) const { return level_[At(node)] >= 0; }
  int death(int r) const { return death_[At(r)]; }  // its node; -1: it is over before nothing

 private:
  struct Arc {
    int from = 0, to = 0;
    std::int64_t flow = 0;
  };

  int BeginOf(int r) const { return order_.node(order_.chain(r), order_.position(r)); }

  void FindDeaths(const std::vector<std::int64_t>& weights) {
    const int chains = order_.chains();
    std::vector<int> sorted;
    death_.assign(At(order_.count()), -1);
    for (int r = 0; r < order_.count(); ++r) {
      demand_[At(BeginOf(r))] += weights[At(r)];
      const int* first = order_.first(r);
      for (int c = 0; c < chains; ++c) {
        if (first[c] == order_.length(c)) continue;
        sorted.push_back(r);
        break;
      }
    }
    const auto before = [&](int a, int b) {
      return std::lexicographical_compare(order_.first(a), order_.first(a) + chains, order_.first(b),
                                          order_.first(b) + chains);
    };
    std::sort(sorted.begin(), sorted.end(), before);
    for (std::size_t k = 0; k < sorted.size(); ++k) {
      if (k == 0 || before(sorted[k - 1], sorted[k])) {
        death_bytes_.push_back(0);
        of_death_.push_back(sorted[k]);
      }
      death_[At(sorted[k])] = order_.nodes() + static_cast<int>(death_bytes_.size()) - 1;
      death_bytes_.back() += weights[At(sorted[k])];
    }
  }

  // Along each chain, with arcs that skip ever more of it, so that no way is long; and across, where a begin is the
  // latest of its chain that comes before another's, and no third lies between.
  void LinkBegins() {
    constexpr int kSkip = 8;
    for (int c = 0; c < order_.chains(); ++c) {
      for (int p = 0; p < order_.length(c); ++p) {
        for (int hop = 1; p % hop == 0 && p + hop < order_.length(c); hop *= kSkip) {
          arcs_.push_back({order_.node(c, p), order_.node(c, p + hop), 0});
        }
        const int* next = p + 1 < order_.length(c) ? order_.reach(c, p + 1) : nullptr;
        for (int other = 0; other < order_.chains(); ++other) {
          const int* reach = order_.reach(c, p);
          if (other == c || reach[other] == order_.length(other)) continue;
          if (next != nullptr && next[other] == reach[other]) continue;
          if (!IsThrough(reach, other, c)) arcs_.push_back({order_.node(c, p), order_.node(other, reach[other]), 0});
        }
      }
    }
  }

  void LinkDeaths() {
    for (std::size_t d = 0; d < of_death_.size(); ++d) {
      const int* first = order_.first(of_death_[d]);
      for (int c = 0; c < order_.chains(); ++c) {
        if (first[c] == order_.length(c) || IsThrough(first, c, -1)) continue;
        arcs_.push_back({order_.nodes() + static_cast<int>(d), order_.node(c, first[c]), 0});
      }
    }
  }

  // Whether the begin at `reach` on `chain` comes behind one at `reach` on another chain.
  bool IsThrough(const int* reach, int chain, int but) const {
    for (int c = 0; c < order_.chains(); ++c) {
      if (c == chain || c == but || reach[c] == order_.length(c)) continue;
      if (order_.reach(c, reach[c])[chain] == reach[chain]) return true;
    }
    return false;
  }

  // Arcs by where they lead, those of deaths first, the nearest begin next; and by where they come from.
  void Sort() {
    const auto late = [this](const Arc& arc) { return arc.from >= order_.nodes() ? INT32_MAX : order_.rank(arc.from); };
    std::sort(arcs_.begin(), arcs_.end(), [&](const Arc& a, const Arc& b) {
      if (a.to != b.to) return a.to < b.to;
      if (late(a) != late(b)) return late(a) > late(b);
      return a.from > b.from;
    });
    const std::size_t nodes = supply_.size();
    into_.assign(nodes + 1, 0);
    out_of_.assign(nodes + 1, 0);
    for (const Arc& arc : arcs_) ++into_[At(arc.to) + 1], ++out_of_[At(arc.from) + 1];
    std::partial_sum(into_.begin(), into_.end(), into_.begin());
    std::partial_sum(out_of_.begin(), out_of_.end(), out_of_.begin());
    out_arcs_.resize(arcs_.size());
    std::vector<int> at(out_of_.begin(), out_of_.end() - 1);
    for (int a = 0; a < static_cast<int>(arcs_.size()); ++a) out_arcs_[At(at[At(arcs_[At(a)].from)]++)] = a;
  }

  // Each begin, in running order, takes what is nearest before it. Nodes with nothing left before them are left for
  // good.
  void HandOverForward() {
    std::vector<int> in_rank(At(order_.nodes()));
    for (int n = 0; n < order_.nodes(); ++n) in_rank[At(order_.rank(n))] = n;
    std::vector<int> next(into_.begin(), into_.end() - 1), way;  // arcs
    for (const int begin : in_rank) {
      while (demand_[At(begin)] > 0) {
        way.clear();
        int at = begin;
        while (true) {
          if (supply_[At(at)] > 0) break;
          if (next[At(at)] < into_[At(at) + 1]) {
            way.push_back(next[At(at)]);
            at = arcs_[At(way.back())].from;
            continue;
          }
          if (way.empty()) break;
          at = arcs_[At(way.back())].to;
          way.pop_back();
          ++next[At(at)];
        }
        work_left_ -= static_cast<std::int64_t>(way.size()) + 1;
        if (supply_[At(at)] == 0) break;
        const std::int64_t bytes = std::min(supply_[At(at)], demand_[At(begin)]);
        supply_[At(at)] -= bytes;
        demand_[At(begin)] -= bytes;
        for (const int a : way) arcs_[At(a)].flow += bytes;
      }
    }
  }

  // Distances to a begin that lacks bytes, against the arcs, and along those that carry some. True if bytes are left
  // that could get there.
  bool FindLevels() {
    level_.assign(supply_.size(), -1);
    queue_.clear();
    for (int n = 0; n < order_.nodes(); ++n) {
      if (demand_[At(n)] == 0) continue;
      level_[At(n)] = 0;
      queue_.push_back(n);
    }
    bool found = false;
    for (std::size_t q = 0; q < queue_.size(); ++q) {
      const int n = queue_[q];
      found |= supply_[At(n)] > 0;
      const auto visit = [&](int other) {
        if (level_[At(other)] >= 0) return;
        level_[At(other)] = level_[At(n)] + 1;
        queue_.push_back(other);
      };
      for (int a = into_[At(n)]; a < into_[At(n) + 1]; ++a) visit(arcs_[At(a)].from);
      for (int k = out_of_[At(n)]; k < out_of_[At(n) + 1]; ++k) {
        const Arc& arc = arcs_[At(out_arcs_[At(k)])];
        if (arc.flow > 0) visit(arc.to);
      }
    }
    work_left_ -= static_cast<std::int64_t>(2 * arcs_.size());
    return found;
  }

  // From every begin that lacks bytes, one level further a step, to bytes that are left, until none can be had.
  void Augment() {
    struct Step {
      int arc;
      bool against;  // the arc, as bytes come along it; else some that it carries are taken back
    };
    next_in_.assign(into_.begin(), into_.end() - 1);
    next_out_.assign(out_of_.begin(), out_of_.end() - 1);
    std::vector<Step> way;
    for (int begin = 0; begin < order_.nodes(); ++begin) {
      while (demand_[At(begin)] > 0 && work_left_ > 0) {
        way.clear();
        int at = begin;
        while (supply_[At(at)] == 0) {
          --work_left_;
          const std::size_t n = At(at);
          if (next_in_[n] < into_[n + 1]) {
            const int from = arcs_[At(next_in_[n])].from;
            if (level_[At(from)] == level_[n] + 1) {
              way.push_back({next_in_[n], true});
              at = from;
            } else {
              ++next_in_[n];
            }
          } else if (next_out_[n] < out_of_[n + 1]) {
            const int a = out_arcs_[At(next_out_[n])];
            if (arcs_[At(a)].flow > 0 && level_[At(arcs_[At(a)].to)] == level_[n] + 1) {
              way.push_back({a, false});
              at = arcs_[At(a)].to;
            } else {
              ++next_out_[n];
            }
          } else {
            if (way.empty()) break;
            const Step step = way.back();
            way.pop_back();
            at = step.against ? arcs_[At(step.arc)].to : arcs_[At(step.arc)].from;
            ++(step.against ? next_in_ : next_out_)[At(at)];
          }
        }
        if (supply_[At(at)] == 0) break;
        std::int64_t bytes = std::min(supply_[At(at)], demand_[At(begin)]);
        for (const Step& step : way) {
          if (!step.against) bytes = std::min(bytes, arcs_[At(step.arc)].flow);
        }
        supply_[At(at)] -= bytes;
        demand_[At(begin)] -= bytes;
        for (const Step& step : way) arcs_[At(step.arc)].flow += step.against ? bytes : -bytes;
      }
    }
  }

  const Precedence& order_;
  std::vector<std::int64_t> supply_, demand_;  // per node: bytes left over, bytes lacking
  std::vector<std::int64_t> death_bytes_;
  std::vector<int> death_;     // per rectangle
  std::vector<int> of_death_;  // one rectangle of each
  std::vector<Arc> arcs_;
  std::vector<int> into_, out_of_, out_arcs_;
  std::vector<int> level_, queue_, next_in_, next_out_;
  std::int64_t work_left_ = 0;
};

}  // namespace

Antichain HeaviestMoment(const Precedence& order, const std::vector<std::int64_t>& weights) {
  std::vector<std::int64_t> load(At(order.nodes()) + 1, 0);
  std::vector<Precedence::Span> spans;
  for (int r = 0; r < order.count(); ++r) {
    spans.push_back(order.Serial(r));
    load[At(spans.back().lower)] += weights[At(r)];
    load[At(spans.back().upper)] -= weights[At(r)];
  }
  std::partial_sum(load.begin(), load.end(), load.begin());
  const int worst = static_cast<int>(std::max_element(load.begin(), load.end()) - load.begin());
  Antichain found;
  for (int r = 0; r < order.count(); ++r) {
    if (spans[At(r)].lower > worst || spans[At(r)].upper <= worst) continue;
    found.rectangles.push_back(r);
    found.weight += weights[At(r)];
  }
  return found;
}

Antichain HeaviestAntichain(const Precedence& order, const std::vector<std::int64_t>& weights, std::int64_t most_work) {
  if (At(order.count()) * At(order.chains()) > kMostArcs) return HeaviestMoment(order, weights);
  Network network(order, weights);
  if (!network.Run(most_work)) return HeaviestMoment(order, weights);
  Antichain found;
  found.exact = true;
  for (int r = 0; r < order.count(); ++r) {
    const int begin = order.node(order.chain(r), order.position(r));
    if (!network.Reaches(begin) || (network.death(r) >= 0 && network.Reaches(network.death(r)))) continue;
    found.rectangles.push_back(r);
    found.weight += weights[At(r)];
  }
  return found;
}

}  // namespace orionrt
