// In place: an output on an input that dies. Two bodies become one if all members that meet, in bytes and in time, meet
// at this op alone, the one as an operand that it reads last and the other as its result, as an alias of the op allows.
#include <algorithm>
#include <climits>
#include <set>
#include <utility>

#include "base/checked.hpp"
#include "graph/sharing.hpp"

namespace orionrt {
namespace {

struct Lives {
  std::vector<Lifetime> lives;  // both steps inclusive; what is kept has no last one
  std::vector<int> own_ends;    // last use by itself, and not through a view
};

Lives LivesOf(const Graph& graph, const GraphLiveness& liveness) {
  Lives all{liveness.lifetimes(), std::vector<int>(graph.tensors().size())};
  for (int i = 0; i < static_cast<int>(all.lives.size()); ++i) {
    all.own_ends[static_cast<std::size_t>(i)] = all.lives[static_cast<std::size_t>(i)].start;
    if ((graph.tensors()[static_cast<std::size_t>(i)].roles & (kOutput | kState)) == 0) continue;
    for (const int kept : {i, graph.RootOf(i).index}) all.lives[static_cast<std::size_t>(kept)].end = INT_MAX;
  }
  for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
    const OpNode& op = graph.ops()[static_cast<std::size_t>(step)];
    for (const int id : op.inputs) all.own_ends[static_cast<std::size_t>(graph.IndexOf(id))] = step;
    for (const int id : op.outputs) {  // one that makes a view uses its root
      int& end = all.own_ends[static_cast<std::size_t>(graph.RootOf(graph.IndexOf(id)).index)];
      end = std::max(end, step);
    }
  }
  return all;
}

struct Claim {
  int output = 0;  // tensors
  int input = 0;
  std::int64_t behind = 0;  // bytes by which the output begins behind the input
  std::int64_t saved = 0;   // bytes that they share
};

class Claimer {
 public:
  Claimer(const Graph& graph, const GraphLiveness& liveness, Bodies& bodies)
      : graph_(graph), bodies_(bodies), lives_(LivesOf(graph, liveness)), by_end_(graph.tensors().size()) {
    for (int i = 0; i < static_cast<int>(by_end_.size()); ++i) {
      if (graph.tensors()[static_cast<std::size_t>(i)].bytes == 0) continue;
      by_end_[static_cast<std::size_t>(bodies.Find(i).body)].insert({LifeOf(i).end, i});
    }
  }

  void Claim1(int step, std::vector<InPlaceUse>& uses) {
    const OpNode& op = graph_.ops()[static_cast<std::size_t>(step)];
    std::vector<Claim> claims = ClaimsOf(step);
    if (claims.size() > 1) claims = Matching(claims);
    for (const Claim& claim : claims) {
      if (!IsLegal(step, claim)) continue;  // since one before it was made
      Merge(claim);
      uses.push_back({op.id, graph_.tensors()[static_cast<std::size_t>(claim.output)].id,
                      graph_.tensors()[static_cast<std::size_t>(claim.input)].id});
    }
  }

 private:
  const Lifetime& LifeOf(int tensor) const { return lives_.lives[static_cast<std::size_t>(tensor)]; }
  std::int64_t BytesOf(int tensor) const {
    return static_cast<std::int64_t>(graph_.tensors()[static_cast<std::size_t>(tensor)].bytes);
  }

  // Those that are legal by themselves, in the op's order of preference.
  std::vector<Claim> ClaimsOf(int step) const {
    const OpNode& op = graph_.ops()[static_cast<std::size_t>(step)];
    std::vector<Claim> claims;
    for (const Alias& alias : op.aliases) {
      if (alias.kind == AliasKind::kView || alias.kind == AliasKind::kPart) continue;
      Claim claim;
      claim.output = graph_.IndexOf(op.outputs[static_cast<std::size_t>(alias.output)]);
      claim.input = graph_.IndexOf(op.inputs[static_cast<std::size_t>(alias.input)]);
      const std::int64_t need = std::max(bodies_.NeedOf(claim.output), bodies_.NeedOf(claim.input));
      claim.behind = -RoundUp(static_cast<std::int64_t>(alias.offset), need);
      claim.saved = std::min(BytesOf(claim.output) + claim.behind, BytesOf(claim.input));
      if (claim.saved > 0 && IsLegal(step, claim)) claims.push_back(claim);
    }
    return claims;
  }

