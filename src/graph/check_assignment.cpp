// Runs a graph, in the stated order, over arenas whose bytes know who wrote them. It shares no code with what shares
// bytes and places them: only the places and what ops promise (OpNode::aliases) are looked at.
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "graph/check_streams.hpp"
#include "graph/labels.hpp"
#include "graph/written_bytes.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"

namespace orionrt {
namespace {

bool Meet(const Place& a, const Place& b) {
  return a.bytes > 0 && b.bytes > 0 && a.space == b.space && a.space != kExternal && a.offset < b.offset + b.bytes &&
         b.offset < a.offset + a.bytes;
}

std::string Range(std::int64_t begin, std::int64_t end) {
  return "[" + std::to_string(begin) + ", " + std::to_string(end) + ")";
}

const NestedGraph* FindBody(const std::vector<NestedGraph>& bodies, const Graph& graph, const BodyAssignment& wanted) {
  for (const NestedGraph& body : bodies) {
    const bool known = body.op >= 0 && static_cast<std::size_t>(body.op) < graph.ops().size();
    const int op_id = known ? graph.ops()[At(body.op)].id : -1;
    if (op_id == wanted.op_id && body.attribute == wanted.attribute) return &body;
  }
  return nullptr;
}

class Checker {
 public:
  Checker(const Graph& graph, const Assignment& assignment, const std::vector<AssignedSpace>& spaces,
          const std::vector<NestedGraph>& bodies)
      : given_(graph), assignment_(assignment), spaces_(spaces), bodies_(bodies), arenas_(spaces.size()) {}

  std::optional<AssignmentFault> Run() {
    CheckGraph();
    if (!fault_) CheckOrder();
    if (!fault_) CheckLists();
    if (!fault_) CheckPlaces();
    if (!fault_) CheckBodies();
    if (!fault_) RunOps();
    return fault_;
  }

 private:
  const TensorDesc& Desc(int tensor) const { return ordered_.tensors()[At(tensor)]; }
  std::int64_t BytesOf(int tensor) const { return static_cast<std::int64_t>(Desc(tensor).bytes); }
  bool IsView(int tensor) const { return Desc(tensor).view_of != kNoTensor; }
  bool IsState(int tensor) const { return (Desc(tensor).roles & TensorRole::kState) != 0; }
  const Place& Of(int tensor) const { return places_[At(tensor)]; }
  bool IsHeld(int tensor) const { return Of(tensor).bytes > 0 && Of(tensor).space != kExternal; }  // in an arena
  bool HasVanished(const OpNode& op) const { return vanished_.count(op.id) != 0; }

  void Refuse(const std::string& message, int tensor_id = -1, int other_id = -1) {
    if (fault_) return;
    const bool in_op = step_ >= 0 && At(step_) < ordered_.ops().size();
    AssignmentFault fault;
    if (in_op) fault.op_id = ordered_.ops()[At(step_)].id;
    fault.tensor_id = tensor_id;
    fault.other_id = other_id;
    fault.message = message;
    if (in_op) {
      fault.message = OpLabel(ordered_.ops()[At(step_)]) + " at step " + FormatThousands(step_) + ": " + message;
    }
    fault_ = std::move(fault);
  }

  void CheckGraph() {
    if (assignment_.graph_id == GraphId(given_)) return;
    Refuse("the plan was made for another graph: its graph_id differs");
  }

  void CheckOrder() {
    try {
      ordered_ = InOrder(given_, assignment_.order_ids);
    } catch (const Error& error) {
      return Refuse(std::string("the stated order is none of this graph's: ") + error.what());
    }
    CheckLaunches();
    if (UsesSeveralStreams(given_)) {  // there waits alone order effects; InOrder has seen to them
      races_ = std::make_unique<RaceFinder>(ordered_, spaces_.size());
      return;
    }
    CheckSequence();
  }

