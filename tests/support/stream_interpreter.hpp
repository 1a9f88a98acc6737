// Runs a graph on several streams in the arenas of an assignment, with real bytes, in any interleaving that program
// order and waits allow. An op begins and ends; in between others may do either:
//
//   begin  it reads all that it reads, and ruins its workspace and those bytes of its outputs that are not its inputs'
//   end    what it ruined is as it left it; it reads all again, then writes its outputs and the states that it lists
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "naive_streams.hpp"
#include "orionrt/assignment.hpp"
#include "random.hpp"

namespace orionrt::tests {

class StreamInterpreter {
 public:
  // Both outlive this; the graph's order is a running one.
  StreamInterpreter(const Graph& graph, const Assignment& assignment, std::uint64_t seed)
      : graph_(graph), assignment_(assignment), order_(graph.ops()), random_(seed) {
    for (const AssignedSpace& space : assignment.spaces) arenas_.emplace_back(Cast(space.required_bytes));
    for (const TensorDesc& tensor : graph.tensors()) {
      outside_.emplace_back(tensor.bytes);
      const orionrt::Place* place = FindPlace(assignment.tensors, tensor.id);
      places_.push_back(PointerTo(place, outside_.back()));
    }
    for (const OpNode& op : graph.ops()) Prepare(op);
    FindTruth();
  }

  const NaiveOrder& order() const { return order_; }

  // "" or what went wrong first. Which op begins or ends next is chance.
  std::string RunAtRandom() {
    leave_out_ = random_.OneIn(2);
    Start();
    return Finish();
  }

  // The ops a and b, by position, unordered, in all ways in which each could disturb the other.
  std::string RunAgainst(int a, int b) {
    leave_out_ = false;
    const auto begin = [](int op) { return std::make_pair(op, 1); };
    const auto end = [](int op) { return std::make_pair(op, 2); };
    const std::vector<std::pair<int, int>> scripts[] = {
        {end(b), end(a)},
        {end(a), end(b)},
        {begin(a), begin(b), end(b), end(a)},
        {begin(b), begin(a), end(a), end(b)},
        {begin(a), begin(b), end(a), end(b)},
    };
    for (const auto& script : scripts) {
      Start();
      for (const auto& op : {a, b}) {
        for (const int first : order_.Direct(op)) Advance(first, 2);
      }
      for (const auto& [op, phase] : script) Advance(op, phase);
      const std::string fault = Finish();
      if (!fault.empty()) return fault;
    }
    return "";
  }

  // Whether nothing orders two ops that use a common byte and of which one writes it. O(ops^2 x uses^2).
  bool HasRace() const {
    for (int a = 0; a < order_.size(); ++a) {
      for (int b = 0; b < a; ++b) {
        if (!order_.AreOrdered(a, b) && Meet(uses_[Cast(a)], uses_[Cast(b)])) return true;
      }
    }
    return false;
  }

  // How many pairs of ops on two streams use a common byte, one of them writing it.
  int HandOvers() const {
    int count = 0;
    for (int a = 0; a < order_.size(); ++a) {
      for (int b = 0; b < a; ++b) {
        if (Op(a).stream != Op(b).stream && Meet(uses_[Cast(a)], uses_[Cast(b)])) ++count;
      }
    }
    return count;
  }

 private:
  using Bytes = std::vector<unsigned char>;
  struct Use {
    unsigned char* begin = nullptr;
    std::size_t bytes = 0;
    bool writes = false;
  };
  // What an op should read and write, whatever runs beside it.
  struct Doings {
    std::vector<Bytes> reads, results;
    std::vector<std::pair<std::size_t, Bytes>> updates;  // of states
  };

  template <typename Integer>
  static std::size_t Cast(Integer i) {
    return static_cast<std::size_t>(i);
  }
  const OpNode& Op(int op) const { return graph_.ops()[Cast(op)]; }
  std::size_t Index(int id) const { return Cast(graph_.IndexOf(id)); }
  std::size_t BytesOf(std::size_t tensor) const { return graph_.tensors()[tensor].bytes; }
  bool IsView(std::size_t tensor) const { return graph_.tensors()[tensor].view_of != kNoTensor; }
  bool IsState(std::size_t tensor) const { return (graph_.tensors()[tensor].roles & TensorRole::kState) != 0; }

  unsigned char* PointerTo(const orionrt::Place* place, Bytes& outside) {
    if (place == nullptr || place->bytes == 0 || place->space == kExternal) return outside.data();
    return arenas_[Cast(place->space)].data() + place->offset;
  }

