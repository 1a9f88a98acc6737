#include "graph/order/order_search.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <iterator>
#include <limits>

#include "base/index.hpp"

namespace orionrt {
namespace {

// Measured by scripts/measure_order.py, as the numbers of find_order.cpp are.
constexpr std::size_t kMostSetWords = std::size_t{1} << 23;  // 64 MiB of sets

constexpr std::int64_t kDeepest = std::int64_t{1} << 61;  // a buffer counts for each of its users: sums could overflow
constexpr int kDeepestModule = 40;
constexpr std::int64_t kModuleSteps = 8000;
constexpr std::int64_t kStepsPerSet = 4;  // what keeping a set takes, in the time of steps, and one more per word

std::uint64_t Mix(std::uint64_t x) {  // splitmix64
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

void Flip(std::vector<std::uint64_t>& set, int op) { set[At(op >> 6)] ^= std::uint64_t{1} << (op & 63); }

}  // namespace

OrderSearch::OrderSearch(const OrderSpace& space, std::int64_t budget) : space_(space), budget_(budget) {
  for (int op = 0; op < space.ops; ++op) keys_.push_back(Mix(static_cast<std::uint64_t>(op)));
  // Forwards, an op may free all that it shares; backwards it may find it there.
  deepest_.assign(At(space.ops), 0);
  for (int op = space.ops - 1; op >= 0; --op) {
    std::int64_t drop = -space.growth[At(op)];
    for (const int buffer : space.shared_of[op]) drop += space.backwards ? 0 : space.shared[At(buffer)].bytes;
    for (const int next : space.behind[op]) deepest_[At(op)] = std::min(deepest_[At(op)], deepest_[At(next)]);
    deepest_[At(op)] = std::max(-kDeepest, deepest_[At(op)] - std::min(drop, kDeepest));
  }
  root_.done.assign(At(space.words), 0);
  root_.live = space.start_bytes;
  for (int op = 0; op < space.ops; ++op) {
    if (space.before[op].empty()) root_.ready.push_back(op);
  }
  Start();
}

// Forgets every set but the root.
void OrderSearch::Start() {
  nodes_.clear();
  bits_.clear();
  paths_.clear();
  ready_.clear();
  table_.assign(1024, -1);
  open_ = {};
  blocked_ = {};
  root_.ran.clear();
  scratch_ = root_;
  bool is_new = false;
  const int node = Insert(-1, &is_new);
  open_.push({root_.live, root_.size, node});
}

bool OrderSearch::is_full() const { return bits_.size() > kMostSetWords; }

// Takes up what a lower budget did not allow.
void OrderSearch::Raise(std::int64_t budget) {
  budget_ = std::max(budget_, budget);
  while (!blocked_.empty() && blocked_.top().at <= budget_) {
    const Blocked next = blocked_.top();
    blocked_.pop();
    Load(next.node);
    AddChild(next.node, next.op, Try(next.op, scratch_).after);
  }
}

OrderSearch::State OrderSearch::Run(std::int64_t budget, std::int64_t enough, std::int64_t steps) {
  const std::int64_t limit = steps_ + steps;
  Raise(budget);
  while (true) {
    if (root_.size == space_.ops) return State::kDone;
    if (budget_ >= enough) return State::kRefuted;
    while (!open_.empty()) {
      if (steps_ >= limit || is_full()) return State::kOpen;
      const int node = open_.top().node;
      open_.pop();
      if (Expand(node)) return State::kDone;
    }
    Raise(blocked_.top().at);
  }
}

bool OrderSearch::RunBeam(int width, std::int64_t steps) {
  const std::int64_t limit = steps_ + steps;
  std::vector<std::vector<int>> by_size(At(space_.ops + 1));
  const auto sort_open = [&] {
    for (; !open_.empty(); open_.pop()) by_size[At(open_.top().size)].push_back(open_.top().node);
  };
  sort_open();
  for (int size = root_.size; size <= space_.ops; ++size) {
    std::vector<int>& sets = by_size[At(size)];
    const auto lower = [&](int a, int b) {
      return nodes_[At(a)].live != nodes_[At(b)].live ? nodes_[At(a)].live < nodes_[At(b)].live : a < b;
    };
    std::sort(sets.begin(), sets.end(), lower);
    if (static_cast<int>(sets.size()) > width) sets.resize(At(width));
    const std::vector<int> chosen = sets;
    for (const int node : chosen) {
      if (steps_ >= limit || is_full()) return false;
      const std::size_t settled = first_ops_.size();
      if (Expand(node)) return true;
      if (settled != first_ops_.size()) {  // on from the new root alone, which is larger
        for (std::vector<int>& others : by_size) others.clear();
        sort_open();
        break;
      }
      sort_open();
    }
  }
  return false;
}

OrderStep OrderSearch::Try(int op, const Scratch& from) {
  ++steps_;
  return space_.Step(op, from.done.data(), from.live, from.size == 0);
}

void OrderSearch::Load(int node) {
  const Node& from = nodes_[At(node)];
  scratch_.done.assign(SetOf(node), SetOf(node) + space_.words);
  const auto ready = ready_.begin() + static_cast<std::ptrdiff_t>(from.ready);
  scratch_.ready.assign(ready, ready + from.ready_count);
  scratch_.ran.clear();
  scratch_.live = from.live;
  scratch_.hash = from.hash;
  scratch_.size = from.size;
}

void OrderSearch::RunOp(int op, std::int64_t live_after) {
  Flip(scratch_.done, op);
  scratch_.hash ^= keys_[At(op)];
  scratch_.live = live_after;
  scratch_.ran.push_back(op);
  ++scratch_.size;
  auto& ready = scratch_.ready;
  ready.erase(std::lower_bound(ready.begin(), ready.end(), op));
  for (const int next : space_.behind[op]) {
    if (space_.Ready(next, scratch_.done.data()))
      ready.insert(std::lower_bound(ready.begin(), ready.end(), next), next);
  }
}

// Until a round over the ops that are ready finds nothing.
void OrderSearch::RunFreeMoves() {
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < scratch_.ready.size(); ++i) {
      if (!RunChain(scratch_.ready[i])) continue;
      moved = true;
      break;
    }
  }
}