  // A file of before states none.
  void CheckLaunches() {
    const std::vector<Launch>& launches = assignment_.launches;
    if (launches.empty()) return;
    if (launches.size() != ordered_.ops().size()) return Refuse("streams are stated for another number of ops");
    for (std::size_t i = 0; i < launches.size(); ++i) {
      const OpNode& op = ordered_.ops()[i];
      const std::set<int> stated(launches[i].waits.begin(), launches[i].waits.end());
      if (launches[i].stream == op.stream && stated == std::set<int>(op.waits.begin(), op.waits.end())) continue;
      return Refuse("the plan runs " + OpLabel(op) + " on another stream than the graph, or has it wait for others");
    }
  }

  // Ops that do more than write their outputs keep the order in which the graph lists them.
  void CheckSequence() {
    std::vector<const OpNode*> listed;
    for (const OpNode& op : given_.ops()) {
      if (HasEffects(given_, op)) listed.push_back(&op);
    }
    auto next = listed.begin();
    for (const OpNode& op : ordered_.ops()) {
      if (!HasEffects(ordered_, op)) continue;
      if ((*next)->id != op.id) {
        return Refuse("the stated order runs " + OpLabel(op) + " before " + OpLabel(**next) +
                      "; both do more than write their outputs, and keep their order");
      }
      ++next;
    }
  }

  // What is said of ops is of those that there are; whether it is right is seen when they run.
  void CheckLists() {
    std::unordered_set<int> ids(assignment_.order_ids.begin(), assignment_.order_ids.end());
    for (const int id : assignment_.vanished_ids) {
      if (ids.count(id) == 0) return Refuse("op " + std::to_string(id) + " is said to have vanished; there is none");
      if (!vanished_.insert(id).second) return Refuse("op " + std::to_string(id) + " is said to have vanished twice");
    }
    for (const InPlaceUse& use : assignment_.in_place) {
      if (ids.count(use.op) != 0 && stated_uses_.insert(std::make_tuple(use.op, use.output, use.input)).second)
        continue;
      return Refuse("op " + std::to_string(use.op) + " is said to write in place, " +
                    (ids.count(use.op) == 0 ? "and there is none" : "twice the same"));
    }
  }

  // One place a tensor, within an arena, aligned; views where they belong.
  void CheckPlaces() {
    const auto& tensors = ordered_.tensors();
    places_.resize(tensors.size());
    for (std::size_t k = 0; k + 1 < assignment_.tensors.size(); ++k) {
      if (assignment_.tensors[k].id < assignment_.tensors[k + 1].id) continue;
      return Refuse("the places of tensors are not in ascending order of ids, each once: tensor " +
                    std::to_string(assignment_.tensors[k + 1].id));
    }
    std::size_t known = 0;
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      const Place* place = FindPlace(assignment_.tensors, tensors[t].id);
      if (place != nullptr) ++known;
      if (place == nullptr && tensors[t].bytes > 0)
        return Refuse(TensorLabel(tensors[t]) + " has no place", tensors[t].id);
      if (place == nullptr) continue;
      places_[t] = *place;
      CheckPlace(*place, static_cast<std::int64_t>(tensors[t].bytes), static_cast<std::int64_t>(tensors[t].alignment),
                 TensorLabel(tensors[t]));
      if (fault_) return;
    }
    if (known != assignment_.tensors.size()) return Refuse("the plan places tensors that the graph does not have");
    for (int t = 0; t < static_cast<int>(tensors.size()); ++t) CheckView(t);
    CheckWorkspaces();
  }