  static bool Meet(const std::vector<Use>& these, const std::vector<Use>& those) {
    for (const Use& a : these) {
      for (const Use& b : those) {
        if ((a.writes || b.writes) && a.begin < b.begin + b.bytes && b.begin < a.begin + a.bytes) return true;
      }
    }
    return false;
  }

  // Whether an output is there already, as pieces of what its op reads.
  bool IsShown(const OpNode& op, int output) const {
    const std::size_t own = Index(op.outputs[Cast(output)]);
    std::size_t shown = 0;
    for (const Alias& alias : op.aliases) {
      if (alias.output != output) continue;
      const std::size_t input = Index(op.inputs[Cast(alias.input)]);
      if (BytesOf(input) == 0) continue;
      if (alias.kind == AliasKind::kView && places_[own] == places_[input] + alias.offset) return true;
      if (alias.kind == AliasKind::kPiece && places_[input] == places_[own] + alias.offset) shown += BytesOf(input);
    }
    return shown == BytesOf(own);
  }

  // Which bytes an op uses; of outputs those that it may ruin before it has read its inputs for the last time.
  void Prepare(const OpNode& op) {
    uses_.emplace_back();
    ruins_.emplace_back();
    const auto& gone = assignment_.vanished_ids;
    vanished_.push_back(std::find(gone.begin(), gone.end(), op.id) != gone.end());
    for (const int id : op.inputs) AddUse(places_[Index(id)], BytesOf(Index(id)), IsState(Index(id)));
    if (op.workspace_bytes > 0) {
      outside_workspaces_.emplace_back(op.workspace_bytes);
      unsigned char* const at = PointerTo(FindPlace(assignment_.workspaces, op.id), outside_workspaces_.back());
      AddUse(at, op.workspace_bytes, true);
      for (std::size_t i = 0; i < op.workspace_bytes; ++i) ruins_.back().push_back(at + i);
    }
    for (std::size_t o = 0; o < op.outputs.size(); ++o) {
      const std::size_t output = Index(op.outputs[o]);
      if (IsView(output)) continue;
      const bool shown = IsShown(op, static_cast<int>(o));
      AddUse(places_[output], BytesOf(output), !shown);
      for (std::size_t i = 0; i < BytesOf(output) && !shown; ++i) {
        unsigned char* const byte = places_[output] + i;
        const bool is_read = std::any_of(op.inputs.begin(), op.inputs.end(), [&](int id) {
          return byte >= places_[Index(id)] && byte < places_[Index(id)] + BytesOf(Index(id));
        });
        if (!is_read) ruins_.back().push_back(byte);
      }
    }
  }

  void AddUse(unsigned char* begin, std::size_t bytes, bool writes) {
    if (bytes > 0) uses_.back().push_back({begin, bytes, writes});
  }

  Bytes RandomBytes(std::size_t n) {
    Bytes bytes(n);
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random_.Next());
    return bytes;
  }

  // What each tensor holds when the ops run one after another in memory of their own.
  void FindTruth() {
    for (const TensorDesc& tensor : graph_.tensors()) given_.push_back(RandomBytes(tensor.bytes));
    truth_ = given_;
    for (const OpNode& op : graph_.ops()) {
      Doings doings;
      for (const int id : op.inputs) doings.reads.push_back(Holds(Index(id)));
      for (const int id : op.outputs) doings.results.push_back(RandomBytes(BytesOf(Index(id))));
      for (const Alias& alias : op.aliases) {
        const Bytes& input = doings.reads[Cast(alias.input)];
        Bytes& result = doings.results[Cast(alias.output)];
        const auto offset = static_cast<std::ptrdiff_t>(alias.offset);
        if (alias.kind == AliasKind::kView) std::copy_n(input.begin() + offset, result.size(), result.begin());
        if (alias.kind == AliasKind::kPiece) std::copy(input.begin(), input.end(), result.begin() + offset);
      }
      for (std::size_t o = 0; o < op.outputs.size(); ++o) {
        const std::size_t output = Index(op.outputs[o]);
        if (IsView(output)) continue;
        truth_[output] = doings.results[o];
      }
      for (const int id : op.inputs) {
        if (!IsState(Index(id))) continue;
        truth_[Index(id)] = RandomBytes(BytesOf(Index(id)));
        doings.updates.emplace_back(Index(id), truth_[Index(id)]);
      }
      doings_.push_back(std::move(doings));
    }
  }

  Bytes Holds(std::size_t tensor) const {
    const TensorRoot root = graph_.RootOf(static_cast<int>(tensor));
    const auto begin = truth_[Cast(root.index)].begin() + root.offset;
    return Bytes(begin, begin + static_cast<std::ptrdiff_t>(BytesOf(tensor)));
  }

