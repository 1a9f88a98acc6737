// A one-stream graph on several: a cover by paths, the paths on streams, and the waits between these.
#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/index.hpp"
#include "graph/path_cover.hpp"
#include "graph/stream_placing.hpp"
#include "orionrt/config.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {
namespace {

int TimeOf(const OpNode& op) {
  const bool folded = op.inputs.empty() && op.outputs.empty() && op.workspace_bytes == 0 && !op.has_effects;
  return folded ? 0 : 1;
}

Dependencies DependenciesOf(const Graph& graph) {
  const auto& ops = graph.ops();
  Dependencies found{{}, std::vector<int>(ops.size(), -1), {}};
  std::vector<int> writers(graph.tensors().size(), -1);
  std::unordered_map<int, int> position_of;  // by id; looked up, never walked
  int last_with_effects = -1;
  for (int i = 0; i < static_cast<int>(ops.size()); ++i) {
    const OpNode& op = ops[At(i)];
    std::vector<int> before;
    for (const auto* ids : {&op.inputs, &op.outputs}) {
      for (const int id : *ids) {
        const int tensor = graph.IndexOf(id);
        for (const int used : {tensor, graph.RootOf(tensor).index}) {
          if (writers[At(used)] >= 0) before.push_back(writers[At(used)]);
        }
      }
    }
    for (const int id : op.outputs) writers[At(graph.IndexOf(id))] = i;
    for (const int id : op.after) before.push_back(position_of.at(id));
    position_of.emplace(op.id, i);
    if (HasEffects(graph, op)) {
      found.effects_before[At(i)] = std::exchange(last_with_effects, i);
      if (found.effects_before[At(i)] >= 0) before.push_back(found.effects_before[At(i)]);
    }
    std::sort(before.begin(), before.end());
    before.erase(std::unique(before.begin(), before.end()), before.end());
    found.before.push_back(std::move(before));
    found.time.push_back(TimeOf(op));
  }
  return found;
}

// Per op when it has run, if it runs as soon as what it depends on has.
std::vector<int> DepthsOf(const Dependencies& needs) {
  std::vector<int> depth(needs.time);
  for (std::size_t i = 0; i < depth.size(); ++i) {
    int begins = 0;
    for (const int previous : needs.before[i]) begins = std::max(begins, depth[At(previous)]);
    depth[i] += begins;
  }
  return depth;
}

// Numbers streams in the order in which ops come to them; returns how many there are.
int Renumber(std::vector<int>& stream_of) {
  std::map<int, int> number_of;
  for (int& stream : stream_of) {
    stream = number_of.try_emplace(stream, static_cast<int>(number_of.size())).first->second;
  }
  return static_cast<int>(number_of.size());
}

// Per op, by position, what it must wait for: what it depends on and nothing else makes sure of, the latest first,
// which may follow the others.
std::vector<std::vector<int>> WaitsOf(const Dependencies& needs, const std::vector<int>& stream_of, int streams) {
  std::vector<int> clocks(stream_of.size() * At(streams), 0), position(stream_of.size(), 0);
  std::vector<int> last(At(streams), -1), length(At(streams), 0);
  std::vector<std::vector<int>> waits(stream_of.size());
  for (int i = 0; i < static_cast<int>(stream_of.size()); ++i) {
    int* const clock = clocks.data() + At(i) * At(streams);
    const auto join = [&](int other) {
      const int* const known = clocks.data() + At(other) * At(streams);
      for (int stream = 0; stream < streams; ++stream) clock[stream] = std::max(clock[stream], known[stream]);
    };
    const std::size_t own = At(stream_of[At(i)]);
    if (last[own] >= 0) join(last[own]);
    for (auto previous = needs.before[At(i)].rbegin(); previous != needs.before[At(i)].rend(); ++previous) {
      if (clock[stream_of[At(*previous)]] > position[At(*previous)]) continue;
      waits[At(i)].push_back(*previous);
      join(*previous);
    }
    last[own] = i;
    position[At(i)] = length[own]++;
    clock[own] = length[own];
  }
  return waits;
}

int CountOf(const std::vector<std::vector<int>>& waits) {
  std::size_t count = 0;
  for (const std::vector<int>& of_op : waits) count += of_op.size();
  return static_cast<int>(count);
}

// The given graph, and what can be said of it without placing anything.
StreamedGraph AsGiven(const Graph& graph, const Dependencies& needs, const std::vector<int>& path_before) {
  StreamedGraph given;
  given.graph = graph;
  given.paths = static_cast<int>(std::count(path_before.begin(), path_before.end(), -1));
  given.longest_chain = LongestChain(graph);
  for (const int depth : DepthsOf(needs)) given.least_chain = std::max(given.least_chain, depth);
  return given;
}

void CheckAsked(const Graph& graph, int streams) {
  if (streams < 1 || streams > StreamOrder::kMostLanes) {
    throw Error(ErrorCode::kMisuse, "streams: " + std::to_string(streams) + " are no number from 1 to " +
                                        std::to_string(StreamOrder::kMostLanes));
  }
  if (!HasStreams(graph.ops())) return;
  throw Error(ErrorCode::kMisuse,
              "streams: the graph names streams, or waits, itself; leave those of its ops out, or "
              "plan it as it is");
}

}  // namespace

StreamedGraph OnStreams(const Graph& graph, int streams) {
  CheckAsked(graph, streams);
  const Dependencies needs = DependenciesOf(graph);
  const std::vector<int> path_before = FewestPaths(needs.before, needs.effects_before, DepthsOf(needs));
  StreamedGraph result = AsGiven(graph, needs, path_before);
  std::vector<int> stream_of;
  std::vector<std::vector<int>> waits;
  for (Placement& placed : PlaceOnStreams(needs, path_before, streams)) {
    const int used = Renumber(placed.stream_of);
    auto needed = WaitsOf(needs, placed.stream_of, used);
    const std::pair<int, int> figures(placed.longest_chain, CountOf(needed));
    if (figures >= std::make_pair(result.longest_chain, result.waits)) continue;
    std::tie(result.longest_chain, result.waits) = figures;
    result.streams = used;
    stream_of = std::move(placed.stream_of);
    waits = std::move(needed);
  }
  if (stream_of.empty()) return result;
  std::vector<OpNode> ops = graph.ops();
  for (std::size_t i = 0; i < ops.size(); ++i) {
    ops[i].stream = stream_of[i];
    for (const int position : waits[i]) ops[i].waits.push_back(ops[At(position)].id);
  }
  result.graph = Graph(std::move(ops), graph.tensors());
  return result;
}

int LongestChain(const Graph& graph) {
  std::unordered_map<int, int> ended;  // by id of op: the steps up to its end; looked up, never walked
  std::map<int, int> ended_on;         // by stream
  const bool one_line = graph.streams() == nullptr;
  int longest = 0;
  for (const OpNode& op : graph.ops()) {
    int& last = ended_on[one_line ? 0 : op.stream];
    for (const int id : op.waits) last = std::max(last, ended.at(id));
    last += TimeOf(op);
    ended.emplace(op.id, last);
    longest = std::max(longest, last);
  }
  return longest;
}

}  // namespace orionrt