  void CheckPlace(const Place& place, std::int64_t bytes, std::int64_t alignment, const std::string& label) {
    if (place.bytes != bytes) {
      return Refuse(label + " has " + std::to_string(bytes) + " bytes, and a place of " + std::to_string(place.bytes),
                    place.id);
    }
    if (bytes == 0 || place.space == kExternal) return;
    if (place.space < 0 || At(place.space) >= spaces_.size()) {
      return Refuse(label + " lies in space " + std::to_string(place.space) + ", which the plan does not have",
                    place.id);
    }
    const AssignedSpace& space = spaces_[At(place.space)];
    if (place.offset < 0 || bytes > space.required_bytes || place.offset > space.required_bytes - bytes) {
      return Refuse(label + " lies at " + std::to_string(place.offset) + ", " + std::to_string(bytes) +
                        " bytes, outside of an arena of " + std::to_string(space.required_bytes),
                    place.id);
    }
    const std::int64_t own = std::max<std::int64_t>(1, alignment);
    if (place.offset % own == 0 && space.base_alignment % own == 0) return;
    Refuse(label + " lies at " + std::to_string(place.offset) + " in an arena aligned to " +
               std::to_string(space.base_alignment) + ", and asks for " + std::to_string(own),
           place.id);
  }

  void CheckView(int tensor) {
    const TensorRoot root = ordered_.RootOf(tensor);
    if (root.index == tensor || BytesOf(tensor) == 0) return;
    const Place& own = Of(tensor);
    const Place& whole = Of(root.index);
    if (own.space == whole.space && (own.space == kExternal || own.offset == whole.offset + root.offset)) return;
    Refuse(TensorLabel(Desc(tensor)) + " is a view of " + TensorLabel(Desc(root.index)) + ", and does not lie in it",
           Desc(tensor).id, Desc(root.index).id);
  }

  void CheckWorkspaces() {
    std::size_t wanted = 0;
    for (const OpNode& op : ordered_.ops()) {
      if (op.workspace_bytes == 0) continue;
      ++wanted;
      const Place* place = FindPlace(assignment_.workspaces, op.id);
      if (place == nullptr) return Refuse(OpLabel(op) + " has no place for its workspace");
      CheckPlace(*place, static_cast<std::int64_t>(op.workspace_bytes),
                 static_cast<std::int64_t>(op.workspace_alignment), "the workspace of " + OpLabel(op));
    }
    if (wanted != assignment_.workspaces.size()) Refuse("the plan has workspaces of ops that ask for none");
  }

  // Every body by itself; what it does to the graph around is seen when its op runs.
  void CheckBodies() {
    if (assignment_.bodies.size() != bodies_.size()) {
      return Refuse("the plan places " + std::to_string(assignment_.bodies.size()) +
                    " bodies of control-flow ops, the graph has " + std::to_string(bodies_.size()));
    }
    std::unordered_set<const NestedGraph*> seen;
    for (const BodyAssignment& body : assignment_.bodies) {
      const NestedGraph* const graph = FindBody(bodies_, given_, body);
      const std::string label = "body " + Printable(body.attribute) + " of op " + std::to_string(body.op_id);
      if (graph == nullptr || !seen.insert(graph).second) {
        return Refuse("the plan places " + label + (graph == nullptr ? ", which the graph does not have" : " twice"));
      }
      auto fault = Checker(graph->graph, body.assignment, spaces_, graph->bodies).Run();
      if (!fault) continue;
      fault->message = label + ": " + fault->message;
      fault_ = std::move(fault);
      return;
    }
  }

  void RunOps() {
    holds_.resize(ordered_.tensors().size());
    std::vector<char> produced(holds_.size(), 0);
    for (const OpNode& op : ordered_.ops()) {
      for (const int id : op.outputs) produced[At(ordered_.IndexOf(id))] = 1;
    }
    for (int t = 0; t < static_cast<int>(holds_.size()); ++t) {
      if (produced[At(t)] == 0 && !IsView(t)) Write(t);
    }
    for (step_ = 0; step_ < static_cast<int>(ordered_.ops().size()) && !fault_; ++step_) {
      RunOp(ordered_.ops()[At(step_)]);
    }
    if (fault_) return;
    step_ = -1;
    for (int t = 0; t < static_cast<int>(holds_.size()); ++t) {
      if ((Desc(t).roles & (TensorRole::kOutput | TensorRole::kState)) != 0) Read(t);
    }
    if (!fault_ && !stated_uses_.empty()) {
      Refuse("op " + std::to_string(std::get<0>(*stated_uses_.begin())) +
             " is said to write in place, and shares no byte with what it reads");
    }
    if (!fault_ && races_ != nullptr) fault_ = races_->Find();
  }

