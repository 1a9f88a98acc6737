// Random graphs whose ops allow all kinds of sharing, for small sizes, so that much of it is legal and some is not.
#pragma once

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "orionrt/graph.hpp"
#include "random.hpp"

namespace orionrt::tests {

class SharingGraphMaker {
 public:
  explicit SharingGraphMaker(Random& random) : random_(random) {}

  Graph Make(int ops) {
    for (int i = 0; i < 2; ++i) NewTensor(Size(), TensorRole::kInput);
    if (random_.OneIn(2)) NewTensor(Size(), TensorRole::kState);
    for (int step = 0; step < ops; ++step) AddOp(step);
    if (random_.OneIn(3)) Shuffle();
    for (std::size_t i = 0; i < ops_.size(); ++i) ops_[i].name = "n" + std::to_string(ops_[i].id);
    return Graph(ops_, tensors_);
  }

 private:
  std::size_t Size() {
    if (random_.OneIn(25)) return 0;
    return static_cast<std::size_t>(random_.OneIn(3) ? random_.Between(1, 40) : 16 * random_.Between(1, 3));
  }
  std::size_t BytesOf(int id) const { return tensors_[static_cast<std::size_t>(id)].bytes; }

  int NewTensor(std::size_t bytes, unsigned roles = 0) {
    TensorDesc tensor;
    tensor.id = static_cast<int>(tensors_.size());
    tensor.bytes = bytes;
    tensor.roles = roles;
    if (random_.OneIn(12)) tensor.alignment = std::size_t{1} << random_.Below(6);
    tensors_.push_back(tensor);
    return tensor.id;
  }
  // A result: some are kept.
  int Result(std::size_t bytes) { return NewTensor(bytes, random_.OneIn(10) ? TensorRole::kOutput : 0u); }

  int Recent() {
    const auto known = static_cast<std::int64_t>(tensors_.size());
    return static_cast<int>(known - 1 - random_.Below(random_.OneIn(4) ? known : std::min<std::int64_t>(known, 4)));
  }
  int RecentOfSize(std::size_t bytes) {
    for (int tries = 0; tries < 6; ++tries) {
      const int id = Recent();
      if (BytesOf(id) == bytes) return id;
    }
    return -1;
  }

  void AddOp(int step) {
    OpNode op;
    op.id = step;
    const int x = Recent();
    const auto bytes = BytesOf(x);
    op.inputs = {x};
    switch (random_.Below(10)) {
      case 0:  // element by element, of one or two
      case 1: {
        op.outputs = {Result(bytes)};
        op.aliases.push_back({AliasKind::kSameIndex, 0, 0, 0});
        const int y = random_.OneIn(4) ? x : RecentOfSize(bytes);
        if (y < 0 || y == op.outputs[0]) break;
        op.inputs.push_back(y);
        if (!random_.OneIn(3)) op.aliases.push_back({AliasKind::kSameIndex, 0, 1, 0});
        break;
      }
      case 2: {  // a slice, or all
        const std::size_t begin = random_.OneIn(2) ? 0 : Below(bytes + 1);
        const std::size_t length = random_.OneIn(2) ? bytes - begin : Below(bytes - begin + 1);
        op.outputs = {Result(length)};
        op.aliases.push_back({AliasKind::kView, 0, 0, begin});
        break;
      }
      case 3: {  // a split
        std::size_t begin = 0;
        for (int o = 0; o < 3; ++o) {
          const std::size_t length = o == 2 ? bytes - begin : (bytes - begin) / 2;
          op.outputs.push_back(Result(length));
          op.aliases.push_back({AliasKind::kView, o, 0, begin});
          begin += length;
        }
        break;
      }
      case 4:
      case 5: {  // a concatenation; often of the last one and something new
        op.inputs[0] = last_whole_ >= 0 && random_.OneIn(2) ? last_whole_ : x;
        for (std::int64_t k = random_.Between(1, 2); k > 0; --k) op.inputs.push_back(Recent());
        std::size_t end = 0;
        for (std::size_t i = 0; i < op.inputs.size(); ++i) {
          op.aliases.push_back({AliasKind::kPiece, 0, static_cast<int>(i), end});
          end += BytesOf(op.inputs[i]);
        }
        if (random_.OneIn(8)) end += 8;  // of which nobody knows
        op.outputs = {last_whole_ = Result(end)};
        break;
      }
      case 6:
        op.outputs = {Result(Size())};
        op.aliases.push_back({AliasKind::kStreaming, 0, 0, static_cast<std::size_t>(random_.Below(20))});
        break;
      case 7:
        op.outputs = {Result(Size())};
        op.aliases.push_back({AliasKind::kReadsFirst, 0, 0, 0});
        break;
      case 8:  // anything
        if (random_.OneIn(2)) op.inputs.push_back(Recent());
        if (random_.OneIn(4)) op.inputs.clear();
        for (std::int64_t k = random_.Between(0, 2); k > 0; --k) op.outputs.push_back(Result(Size()));
        if (random_.OneIn(3)) op.workspace_bytes = static_cast<std::size_t>(random_.Between(1, 30));
        break;
      default:  // two results
        op.inputs.push_back(Recent());
        op.outputs = {Result(bytes), Result(random_.OneIn(2) ? BytesOf(op.inputs[1]) : Size())};
        AddAnyAlias(op);
        AddAnyAlias(op);
        AddAnyAlias(op);
    }
    if (random_.OneIn(12)) op.has_effects = true;
    ops_.push_back(op);
    if (random_.OneIn(8)) AddView(x);
  }

