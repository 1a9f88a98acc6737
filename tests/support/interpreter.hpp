// Runs a graph in a planned arena, with real bytes, beside memory in which every tensor has bytes of its own. Kernels
// are as nasty as their aliases allow: they read as late and write as early as they may.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "orionrt/lowering.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/tensor_pool.hpp"
#include "random.hpp"

namespace orionrt::tests {

using Bytes = std::vector<unsigned char>;

class Interpreter {
 public:
  // `problem`: says which bytes are taken at each step; all others are ruined.
  Interpreter(const TransformedGraph& transformed, const Problem& problem, const Plan& plan, std::uint64_t seed)
      : graph_(transformed.graph),
        transformed_(transformed),
        problem_(problem),
        plan_(plan),
        random_(seed),
        arena_(static_cast<std::size_t>(plan.peak_bytes)),
        truth_(graph_.tensors().size()) {
    for (const Binding& binding : transformed.lowered.bindings) {
      places_.push_back(binding.buffer < 0 ? arena_.data() : At(binding));
    }
  }

  // In the memory of a pool, as an engine does: nothing is ruined but by the pool's guard. `leave_out`: ops that have
  // vanished do not even begin.
  Interpreter(TensorPool& pool, std::uint64_t seed, bool leave_out)
      : Interpreter(std::make_shared<const InPool>(pool), seed) {
    pool_ = &pool;
    leave_out_ = leave_out;
    for (std::size_t t = 0; t < places_.size(); ++t) {
      places_[t] = static_cast<unsigned char*>(pool.GetPtr(graph_.tensors()[t].id));
    }
  }

  // "" or what went wrong first, with op and tensor.
  std::string Run() {
    std::vector<bool> produced(truth_.size(), false);
    for (const OpNode& op : graph_.ops()) {
      for (const int id : op.outputs) produced[Index(id)] = true;
    }
    Ruin(0);
    for (std::size_t t = 0; t < truth_.size(); ++t) {
      truth_[t] = RandomBytes(graph_.tensors()[t].bytes);
      if (!produced[t] && graph_.RootOf(static_cast<int>(t)).index == static_cast<int>(t)) WriteAll(t);
    }
    for (step_ = 0; step_ < static_cast<int>(graph_.ops().size()) && fault_.empty(); ++step_) {
      Ruin(step_);
      RunOp(graph_.ops()[static_cast<std::size_t>(step_)]);
    }
    for (std::size_t t = 0; t < truth_.size(); ++t) {
      if ((graph_.tensors()[t].roles & (TensorRole::kOutput | TensorRole::kState)) == 0) continue;
      for (std::size_t i = 0; i < graph_.tensors()[t].bytes; ++i) Check(t, i);
    }
    return fault_;
  }

 private:
  // A pool's graph and what has vanished of it; all else is the pool's.
  struct InPool {
    explicit InPool(const TensorPool& pool) {
      made.graph = pool.graph();
      made.vanished = pool.assignment().vanished_ids;
      made.lowered.bindings.resize(made.graph.tensors().size());
    }
    TransformedGraph made;
    Plan plan;
  };
  Interpreter(const std::shared_ptr<const InPool>& in_pool, std::uint64_t seed)
      : Interpreter(in_pool->made, in_pool->made.lowered.problem, in_pool->plan, seed) {
    kept_ = in_pool;
  }

  std::size_t Index(int id) const { return static_cast<std::size_t>(graph_.IndexOf(id)); }

  Bytes RandomBytes(std::size_t n) {
    Bytes bytes(n);
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random_.Next());
    return bytes;
  }

  unsigned char* At(const Binding& binding) {
    return arena_.data() + plan_.offsets[static_cast<std::size_t>(binding.buffer)] + binding.delta;
  }

  // Where a tensor's bytes are in the arena, and what they should be.
  unsigned char* Place(std::size_t tensor) { return places_[tensor]; }
  unsigned char* Truth(std::size_t tensor) {
    const TensorRoot root = graph_.RootOf(static_cast<int>(tensor));
    return truth_[static_cast<std::size_t>(root.index)].data() + root.offset;
  }

