#include "report/wait_what_ifs.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "base/index.hpp"
#include "base/text.hpp"
#include "graph/labels.hpp"
#include "orionrt/config.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {
namespace {

constexpr std::size_t kLargest = 48;  // buffers of the antichain, of which pairs are made

std::string OnStream(const OpNode& op) { return OpLabel(op) + " on stream " + std::to_string(op.stream); }

// The one use of `from` that, waited for by the writer of `to`, would have `from` over before `to`; -1: there is none.
int LackingUse(const StreamOrder& order, const BufferUse& from, const BufferUse& to) {
  if ((from.roles & (TensorRole::kOutput | TensorRole::kState)) != 0 || to.writer < 0) return -1;
  int lacking = -1;
  const auto comes = [&](int use) {
    if (use < 0 || use == to.writer || order.IsBefore(use, to.writer)) return true;
    if (order.IsBefore(to.writer, use)) return false;  // it would be a circle
    if (lacking >= 0 && lacking != use && !order.IsBefore(lacking, use) && !order.IsBefore(use, lacking)) return false;
    if (lacking < 0 || order.IsBefore(lacking, use)) lacking = use;
    return true;
  };
  const bool one = comes(from.writer) && std::all_of(from.readers.begin(), from.readers.end(), comes);
  return one ? lacking : -1;
}

}  // namespace

std::vector<WaitChange> WaitsBetween(const Graph& graph, const std::vector<BufferUse>& uses, const Problem& problem,
                                     std::vector<int> heaviest, std::size_t most) {
  const auto size = [&](int buffer) { return problem.buffers[At(buffer)].size; };
  heaviest.erase(std::remove_if(heaviest.begin(), heaviest.end(), [&](int b) { return uses[At(b)].tensor < 0; }),
                 heaviest.end());
  std::stable_sort(heaviest.begin(), heaviest.end(), [&](int a, int b) { return size(a) > size(b); });
  if (heaviest.size() > kLargest) heaviest.resize(kLargest);
  std::map<std::pair<int, int>, std::int64_t> promises;  // op, what it waits for
  for (const int from : heaviest) {
    for (const int to : heaviest) {
      const int lacking = from == to ? -1 : LackingUse(*graph.streams(), uses[At(from)], uses[At(to)]);
      if (lacking >= 0) promises[{uses[At(to)].writer, lacking}] += std::min(size(from), size(to));
    }
  }
  std::vector<WaitChange> changes;
  for (const auto& [wait, promise] : promises) changes.push_back({wait.first, wait.second, promise});
  std::stable_sort(changes.begin(), changes.end(),
                   [](const WaitChange& a, const WaitChange& b) { return a.promise > b.promise; });
  if (changes.size() > most) changes.resize(most);
  return changes;
}

Graph WithWait(const Graph& graph, const WaitChange& change) {
  std::vector<OpNode> ops = graph.ops();
  const int id = ops[At(change.waits_for)].id;
  ops[At(change.op)].waits.push_back(id);
  return Graph(std::move(ops), graph.tensors());
}

std::string SentenceOf(const Graph& graph, const WaitChange& change, int chain_before, int chain_after) {
  return "letting " + OnStream(graph.ops()[At(change.op)]) + " wait for " +
         OnStream(graph.ops()[At(change.waits_for)]) +
         (chain_after == chain_before ? ", which leaves the longest chain at " + std::to_string(chain_before) + " ops"
                                      : ", which makes the longest chain " + std::to_string(chain_after) +
                                            " ops, not " + std::to_string(chain_before));
}

std::string SayTwoStreams(const Graph& graph, std::int64_t alignment, std::int64_t peak,
                          const ReusePlanner& planner) try {
  constexpr std::size_t kMostOps = 4000;
  if (graph.ops().size() > kMostOps || HasStreams(graph.ops())) return "";
  const StreamedGraph two = OnStreams(graph, 2);
  const int before = LongestChain(graph);
  if (two.streams < 2 || two.longest_chain >= before) return "";
  PlanOptions options;
  options.effort = Effort::kFast;
  const std::int64_t more =
      planner.Run(MakeProblem(two.graph, GraphLiveness(two.graph), alignment).problem, options).peak_bytes - peak;
  return "On 2 streams: " + std::string(more < 0 ? "-" : "+") + FormatThousands(std::abs(more)) +
         " bytes, and the longest chain falls from " + std::to_string(before) + " to " +
         std::to_string(two.longest_chain) + " ops";
} catch (const Error& error) {
  // A policy of one's own may be unable to, which is no fault of the plan that is explained.
  if (error.code() != ErrorCode::kLimit && error.code() != ErrorCode::kUnsupported) throw;
  return "";
}

}  // namespace orionrt
