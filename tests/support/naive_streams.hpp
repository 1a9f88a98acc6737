// Slow and obvious answers about several streams. Shares no code with the library.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "orionrt/graph.hpp"
#include "random.hpp"

namespace orionrt::tests {

// Program order on every stream and waits, closed, as a matrix of bits. Ops by position, in any order of listing.
class NaiveOrder {
 public:
  explicit NaiveOrder(const std::vector<OpNode>& ops)
      : words_((ops.size() + 63) / 64), before_(ops.size() * words_, 0), direct_(ops.size()) {
    const int n = static_cast<int>(ops.size());
    std::map<int, int> position_of, last_on;
    for (int i = 0; i < n; ++i) position_of[At(ops, i).id] = i;
    for (int i = 0; i < n; ++i) {
      const OpNode& op = At(ops, i);
      if (last_on.count(op.stream) != 0) direct_[static_cast<std::size_t>(i)].push_back(last_on[op.stream]);
      last_on[op.stream] = i;
      for (const int id : op.waits) direct_[static_cast<std::size_t>(i)].push_back(position_of.at(id));
      for (const int first : direct_[static_cast<std::size_t>(i)]) Set(i, first);
    }
    for (int k = 0; k < n; ++k) {  // Warshall
      for (int i = 0; i < n; ++i) {
        if (!IsBefore(k, i)) continue;
        for (std::size_t w = 0; w < words_; ++w) Row(i)[w] |= Row(k)[w];
      }
    }
  }

  int size() const { return static_cast<int>(direct_.size()); }
  bool IsBefore(int a, int b) const {
    return (before_[static_cast<std::size_t>(b) * words_ + static_cast<std::size_t>(a) / 64] >> (a % 64) & 1) != 0;
  }
  bool AreOrdered(int a, int b) const { return a == b || IsBefore(a, b) || IsBefore(b, a); }

  // What an op follows directly.
  const std::vector<int>& Direct(int op) const { return direct_[static_cast<std::size_t>(op)]; }

  bool HasCircle() const {
    for (int i = 0; i < size(); ++i) {
      if (IsBefore(i, i)) return true;
    }
    return false;
  }

 private:
  static const OpNode& At(const std::vector<OpNode>& ops, int i) { return ops[static_cast<std::size_t>(i)]; }
  std::uint64_t* Row(int op) { return before_.data() + static_cast<std::size_t>(op) * words_; }
  void Set(int op, int first) { Row(op)[first / 64] |= std::uint64_t{1} << (first % 64); }

  std::size_t words_;
  std::vector<std::uint64_t> before_;  // per op a row of those that happen before it
  std::vector<std::vector<int>> direct_;
};

// The ops in another order of launching, each stream's as they are listed; waits may point to later ones.
inline std::vector<OpNode> Relaunched(const std::vector<OpNode>& ops, Random& random) {
  std::map<int, std::vector<OpNode>> streams;
  std::vector<int> turns;
  for (const OpNode& op : ops) {
    streams[op.stream].push_back(op);
    turns.push_back(op.stream);
  }
  for (std::size_t i = turns.size(); i > 1; --i) {
    std::swap(turns[i - 1], turns[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(i)))]);
  }
  std::map<int, std::size_t> next;
  std::vector<OpNode> relaunched;
  for (const int stream : turns) relaunched.push_back(streams[stream][next[stream]++]);
  return relaunched;
}

}  // namespace orionrt::tests
