#include "pool/guard_layout.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/streams.hpp"
#include "plan/part_union.hpp"
#include "plan/placing/placer.hpp"
#include "plan/placing/sort_keys.hpp"
#include "pool/fence.hpp"

namespace orionrt {
namespace {

std::int64_t PageBytes(const GuardOptions& options) {
  if (!options.pages) return 0;
  const std::int64_t page = Fence::page_bytes();
  if (page == 0) {
    throw Error(ErrorCode::kUnsupported, "guard: this system has no pages to protect; leave GuardOptions::pages off");
  }
  return page;
}

// Per buffer how many tensors lie in it.
std::vector<int> CountTensors(const Lowered& lowered) {
  std::vector<int> counts(lowered.problem.buffers.size(), 0);
  for (const Binding& binding : lowered.bindings) {
    if (binding.buffer >= 0) ++counts[At(binding.buffer)];
  }
  return counts;
}

// Those that lie in one buffer cannot be told apart by giving each bytes of its own.
void CheckApart(const GuardOptions& options, const std::vector<int>& counts) {
  if (!options.no_reuse && !options.pages) return;
  if (std::all_of(counts.begin(), counts.end(), [](int count) { return count <= 1; })) return;
  throw Error(ErrorCode::kUnsupported,
              std::string("guard: GuardOptions::") + (options.pages ? "pages" : "no_reuse") +
                  " gives every tensor bytes of its own, but views and in-place outputs lie in another's; register "
                  "the graph without transforms and views, or leave the option off");
}

// What the buffer takes, and when: its parts, and its canary for as long as it is alive. What has no bytes has none.
std::vector<Part> WithCanary(const Buffer& buffer, const Part* parts, const Part* end, std::int64_t canary) {
  std::vector<Part> rectangles;
  if (canary > 0 && buffer.size > 0) {
    rectangles.push_back({parts->buffer, buffer.lower, buffer.upper, buffer.size, buffer.size + canary});
  }
  std::copy_if(parts, end, std::back_inserter(rectangles), [](const Part& part) { return part.begin < part.end; });
  return rectangles;
}

// The plan's own problem, each buffer larger by its canary, or grown to whole pages and one behind them; and each alive
// longer by its quarantine, as is every part, but for bytes that another part of the same buffer takes up meanwhile. No
// life goes on past the last one's end, where nobody comes.
Problem Enlarge(const Problem& problem, const GuardOptions& options, std::int64_t page) {
  const auto canary = static_cast<std::int64_t>(options.canary_bytes);
  std::int64_t last = INT64_MIN;
  for (const Buffer& buffer : problem.buffers) last = std::max(last, buffer.upper);
  const auto quarantined = [&](std::int64_t upper) { return std::min(upper + options.quarantine_ops, last); };

  Problem larger;
  larger.buffers = problem.buffers;
  for (Buffer& buffer : larger.buffers) {
    buffer.fixed_offset = kFree;
    buffer.upper = quarantined(buffer.upper);
    if (buffer.size == 0) continue;
    if (page == 0) {
      buffer.size += canary;
    } else {
      buffer.size = RoundUp(buffer.size, page) + page;
      buffer.alignment = std::max(buffer.alignment, page);
    }
  }
  if (page != 0) return larger;
  const Part* const end = problem.parts.data() + problem.parts.size();
  const Part* next = nullptr;
  for (const Part* first = problem.parts.data(); first != end; first = next) {
    next = std::find_if(first, end, [&](const Part& part) { return part.buffer != first->buffer; });
    const Buffer& buffer = problem.buffers[At(first->buffer)];
    std::vector<Part> rectangles = WithCanary(buffer, first, next, canary);
    for (Part& rectangle : rectangles) rectangle.upper = quarantined(rectangle.upper);
    const std::vector<Part> parts = UnionOf(rectangles);
    larger.parts.insert(larger.parts.end(), parts.begin(), parts.end());
  }
  return larger;
}

std::vector<std::int64_t> OneBehindTheOther(const Problem& problem) {
  std::vector<std::int64_t> offsets;
  std::int64_t top = 0;
  for (const Buffer& buffer : problem.buffers) {
    if (buffer.size > 0) top = RoundUp(top, buffer.alignment);
    offsets.push_back(buffer.size > 0 ? top : 0);
    top += buffer.size;
  }
  return offsets;
}

// The lowest of three greedy placings. By no policy: who only loads plans shall not have to link the search for them.
std::vector<std::int64_t> Pack(const Problem& problem) {
  const Shapes shapes(problem);
  const SortKeys sort_keys(problem, shapes, {});
  Placer placer(problem, shapes);
  std::vector<std::int64_t> best;
  for (const Key key : {Key::kSizeEarly, Key::kArea, Key::kEarly}) {
    std::vector<int> movable = sort_keys.movable();
    sort_keys.Sort(movable, key);
    std::vector<std::int64_t> offsets(problem.buffers.size(), 0);
    placer.Clear();
    for (const int i : movable) {
      offsets[At(i)] = placer.LowestFit(i);
      placer.Place(i, offsets[At(i)]);
    }
    if (best.empty() || PeakOf(problem, offsets) < PeakOf(problem, best)) best = std::move(offsets);
  }
  return best;
}

// Offsets of what Enlarge made, judged as any plan is.
Plan LayOut(const Problem& problem, bool apart) {
  CheckProblem(problem);
  Plan plan;
  plan.offsets = apart ? OneBehindTheOther(problem) : Pack(problem);
  plan.peak_bytes = PeakOf(problem, plan.offsets);
  if (const auto fault = Validate(problem, plan)) {
    throw Error(ErrorCode::kInternal, "guard: its layout is none: " + fault->message);
  }
  return plan;
}

// On several streams there is no step to which a life could be made longer: buffers are only made larger, and lie
// beside each other, so that no time is looked at.
Problem WithCanaries(const Problem& problem, const GuardOptions& options) {
  Problem larger;
  larger.buffers = problem.buffers;
  for (Buffer& buffer : larger.buffers) {
    if (buffer.size > 0) buffer.size += static_cast<std::int64_t>(options.canary_bytes);
  }
  return larger;
}

Plan SideBySide(const Problem& problem) {
  Plan plan;
  plan.offsets = OneBehindTheOther(problem);
  plan.peak_bytes = PeakOf(problem, plan.offsets);
  return plan;
}

// With pages a tensor ends where its last page does, as far as its alignment allows: one byte too far is a fault.
GuardPlace PlaceIn(const Buffer& buffer, std::int64_t size, std::int64_t alignment, std::int64_t offset,
                   std::int64_t page) {
  GuardPlace place;
  place.bytes = size;
  place.reserved_begin = offset;
  place.reserved_end = offset + buffer.size - page;
  place.begin = page == 0 ? offset : offset + ((buffer.size - page - size) & ~(alignment - 1));
  return place;
}

}  // namespace

GuardLayout LayOutGuarded(const Lowered& lowered, const Graph& graph, const Plan& plan, const GuardOptions& options) {
  const std::vector<TensorDesc>& tensors = graph.tensors();
  const bool streams = HasStreams(graph.ops());
  if (streams && options.pages) {
    throw Error(ErrorCode::kUnsupported,
                "guard: GuardOptions::pages closes pages that ops on other streams use meanwhile; leave it off, or "
                "run the ops one after another, from a graph on one stream");
  }
  const std::int64_t page = PageBytes(options);
  if (options.canary_bytes > (std::size_t{1} << 30)) {
    throw Error(ErrorCode::kMisuse, "guard: canaries of more than a gigabyte; GuardOptions::canary_bytes is too large");
  }
  if (options.quarantine_ops < 0) {
    throw Error(ErrorCode::kMisuse, "guard: GuardOptions::quarantine_ops is " + std::to_string(options.quarantine_ops) +
                                        "; give a number of ops, or 0 for none");
  }
  const std::vector<int> counts = CountTensors(lowered);
  CheckApart(options, counts);
  const bool as_given = options.canary_bytes == 0 && options.quarantine_ops == 0;
  const bool apart = page != 0 || options.no_reuse || (streams && !as_given);
  const Problem problem = streams ? WithCanaries(lowered.problem, options) : Enlarge(lowered.problem, options, page);
  const bool as_planned = !apart && as_given;
  const Plan placed = as_planned ? plan : streams ? SideBySide(problem) : LayOut(problem, apart);

  GuardLayout layout;
  layout.region_bytes = page == 0 ? placed.peak_bytes : RoundUp(placed.peak_bytes, page);
  for (const Buffer& buffer : problem.buffers) layout.alignment = std::max(layout.alignment, buffer.alignment);
  const auto add = [&](const Binding& binding, std::int64_t bytes) {
    layout.places.emplace_back();
    if (binding.buffer < 0) return;
    const auto b = static_cast<std::size_t>(binding.buffer);
    const Buffer& own = lowered.problem.buffers[b];
    GuardPlace& place = layout.places.back();
    place = PlaceIn(problem.buffers[b], own.size, own.alignment, placed.offsets[b], page);
    place.begin += binding.delta;
    place.bytes = bytes;
    if (counts[b] <= 1) return;  // else what is reserved is its own, and the canary if it ends where the buffer does
    place.reserved_begin = place.begin;
    if (binding.delta + bytes < own.size) place.reserved_end = place.end();
  };
  for (std::size_t i = 0; i < tensors.size(); ++i)
    add(lowered.bindings[i], static_cast<std::int64_t>(tensors[i].bytes));
  for (const Binding& binding : lowered.workspaces) {
    add(binding, binding.buffer < 0 ? 0 : lowered.problem.buffers[At(binding.buffer)].size);
  }
  return layout;
}

}  // namespace orionrt
