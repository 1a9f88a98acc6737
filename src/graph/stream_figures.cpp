// What a plan on several streams is compared with: its ops one after another, and an arena for each stream.
#include <algorithm>
#include <map>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "graph/colocation_problem.hpp"
#include "orionrt/config.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/streams.hpp"
#include "plan/clocks/antichain.hpp"
#include "plan/clocks/precedence.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "plan/portfolio.hpp"
#include "plan/space_table.hpp"

namespace orionrt {
namespace {

// Where a buffer is used, and where it is written first.
struct Home {
  int lane = -1;           // of its first writer, or else of its first reader; -1: nobody uses it
  int stream = 0;          // of the same op
  bool written = false;    // by an op
  bool elsewhere = false;  // another stream writes it too
  bool local = true;       // no other stream uses it, nor anybody outside
};

std::vector<Home> HomesOf(const TransformedGraph& transformed) {
  const Graph& graph = transformed.graph;
  const StreamOrder& order = *graph.streams();
  std::vector<Home> homes(transformed.lowered.problem.buffers.size());
  const auto use = [&](int buffer, int step, bool writes) {
    if (buffer < 0) return;
    Home& home = homes[At(buffer)];
    const int stream = graph.ops()[At(step)].stream;
    home.local &= home.lane < 0 || home.stream == stream;
    if (home.lane < 0 || (writes && !home.written)) {
      home.lane = order.LaneOf(step);
      home.stream = stream;
    }
    home.elsewhere |= writes && home.stream != stream;
    home.written |= writes;
  };
  for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
    const OpNode& op = graph.ops()[At(step)];
    for (const int id : op.inputs) use(transformed.lowered.bindings[At(graph.IndexOf(id))].buffer, step, false);
    for (const int id : op.outputs) use(transformed.lowered.bindings[At(graph.IndexOf(id))].buffer, step, true);
    if (!transformed.lowered.workspaces.empty()) use(transformed.lowered.workspaces[At(step)].buffer, step, true);
  }
  for (std::size_t t = 0; t < graph.tensors().size(); ++t) {
    const int buffer = transformed.lowered.bindings[t].buffer;
    const bool kept = (graph.tensors()[t].roles & (TensorRole::kOutput | TensorRole::kState)) != 0;
    if (buffer >= 0 && kept) homes[At(buffer)].local = false;
  }
  return homes;
}

// Per buffer the lane whose bytes it would have: that of who writes it, or a chain of the begins where nobody knows.
std::vector<int> LanesOfBuffers(const Workload& workload) {
  std::vector<int> lanes;
  if (workload.transformed != nullptr) {
    for (const Home& home : HomesOf(*workload.transformed)) lanes.push_back(std::max(0, home.lane));
    return lanes;
  }
  lanes.assign(workload.problem.buffers.size(), 0);
  const Precedence order(workload.problem);
  for (int r = order.count(); r-- > 0;) lanes[At(order.rectangles()[At(r)].buffer)] = order.chain(r);
  return lanes;
}

// The lives of a run of one op after another, as listed. Buffers are those of the graph, in another order.
Problem InListedOrder(const TransformedGraph& transformed, std::int64_t alignment) {
  std::vector<OpNode> ops = transformed.graph.ops();
  for (OpNode& op : ops) {
    op.stream = 0;
    op.waits.clear();
  }
  const Graph serial(std::move(ops), transformed.graph.tensors());
  std::vector<int> name_of(transformed.lowered.problem.buffers.size(), -1);  // the first tensor that lies in it
  std::vector<TensorRoot> places;
  for (int t = 0; t < static_cast<int>(serial.tensors().size()); ++t) {
    const Binding& binding = transformed.lowered.bindings[At(t)];
    if (binding.buffer >= 0 && name_of[At(binding.buffer)] < 0) name_of[At(binding.buffer)] = t;
    places.push_back({binding.buffer < 0 ? t : name_of[At(binding.buffer)], binding.delta});
  }
  return MakeColocatedProblem(serial, GraphLiveness(serial), alignment, places, {}, {}).problem;
}

// A figure beside a plan must not take longer than the plan: many buffers are packed, and nothing is searched.
std::int64_t PeakOfPlan(Problem problem) {
  constexpr std::size_t kSearched = 600;
  for (Buffer& buffer : problem.buffers) buffer.fixed_offset = kFree;
  PlanOptions options;
  options.effort = Effort::kFast;
  if (problem.clocks.streams == 0 && problem.buffers.size() > kSearched) {
    Watch watch(options);
    return RunPortfolio(problem, LowerBound(problem).lower_bound_bytes, Effort::kFast, watch).peak;
  }
  return ReusePlanner().Run(problem, options).peak_bytes;
}

// Lanes above one another, each at the next multiple of its largest alignment.
std::int64_t PeakInLanes(const Workload& workload) {
  const std::vector<int> lane_of = LanesOfBuffers(workload);
  std::vector<std::vector<int>> buffers;
  for (int i = 0; i < static_cast<int>(lane_of.size()); ++i) {
    buffers.resize(std::max(buffers.size(), At(lane_of[At(i)]) + 1));
    buffers[At(lane_of[At(i)])].push_back(i);
  }
  std::int64_t bytes = 0;
  for (const std::vector<int>& lane : buffers) {
    if (lane.empty()) continue;
    const Problem subproblem = ProblemIn(workload.problem, lane, Space());
    std::int64_t alignment = 1;
    for (const Buffer& buffer : subproblem.buffers)
      alignment = std::max(alignment, buffer.size > 0 ? buffer.alignment : 1);
    const std::int64_t peak = PeakOfPlan(subproblem);
    if (peak > 0) bytes = RoundUp(bytes, alignment) + peak;
  }
  return bytes;
}

std::int64_t MostAtOneMoment(const Problem& problem) {
  const Precedence order(problem);
  std::vector<std::int64_t> bytes;
  for (const Precedence::Rectangle& r : order.rectangles()) bytes.push_back(r.end - r.begin);
  return HeaviestMoment(order, bytes).weight;
}

std::vector<std::vector<int>> StreamsOfLanes(const Workload& workload) {
  std::vector<std::vector<int>> lanes(At(workload.problem.clocks.streams));
  if (workload.transformed == nullptr) {
    for (int lane = 0; lane < workload.problem.clocks.streams; ++lane) lanes[At(lane)] = {lane};
    return lanes;
  }
  const auto& ops = workload.transformed->graph.ops();
  for (int step = 0; step < static_cast<int>(ops.size()); ++step) {
    lanes[At(workload.transformed->graph.streams()->LaneOf(step))].push_back(ops[At(step)].stream);
  }
  for (std::vector<int>& streams : lanes) {
    std::sort(streams.begin(), streams.end());
    streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
  }
  return lanes;
}

// Clocks in which nothing but program order counts, a number a stream. What is used on one stream alone is over at its
// last position there, for who is written there; everything else is for good. Where one is over before another, it is
// so in truth too.
class ProgramOrder {
 public:
  explicit ProgramOrder(const TransformedGraph& transformed) : lowered_(transformed), homes_(HomesOf(transformed)) {
    const Graph& graph = transformed.graph;
    for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
      at_[graph.ops()[At(step)].stream].push_back(graph.streams()->PositionOf(step));
    }
  }

