// A saving that is claimed is one that is there: every change is read back from its sentence, made by other means than
// the library's, and planned.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <regex>
#include <set>

#include "assigned.hpp"
#include "graph/engine_options.hpp"
#include "interpreter.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/report.hpp"
#include "random.hpp"
#include "sanitized.hpp"
#include "sharing_graph.hpp"

namespace orionrt::what_if_property_test {
namespace {

using tests::Random;

// A graph to take apart: ids of tensors and ops are positions, and stand in their names: "t7", "o3".
struct Parts {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
  Graph Make() const { return Graph(ops, tensors); }
};

// Every kind of tensor occurs; some ops may write over what they read of the size of their first output.
Parts MakeParts(Random& random) {
  Parts parts;
  const auto add = [&](std::size_t bytes, unsigned roles) {
    TensorDesc desc;
    desc.id = static_cast<int>(parts.tensors.size());
    desc.name = "t" + std::to_string(desc.id);
    desc.bytes = bytes;
    desc.alignment = random.OneIn(60) ? 64 : 0;
    desc.roles = roles;
    parts.tensors.push_back(desc);
    return desc.id;
  };
  const bool chain = random.OneIn(2);
  add(50, TensorRole::kInput);
  add(20, random.OneIn(3) ? TensorRole::kState : TensorRole::kInput);
  const int count = static_cast<int>(random.Between(3, 14));
  for (int step = 0; step < count; ++step) {
    OpNode op;
    op.id = step;
    op.name = "o" + std::to_string(step);
    op.has_effects = random.OneIn(8);
    const bool element_wise = random.OneIn(2);
    const auto known = static_cast<std::int64_t>(parts.tensors.size());
    for (std::int64_t k = chain ? 1 : random.Between(1, 2); k > 0; --k) {
      const std::int64_t recent = chain ? 1 : random.OneIn(3) ? known : std::min<std::int64_t>(known, 3);
      op.inputs.push_back(static_cast<int>(known - 1 - random.Below(recent)));
    }
    if (random.OneIn(8)) op.workspace_bytes = 30;
    if (step > 1 && random.OneIn(6)) op.after = {static_cast<int>(random.Below(step))};
    const bool keeps = element_wise && !random.OneIn(4);
    for (std::int64_t k = random.OneIn(8) ? 2 : 1; k > 0; --k) {
      const std::size_t bytes = random.OneIn(8) ? random.Below(200) : random.Between(1, 2) * 50;
      op.outputs.push_back(
          add(keeps ? parts.tensors[op.inputs[0]].bytes : bytes, random.OneIn(12) ? TensorRole::kOutput : 0u));
    }
    for (int slot = 0; element_wise && slot < static_cast<int>(op.inputs.size()); ++slot) {
      const bool same = parts.tensors[op.inputs[slot]].bytes == parts.tensors[op.outputs[0]].bytes;
      if (same && !random.OneIn(4)) op.aliases.push_back({AliasKind::kSameIndex, 0, slot, 0});
    }
    parts.ops.push_back(op);
  }
  return parts;
}

bool Has(const std::vector<int>& ids, int id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

// By the definition, and by looking at every op: the output's bytes are those of an input that an op wrote, that nobody
// needs afterwards, and that each of its slots allows.
bool MayWriteOver(const Parts& parts, int step, int input) {
  const OpNode& op = parts.ops[step];
  if (!Has(op.inputs, input) || parts.tensors[input].roles != 0 || parts.tensors[input].bytes == 0) return false;
  for (int slot = 0; slot < static_cast<int>(op.inputs.size()); ++slot) {
    const auto allows = [slot](const Alias& alias) { return alias.input == slot; };
    if (op.inputs[slot] == input && std::none_of(op.aliases.begin(), op.aliases.end(), allows)) return false;
  }
  bool produced = false;
  for (int other = 0; other < static_cast<int>(parts.ops.size()); ++other) {
    if (other > step && Has(parts.ops[other].inputs, input)) return false;
    produced |= Has(parts.ops[other].outputs, input);
  }
  return produced;
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
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph), alignment);
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
      if (group[t] != g || lowered.bindings[t].buffer < 0) continue;
      const Buffer& b = lowered.problem.buffers[lowered.bindings[t].buffer];
      all = all.size == 0 ? b
                          : Buffer{std::min(all.lower, b.lower), std::max(all.upper, b.upper), b.size,
                                   std::max(all.alignment, b.alignment), kFree};
    }
    if (all.size > 0) merged.buffers.push_back(all);
  }
  for (const Binding& scratch : lowered.workspaces) {
    if (scratch.buffer >= 0) merged.buffers.push_back(lowered.problem.buffers[scratch.buffer]);
  }
  return PeakOf(merged);
}