  // For what other streams do with those bytes; the caller's own accesses are before and behind all of it. Ops that
  // have vanished may be left out, and may be run: they read what is there already.
  void Note(const Place& place, int what, bool writes) {
    if (races_ == nullptr || step_ < 0) return;
    if (writes) {
      races_->Write(step_, place, what);
    } else {
      races_->Read(step_, place, what);
    }
  }

  // An op that runs reads everything before it writes anything: which of its bytes it may still need while it writes is
  // CheckOverwrite's to say. An output that is shown may be written too, with the bytes that are there.
  void RunOp(const OpNode& op) {
    for (const int id : op.inputs) Read(ordered_.IndexOf(id));
    UseScratch(op);
    if (HasVanished(op)) return Vanish(op);
    for (std::size_t o = 0; o < op.outputs.size(); ++o) {
      const int output = ordered_.IndexOf(op.outputs[o]);
      if (IsView(output) || !IsHeld(output)) continue;
      if (IsShown(op, static_cast<int>(o))) {
        Show(op, static_cast<int>(o));
        continue;
      }
      for (std::size_t i = 0; i < op.inputs.size(); ++i) CheckOverwrite(op, static_cast<int>(o), static_cast<int>(i));
      for (const int id : op.outputs) CheckTwice(output, ordered_.IndexOf(id));
      Write(output);
    }
    for (const int id : op.inputs) {  // an op that lists a state may update it
      if (IsState(ordered_.IndexOf(id))) Write(ordered_.IndexOf(id));
    }
  }

  void Vanish(const OpNode& op) {
    if (HasEffects(ordered_, op)) return Refuse("it is said to have vanished, but does more than write its outputs");
    for (std::size_t o = 0; o < op.outputs.size(); ++o) Show(op, static_cast<int>(o));
  }

  // The op's workspace, and the places of its bodies, are clear of what it reads and writes; afterwards they hold
  // nothing that anyone knows.
  void UseScratch(const OpNode& op) {
    if (op.workspace_bytes > 0) Spoil(op, *FindPlace(assignment_.workspaces, op.id), "its workspace");
    for (const BodyAssignment& body : assignment_.bodies) {
      if (body.op_id == op.id) SpoilBody(op, body.assignment, "a tensor of its body " + Printable(body.attribute));
    }
  }

  void SpoilBody(const OpNode& op, const Assignment& body, const std::string& what) {
    for (const auto* places : {&body.tensors, &body.workspaces}) {
      for (const Place& place : *places) Spoil(op, place, what);
    }
    for (const BodyAssignment& inner : body.bodies) SpoilBody(op, inner.assignment, what);
  }

  void Spoil(const OpNode& op, const Place& scratch, const std::string& what) {
    if (scratch.space == kExternal || scratch.bytes == 0) return;
    for (const auto* ids : {&op.inputs, &op.outputs}) {
      for (const int id : *ids) {
        const int tensor = ordered_.IndexOf(id);
        if (Meet(Of(tensor), scratch)) {
          return Refuse(what + " lies over " + TensorLabel(Desc(tensor)) + ", at bytes " + Common(Of(tensor), scratch),
                        id);
        }
      }
    }
    arenas_[At(scratch.space)].Write({scratch.offset, scratch.bytes, kWorkspace, 0, step_});
    Note(scratch, kWorkspace, true);
  }

  static std::string Common(const Place& a, const Place& b) {
    return Range(std::max(a.offset, b.offset), std::min(a.offset + a.bytes, b.offset + b.bytes));
  }

