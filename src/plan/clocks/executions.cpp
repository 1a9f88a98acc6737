#include "plan/clocks/executions.hpp"

#include <algorithm>
#include <cstddef>
#include <random>

#include "base/index.hpp"

namespace orionrt {
namespace {

constexpr int kTurn = 20;  // one in so many steps another stream goes ahead

class Sampler {
 public:
  Sampler(const Precedence& order, const std::vector<int>& heaviest)
      : order_(order), needed_(BeginsNeeded(order)), most_(At(order.chains())) {
    const int chains = order.chains();
    for (int c = 0; c < chains; ++c) most_[At(c)] = order.length(c);
    begins_.resize(At(order.nodes()));
    overs_.resize(At(order.nodes()));
    for (int r = 0; r < order.count(); ++r) {
      begins_[At(order.node(order.chain(r), order.position(r)))].push_back(r);
      for (int c = 0; c < chains; ++c) {
        if (order.first(r)[c] < order.length(c)) overs_[At(order.node(c, order.first(r)[c]))].push_back(r);
      }
    }
    // Where the streams stand when all of the antichain has begun, and nothing that need not have.
    heaviest_.assign(At(chains), 0);
    for (const int r : heaviest) Reach(heaviest_, order.chain(r), order.position(r) + 1);
  }

  Execution Run(int way) {
    execution_ = Execution();
    execution_.spans.assign(At(order_.count()), Span());
    alive_.assign(At(order_.count()), 0);
    at_.assign(At(order_.chains()), 0);
    ahead_ = static_cast<int>(random_() % At(order_.chains()));
    load_ = 0;
    grown_ = false;
    while (Step(way, heaviest_)) {
    }
    while (Step(way, most_)) {
    }
    AddMoment();
    for (int r = 0; r < order_.count(); ++r) {
      if (alive_[At(r)] != 0) execution_.spans[At(r)].last = static_cast<int>(execution_.loads.size());
    }
    return std::move(execution_);
  }

 private:
  const int* Needed(int chain, int position) const {
    return needed_.data() + At(order_.node(chain, position)) * At(order_.chains());
  }

  // Lets a chain have so many begins, and the others what comes before these.
  void Reach(std::vector<int>& at, int chain, int begins) {
    if (begins <= at[At(chain)]) return;
    at[At(chain)] = begins;
    for (int other = 0; other < order_.chains(); ++other) {
      if (other != chain) Reach(at, other, Needed(chain, begins - 1)[other]);
    }
  }

  bool May(int chain, const std::vector<int>& until) {
    if (at_[At(chain)] >= until[At(chain)]) return false;
    const int* needed = Needed(chain, at_[At(chain)]);
    for (int other = 0; other < order_.chains(); ++other) {
      if (other != chain && at_[At(other)] < needed[other]) return false;
    }
    return true;
  }

  std::int64_t SizeOf(int r) const { return order_.rectangles()[At(r)].end - order_.rectangles()[At(r)].begin; }

  std::int64_t Growth(int chain) {
    const std::size_t node = At(order_.node(chain, at_[At(chain)]));
    std::int64_t growth = 0;
    for (const int r : begins_[node]) growth += SizeOf(r);
    for (const int r : overs_[node]) growth -= alive_[At(r)] != 0 ? SizeOf(r) : 0;
    return growth;
  }

  // The next begin of some chain; false: none may be before `until`.
  bool Step(int way, const std::vector<int>& until) {
    may_.clear();
    for (int c = 0; c < order_.chains(); ++c) {
      if (May(c, until)) may_.push_back(c);
    }
    if (may_.empty()) return false;
    int chain = may_[random_() % may_.size()];
    switch (way % 4) {
      case 0:
        chain = Fullest();
        break;
      case 1:
        break;
      case 2:
        if (random_() % kTurn == 0) ahead_ = static_cast<int>(random_() % At(order_.chains()));
        if (std::find(may_.begin(), may_.end(), ahead_) != may_.end()) chain = ahead_;
        break;
      default:
        if (random_() % 3 != 0) chain = Fullest();
        break;
    }
    Advance(chain);
    return true;
  }

  int Fullest() {
    int fullest = may_.front();
    std::int64_t most = Growth(fullest);
    for (const int c : may_) {
      const std::int64_t growth = Growth(c);
      if (growth <= most) continue;
      most = growth;
      fullest = c;
    }
    return fullest;
  }

  void Advance(int chain) {
    const std::size_t node = At(order_.node(chain, at_[At(chain)]));
    for (const int r : overs_[node]) {
      if (alive_[At(r)] == 0) continue;
      if (grown_) AddMoment();
      alive_[At(r)] = 0;
      load_ -= SizeOf(r);
      execution_.spans[At(r)].last = static_cast<int>(execution_.loads.size());
    }
    for (const int r : begins_[node]) {
      alive_[At(r)] = 1;
      load_ += SizeOf(r);
      execution_.spans[At(r)].first = static_cast<int>(execution_.loads.size());
      grown_ = true;
    }
    ++at_[At(chain)];
  }

  void AddMoment() {
    grown_ = false;
    execution_.loads.push_back(load_);
    std::uint64_t mark = 1;
    for (const int at : at_) mark = (mark ^ (mark >> 29) ^ static_cast<std::uint64_t>(at)) * 0x9E3779B97F4A7C15u;
    execution_.marks.push_back(mark);
  }

  const Precedence& order_;
  const std::vector<int> needed_;                 // begins x chains
  std::vector<std::vector<int>> begins_, overs_;  // per begin: the rectangles that begin there, or are over by then
  std::vector<int> most_, heaviest_;              // per chain: begins
  std::mt19937_64 random_{1};

  Execution execution_;
  std::vector<char> alive_;
  std::vector<int> at_;   // per chain: begins that there were
  std::vector<int> may_;  // chains that may go on
  int ahead_ = 0;
  std::int64_t load_ = 0;
  bool grown_ = false;  // since the last moment
};

}  // namespace

std::vector<int> BeginsNeeded(const Precedence& order) {
  const int chains = order.chains();
  std::vector<int> all(At(order.nodes()) * At(chains), 0);
  const auto needed = [&](int chain, int position) {
    return all.data() + At(order.node(chain, position)) * At(chains);
  };
  for (int c = 0; c < chains; ++c) {
    for (int p = 0; p < order.length(c); ++p) {
      const int* reach = order.reach(c, p);
      for (int other = 0; other < chains; ++other) {
        if (other == c || reach[other] == order.length(other)) continue;
        int& begins = needed(other, reach[other])[c];
        begins = std::max(begins, p + 1);
      }
    }
  }
  for (int c = 0; c < chains; ++c) {
    for (int p = 1; p < order.length(c); ++p) {
      for (int other = 0; other < chains; ++other) {
        needed(c, p)[other] = std::max(needed(c, p)[other], needed(c, p - 1)[other]);
      }
    }
  }
  return all;
}

std::vector<Execution> SampleExecutions(const Precedence& order, const std::vector<int>& heaviest, int count) {
  Sampler sampler(order, heaviest);
  std::vector<Execution> executions;
  for (int way = 0; way < count; ++way) executions.push_back(sampler.Run(way));
  return executions;
}

}  // namespace orionrt