// Runs `op` and what it makes ready, one after the other, if that ends at a valley no higher than where it began.
bool OrderSearch::RunChain(int op) {
  const std::int64_t live_before = scratch_.live;
  const int size_before = scratch_.size;
  std::int64_t lowest = scratch_.live;
  std::int64_t loss = 0;
  std::int64_t live_after = 0;
  bool found = false;
  chain_.clear();
  while (op >= 0 && !found && scratch_.live + loss + deepest_[At(op)] <= lowest) {
    const OrderStep step = Try(op, scratch_);
    if (step.at > budget_) break;
    Flip(scratch_.done, op);
    chain_.push_back(op);
    scratch_.live = step.after;
    ++scratch_.size;
    loss += space_.claim_loss[At(op)];
    live_after = step.after;
    found = step.after + loss <= lowest;
    lowest = std::min(lowest, step.after);
    int next = -1;
    std::int64_t next_after = std::numeric_limits<std::int64_t>::max();
    for (const int candidate : space_.behind[op]) {
      if (found || step.after + deepest_[At(candidate)] > lowest) continue;
      if (!space_.Ready(candidate, scratch_.done.data())) continue;
      const OrderStep further = Try(candidate, scratch_);
      if (further.at > budget_ || further.after >= next_after) continue;
      next = candidate;
      next_after = further.after;
    }
    op = next;
  }
  for (const int ran : chain_) Flip(scratch_.done, ran);
  scratch_.live = live_before;
  scratch_.size = size_before;
  if (!found) return false;
  for (const int ran : chain_) RunOp(ran, live_after);
  return true;
}

// Runs `op` and some of what that makes ready, if it ends at a valley no higher than where it began; else leaves the
// scratch as it is. What is made ready is tried in the same way first, so that a tree is run branch by branch.
bool OrderSearch::RunModule(int op, int depth) {
  const Scratch saved = scratch_;
  for (int next = op; next >= 0 && module_steps_ > 0;) {
    const OrderStep step = Try(next, scratch_);
    --module_steps_;
    if (step.at > budget_) break;
    RunOp(next, step.after);
    for (bool moved = true; moved && scratch_.live > saved.live;) {
      moved = false;
      const std::vector<int> own = ReadySince(saved);
      for (std::size_t i = 0; i < own.size() && own.size() > 1 && depth < kDeepestModule && !moved; ++i) {
        moved = RunModule(own[i], depth + 1);
      }
    }
    if (scratch_.live <= saved.live) return true;
    next = -1;
    std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
    for (const int candidate : ReadySince(saved)) {
      const OrderStep further = Try(candidate, scratch_);
      --module_steps_;
      if (further.at > budget_ || further.after >= lowest) continue;
      next = candidate;
      lowest = further.after;
    }
  }
  scratch_ = saved;
  return false;
}