  // Whether the output's bytes are there already, as views or pieces of what the op reads.
  bool IsShown(const OpNode& op, int output) const {
    const Place& own = Of(ordered_.IndexOf(op.outputs[At(output)]));
    std::int64_t shown = 0;  // bytes
    for (const Alias& alias : op.aliases) {
      if (alias.output != output) continue;
      const Place& other = Of(ordered_.IndexOf(op.inputs[At(alias.input)]));
      const auto offset = static_cast<std::int64_t>(alias.offset);
      if (other.bytes == 0 || other.space != own.space) continue;
      if (alias.kind == AliasKind::kView && own.offset == other.offset + offset) return true;
      if (alias.kind == AliasKind::kPiece && other.offset == own.offset + offset) shown += other.bytes;
    }
    return shown == own.bytes;
  }

  // What the bytes of an output that is not written should be, by what its op does.
  void Show(const OpNode& op, int output) {
    const int tensor = ordered_.IndexOf(op.outputs[At(output)]);
    if (IsView(tensor) || !IsHeld(tensor)) return;
    WrittenRun& ranges = holds_[At(tensor)];
    for (const Alias& alias : op.aliases) {
      if (alias.output != output) continue;
      const int input = ordered_.IndexOf(op.inputs[At(alias.input)]);
      const auto offset = static_cast<std::int64_t>(alias.offset);
      if (alias.kind == AliasKind::kView && ranges.empty()) {
        ranges = Slice(Holds(input), offset, offset + BytesOf(tensor), 0);
      } else if (alias.kind == AliasKind::kPiece) {
        const WrittenRun slice = Slice(Holds(input), 0, BytesOf(input), offset);
        ranges.insert(ranges.end(), slice.begin(), slice.end());
      }
    }
    std::int64_t known = 0;
    for (const Written& range : ranges) known += range.bytes;
    if (known != BytesOf(tensor)) {
      return Refuse(TensorLabel(Desc(tensor)) + " should be written, but its op is said to have vanished",
                    Desc(tensor).id);
    }
    Read(tensor);
  }

  // A view that must be one has whatever its root has now: ops may write through it into a state.
  WrittenRun Holds(int tensor) const {
    if (!IsView(tensor)) return holds_[At(tensor)];
    const TensorRoot root = ordered_.RootOf(tensor);
    return Slice(holds_[At(root.index)], root.offset, root.offset + BytesOf(tensor), 0);
  }

  void Write(int tensor) {
    if (BytesOf(tensor) == 0) return;
    holds_[At(tensor)].assign(1, {0, BytesOf(tensor), tensor, 0, step_});
    if (IsHeld(tensor)) {
      arenas_[At(Of(tensor).space)].Write({Of(tensor).offset, BytesOf(tensor), tensor, 0, step_});
      Note(Of(tensor), tensor, true);
    }
  }

  // Bytes that an op has written since, or that nobody has, are found where they are needed: a byte is only as wrong as
  // its reader.
  void Read(int tensor) {
    if (fault_ || !IsHeld(tensor)) return;
    Note(Of(tensor), tensor, false);
    for (Written range : Holds(tensor)) {
      range.begin += Of(tensor).offset;
      const WrittenBytes& bytes = arenas_[At(Of(tensor).space)];
      const std::int64_t at = bytes.FirstWrong(range);
      if (at >= 0) return RefuseRead(tensor, range, at, bytes.HolderOf(at));
    }
  }

  void RefuseRead(int tensor, const Written& wanted, std::int64_t at, const Written& found) {
    const std::string where = TensorLabel(Desc(tensor)) + " should hold in byte " +
                              std::to_string(at - Of(tensor).offset) + " what " + TensorLabel(Desc(wanted.tensor)) +
                              " put there, but ";
    const std::int64_t end = std::min(wanted.begin + wanted.bytes, found.begin + found.bytes);
    const std::string since = found.step < 0 ? " from the start on"
                                             : " since " + OpLabel(ordered_.ops()[At(found.step)]) + " at step " +
                                                   FormatThousands(found.step);
    if (found.tensor == kNobody) return Refuse(where + "nobody wrote it", Desc(tensor).id);
    const std::string bytes = "bytes " + Range(at, end);
    if (found.tensor == kWorkspace) return Refuse(where + bytes + " are scratch" + since, Desc(tensor).id);
    Refuse(where + bytes + " are those of " + TensorLabel(Desc(found.tensor)) + since, Desc(tensor).id,
           Desc(found.tensor).id);
  }

