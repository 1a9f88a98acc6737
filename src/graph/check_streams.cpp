#include "graph/check_streams.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/index.hpp"
#include "graph/labels.hpp"
#include "graph/written_bytes.hpp"

namespace orionrt {
namespace {

constexpr std::size_t kWords = 4;
constexpr std::size_t kBlock = 64 * kWords;  // ops

// Which of a block of ops happen before each op, or are it. Block by block, so that memory does not grow with the
// square of the ops.
class Reach {
 public:
  // In an order of launching.
  explicit Reach(const std::vector<OpNode>& ops) : before_(ops.size()), bits_(ops.size()) {
    std::unordered_map<int, int> step_of, last_on;  // by id of op, by stream; looked up, never walked
    for (int step = 0; step < static_cast<int>(ops.size()); ++step) {
      const OpNode& op = ops[At(step)];
      step_of.emplace(op.id, step);
      for (const int id : op.waits) before_[At(step)].push_back(step_of.at(id));
      const auto [last, first_there] = last_on.try_emplace(op.stream, step);
      if (!first_there) before_[At(step)].push_back(std::exchange(last->second, step));
    }
  }

  // `block`: steps, ascending, kBlock at most. Spreads them along program order and waits as far as step `end`.
  void Spread(const std::vector<int>& block, int end) {
    std::size_t next = 0;
    for (int step = block[0]; step <= end; ++step) {
      std::array<std::uint64_t, kWords> bits{};
      for (const int previous : before_[At(step)]) {
        if (previous < block[0]) continue;
        for (std::size_t w = 0; w < kWords; ++w) bits[w] |= bits_[At(previous)][w];
      }
      if (next < block.size() && block[next] == step) {
        bits[next / 64] |= std::uint64_t{1} << (next % 64);
        ++next;
      }
      bits_[At(step)] = bits;
    }
  }

  // Whether number `number` of the block is among those of a step that was reached.
  bool Has(int step, std::size_t number) const { return (bits_[At(step)][number / 64] >> (number % 64) & 1) != 0; }