std::vector<int> OrderSearch::ReadySince(const Scratch& before) const {
  std::vector<int> since;
  std::set_difference(scratch_.ready.begin(), scratch_.ready.end(), before.ready.begin(), before.ready.end(),
                      std::back_inserter(since));
  return since;
}

// From the root alone: whole branches at a time.
bool OrderSearch::RunModules(int node) {
  const std::vector<int> ready = scratch_.ready;
  for (const int op : ready) {
    module_steps_ = kModuleSteps;
    if (!RunModule(op, 0)) continue;
    bool is_new = false;
    const int reached = Insert(node, &is_new);
    scratch_.ran.clear();
    if (MayCommit(reached)) {
      Commit(reached);
      return true;
    }
    if (is_new) open_.push({nodes_[At(reached)].live, nodes_[At(reached)].size, reached});
    Load(node);
  }
  return false;
}

// True when the end is reached; first_ops() is then a whole order.
bool OrderSearch::Expand(int node) {
  Load(node);
  RunFreeMoves();
  if (scratch_.size == root_.size && RunModules(node)) return root_.size == space_.ops;
  if (!scratch_.ran.empty()) {
    bool is_new = false;
    node = Insert(node, &is_new);
    if (!is_new) return false;
    scratch_.ran.clear();
  }
  if (scratch_.size == space_.ops) {
    Commit(node);
    return true;
  }
  if (MayCommit(node)) {
    Commit(node);
    return false;
  }
  const std::vector<int> ready = scratch_.ready;
  for (const int op : ready) {
    const OrderStep step = Try(op, scratch_);
    if (step.at > budget_) {
      blocked_.push({step.at, node, op});
    } else {
      AddChild(node, op, step.after);
      Load(node);
    }
  }
  return false;
}

// The scratch is `node`, and is changed.
void OrderSearch::AddChild(int node, int op, std::int64_t live_after) {
  RunOp(op, live_after);
  bool is_new = false;
  const int child = Insert(node, &is_new);
  if (is_new) open_.push({scratch_.live, scratch_.size, child});
}

// The node of the scratch's set, made if it is a new one.
int OrderSearch::Insert(int parent, bool* is_new) {
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = scratch_.hash & mask;
  const std::size_t bytes = static_cast<std::size_t>(space_.words) * sizeof(std::uint64_t);
  for (; table_[slot] >= 0; slot = (slot + 1) & mask) {
    const int known = table_[slot];
    if (nodes_[At(known)].hash == scratch_.hash && std::memcmp(SetOf(known), scratch_.done.data(), bytes) == 0) {
      *is_new = false;
      return known;
    }
  }
  *is_new = true;
  steps_ += kStepsPerSet + space_.words;
  const int node = static_cast<int>(nodes_.size());
  table_[slot] = node;
  nodes_.push_back({scratch_.live, scratch_.hash, parent, scratch_.size, paths_.size(), ready_.size(),
                    static_cast<int>(scratch_.ran.size()), static_cast<int>(scratch_.ready.size())});
  bits_.insert(bits_.end(), scratch_.done.begin(), scratch_.done.end());
  paths_.insert(paths_.end(), scratch_.ran.begin(), scratch_.ran.end());
  ready_.insert(ready_.end(), scratch_.ready.begin(), scratch_.ready.end());
  if (nodes_.size() * 2 > table_.size()) Grow();
  return node;
}

void OrderSearch::Grow() {
  table_.assign(table_.size() * 2, -1);
  const std::size_t mask = table_.size() - 1;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    std::size_t slot = nodes_[i].hash & mask;
    while (table_[slot] >= 0) slot = (slot + 1) & mask;
    table_[slot] = static_cast<int>(i);
  }
}

bool OrderSearch::MayCommit(int node) const {
  const Node& to = nodes_[At(node)];
  if (to.live > root_.live || to.size == root_.size) return false;
  for (int op = 0; op < space_.ops; ++op) {
    const bool between = Has(SetOf(node), op) && !Has(root_.done.data(), op);
    if (between && space_.claim_loss[At(op)] > 0) return false;
  }
  return LowestBetween(space_, root_.done.data(), SetOf(node)) >= to.live - root_.live;
}

void OrderSearch::Commit(int node) {
  std::vector<int> way;
  for (int at = node; at >= 0; at = nodes_[At(at)].parent) {
    const Node& step = nodes_[At(at)];
    for (int i = step.path_count; i > 0; --i) way.push_back(paths_[step.path + At(i) - 1]);
  }
  first_ops_.insert(first_ops_.end(), way.rbegin(), way.rend());
  Load(node);
  root_ = scratch_;
  Start();
}

}  // namespace orionrt