  void Start() {
    fault_.clear();
    phases_.assign(graph_.ops().size(), 0);
    ruined_.assign(graph_.ops().size(), {});
    for (Bytes& arena : arenas_) arena.assign(arena.size(), static_cast<unsigned char>(random_.Next()));
    std::vector<char> produced(places_.size(), 0);
    for (const OpNode& op : graph_.ops()) {
      for (const int id : op.outputs) produced[Index(id)] = 1;
    }
    for (std::size_t t = 0; t < places_.size(); ++t) {
      if (produced[t] == 0 && !IsView(t)) std::copy(given_[t].begin(), given_[t].end(), places_[t]);
    }
  }

  // What is left, at random.
  std::string Finish() {
    while (fault_.empty()) {
      std::vector<int> ready;
      for (int op = 0; op < order_.size(); ++op) {
        const auto& direct = order_.Direct(op);
        const bool may = phases_[Cast(op)] == 1 || std::all_of(direct.begin(), direct.end(),
                                                               [&](int first) { return phases_[Cast(first)] == 2; });
        if (phases_[Cast(op)] < 2 && may) ready.push_back(op);
      }
      if (ready.empty()) break;
      const int op = ready[Cast(random_.Below(static_cast<std::int64_t>(ready.size())))];
      Advance(op, phases_[Cast(op)] + 1);
    }
    for (std::size_t t = 0; t < places_.size(); ++t) {
      if ((graph_.tensors()[t].roles & (TensorRole::kOutput | TensorRole::kState)) != 0)
        Check(t, Holds(t), "in the end");
    }
    return fault_;
  }

  // Brings an op that far, and first whatever it follows to its end.
  void Advance(int op, int phase) {
    if (phases_[Cast(op)] >= phase) return;
    for (const int first : order_.Direct(op)) Advance(first, 2);
    if (phases_[Cast(op)] == 0) Begin(op);
    if (phase == 2) End(op);
    phases_[Cast(op)] = phase;
  }

  void Begin(int op) {
    if (leave_out_ && vanished_[Cast(op)]) return;
    ReadInputs(op);
    for (unsigned char* byte : ruins_[Cast(op)]) {
      *byte = static_cast<unsigned char>(~*byte);
      ruined_[Cast(op)].push_back(*byte);
    }
  }

  void End(int op) {
    if (leave_out_ && vanished_[Cast(op)]) return;
    for (std::size_t i = 0; i < ruins_[Cast(op)].size(); ++i) {
      if (fault_.empty() && *ruins_[Cast(op)][i] != ruined_[Cast(op)][i]) {
        fault_ = "op " + std::to_string(Op(op).id) + ": another op wrote over its workspace or outputs while it ran";
      }
    }
    ReadInputs(op);
    const Doings& doings = doings_[Cast(op)];
    for (std::size_t o = 0; o < doings.results.size(); ++o) {
      const std::size_t output = Index(Op(op).outputs[o]);
      if (!IsView(output)) std::copy(doings.results[o].begin(), doings.results[o].end(), places_[output]);
    }
    for (const auto& [tensor, bytes] : doings.updates) std::copy(bytes.begin(), bytes.end(), places_[tensor]);
  }

  void ReadInputs(int op) {
    const auto& inputs = Op(op).inputs;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      Check(Index(inputs[i]), doings_[Cast(op)].reads[i], "op " + std::to_string(Op(op).id));
    }
  }

  void Check(std::size_t tensor, const Bytes& wanted, const std::string& who) {
    if (!fault_.empty() || std::equal(wanted.begin(), wanted.end(), places_[tensor])) return;
    fault_ = who + ": tensor " + std::to_string(graph_.tensors()[tensor].id) + " is not what it should be";
  }

  const Graph& graph_;
  const Assignment& assignment_;
  NaiveOrder order_;
  Random random_;
  std::vector<Bytes> arenas_, outside_, outside_workspaces_;
  std::vector<unsigned char*> places_;              // per tensor
  std::vector<std::vector<Use>> uses_;              // per op
  std::vector<std::vector<unsigned char*>> ruins_;  // per op what it may ruin when it begins,
  std::vector<std::vector<unsigned char>> ruined_;  // and what it put there
  std::vector<bool> vanished_;                      // per op
  std::vector<Bytes> given_, truth_;                // per tensor, before the start and in the end
  std::vector<Doings> doings_;                      // per op
  std::vector<int> phases_;                         // per op: 0, begun, ended
  bool leave_out_ = false;  // those that have vanished; else they put their outputs where these are
  std::string fault_;
};

}  // namespace orionrt::tests
