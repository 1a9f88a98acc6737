// In place: an output on an input that dies. Two groups become one if all members that meet, in bytes and in time, meet
// at this op alone, the one as an operand that it reads last and the other as its result, as an alias of the op allows.
// On several streams that must hold in every execution: who reads the operand too happens before the op.
#include <algorithm>
#include <climits>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "graph/sharing.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {
namespace {

struct Lives {
  std::vector<Lifetime> lives;  // both steps inclusive; what is kept has no last one
  std::vector<int> own_ends;    // last use by itself, and not through a view
};

Lives LivesOf(const Graph& graph, const GraphLiveness& liveness) {
  Lives all{liveness.lifetimes(), std::vector<int>(graph.tensors().size())};
  for (int i = 0; i < static_cast<int>(all.lives.size()); ++i) {
    all.own_ends[At(i)] = all.lives[At(i)].start;
    if ((graph.tensors()[At(i)].roles & (TensorRole::kOutput | TensorRole::kState)) == 0) continue;
    for (const int kept : {i, graph.RootOf(i).index}) all.lives[At(kept)].end = INT_MAX;
  }
  for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
    const OpNode& op = graph.ops()[At(step)];
    for (const int id : op.inputs) all.own_ends[At(graph.IndexOf(id))] = step;
    for (const int id : op.outputs) {  // one that makes a view uses its root
      int& end = all.own_ends[At(graph.RootOf(graph.IndexOf(id)).index)];
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

// The members of a group, to be asked who lies in some bytes and has not died before some step. Those of one window are
// together; windows of about the same length are in the order of their first bytes.
class Occupants {
 public:
  void Add(std::int64_t begin, std::int64_t bytes, int end, int tensor) {
    const int length = LengthClass(bytes);
    lengths_ |= std::uint64_t{1} << length;
    windows_[{length, begin, bytes}].insert({end, tensor});
  }

  void Take(Occupants& other, std::int64_t shift) {
    for (const auto& [window, members] : other.windows_) {
      windows_[{window.length, window.begin + shift, window.bytes}].insert(members.begin(), members.end());
    }
    lengths_ |= other.lengths_;
    other = Occupants();
  }

  // Whether all in [begin, end) that live at `start` or later satisfy `fine(tensor, first byte)`.
  template <typename Fine>
  bool All(std::int64_t begin, std::int64_t end, int start, Fine fine) const {
    for (int length = 0; length < 63; ++length) {
      if ((lengths_ >> length & 1) == 0) continue;
      const std::int64_t longest = 2 * ((std::int64_t{1} << length) - 1) + 1;
      const std::int64_t first = begin < INT64_MIN + longest ? INT64_MIN : begin - longest;
      for (auto it = windows_.lower_bound({length, first, 0});
           it != windows_.end() && it->first.length == length && it->first.begin < end; ++it) {
        if (it->first.begin + it->first.bytes <= begin) continue;
        for (auto member = it->second.rbegin(); member != it->second.rend() && member->first >= start; ++member) {
          if (!fine(member->second, it->first.begin)) return false;
        }
      }
    }
    return true;
  }

 private:
  struct Window {
    int length = 0;  // class: from 2^length bytes to less than twice that
    std::int64_t begin = 0;
    std::int64_t bytes = 0;
    bool operator<(const Window& other) const {
      return std::tie(length, begin, bytes) < std::tie(other.length, other.begin, other.bytes);
    }
  };
  static int LengthClass(std::int64_t bytes) {
    int length = 0;
    while (bytes >> (length + 1) != 0) ++length;
    return length;
  }

  std::map<Window, std::set<std::pair<int, int>>> windows_;  // last steps, tensors
  std::uint64_t lengths_ = 0;
};

class Claimer {
 public:
  Claimer(const Graph& graph, const GraphLiveness& liveness, Colocations& colocations)
      : graph_(graph),
        liveness_(liveness),
        colocations_(colocations),
        lives_(LivesOf(graph, liveness)),
        occupants_(graph.tensors().size()) {}

  void ClaimAt(int step, bool last_first, std::vector<InPlaceUse>& uses) {
    const OpNode& op = graph_.ops()[At(step)];
    std::vector<Claim> claims = ClaimsOf(step);
    if (last_first) std::reverse(claims.begin(), claims.end());
    if (claims.size() > 1) claims = Matching(claims);
    for (const Claim& claim : claims) {
      if (!IsLegal(step, claim)) continue;  // since one before it was made
      Merge(claim);
      uses.push_back({op.id, graph_.tensors()[At(claim.output)].id, graph_.tensors()[At(claim.input)].id});
    }
  }

 private:
  const Lifetime& LifeOf(int tensor) const { return lives_.lives[At(tensor)]; }
  std::int64_t BytesOf(int tensor) const { return static_cast<std::int64_t>(graph_.tensors()[At(tensor)].bytes); }

  // Whether all accesses of the tensor have happened by the end of the op; true on one stream, where steps say so.
  bool IsOverBy(int tensor, int step) const {
    const StreamOrder* order = graph_.streams();
    if (order == nullptr) return true;
    const std::int64_t* end = liveness_.EndOf(tensor);
    return std::equal(end, end + order->lanes(), order->ClockOf(step), [](std::int64_t a, int b) { return a <= b; });
  }

  // Whether one is over before the other is written, in that order.
  bool IsOverBefore(int a, int b) const {
    if (LifeOf(b).start <= LifeOf(a).end) return false;
    if (graph_.streams() == nullptr) return true;
    const std::int64_t* end = liveness_.EndOf(a);
    return std::equal(end, end + liveness_.lanes(), liveness_.BeginOf(b),
                      [](std::int64_t x, std::int64_t y) { return x <= y; });
  }

  // Those that are legal by themselves, in the op's order of preference.
  std::vector<Claim> ClaimsOf(int step) {
    const OpNode& op = graph_.ops()[At(step)];
    std::vector<Claim> claims;
    for (const Alias& alias : op.aliases) {
      if (alias.kind == AliasKind::kView || alias.kind == AliasKind::kPiece) continue;
      Claim claim;
      claim.output = graph_.IndexOf(op.outputs[At(alias.output)]);
      claim.input = graph_.IndexOf(op.inputs[At(alias.input)]);
      const std::int64_t need = std::max(colocations_.NeedOf(claim.output), colocations_.NeedOf(claim.input));
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

  // Same bytes at different times are reuse, which the packer does all the time; so only members that meet are judged.
  // What is given from outside is never written over, though its life may have ended: it is the caller's memory.
  //
  // The members of the smaller group are walked; of the larger those that have not died before each.
  bool IsLegal(int step, const Claim& claim) {
    const Colocations::Place x = colocations_.Find(claim.input);
    const Colocations::Place o = colocations_.Find(claim.output);
    if (x.group == o.group || colocations_.IsGiven(x.group) || colocations_.IsGiven(o.group)) return false;
    if (!colocations_.IsWritten(claim.output) || LifeOf(claim.input).end != step) return false;
    if (!IsOverBy(claim.input, step)) return false;
    if (!colocations_.Fits(claim.output, claim.input, claim.behind)) return false;
    const bool walk_output = colocations_.Members(o.group).size() <= colocations_.Members(x.group).size();
    const int small = walk_output ? o.group : x.group;
    const int large = walk_output ? x.group : o.group;
    const std::int64_t shift = walk_output ? x.at + claim.behind - o.at : o.at - claim.behind - x.at;
    for (const int a : colocations_.Members(small)) {
      const std::int64_t begin = colocations_.Find(a).at + shift;
      const auto apart = [&](int b, std::int64_t other) {
        return IsOverBefore(a, b) || IsOverBefore(b, a) || Excused(step, a, b, other - begin) ||
               Excused(step, b, a, begin - other);
      };
      // On one stream what has died before is over; on several it must be asked.
      const int start = graph_.streams() == nullptr ? LifeOf(a).start : INT_MIN;
      if (!OccupantsOf(large).All(begin, begin + BytesOf(a), start, apart)) return false;
    }
    return true;
  }

  // Whether `read` dies at the op as an operand on which `written`, its result `behind` bytes behind, may lie. A view
  // that came with a result is that result; a root that only its views still use is judged by them.
  bool Excused(int step, int read, int written, std::int64_t behind) const {
    if (LifeOf(read).end != step || LifeOf(written).start != step || !IsOverBy(read, step)) return false;
    if (lives_.own_ends[At(read)] < step) return true;
    const TensorRoot root = graph_.RootOf(written);
    const OpNode& op = graph_.ops()[At(step)];
    const int read_id = graph_.tensors()[At(read)].id;
    const int written_id = graph_.tensors()[At(root.index)].id;
    bool reads = false;
    for (int slot = 0; slot < static_cast<int>(op.inputs.size()); ++slot) {
      if (op.inputs[At(slot)] != read_id) continue;
      reads = true;
      const auto allows = [&](const Alias& alias) {
        if (alias.input != slot || op.outputs[At(alias.output)] != written_id) return false;
        const std::int64_t ahead = root.offset - behind;  // bytes by which the operand begins behind the result
        return (alias.kind == AliasKind::kSameIndex && ahead == 0) || alias.kind == AliasKind::kReadsFirst ||
               (alias.kind == AliasKind::kStreaming && ahead >= static_cast<std::int64_t>(alias.offset));
      };
      if (std::none_of(op.aliases.begin(), op.aliases.end(), allows)) return false;
    }
    return reads;
  }

  // The smaller set moves into the larger, as its group does: O(log n) moves for each member.
  void Merge(const Claim& claim) {
    const int a = colocations_.Find(claim.input).group;
    const int b = colocations_.Find(claim.output).group;
    (void)OccupantsOf(a);  // of the members before they are joined
    (void)OccupantsOf(b);
    (void)colocations_.BindInTime(claim.output, claim.input, claim.behind);
    const int into = colocations_.Find(a).group;
    const int from = into == a ? b : a;
    OccupantsOf(into).Take(OccupantsOf(from), colocations_.Find(from).at);
  }

  // Made when they are asked for: most groups are in nobody's way.
  Occupants& OccupantsOf(int group) {
    std::optional<Occupants>& occupants = occupants_[At(group)];
    if (occupants) return *occupants;
    occupants.emplace();
    for (const int t : colocations_.Members(group)) {
      if (BytesOf(t) > 0) occupants->Add(colocations_.Find(t).at, BytesOf(t), LifeOf(t).end, t);
    }
    return *occupants;
  }

  const Graph& graph_;
  const GraphLiveness& liveness_;
  Colocations& colocations_;
  Lives lives_;
  std::vector<std::optional<Occupants>> occupants_;  // per group
};

}  // namespace

std::vector<InPlaceUse> ClaimInPlace(const Graph& graph, const GraphLiveness& liveness,
                                     const std::vector<char>& left_out, bool last_first, Colocations& colocations) {
  std::vector<InPlaceUse> uses;
  Claimer claimer(graph, liveness, colocations);
  for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
    if (left_out[At(step)] == 0) claimer.ClaimAt(step, last_first, uses);
  }
  return uses;
}

}  // namespace orionrt