  void CheckTwice(int output, int other) {
    if (other != output && Meet(Of(output), Of(other)) && !IsView(other)) {
      Refuse(TensorLabel(Desc(output)) + " would be written over " + TensorLabel(Desc(other)) +
                 ", another result of its op, at bytes " + Common(Of(output), Of(other)),
             Desc(output).id, Desc(other).id);
    }
  }

  // The op may still read what it writes over, unless it says how it reads that; and whoever runs it is told.
  void CheckOverwrite(const OpNode& op, int output, int input) {
    const int written = ordered_.IndexOf(op.outputs[At(output)]);
    const int read = ordered_.IndexOf(op.inputs[At(input)]);
    if (!Meet(Of(written), Of(read))) return;
    if (!Allows(op, output, input, Of(read).offset - Of(written).offset)) {
      return Refuse(TensorLabel(Desc(written)) + " would be written over " + TensorLabel(Desc(read)) +
                        ", which the op may still read, at bytes " + Common(Of(written), Of(read)),
                    Desc(written).id, Desc(read).id);
    }
    CheckIsStated(op, Desc(written).id, read);
  }

  static bool Allows(const OpNode& op, int output, int input, std::int64_t ahead) {
    return std::any_of(op.aliases.begin(), op.aliases.end(), [&](const Alias& alias) {
      if (alias.output != output || alias.input != input) return false;
      return alias.kind == AliasKind::kReadsFirst || (alias.kind == AliasKind::kSameIndex && ahead == 0) ||
             (alias.kind == AliasKind::kStreaming && ahead >= static_cast<std::int64_t>(alias.offset));
    });
  }

  // Said of the tensor written over, or of another that shows the same bytes and dies with it.
  void CheckIsStated(const OpNode& op, int output_id, int read) {
    bool stated = stated_uses_.erase(std::make_tuple(op.id, output_id, Desc(read).id)) > 0;
    stated = stated || said_.count({op.id, output_id}) != 0;
    if (stated) said_.insert({op.id, output_id});
    if (stated) return;
    for (const int id : op.inputs) {
      const int other = ordered_.IndexOf(id);
      if (!Meet(Of(other), Of(read))) continue;
      if (stated_uses_.erase(std::make_tuple(op.id, output_id, id)) == 0) continue;
      said_.insert({op.id, output_id});
      return;
    }
    Refuse("tensor " + std::to_string(output_id) + " is written over " + TensorLabel(Desc(read)) +
               ", which the plan does not state (in_place)",
           output_id, Desc(read).id);
  }

  const Graph& given_;
  const Assignment& assignment_;
  const std::vector<AssignedSpace>& spaces_;
  const std::vector<NestedGraph>& bodies_;
  Graph ordered_;
  std::vector<Place> places_;      // per tensor of ordered_
  std::vector<WrittenRun> holds_;  // per tensor what its bytes should be, by who wrote them; a view's are its root's
  std::vector<WrittenBytes> arenas_;
  std::unique_ptr<RaceFinder> races_;                // null on one stream
  std::unordered_set<int> vanished_;                 // ids
  std::set<std::tuple<int, int, int>> stated_uses_;  // ids of op, output, input: stated, and not met yet
  std::set<std::pair<int, int>> said_;               // ids of op, output: stated, and met
  int step_ = -1;
  std::optional<AssignmentFault> fault_;
};

}  // namespace

std::optional<AssignmentFault> CheckAssignment(const Graph& graph, const Assignment& assignment,
                                               const std::vector<NestedGraph>& bodies) {
  if (assignment.spaces.empty()) return AssignmentFault{-1, -1, -1, "the plan has no arena"};
  return Checker(graph, assignment, assignment.spaces, bodies).Run();
}

}  // namespace orionrt