  void AddAnyAlias(OpNode& op) {
    Alias alias;
    alias.output = static_cast<int>(random_.Below(static_cast<std::int64_t>(op.outputs.size())));
    alias.input = static_cast<int>(random_.Below(static_cast<std::int64_t>(op.inputs.size())));
    const bool same = BytesOf(op.outputs[static_cast<std::size_t>(alias.output)]) ==
                      BytesOf(op.inputs[static_cast<std::size_t>(alias.input)]);
    alias.kind = same && !random_.OneIn(4) ? AliasKind::kSameIndex
                 : random_.OneIn(2)        ? AliasKind::kReadsFirst
                                           : AliasKind::kStreaming;
    if (alias.kind == AliasKind::kStreaming) alias.offset = Below(20);
    op.aliases.push_back(alias);
  }

  // A tensor that must be a view; made by an op of its own, or just there.
  void AddView(int of) {
    const std::size_t begin = Below(BytesOf(of) + 1);
    TensorDesc view;
    view.id = static_cast<int>(tensors_.size());
    view.view_of = of;
    view.view_offset = begin;
    view.bytes = BytesOf(of) - begin;
    if (random_.OneIn(10)) view.roles = TensorRole::kOutput;
    tensors_.push_back(view);
    OpNode op;
    op.id = static_cast<int>(ops_.size()) + 1000;
    if (random_.OneIn(2)) {
      op.outputs = {view.id};
      if (random_.OneIn(2)) op.inputs = {of};
    } else {
      op.inputs = {view.id};
      op.outputs = {Result(view.bytes)};
      op.aliases.push_back({AliasKind::kSameIndex, 0, 0, 0});
    }
    ops_.push_back(op);
  }

  std::size_t Below(std::size_t bound) {
    return static_cast<std::size_t>(random_.Below(static_cast<std::int64_t>(bound)));
  }

  // Another legal order: swaps neighbours that do not need each other.
  void Shuffle() {
    std::vector<int> producer(tensors_.size(), -1);
    for (const OpNode& op : ops_) {
      for (const int id : op.outputs) producer[static_cast<std::size_t>(id)] = op.id;
    }
    const auto needs = [&](const OpNode& later, const OpNode& earlier) {
      for (const auto* list : {&later.inputs, &later.outputs}) {
        for (int id : *list) {
          for (; id != kNoTensor; id = tensors_[static_cast<std::size_t>(id)].view_of) {
            if (producer[static_cast<std::size_t>(id)] == earlier.id) return true;
          }
        }
      }
      return later.has_effects && earlier.has_effects;
    };
    for (std::size_t i = 0; i < 4 * ops_.size(); ++i) {
      const std::size_t at = 1 + Below(ops_.size());
      if (at < ops_.size() && !needs(ops_[at], ops_[at - 1])) std::swap(ops_[at], ops_[at - 1]);
    }
  }

  Random& random_;
  std::vector<OpNode> ops_;
  std::vector<TensorDesc> tensors_;
  int last_whole_ = -1;
};

}  // namespace orionrt::tests