  void WriteAll(std::size_t tensor) { std::copy_n(Truth(tensor), graph_.tensors()[tensor].bytes, Place(tensor)); }

  void Check(std::size_t tensor, std::size_t at) {
    if (!fault_.empty() || Place(tensor)[at] == Truth(tensor)[at]) return;
    fault_ = (step_ < static_cast<int>(graph_.ops().size())
                  ? "op " + std::to_string(graph_.ops()[static_cast<std::size_t>(step_)].id)
                  : std::string("at the end")) +
             ": byte " + std::to_string(at) + " of tensor " + std::to_string(graph_.tensors()[tensor].id) +
             " is not what it should be";
  }

  // Every byte that nothing holds at this step becomes another.
  void Ruin(std::int64_t step) {
    if (pool_ != nullptr) return;
    std::vector<char> taken(arena_.size(), 0);
    std::size_t part = 0;
    const auto take = [&](int b, std::int64_t lower, std::int64_t upper, std::int64_t begin, std::int64_t end) {
      if (step < lower || step >= upper) return;
      const std::int64_t offset = plan_.offsets[static_cast<std::size_t>(b)];
      std::fill(taken.begin() + offset + begin, taken.begin() + offset + end, 1);
    };
    for (int b = 0; b < static_cast<int>(problem_.buffers.size()); ++b) {
      const Buffer& buffer = problem_.buffers[static_cast<std::size_t>(b)];
      const auto has_part = [&] { return part < problem_.parts.size() && problem_.parts[part].buffer == b; };
      if (!has_part()) take(b, buffer.lower, buffer.upper, 0, buffer.size);
      for (; has_part(); ++part) {
        const Part& p = problem_.parts[part];
        take(b, p.lower, p.upper, p.begin, p.end);
      }
    }
    for (std::size_t i = 0; i < arena_.size(); ++i) {
      if (taken[i] == 0) arena_[i] = static_cast<unsigned char>(~arena_[i]);
    }
  }

  // What the op's results are: what its aliases say of them, and else a function of all that it reads.
  std::vector<Bytes> Results(const OpNode& op) {
    std::uint64_t sum = static_cast<std::uint64_t>(op.id) + 1;
    for (const int id : op.inputs) {
      for (std::size_t i = 0; i < graph_.tensors()[Index(id)].bytes; ++i) {
        sum = sum * 1099511628211u + Truth(Index(id))[i];
      }
    }
    Random random(sum);
    std::vector<Bytes> results;
    for (const int id : op.outputs) {
      results.emplace_back(graph_.tensors()[Index(id)].bytes);
      for (unsigned char& byte : results.back()) byte = static_cast<unsigned char>(random.Next());
    }
    for (const Alias& alias : op.aliases) {
      const std::size_t input = Index(op.inputs[static_cast<std::size_t>(alias.input)]);
      Bytes& result = results[static_cast<std::size_t>(alias.output)];
      if (alias.kind == AliasKind::kView) std::copy_n(Truth(input) + alias.offset, result.size(), result.begin());
      if (alias.kind == AliasKind::kPiece) {
        std::copy_n(Truth(input), graph_.tensors()[input].bytes,
                    result.begin() + static_cast<std::ptrdiff_t>(alias.offset));
      }
    }
    return results;
  }

  void RunOp(const OpNode& op) {
    const std::vector<Bytes> results = Results(op);
    const auto& vanished = transformed_.vanished;
    const bool vanishes = std::find(vanished.begin(), vanished.end(), op.id) != vanished.end();
    const bool begins = pool_ != nullptr && !(vanishes && leave_out_);
    if (begins) pool_->BeginOp(op.id);
    if (!vanishes) Execute(op, results);
    for (std::size_t o = 0; o < op.outputs.size(); ++o) {
      const std::size_t output = Index(op.outputs[o]);
      if (graph_.tensors()[output].view_of == kNoTensor) truth_[output] = results[o];
    }
    for (const int id : op.inputs) {  // an op that lists a state updates it
      if ((graph_.tensors()[Index(id)].roles & TensorRole::kState) == 0) continue;
      truth_[Index(id)] = RandomBytes(graph_.tensors()[Index(id)].bytes);
      WriteAll(Index(id));
    }
    if (begins) pool_->EndOp();
  }