  Problem Make() const {
    Problem problem = lowered_.lowered.problem;
    const Clocks& given = lowered_.lowered.problem.clocks;
    const std::size_t lanes = At(given.streams);
    problem.clocks = {};
    problem.clocks.streams = static_cast<int>(at_.size());
    Clocks& clocks = problem.clocks;
    for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
      Append(i, &given.begins[At(i) * lanes], &given.ends[At(i) * lanes], clocks.begins, clocks.ends);
    }
    problem.parts.clear();
    for (std::size_t p = 0; p < lowered_.lowered.problem.parts.size(); ++p) {
      const Part& part = lowered_.lowered.problem.parts[p];
      if (!homes_[At(part.buffer)].local) continue;  // all of it is for good
      problem.parts.push_back(part);
      Append(part.buffer, &given.part_begins[p * lanes], &given.part_ends[p * lanes], clocks.part_begins,
             clocks.part_ends);
    }
    CheckProblem(problem);
    WidenLives(problem);
    return problem;
  }

 private:
  // Of a life in the clocks of lanes.
  void Append(int buffer, const std::int64_t* begin, const std::int64_t* end, std::vector<std::int64_t>& begins,
              std::vector<std::int64_t>& ends) const {
    const Home& home = homes_[At(buffer)];
    const std::size_t first = begins.size();
    for (const auto& [stream, positions] : at_) {
      const auto before = [&, &at = positions](std::int64_t of_lane) {  // how many of its ops are among these
        return std::lower_bound(at.begin(), at.end(), of_lane) - at.begin();
      };
      const bool own = home.lane >= 0 && stream == home.stream;
      begins.push_back(own && home.written && !home.elsewhere ? before(begin[home.lane]) : 0);
      ends.push_back(!home.local ? static_cast<std::int64_t>(positions.size()) : own ? before(end[home.lane]) : 0);
    }
    if (!std::equal(begins.begin() + static_cast<std::ptrdiff_t>(first), begins.end(),
                    ends.begin() + static_cast<std::ptrdiff_t>(first))) {
      return;
    }
    std::size_t s = first;  // used by nobody: it may be there for good
    for (const auto& [stream, positions] : at_) ends[s++] = static_cast<std::int64_t>(positions.size());
  }

  const TransformedGraph& lowered_;
  std::vector<Home> homes_;
  std::map<int, std::vector<int>> at_;  // stream -> positions of its ops on its lane
};

}  // namespace