bool HasEffects(const Parts& parts, const OpNode& op) {
  const auto is_state = [&](int id) { return (parts.tensors[id].roles & TensorRole::kState) != 0; };
  return op.has_effects || op.outputs.empty() || std::any_of(op.inputs.begin(), op.inputs.end(), is_state);
}

std::vector<int> EffectsOf(const Parts& parts) {
  std::vector<int> ids;
  for (const OpNode& op : parts.ops) {
    if (HasEffects(parts, op)) ids.push_back(op.id);
  }
  return ids;
}

// As the sentence says. Ops are told by their ids.
Parts Moved(const Parts& parts, const std::string& sentence) {
  const std::size_t needs = sentence.find(" needs "), moved = sentence.find(" moved ");
  std::set<int> ids;
  const std::regex op("op (\\d+) ");
  const std::string list = sentence.substr(needs, moved - needs) + " ";
  for (std::sregex_iterator it(list.begin(), list.end(), op), end; it != end; ++it) ids.insert(std::stoi((*it)[1]));
  std::smatch target;
  const std::string tail = sentence.substr(moved) + " ";
  const int before = std::regex_search(tail, target, op) ? std::stoi(target[1]) : -1;  // -1: to the end
  Parts changed{{}, parts.tensors};
  const auto add_moved = [&] {
    for (const OpNode& other : parts.ops) {
      if (ids.count(other.id) != 0) changed.ops.push_back(other);
    }
  };
  for (const OpNode& other : parts.ops) {
    if (other.id == before) add_moved();
    if (ids.count(other.id) == 0) changed.ops.push_back(other);
  }
  if (before < 0) add_moved();
  EXPECT_EQ(EffectsOf(changed), EffectsOf(parts)) << sentence;
  return changed;  // Graph refuses an order in which an op reads what is not written, or does not wait
}

int NumberAfter(const std::string& sentence, const std::string& word) {
  return std::atoi(sentence.c_str() + sentence.find(word) + word.size());
}