 private:
  std::vector<std::vector<int>> before_;  // per step what it follows directly
  std::vector<std::array<std::uint64_t, kWords>> bits_;
};

}  // namespace

bool UsesSeveralStreams(const Graph& graph) {
  const auto& ops = graph.ops();
  return std::any_of(ops.begin(), ops.end(), [&](const OpNode& op) { return op.stream != ops.front().stream; });
}

RaceFinder::RaceFinder(const Graph& ordered, std::size_t spaces) : ordered_(ordered), arenas_(spaces) {
  for (Arena& arena : arenas_) arena[0] = {};
}

int RaceFinder::StreamOf(int step) const { return ordered_.ops()[At(step)].stream; }

// Makes a stretch begin at `at`.
RaceFinder::Arena::iterator RaceFinder::Split(Arena& arena, std::int64_t at) {
  const auto next = arena.upper_bound(at);
  const auto holds = std::prev(next);
  return holds->first == at ? holds : arena.emplace_hint(next, at, holds->second);
}

void RaceFinder::AddReader(Stretch& stretch, const Use& use) const {
  constexpr std::size_t kLookedAt = 8;  // more of a stream are only asked about in vain
  const std::size_t count = stretch.readers.size();
  for (std::size_t i = count - std::min(count, kLookedAt); i < count; ++i) {
    Use& reader = stretch.readers[i];
    if (StreamOf(reader.step) != StreamOf(use.step)) continue;
    reader = use;
    return;
  }
  stretch.readers.push_back(use);
}

void RaceFinder::Read(int step, const Place& place, int what) {
  Arena& arena = arenas_[At(place.space)];
  auto stretch = Split(arena, place.offset);
  const auto end = Split(arena, place.offset + place.bytes);
  for (; stretch != end; ++stretch) {
    Ask(stretch->second.writer, {{}, {step, what}, stretch->first, std::next(stretch)->first, true, false});
    AddReader(stretch->second, {step, what});
  }
}

void RaceFinder::Write(int step, const Place& place, int what) {
  Arena& arena = arenas_[At(place.space)];
  const auto begin = Split(arena, place.offset);
  const auto end = Split(arena, place.offset + place.bytes);
  for (auto stretch = begin; stretch != end; ++stretch) {
    const std::int64_t first = stretch->first, last = std::next(stretch)->first;
    Ask(stretch->second.writer, {{}, {step, what}, first, last, true, true});
    for (const Use& reader : stretch->second.readers) Ask(reader, {{}, {step, what}, first, last, false, true});
  }
  begin->second = {{step, what}, {}};
  arena.erase(std::next(begin), end);
}

void RaceFinder::Ask(const Use& first, const Pair& pair) {
  if (pair.second.step != step_) KeepLastOfStreams();
  step_ = pair.second.step;
  if (first.step < 0 || StreamOf(first.step) == StreamOf(step_)) return;
  pairs_.push_back(pair);
  pairs_.back().first = first;
}

// Of the pairs of the latest step.
void RaceFinder::KeepLastOfStreams() {
  const auto begin = pairs_.begin() + static_cast<std::ptrdiff_t>(asked_at_step_);
  std::stable_sort(begin, pairs_.end(), [&](const Pair& a, const Pair& b) {
    return std::make_tuple(StreamOf(a.first.step), -a.first.step) <
           std::make_tuple(StreamOf(b.first.step), -b.first.step);
  });
  const auto same = [&](const Pair& a, const Pair& b) { return StreamOf(a.first.step) == StreamOf(b.first.step); };
  pairs_.erase(std::unique(begin, pairs_.end(), same), pairs_.end());
  asked_at_step_ = pairs_.size();
}

std::optional<AssignmentFault> RaceFinder::Find() {
  KeepLastOfStreams();
  const std::optional<Pair> pair = FirstUnordered();
  return pair ? std::optional(FaultOf(*pair)) : std::nullopt;
}

std::optional<RaceFinder::Pair> RaceFinder::FirstUnordered() {
  const auto by_first = [](const Pair& a, const Pair& b) {
    return std::make_tuple(a.first.step, a.second.step) < std::make_tuple(b.first.step, b.second.step);
  };
  std::sort(pairs_.begin(), pairs_.end(), by_first);
  Reach reach(ordered_.ops());
  const Pair* found = nullptr;
  for (auto from = pairs_.begin(), to = from; from != pairs_.end(); from = to) {
    std::vector<int> block;
    int end = 0;
    for (; to != pairs_.end(); ++to) {
      const bool is_new = block.empty() || block.back() != to->first.step;
      if (is_new && block.size() == kBlock) break;
      if (is_new) block.push_back(to->first.step);
      end = std::max(end, to->second.step);
    }
    reach.Spread(block, end);
    std::size_t number = 0;  // of the pair's first op, in the block
    for (auto pair = from; pair != to; ++pair) {
      while (block[number] != pair->first.step) ++number;
      if (reach.Has(pair->second.step, number)) continue;
      if (found == nullptr || pair->second.step < found->second.step) found = &*pair;
    }
  }
  return found == nullptr ? std::nullopt : std::optional(*found);
}

AssignmentFault RaceFinder::FaultOf(const Pair& pair) const {
  const OpNode& op = ordered_.ops()[At(pair.second.step)];
  const OpNode& other = ordered_.ops()[At(pair.first.step)];
  const auto on_stream = [](const OpNode& named) {
    return OpLabel(named) + " on stream " + std::to_string(named.stream);
  };
  const auto label = [&](const Use& use, const char* scratch) {
    return use.what < 0 ? scratch : TensorLabel(ordered_.tensors()[At(use.what)]);
  };
  const std::string bytes = " at bytes [" + std::to_string(pair.begin) + ", " + std::to_string(pair.end) + ")";
  AssignmentFault fault;
  fault.op_id = op.id;
  fault.other_op_id = other.id;
  if (pair.second.what >= 0) fault.tensor_id = ordered_.tensors()[At(pair.second.what)].id;
  if (pair.first.what >= 0) fault.other_id = ordered_.tensors()[At(pair.first.what)].id;
  fault.message = on_stream(op);
  if (pair.second_writes) {
    fault.message += " writes " + label(pair.second, "its scratch") + " over " + label(pair.first, "the scratch") +
                     bytes + ", which " + on_stream(other) + " may still " + (pair.first_writes ? "write" : "read");
  } else {
    fault.message += " reads " + label(pair.second, "its scratch") + bytes + ", where " + on_stream(other) +
                     " may still write " + label(pair.first, "its scratch");
  }
  fault.message +=
      ": nothing orders them; let op " + std::to_string(op.id) + " wait for op " + std::to_string(other.id);
  return fault;
}

}  // namespace orionrt