std::optional<StreamFigures> MeasureStreams(const Workload& workload, const Assignment* assignment) {
  const Problem& problem = workload.problem;
  constexpr std::size_t kMost = 8192;
  if (problem.clocks.streams == 0 || !problem.spaces.empty() || problem.buffers.size() > kMost) return std::nullopt;
  StreamFigures figures;
  figures.lanes = StreamsOfLanes(workload);
  const bool of_graph = workload.transformed != nullptr;
  figures.serial_bytes =
      PeakOfPlan(of_graph ? InListedOrder(*workload.transformed, workload.alignment) : InOneExecution(problem));
  figures.lanes_bytes = PeakInLanes(workload);
  figures.live_bytes = MostAtOneMoment(problem);
  if (of_graph && assignment != nullptr) {
    figures.hand_overs = FindHandOvers(workload.transformed->graph, *assignment);
  }
  return figures;
}

PlannedWorkload PlanWithoutHandOvers(const Workload& workload, const ReusePlanner& planner,
                                     const PlanOptions& options) {
  if (workload.problem.clocks.streams == 0) return PlanWorkload(workload, planner, options);
  if (workload.transformed == nullptr) {
    throw Error(ErrorCode::kMisuse,
                "which stream uses a tensor is known of graphs only, and this holds lifetimes; give the graph");
  }
  Workload restricted = workload;
  restricted.problem = ProgramOrder(*workload.transformed).Make();
  PlannedWorkload planned = PlanWorkload(restricted, planner, options);
  planned.plan.problem_hash = HashProblem(workload.problem);
  for (std::size_t p = 0; p < planned.plan.spaces.figures.size(); ++p) {
    SpaceFigures& figures = planned.plan.spaces.figures[p];
    figures.certificate = LowerBound(ViewSpace(workload.problem, planned.plan, static_cast<int>(p)).problem);
    figures.certificate.proven_optimal = figures.peak_bytes == figures.certificate.lower_bound_bytes;
  }
  Certificate& certificate = planned.plan.certificate;
  certificate = LowerBound(workload.problem);
  certificate.proven_optimal = planned.plan.peak_bytes == certificate.lower_bound_bytes;
  return planned;
}

}  // namespace orionrt