// The peak with the change that a sentence tells of.
std::int64_t Apply(const Parts& parts, std::int64_t alignment, const WhatIf& w) {
  Parts changed = parts;
  if (w.kind == "alignment") return PeakOf(parts, NumberAfter(w.sentence, "-> "));
  if (w.kind == "reorder") return PeakOf(Moved(parts, w.sentence), alignment);
  if (w.kind == "in_place") {
    const int step = NumberAfter(w.sentence, "op "), input = NumberAfter(w.sentence, "place of tensor ");
    EXPECT_TRUE(MayWriteOver(parts, step, input)) << w.sentence;
    return PeakInPlace(parts, alignment, {{step, input}});
  }
  if (w.kind == "in_place_all") {
    std::vector<std::pair<int, int>> pairs;
    for (int step = 0; step < static_cast<int>(parts.ops.size()); ++step) {
      for (const Alias& alias : parts.ops[step].aliases) {
        const int input = parts.ops[step].inputs[alias.input];
        if (!MayWriteOver(parts, step, input)) continue;
        pairs.emplace_back(step, input);
        break;
      }
    }
    EXPECT_EQ(static_cast<int>(pairs.size()), NumberAfter(w.sentence, "all "));
    return PeakInPlace(parts, alignment, pairs);
  }
  if (w.kind == "early_output")
    changed.tensors[NumberAfter(w.sentence, "output tensor ")].roles &= ~TensorRole::kOutput;
  if (w.kind == "early_output_all") {
    for (TensorDesc& tensor : changed.tensors) tensor.roles &= ~TensorRole::kOutput;
  }
  if (w.kind == "unread_output") {
    const int id = NumberAfter(w.sentence, "writing tensor ");
    for (OpNode& op : changed.ops) {
      EXPECT_FALSE(Has(op.inputs, id)) << w.sentence;
      if (Has(op.outputs, id)) op.aliases.clear();
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

// Every op of one of a few types, of which MatMul may not be assumed to write in place; nor do copies.
Graph WithTypes(const Graph& graph) {
  constexpr const char* kTypes[] = {"Softmax", "Gelu", "MatMul"};
  std::vector<OpNode> ops = graph.ops();
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const bool copies = std::any_of(ops[i].aliases.begin(), ops[i].aliases.end(), [](const Alias& alias) {
      return alias.kind == AliasKind::kView || alias.kind == AliasKind::kPart;
    });
    ops[i].type = copies ? "Copy" : kTypes[i % 3];
  }
  return Graph(std::move(ops), graph.tensors());
}

// The graph as a model is read with the option that a what-if names.
Graph AsAsked(const Graph& graph, const std::string& option) {
  ImportedModel model;
  model.graph = graph;
  ImportOptions import;
  std::string types = option.substr(option.rfind(' ') + 1);
  for (std::size_t comma; (comma = types.find(',')) != std::string::npos; types.erase(0, comma + 1)) {
    import.in_place_types.push_back(types.substr(0, comma));
  }
  import.in_place_types.push_back(types);
  ApplyEngineOptions(import, "graph", model);
  return model.graph;
}

// What a sentence says of sharing is what the op of that id can do, on the tensors that are named: judged, and run.
TEST(WhatIfProperty, WhatIsProposedToShareBytesRunsRight) {
  const std::map<std::string, bool Transforms::*> kinds = {{"in_place", &Transforms::in_place},
                                                           {"in_place_all", &Transforms::in_place},
                                                           {"view", &Transforms::views},
                                                           {"view_all", &Transforms::views},
                                                           {"colocate", &Transforms::colocate},
                                                           {"colocate_all", &Transforms::colocate},
                                                           {"assume_in_place", &Transforms::in_place},
                                                           {"reorder", nullptr}};
  std::map<std::string, int> seen;
  for (std::uint64_t seed = 0; seed < tests::Seeds(4000u) && !testing::Test::HasFailure(); ++seed) {
    Random random(seed);
    const Graph graph = WithTypes(tests::SharingGraphMaker(random).Make(static_cast<int>(random.Between(1, 14))));
    PlanFile file;
    file.alignment = std::int64_t{1} << random.Below(4);
    file.problem = MakeProblem(graph, GraphLiveness(graph), file.alignment).problem;
    file.plan = ReusePlanner().Run(file.problem);
    for (const WhatIf& w : Explain(file, &graph, ReusePlanner()).what_ifs) {
      const auto kind = kinds.find(w.kind);
      if (kind == kinds.end() || w.sentence.find(" more moved ") != std::string::npos) continue;
      SCOPED_TRACE("seed " + std::to_string(seed) + ": " + w.sentence);
      ++seen[w.kind];
      if (w.kind == "reorder") {
        EXPECT_EQ(PeakOf(Moved({graph.ops(), graph.tensors()}, w.sentence), file.alignment), w.new_peak_bytes);
        continue;
      }
      const bool one = w.kind.find("_all") == std::string::npos && w.kind != "assume_in_place";
      std::vector<int> ids;
      if (one) ids.push_back(NumberAfter(w.sentence, "op "));
      for (const OpNode& op : graph.ops()) {
        if (!one) ids.push_back(op.id);
      }
      Transforms only;
      only.*kind->second = true;
      const bool assumed = w.kind == "assume_in_place";
      const TransformedGraph made = TransformAt(assumed ? AsAsked(graph, w.option) : graph, only, ids, file.alignment);
      for (const InPlaceUse& use : made.in_place) {
        const std::string label = "tensor " + std::to_string(use.input) + " ";
        EXPECT_TRUE(!one || (w.sentence + " ").find(label) != std::string::npos) << w.sentence;
      }
      const auto fault = tests::CheckSharing(made);
      EXPECT_FALSE(fault) << fault->message;
      PlanOptions quick;
      quick.effort = Effort::kFast;
      const Plan plan = ReusePlanner().Run(made.lowered.problem, quick);
      EXPECT_EQ(plan.peak_bytes, w.new_peak_bytes);
      EXPECT_EQ(tests::Interpreter(made, made.lowered.problem, plan, seed).Run(), "");
    }
  }
  for (const auto& [kind, transform] : kinds) {
    std::cout << kind << ": " << seen[kind] << "\n";
    EXPECT_GT(seen[kind], tests::Seeds(10)) << kind << " hardly occurs";
  }
}

}  // namespace
}  // namespace orionrt::what_if_property_test