  // A result is written as soon as what its aliases promise has been read; what no alias orders is read in the end.
  void Execute(const OpNode& op, const std::vector<Bytes>& results) {
    if (op.workspace_bytes > 0) {
      const Binding& binding = transformed_.lowered.workspaces[static_cast<std::size_t>(step_)];
      auto* const workspace = pool_ != nullptr ? static_cast<unsigned char*>(pool_->Workspace(op.id).ptr) : At(binding);
      std::fill_n(workspace, op.workspace_bytes, 0x5A);
    }
    std::vector<int> order(op.outputs.size());
    std::iota(order.begin(), order.end(), 0);
    if (random_.OneIn(2)) std::reverse(order.begin(), order.end());
    std::stable_partition(order.begin(), order.end(), [&](int o) {
      return std::none_of(op.aliases.begin(), op.aliases.end(), [o](const Alias& a) { return a.output == o; });
    });
    read_.clear();
    for (const int id : op.inputs) read_.emplace_back(graph_.tensors()[Index(id)].bytes, 0);
    for (const int o : order) Write(op, o, results[static_cast<std::size_t>(o)]);
    for (std::size_t slot = 0; slot < op.inputs.size(); ++slot) ReadAll(op, slot);
  }

  void Write(const OpNode& op, int o, const Bytes& result) {
    const std::size_t output = Index(op.outputs[static_cast<std::size_t>(o)]);
    if (graph_.tensors()[output].view_of != kNoTensor) return;
    bool in_order = false;
    for (const Alias& alias : op.aliases) {
      if (alias.output != o) continue;
      in_order |= alias.kind == AliasKind::kStreaming;
      if (alias.kind == AliasKind::kReadsFirst) ReadAll(op, static_cast<std::size_t>(alias.input));
    }
    const std::size_t stride = in_order ? 1 : 37;  // no divisor of what 37 does not divide
    const std::size_t n = result.size();
    std::size_t byte = in_order || n == 0 ? 0 : static_cast<std::size_t>(random_.Below(static_cast<std::int64_t>(n)));
    for (std::size_t k = 0; k < n; ++k, byte = (byte + (n % 37 == 0 ? 1 : stride)) % n) {
      for (const Alias& alias : op.aliases) {
        if (alias.output != o) continue;
        const auto slot = static_cast<std::size_t>(alias.input);
        if (alias.kind == AliasKind::kSameIndex) Read(op, slot, byte);
        if (alias.kind == AliasKind::kStreaming && byte >= alias.offset) Read(op, slot, byte - alias.offset);
      }
      Place(output)[byte] = result[byte];
    }
  }

  void Read(const OpNode& op, std::size_t slot, std::size_t byte) {
    if (byte >= read_[slot].size() || read_[slot][byte] != 0) return;
    read_[slot][byte] = 1;
    Check(Index(op.inputs[slot]), byte);
  }
  void ReadAll(const OpNode& op, std::size_t slot) {
    for (std::size_t byte = 0; byte < read_[slot].size(); ++byte) Read(op, slot, byte);
  }

  std::shared_ptr<const InPool> kept_;
  const Graph& graph_;
  const TransformedGraph& transformed_;
  const Problem& problem_;
  const Plan& plan_;
  Random random_;
  Bytes arena_;
  std::vector<Bytes> truth_;
  std::vector<unsigned char*> places_;
  TensorPool* pool_ = nullptr;
  bool leave_out_ = false;
  std::vector<std::vector<char>> read_;  // per operand of the op that runs, which bytes it has read
  std::string fault_;
  int step_ = 0;
};

}  // namespace orionrt::tests