  // The set of claims, one an output and one an input, that shares the most bytes; of equal ones the first in order of
  // preference. With many claims, the first that fit, the largest first.
  static std::vector<Claim> Matching(const std::vector<Claim>& claims) {
    constexpr std::size_t kMostTried = 10;  // 2^10 sets
    const auto clash = [](const Claim& a, const Claim& b) { return a.output == b.output || a.input == b.input; };
    std::vector<Claim> best;
    if (claims.size() > kMostTried) {
      std::vector<Claim> sorted = claims;
      std::stable_sort(sorted.begin(), sorted.end(), [](const Claim& a, const Claim& b) { return a.saved > b.saved; });
      for (const Claim& claim : sorted) {
        if (std::none_of(best.begin(), best.end(), [&](const Claim& other) { return clash(claim, other); })) {
          best.push_back(claim);
        }
      }
      return best;
    }
    std::int64_t most = 0;
    for (std::uint32_t set = (1u << claims.size()) - 1; set > 0; --set) {  // the first claim is the highest bit
      std::vector<Claim> chosen;
      std::int64_t saved = 0;
      bool fits = true;
      for (std::size_t i = 0; i < claims.size() && fits; ++i) {
        if ((set >> (claims.size() - 1 - i) & 1) == 0) continue;
        fits = std::none_of(chosen.begin(), chosen.end(), [&](const Claim& other) { return clash(claims[i], other); });
        chosen.push_back(claims[i]);
        saved += claims[i].saved;
      }
      if (!fits || saved <= most) continue;
      most = saved;
      best = std::move(chosen);
    }
    return best;
  }

  // The members of the smaller body are walked; of the larger those that have not died before each.
  bool IsLegal(int step, const Claim& claim) const {
    const Bodies::Place x = bodies_.Find(claim.input);
    const Bodies::Place o = bodies_.Find(claim.output);
    if (x.body == o.body || bodies_.IsGiven(x.body) || bodies_.IsGiven(o.body)) return false;
    if (!bodies_.IsWritten(claim.output) || LifeOf(claim.input).end != step) return false;
    if (!bodies_.Fits(claim.output, claim.input, claim.behind)) return false;
    const bool walk_output = bodies_.Members(o.body).size() <= bodies_.Members(x.body).size();
    const int small = walk_output ? o.body : x.body;
    const int large = walk_output ? x.body : o.body;
    const std::int64_t shift = walk_output ? x.at + claim.behind - o.at : o.at - claim.behind - x.at;
    const auto& by_end = by_end_[static_cast<std::size_t>(large)];
    for (const int a : bodies_.Members(small)) {
      const std::int64_t begin = bodies_.Find(a).at + shift;
      for (auto it = by_end.rbegin(); it != by_end.rend() && it->first >= LifeOf(a).start; ++it) {
        const int b = it->second;
        if (LifeOf(b).start > LifeOf(a).end) continue;
        const std::int64_t other = bodies_.Find(b).at;
        if (begin >= other + BytesOf(b) || other >= begin + BytesOf(a)) continue;
        if (!Excused(step, a, b, other - begin) && !Excused(step, b, a, begin - other)) return false;
      }
    }
    return true;
  }

  // Whether `read` dies at the op as an operand on which `written`, its result `behind` bytes behind, may lie. A view
  // that came with a result is that result; a root that only its views still use is judged by them.
  bool Excused(int step, int read, int written, std::int64_t behind) const {
    if (LifeOf(read).end != step || LifeOf(written).start != step) return false;
    if (lives_.own_ends[static_cast<std::size_t>(read)] < step) return true;
    const TensorRoot root = graph_.RootOf(written);
    const OpNode& op = graph_.ops()[static_cast<std::size_t>(step)];
    const int read_id = graph_.tensors()[static_cast<std::size_t>(read)].id;
    const int written_id = graph_.tensors()[static_cast<std::size_t>(root.index)].id;
    bool reads = false;
    for (int slot = 0; slot < static_cast<int>(op.inputs.size()); ++slot) {
      if (op.inputs[static_cast<std::size_t>(slot)] != read_id) continue;
      reads = true;
      const auto allows = [&](const Alias& alias) {
        if (alias.input != slot || op.outputs[static_cast<std::size_t>(alias.output)] != written_id) return false;
        const std::int64_t ahead = root.offset - behind;  // bytes by which the operand begins behind the result
        return (alias.kind == AliasKind::kSameIndex && ahead == 0) || alias.kind == AliasKind::kReadsFirst ||
               (alias.kind == AliasKind::kStreaming && ahead >= static_cast<std::int64_t>(alias.offset));
      };
      if (std::none_of(op.aliases.begin(), op.aliases.end(), allows)) return false;
    }
    return reads;
  }

  void Merge(const Claim& claim) {
    const int a = bodies_.Find(claim.input).body;
    const int b = bodies_.Find(claim.output).body;
    (void)bodies_.BindInTime(claim.output, claim.input, claim.behind);
    const int into = bodies_.Find(a).body;
    auto& from = by_end_[static_cast<std::size_t>(into == a ? b : a)];
    by_end_[static_cast<std::size_t>(into)].insert(from.begin(), from.end());
    from.clear();
  }

  const Graph& graph_;
  Bodies& bodies_;
  Lives lives_;
  std::vector<std::set<std::pair<int, int>>> by_end_;  // per body: last steps, members
};

}  // namespace

std::vector<InPlaceUse> ClaimInPlace(const Graph& graph, const GraphLiveness& liveness,
                                     const std::vector<char>& left_out, Bodies& bodies) {
  std::vector<InPlaceUse> uses;
  Claimer claimer(graph, liveness, bodies);
  for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
    if (left_out[static_cast<std::size_t>(step)] == 0) claimer.Claim1(step, uses);
  }
  return uses;
}

}  // namespace orionrt
