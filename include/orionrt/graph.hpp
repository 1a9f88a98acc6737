// Ops in execution order and the tensors they read and write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "orionrt/config.hpp"

namespace orionrt {

class StreamOrder;  // orionrt/streams.hpp

// What the kernel of an op allows an output and an input to share. It is allowed, not done: nothing shares a byte
// unless a Transform asks for it (orionrt/lowering.hpp).
enum class AliasKind {
  kView,   // the output is the input's bytes from `offset` on, as they are
  kPiece,  // the input is the output's bytes from `offset` on, as they are: a concatenation along the outermost axis
  kSameIndex,     // the output may lie on the input, byte on byte: each element is computed from those at its own place
  kStreaming,     // the input may begin `offset` bytes or more behind the output: when byte j of the output is written,
                  // the input's bytes up to j - offset have been read for the last time. On one thread
  kReadsFirst,    // the output may lie anywhere on the input: all of it is read before anything is written
  kPart = kPiece  // the word of before
};

// One input and one output of an op, by their positions in OpNode::inputs and OpNode::outputs.
struct Alias {
  AliasKind kind = AliasKind::kView;
  int output = 0;
  int input = 0;
  std::size_t offset = 0;  // bytes; 0 for kSameIndex and kReadsFirst
};

// The position in the list is the time at which it runs. An op with neither inputs nor outputs is legal (a folded one):
// it takes its step and nothing else.
struct OpNode {
  int id = 0;                // non-negative, unique; ids need not be dense
  std::vector<int> inputs;   // tensor ids; the same one twice is fine
  std::vector<int> outputs;  // tensor ids; all inputs and outputs are alive together while the op runs
  std::string name = {};     // for people
  std::string type = {};     // for people: "Conv"
  // Scratch that the op needs while it runs, planned together with the tensors.
  std::size_t workspace_bytes = 0;
  std::size_t workspace_alignment = 0;  // bytes, a power of two; 0: the default of whoever plans
  std::vector<Alias> aliases = {};      // what may share bytes, in order of preference
  // Does more than write its outputs (state, random numbers, a device): it keeps its place among the ops that do, in
  // any order of ops. Implied where there are no outputs, and where it uses a tensor that is a state.
  bool has_effects = false;
  std::vector<int> after = {};  // ids of ops that run earlier in any order, though no tensor says so
  // Where it runs: the ops of one stream run one after another, as they are listed; those of two at the same time, but
  // for `waits`: ids of ops that have ended before this one begins (an event recorded behind each, waited for here).
  int stream = 0;  // non-negative
  std::vector<int> waits = {};
};

// What holds a tensor alive beyond its uses. Bits of TensorDesc::roles.
struct TensorRole {
  static constexpr unsigned kInput = 1;   // given from outside: alive from the first step. Implied when no op makes it
  static constexpr unsigned kOutput = 2;  // read from outside: alive to the last step
  static constexpr unsigned kState = 4;   // kept from run to run: alive throughout
  // Held by whoever runs the graph, and so are its root and all views of that: no arena has its bytes, and nothing else
  // is ever written there. TensorPool::BindExternal says where it is.
  static constexpr unsigned kHeld = 8;
};

inline constexpr int kNoTensor = -1;

struct TensorDesc {
  int id = 0;                 // non-negative, unique; ids need not be dense (dense ones are the fast path)
  std::size_t bytes = 0;      // 0 is legal: such a tensor has an address and occupies nothing
  std::size_t alignment = 0;  // bytes, a power of two; 0: the default of whoever plans
  unsigned roles = 0;         // TensorRole bits
  std::string name = {};      // for people, like the next two
  std::string dtype = {};     // "float32"
  std::vector<std::int64_t> shape = {};
  std::vector<std::string> spaces = {};  // names of the spaces it may live in, the best first; none: any
  // A view has no bytes of its own: it is those of tensor `view_of`, an id, from `view_offset` on, and that tensor
  // lives as long as its views do. An op that produces one has nothing to write. kNoTensor: no view.
  int view_of = kNoTensor;
  std::size_t view_offset = 0;  // bytes
};

struct TensorRoot {
  int index = 0;            // position in Graph::tensors()
  std::int64_t offset = 0;  // bytes from its first
};

// An immutable, validated graph. The constructor throws Error (kBadInput) that names the op and the tensor for: an id
// that is negative, repeated or unknown; a tensor produced twice, or by an op that also reads it, or read before it is
// produced; a produced tensor with the role of an input or a state; a tensor that no op uses and no role keeps; an
// alignment that is no power of two; sizes whose sum, workspaces included, overflows; an alias or a view that its bytes
// do not allow, a view used before its root is written or of itself; `after` an op that is not before. O(ops + tensors
// + uses).
class ORIONRT_API Graph {
 public:
  Graph() = default;
  Graph(std::vector<OpNode> ops, std::vector<TensorDesc> tensors);

  const std::vector<OpNode>& ops() const noexcept { return ops_; }
  const std::vector<TensorDesc>& tensors() const noexcept { return tensors_; }

  // Position of the tensor in tensors(), or -1.
  int IndexOf(int tensor_id) const noexcept;

  // Whose bytes the tensor at `index` has: its own, or those of what it is a view of, however many views lie between.
  TensorRoot RootOf(int index) const noexcept {
    return roots_.empty() ? TensorRoot{index, 0} : roots_[static_cast<std::size_t>(index)];
  }

  // Which ops happen before which; null where the ops run one after another: on one stream, or on several that waits
  // order totally. Lives as long as the graph or a copy of it.
  const StreamOrder* streams() const noexcept { return streams_.get(); }

 private:
  void FindRoots();

  std::vector<OpNode> ops_;
  std::vector<TensorDesc> tensors_;
  std::vector<int> dense_;               // id -> index where ids are dense
  std::unordered_map<int, int> sparse_;  // otherwise; looked up, never walked
  std::vector<TensorRoot> roots_;        // per tensor; empty without views
  std::shared_ptr<const StreamOrder> streams_;
};

// Whether the op does more than write its outputs, said (OpNode::has_effects) or implied: such ops keep their order
// among themselves. O(inputs + outputs).
ORIONRT_API bool HasEffects(const Graph& graph, const OpNode& op);

// Identifies a graph as it is listed: order of ops, their uses, sizes, alignments, roles, workspaces,
// views; not what it only allows (aliases, effects, `after`), and no names but those of spaces. FNV-1a.
ORIONRT_API std::uint64_t HashGraph(const Graph& graph);

}  // namespace orionrt
