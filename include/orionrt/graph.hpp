// Ops in execution order and the tensors they read and write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "orionrt/export.hpp"

namespace orionrt {

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
};

// What holds a tensor alive beyond its uses. Bits of TensorDesc::roles.
enum TensorRole : unsigned {
  kInput = 1,   // given from outside: alive from the first step. Implied when no op produces the tensor
  kOutput = 2,  // read from outside: alive to the last step
  kState = 4,   // kept from run to run: alive throughout
};

struct TensorDesc {
  int id = 0;                 // non-negative, unique; ids need not be dense (dense ones are the fast path)
  std::size_t bytes = 0;      // 0 is legal: such a tensor has an address and occupies nothing
  std::size_t alignment = 0;  // bytes, a power of two; 0: the default of whoever plans
  unsigned roles = 0;         // TensorRole bits
  std::string name = {};      // for people, like the next two
  std::string dtype = {};     // "float32"
  std::vector<std::int64_t> shape = {};
  std::vector<std::string> spaces = {};  // names of the pools it may live in, the best first; none: any
};

// An immutable, validated graph. The constructor throws Error (kBadInput) that names the op and the tensor for: an id
// that is negative, repeated or unknown; a tensor produced twice, or by an op that also reads it, or read before it is
// produced; a produced tensor with the role of an input or a state; a tensor that no op uses and no role keeps; an
// alignment that is no power of two; sizes whose sum, workspaces included, overflows. O(ops + tensors + uses).
class ORIONRT_API Graph {
 public:
  Graph() = default;
  Graph(std::vector<OpNode> ops, std::vector<TensorDesc> tensors);

  const std::vector<OpNode>& ops() const noexcept { return ops_; }
  const std::vector<TensorDesc>& tensors() const noexcept { return tensors_; }

  // Position of the tensor in tensors(), or -1.
  int IndexOf(int tensor_id) const noexcept;

 private:
  std::vector<OpNode> ops_;
  std::vector<TensorDesc> tensors_;
  std::vector<int> dense_;               // id -> index where ids are dense
  std::unordered_map<int, int> sparse_;  // otherwise; looked up, never walked
};

// Identifies the graph for which a plan was made: order of ops, their uses, sizes, alignments, roles, workspaces; no
// names but those of spaces. FNV-1a.
ORIONRT_API std::uint64_t HashGraph(const Graph& graph);

}  // namespace orionrt
