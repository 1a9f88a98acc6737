// A saving that is claimed is one that is there: every change is read back from its sentence, made by other means than
// the library's, and planned.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <regex>
#include <set>

#include "orionrt/liveness.hpp"
#include "random.hpp"
#include "report/what_if.hpp"

namespace orionrt {
namespace {

using tests::Random;

// A graph to take apart: ids of tensors and ops are positions, and stand in their names: "t7", "o3".
struct Parts {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
  Graph Make() const { return Graph(ops, tensors); }
};

// Every kind of tensor occurs; ops that are element-wise mostly keep the size of what they read.
Parts MakeParts(Random& random) {
  constexpr const char* kTypes[] = {"Relu", "Add", "Mul", "Sigmoid", "Conv", "Softmax", "Concat", "Loop"};
  Parts parts;
  const auto add = [&](std::size_t bytes, unsigned roles) {
    TensorDesc desc;
    desc.id = static_cast<int>(parts.tensors.size());
    desc.name = "t" + std::to_string(desc.id);
    desc.bytes = bytes;
    desc.alignment = random.OneIn(60) ? 64 : 0;
    desc.dtype = random.OneIn(15) ? "bool" : "float32";
    desc.roles = roles;
    parts.tensors.push_back(desc);
    return desc.id;
  };
  const bool chain = random.OneIn(2);
  add(50, kInput);
  add(20, random.OneIn(3) ? kState : kInput);
  const int count = static_cast<int>(random.Between(3, 14));
  for (int step = 0; step < count; ++step) {
    OpNode op;
    op.id = step;
    op.name = "o" + std::to_string(step);
    op.type = kTypes[random.Below(8)];
    const auto known = static_cast<std::int64_t>(parts.tensors.size());
    for (std::int64_t k = chain ? 1 : random.Between(1, 2); k > 0; --k) {
      const std::int64_t recent = chain ? 1 : random.OneIn(3) ? known : std::min<std::int64_t>(known, 3);
      op.inputs.push_back(static_cast<int>(known - 1 - random.Below(recent)));
    }
    if (random.OneIn(8)) op.workspace_bytes = 30;
    const bool keeps = !random.OneIn(4) && (op.type == "Relu" || op.type == "Add" || op.type == "Sigmoid");
    for (std::int64_t k = random.OneIn(8) ? 2 : 1; k > 0; --k) {
      const std::size_t bytes = random.OneIn(8) ? random.Below(200) : random.Between(1, 2) * 50;
      op.outputs.push_back(
          add(keeps ? parts.tensors[op.inputs[0]].bytes : bytes, random.OneIn(12) ? unsigned{kOutput} : 0u));
    }
    parts.ops.push_back(op);
  }
  return parts;
}

bool Has(const std::vector<int>& ids, int id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

// By the definition, and by looking at every op.
bool MayWriteOver(const Parts& parts, int step, int input) {
  const OpNode& op = parts.ops[step];
  const bool element_wise = op.type == "Relu" || op.type == "Sigmoid" || op.type == "Add" || op.type == "Mul";
  const std::size_t operands = op.type == "Relu" || op.type == "Sigmoid" ? 1 : 2;
  if (!element_wise || op.outputs.size() != 1 || op.inputs.size() > operands || !Has(op.inputs, input)) return false;
  bool produced = false;
  for (int other = 0; other < static_cast<int>(parts.ops.size()); ++other) {
    if (other > step && Has(parts.ops[other].inputs, input)) return false;
    produced |= Has(parts.ops[other].outputs, input);
  }
  const TensorDesc& from = parts.tensors[input];
  const TensorDesc& to = parts.tensors[op.outputs[0]];
  return produced && from.roles == 0 && from.bytes > 0 && from.bytes == to.bytes && from.dtype == to.dtype;
}

std::int64_t PeakOf(const Problem& problem) {
  PlanOptions options;
  options.effort = Effort::kFast;
  return ReusePlanner().Run(problem, options).peak_bytes;
}
std::int64_t PeakOf(const Parts& parts, std::int64_t alignment) {
  const Graph graph = parts.Make();
  return PeakOf(MakeProblem(graph, GraphLiveness(graph), alignment).problem);
}

// One buffer in place of all that share it, from the first step to the last.
std::int64_t PeakInPlace(const Parts& parts, std::int64_t alignment, const std::vector<std::pair<int, int>>& pairs) {
  const Graph graph = parts.Make();
  const BoundProblem bound = MakeProblem(graph, GraphLiveness(graph), alignment);
  std::vector<int> group(parts.tensors.size());
  for (std::size_t t = 0; t < group.size(); ++t) group[t] = static_cast<int>(t);
  for (const auto& [step, input] : pairs) {
    const int old = group[parts.ops[step].outputs[0]];
    for (int& g : group) g = g == old ? group[input] : g;
  }
  Problem merged;
  for (int g = 0; g < static_cast<int>(group.size()); ++g) {
    Buffer all;
    for (std::size_t t = 0; t < group.size(); ++t) {
      if (group[t] != g || bound.bindings[t].buffer < 0) continue;
      const Buffer& b = bound.problem.buffers[bound.bindings[t].buffer];
      all = all.size == 0 ? b
                          : Buffer{std::min(all.lower, b.lower), std::max(all.upper, b.upper), b.size,
                                   std::max(all.alignment, b.alignment), kFree};
    }
    if (all.size > 0) merged.buffers.push_back(all);
  }
  for (const Binding& scratch : bound.workspaces) {
    if (scratch.buffer >= 0) merged.buffers.push_back(bound.problem.buffers[scratch.buffer]);
  }
  return PeakOf(merged);
}

std::int64_t MoveOps(const Parts& parts, std::int64_t alignment, const std::string& sentence) {
  const std::size_t needs = sentence.find(" needs "), moved = sentence.find(" moved ");
  std::set<int> ids;
  const std::regex op("op (\\d+) ");
  const std::string list = sentence.substr(needs, moved - needs) + " ";
  for (std::sregex_iterator it(list.begin(), list.end(), op), end; it != end; ++it) ids.insert(std::stoi((*it)[1]));
  std::smatch target;
  const std::string tail = sentence.substr(moved) + " ";
  const int before = std::regex_search(tail, target, op) ? std::stoi(target[1]) : static_cast<int>(parts.ops.size());
  Parts changed{{}, parts.tensors};
  for (int step = 0; step <= static_cast<int>(parts.ops.size()); ++step) {
    if (step == before) {
      for (const int id : ids) changed.ops.push_back(parts.ops[id]);
    }
    if (step < static_cast<int>(parts.ops.size()) && ids.count(step) == 0) changed.ops.push_back(parts.ops[step]);
  }
  for (const int id : ids) EXPECT_NE(parts.ops[id].type, "Loop") << "may do more than write its outputs";
  return PeakOf(changed, alignment);  // Graph refuses an order in which an op reads what is not written
}

int NumberAfter(const std::string& sentence, const std::string& word) {
  return std::atoi(sentence.c_str() + sentence.find(word) + word.size());
}

// The peak with the change that a sentence tells of.
std::int64_t Apply(const Parts& parts, std::int64_t alignment, const WhatIf& w) {
  Parts changed = parts;
  if (w.kind == "alignment") return PeakOf(parts, NumberAfter(w.sentence, "-> "));
  if (w.kind == "reorder") return MoveOps(parts, alignment, w.sentence);
  if (w.kind == "in_place") {
    const int step = NumberAfter(w.sentence, "op "), input = NumberAfter(w.sentence, "place of t");
    EXPECT_TRUE(MayWriteOver(parts, step, input)) << w.sentence;
    return PeakInPlace(parts, alignment, {{step, input}});
  }
  if (w.kind == "in_place_all") {
    std::vector<std::pair<int, int>> pairs;
    for (int step = 0; step < static_cast<int>(parts.ops.size()); ++step) {
      for (const int input : parts.ops[step].inputs) {
        if (!MayWriteOver(parts, step, input)) continue;
        pairs.emplace_back(step, input);
        break;
      }
    }
    EXPECT_EQ(static_cast<int>(pairs.size()), NumberAfter(w.sentence, "all "));
    return PeakInPlace(parts, alignment, pairs);
  }
  if (w.kind == "early_output") changed.tensors[NumberAfter(w.sentence, "output t")].roles &= ~unsigned{kOutput};
  if (w.kind == "early_output_all") {
    for (TensorDesc& tensor : changed.tensors) tensor.roles &= ~unsigned{kOutput};
  }
  if (w.kind == "unread_output") {
    const int id = NumberAfter(w.sentence, "writing t");
    for (OpNode& op : changed.ops) {
      EXPECT_FALSE(Has(op.inputs, id)) << w.sentence;
      op.outputs.erase(std::remove(op.outputs.begin(), op.outputs.end(), id), op.outputs.end());
    }
    changed.tensors.erase(changed.tensors.begin() + id);
  }
  return PeakOf(changed, alignment);
}

TEST(WhatIfProperty, EverySavingIsThereWhenTheChangeIsMade) {
  Random random(20260301);
  std::map<std::string, int> seen;
  for (int round = 0; round < 2000 && !testing::Test::HasFailure(); ++round) {
    const Parts parts = MakeParts(random);
    const Graph graph = parts.Make();
    PlanFile file;
    file.alignment = random.OneIn(10) ? 64 : 1;
    file.problem = MakeProblem(graph, GraphLiveness(graph), file.alignment).problem;
    file.plan = ReusePlanner().Run(file.problem);
    const Explanation explanation = Explain(file, &graph, ReusePlanner());
    std::int64_t last = INT64_MAX;
    for (const WhatIf& w : explanation.what_ifs) {
      if (w.sentence.find(" more moved ") != std::string::npos) continue;  // names four of its ops
      ++seen[w.kind];
      EXPECT_GT(w.saving_bytes, 0);
      EXPECT_LE(w.saving_bytes, last) << "largest first";
      last = w.saving_bytes;
      EXPECT_EQ(w.new_peak_bytes, file.plan.peak_bytes - w.saving_bytes) << w.sentence;
      EXPECT_EQ(Apply(parts, file.alignment, w), w.new_peak_bytes) << "round " << round << ": " << w.sentence;
    }
  }
  for (const char* kind :
       {"in_place", "in_place_all", "reorder", "early_output", "early_output_all", "unread_output", "alignment"}) {
    std::cout << kind << ": " << seen[kind] << "\n";
    EXPECT_GT(seen[kind], 10) << kind << " hardly occurs: this test says little of it";
  }
}

}  // namespace
}  // namespace orionrt
