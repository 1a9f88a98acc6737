// The judge of plans. It shares no code with what makes them, but for plain structs.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/plan.hpp"

namespace orionrt {
namespace {

using Kind = Violation::Kind;

// A live rectangle's bytes in its space, and when it comes and goes.
struct JudgedRectangle {
  std::int64_t lower, upper, begin, end;
  int buffer, space;
};

Violation Fault(Kind kind, int buffer, std::string message) {
  Violation fault;
  fault.kind = kind;
  fault.first = buffer;
  fault.message = std::move(message);
  return fault;
}

// What the buffer takes in the space, and what its offset must be a multiple of: its own alignment and the space's.
struct Demand {
  std::int64_t size, alignment;
};

Demand DemandOf(const Problem& problem, const Plan& plan, int i) {
  const Buffer& buffer = problem.buffers[At(i)];
  if (problem.spaces.empty()) return {buffer.size, buffer.alignment};
  const Space& space = problem.spaces[At(plan.spaces.space_of[At(i)])];
  const std::int64_t blocks = buffer.size / space.granularity + (buffer.size % space.granularity != 0 ? 1 : 0);
  return {blocks * space.granularity, std::max(buffer.alignment, space.alignment)};
}

std::optional<Violation> CheckOffset(const Problem& problem, const Plan& plan, int i) {
  const Buffer& buffer = problem.buffers[At(i)];
  const Demand demand = DemandOf(problem, plan, i);
  const std::int64_t offset = plan.offsets[At(i)];
  const std::string place = "buffer " + BufferLabel(problem, i) + " at offset " + std::to_string(offset);
  std::int64_t end = 0;
  if (offset < 0) return Fault(Kind::kOffset, i, place + ": an offset cannot be negative");
  if (__builtin_add_overflow(offset, demand.size, &end))
    return Fault(Kind::kOffset, i, place + ": it ends past 63 bits");
  if (offset % demand.alignment != 0) {
    return Fault(Kind::kOffset, i, place + ": no multiple of its alignment " + std::to_string(demand.alignment));
  }
  if (buffer.fixed_offset != kFree && buffer.fixed_offset != offset) {
    return Fault(Kind::kOffset, i, place + ": it is fixed at " + std::to_string(buffer.fixed_offset));
  }
  return std::nullopt;
}

int SpaceNumber(const Plan& plan, int i) { return plan.spaces.space_of.empty() ? 0 : plan.spaces.space_of[At(i)]; }

std::optional<Violation> CheckSpace(const Problem& problem, const Plan& plan, int i) {
  const Buffer& buffer = problem.buffers[At(i)];
  const int at = plan.spaces.space_of[At(i)];
  const std::string place = "buffer " + BufferLabel(problem, i);
  if (at < 0 || at >= static_cast<int>(problem.spaces.size())) {
    return Fault(Kind::kSpace, i, place + ": it lies in space " + std::to_string(at) + ", which there is not");
  }
  const Space& space = problem.spaces[At(at)];
  const std::string where = place + " in space " + space.name;
  if (!problem.allowed_spaces.empty() && !problem.allowed_spaces[At(i)].empty()) {
    const std::vector<int>& allowed = problem.allowed_spaces[At(i)];
    if (std::find(allowed.begin(), allowed.end(), at) == allowed.end()) {
      return Fault(Kind::kSpace, i, where + ": it may not live there");
    }
  }
  const bool named = !problem.allowed_spaces.empty() && !problem.allowed_spaces[At(i)].empty();
  const int home = named ? problem.allowed_spaces[At(i)].front() : 0;
  if (buffer.fixed_offset != kFree && at != home) {
    return Fault(Kind::kSpace, i, where + ": its offset is fixed in space " + problem.spaces[At(home)].name);
  }
  if (space.largest && buffer.size > *space.largest) {
    return Fault(Kind::kSpace, i,
                 where + ": its " + std::to_string(buffer.size) + " bytes are more than the " +
                     std::to_string(*space.largest) + " that the space takes as one buffer");
  }
  const Demand demand = DemandOf(problem, plan, i);
  const std::int64_t offset = plan.offsets[At(i)];
  std::int64_t end = 0;
  if (offset < 0 || __builtin_add_overflow(offset, demand.size, &end)) return std::nullopt;  // CheckOffset says so
  if (space.capacity && buffer.size > 0 && end > *space.capacity) {
    return Fault(Kind::kSpace, i,
                 where + " at offset " + std::to_string(offset) + ": it ends at " + std::to_string(end) +
                     ", past the capacity of " + std::to_string(*space.capacity));
  }
  return std::nullopt;
}

std::vector<JudgedRectangle> Rectangles(const Problem& problem, const Plan& plan) {
  std::vector<JudgedRectangle> rectangles;
  std::vector<bool> has_parts(problem.buffers.size(), false);
  for (const Part& part : problem.parts) {
    has_parts[At(part.buffer)] = true;
    const std::int64_t offset = plan.offsets[At(part.buffer)];
    const bool last_byte = part.end == problem.buffers[At(part.buffer)].size;  // the padding lives as long as it does
    const std::int64_t end = last_byte ? DemandOf(problem, plan, part.buffer).size : part.end;
    if (part.end > part.begin) {
      rectangles.push_back(
          {part.lower, part.upper, offset + part.begin, offset + end, part.buffer, SpaceNumber(plan, part.buffer)});
    }
  }
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer& buffer = problem.buffers[i];
    if (has_parts[i] || buffer.size == 0) continue;
    const int index = static_cast<int>(i);
    rectangles.push_back({buffer.lower, buffer.upper, plan.offsets[i],
                          plan.offsets[i] + DemandOf(problem, plan, index).size, index, SpaceNumber(plan, index)});
  }
  return rectangles;
}

Violation OverlapOf(const Problem& problem, const JudgedRectangle& a, const JudgedRectangle& b) {
  Violation fault;
  fault.kind = Kind::kOverlap;
  fault.first = std::min(a.buffer, b.buffer);
  fault.second = std::max(a.buffer, b.buffer);
  fault.step = std::max(a.lower, b.lower);
  fault.begin = std::max(a.begin, b.begin);
  fault.end = std::min(a.end, b.end);
  fault.message = "buffers " + BufferLabel(problem, fault.first) + " and " + BufferLabel(problem, fault.second) +
                  " are both alive at step " + FormatThousands(fault.step) + " and share bytes [" +
                  std::to_string(fault.begin) + ", " + std::to_string(fault.end) + ")" +
                  (problem.spaces.empty() ? "" : " of space " + problem.spaces[At(a.space)].name);
  return fault;
}

// Per rectangle, in the order of Rectangles, the clocks of its life.
struct ClockLife {
  const std::int64_t *begin, *end;
};

std::vector<ClockLife> LivesOf(const Problem& problem) {
  const auto streams = static_cast<std::size_t>(problem.clocks.streams);
  std::vector<ClockLife> lives;
  std::vector<bool> has_parts(problem.buffers.size(), false);
  for (std::size_t p = 0; p < problem.parts.size(); ++p) {
    has_parts[At(problem.parts[p].buffer)] = true;
    if (problem.parts[p].end <= problem.parts[p].begin) continue;
    lives.push_back({&problem.clocks.part_begins[p * streams], &problem.clocks.part_ends[p * streams]});
  }
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    if (has_parts[i] || problem.buffers[i].size == 0) continue;
    lives.push_back({&problem.clocks.begins[i * streams], &problem.clocks.ends[i * streams]});
  }
  return lives;
}

std::string ShowClock(const std::int64_t* clock, int streams) {
  std::string text;
  for (int s = 0; s < streams; ++s) text += (s == 0 ? "" : ":") + std::to_string(clock[s]);
  return text;
}

Violation OverlapInClocks(const Problem& problem, const JudgedRectangle& a, const JudgedRectangle& b,
                          const ClockLife& life_a, const ClockLife& life_b) {
  Violation fault = OverlapOf(problem, a, b);
  const int streams = problem.clocks.streams;
  const auto life = [&](const JudgedRectangle& r, const ClockLife& l) {
    return BufferLabel(problem, r.buffer) + " (" + ShowClock(l.begin, streams) + " to " + ShowClock(l.end, streams) +
           ")";
  };
  fault.step = 0;
  fault.message = "buffers " + life(a, life_a) + " and " + life(b, life_b) + " share bytes [" +
                  std::to_string(fault.begin) + ", " + std::to_string(fault.end) + ")" +
                  (problem.spaces.empty() ? "" : " of space " + problem.spaces[At(a.space)].name) +
                  ", and neither is over before the other begins";
  return fault;
}

// Sweeps the addresses of each space. What holds a byte must be a chain of lives, each over before the next begins; as
// that is transitive, neighbours in any order that goes with it are enough: here by the sum of the begin's numbers,
// which only grows from what is over to what comes after. O(n log n x streams).
std::optional<Violation> FindOverlapInClocks(const Problem& problem, const Plan& plan) {
  const std::vector<JudgedRectangle> rectangles = Rectangles(problem, plan);
  const std::vector<ClockLife> lives = LivesOf(problem);
  const int streams = problem.clocks.streams;
  const auto over = [&](int a, int b) {
    return std::equal(lives[At(a)].end, lives[At(a)].end + streams, lives[At(b)].begin,
                      [](std::int64_t x, std::int64_t y) { return x <= y; });
  };
  std::vector<std::pair<std::int64_t, std::int64_t>> progress;  // the sum, in units of 64 and what is left
  for (const ClockLife& life : lives) {
    std::int64_t units = 0, rest = 0;
    for (int s = 0; s < streams; ++s) {
      units += life.begin[s] >> 6;
      rest += life.begin[s] & 63;
    }
    progress.emplace_back(units + (rest >> 6), rest & 63);
  }
  // (space, byte, leaves before comes, rectangle)
  std::vector<std::tuple<int, std::int64_t, int, int>> events;
  for (int r = 0; r < static_cast<int>(rectangles.size()); ++r) {
    events.emplace_back(rectangles[At(r)].space, rectangles[At(r)].begin, 1, r);
    events.emplace_back(rectangles[At(r)].space, rectangles[At(r)].end, 0, r);
  }
  std::sort(events.begin(), events.end());
  const auto earlier = [&](int a, int b) {
    return progress[At(a)] != progress[At(b)] ? progress[At(a)] < progress[At(b)] : a < b;
  };
  std::set<int, decltype(earlier)> holders(earlier);
  for (const auto& [space, byte, comes, r] : events) {
    if (!comes) {
      holders.erase(r);
      continue;
    }
    const auto place = holders.insert(r).first;
    const auto next = std::next(place);
    if (next != holders.end() && !over(r, *next)) {
      return OverlapInClocks(problem, rectangles[At(r)], rectangles[At(*next)], lives[At(r)], lives[At(*next)]);
    }
    if (place == holders.begin()) continue;
    const int before = *std::prev(place);
    if (!over(before, r)) {
      return OverlapInClocks(problem, rectangles[At(before)], rectangles[At(r)], lives[At(before)], lives[At(r)]);
    }
  }
  return std::nullopt;
}

// Pairs kept apart, as wholes.
std::optional<Violation> CheckPairs(const Problem& problem, const Plan& plan) {
  for (const auto& [a, b] : problem.apart) {
    if (SpaceNumber(plan, a) != SpaceNumber(plan, b)) continue;
    if (problem.buffers[At(a)].size == 0 || problem.buffers[At(b)].size == 0) continue;
    const std::int64_t begin = std::max(plan.offsets[At(a)], plan.offsets[At(b)]);
    const std::int64_t end =
        std::min(plan.offsets[At(a)] + problem.buffers[At(a)].size, plan.offsets[At(b)] + problem.buffers[At(b)].size);
    if (begin >= end) continue;
    Violation fault;
    fault.kind = Kind::kOverlap;
    fault.first = std::min(a, b);
    fault.second = std::max(a, b);
    fault.begin = begin;
    fault.end = end;
    fault.message = "buffers " + BufferLabel(problem, fault.first) + " and " + BufferLabel(problem, fault.second) +
                    " are to be kept apart and share bytes [" + std::to_string(begin) + ", " + std::to_string(end) +
                    ")" + (problem.spaces.empty() ? "" : " of space " + problem.spaces[At(SpaceNumber(plan, a))].name);
    return fault;
  }
  return std::nullopt;
}

std::optional<Violation> FindOverlap(const Problem& problem, const Plan& plan) {
  if (auto fault = CheckPairs(problem, plan)) return fault;
  if (problem.clocks.streams > 0) return FindOverlapInClocks(problem, plan);
  const std::vector<JudgedRectangle> rectangles = Rectangles(problem, plan);
  // (step, leaves before comes, rectangle)
  std::vector<std::tuple<std::int64_t, int, int>> events;
  for (int r = 0; r < static_cast<int>(rectangles.size()); ++r) {
    events.emplace_back(rectangles[At(r)].lower, 1, r);
    events.emplace_back(rectangles[At(r)].upper, 0, r);
  }
  std::sort(events.begin(), events.end());
  // Per space: first byte -> rectangle; disjoint as long as nothing was found.
  std::vector<std::map<std::int64_t, int>> live_in(std::max<std::size_t>(1, problem.spaces.size()));
  for (const auto& [step, comes, r] : events) {
    const JudgedRectangle& it = rectangles[At(r)];
    std::map<std::int64_t, int>& live = live_in[At(it.space)];
    if (!comes) {
      live.erase(it.begin);
      continue;
    }
    const auto next = live.lower_bound(it.begin);
    if (next != live.end() && next->first < it.end) return OverlapOf(problem, it, rectangles[At(next->second)]);
    if (next != live.begin()) {
      const JudgedRectangle& below = rectangles[At(std::prev(next)->second)];
      if (below.end > it.begin) return OverlapOf(problem, it, below);
    }
    live.emplace(it.begin, r);
  }
  return std::nullopt;
}

// What the plan says of its spaces: as many figures as spaces, each peak the highest rounded end.
std::optional<Violation> CheckSpacePeaks(const Problem& problem, const Plan& plan, std::int64_t* total) {
  std::vector<std::int64_t> peaks(problem.spaces.size(), 0);
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    std::int64_t& peak = peaks[At(plan.spaces.space_of[At(i)])];
    if (problem.buffers[At(i)].size > 0) peak = std::max(peak, plan.offsets[At(i)] + DemandOf(problem, plan, i).size);
  }
  if (plan.spaces.figures.size() != peaks.size()) {
    return Fault(Kind::kPeak, -1,
                 "the plan states the peaks of " + std::to_string(plan.spaces.figures.size()) + " spaces, there are " +
                     std::to_string(peaks.size()));
  }
  *total = 0;
  for (std::size_t p = 0; p < peaks.size(); ++p) {
    const SpaceFigures& figures = plan.spaces.figures[p];
    const std::string who = "space " + problem.spaces[p].name + ": the plan states ";
    if (figures.peak_bytes != peaks[p]) {
      return Fault(Kind::kPeak, -1,
                   who + "a peak of " + std::to_string(figures.peak_bytes) + " bytes, its buffers end at " +
                       std::to_string(peaks[p]));
    }
    const std::int64_t bound = figures.certificate.lower_bound_bytes;
    if (bound > peaks[p] || (figures.certificate.proven_optimal && bound != peaks[p])) {
      return Fault(Kind::kCertificate, -1,
                   who + "a lower bound of " + std::to_string(bound) + " bytes, which its peak of " +
                       std::to_string(peaks[p]) + " bytes contradicts");
    }
    if (__builtin_add_overflow(*total, peaks[p], total)) *total = INT64_MAX;
  }
  return std::nullopt;
}

// Bytes x uses x how much dearer the space is than the one that the buffer would best be in, 1 at least.
std::int64_t CostOf(const Problem& problem, const Plan& plan, int i) {
  const bool named = !problem.allowed_spaces.empty() && !problem.allowed_spaces[At(i)].empty();
  const int home = named ? problem.allowed_spaces[At(i)].front() : 0;
  const int at = plan.spaces.space_of[At(i)];
  if (at == home) return 0;
  const auto cost = [&](int p) { return problem.spaces[At(p)].cost == kByPosition ? p : problem.spaces[At(p)].cost; };
  const std::int64_t uses = problem.uses.empty() ? 1 : problem.uses[At(i)];
  return problem.buffers[At(i)].size * uses * std::max<std::int64_t>(1, cost(at) - cost(home));
}

std::optional<Violation> CheckSpills(const Problem& problem, const Plan& plan) {
  std::int64_t cost = 0, listed = 0;
  std::size_t spilled = 0;
  const auto fault = [](const std::string& what) { return Fault(Kind::kSpill, -1, "the plan states " + what); };
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const bool named = !problem.allowed_spaces.empty() && !problem.allowed_spaces[At(i)].empty();
    if (plan.spaces.space_of[At(i)] != (named ? problem.allowed_spaces[At(i)].front() : 0)) ++spilled;
    cost += CostOf(problem, plan, i);
  }
  for (const Spill& spill : plan.spaces.spills) {
    const bool known = spill.buffer >= 0 && spill.buffer < static_cast<int>(problem.buffers.size());
    if (!known || spill.to != plan.spaces.space_of[At(spill.buffer)] ||
        spill.cost != CostOf(problem, plan, spill.buffer)) {
      return fault("a spill that is none, or of another cost");
    }
    listed += spill.cost;
  }
  if (plan.spaces.spills.size() != spilled || listed != cost || plan.spaces.spill_cost != cost) {
    return fault(std::to_string(plan.spaces.spills.size()) + " spills that cost " +
                 std::to_string(plan.spaces.spill_cost) + ", but there are " + std::to_string(spilled) + " that cost " +
                 std::to_string(cost));
  }
  if (plan.spaces.spill_cost_bound > cost) return fault("that spills cost at least more than they do");
  return std::nullopt;
}

// The number of spaces that buffers are said to be in: none without a table of them, else one each.
std::optional<Violation> CheckSpaceCount(const Problem& problem, const Plan& plan) {
  const std::size_t expected = problem.spaces.empty() ? 0 : problem.buffers.size();
  if (plan.spaces.space_of.size() == expected &&
      (expected > 0 || !problem.spaces.empty() || plan.spaces.figures.empty())) {
    return std::nullopt;
  }
  return Fault(Kind::kCount, -1,
               "the plan has spaces for " + std::to_string(plan.spaces.space_of.size()) +
                   " buffers where the problem has " + std::to_string(problem.spaces.size()) + " spaces and " +
                   std::to_string(problem.buffers.size()) + " buffers");
}

}  // namespace

std::optional<Violation> Validate(const Problem& problem, const Plan& plan) {
  const std::size_t n = problem.buffers.size();
  if (plan.offsets.size() != n) {
    return Fault(
        Kind::kCount, -1,
        "the plan places " + std::to_string(plan.offsets.size()) + " buffers, the problem has " + std::to_string(n));
  }
  if (auto fault = CheckSpaceCount(problem, plan)) return fault;
  std::int64_t peak = 0;
  for (int i = 0; i < static_cast<int>(n); ++i) {
    if (!problem.spaces.empty()) {
      if (auto fault = CheckSpace(problem, plan, i)) return fault;
    }
    if (auto fault = CheckOffset(problem, plan, i)) return fault;
    if (problem.buffers[At(i)].size > 0) peak = std::max(peak, plan.offsets[At(i)] + problem.buffers[At(i)].size);
  }
  if (auto fault = FindOverlap(problem, plan)) return fault;
  if (!problem.spaces.empty()) {
    if (auto fault = CheckSpacePeaks(problem, plan, &peak)) return fault;
    if (auto fault = CheckSpills(problem, plan)) return fault;
  }
  if (plan.peak_bytes != peak) {
    return Fault(Kind::kPeak, -1,
                 "the plan states a peak of " + std::to_string(plan.peak_bytes) + " bytes, its buffers end at " +
                     std::to_string(peak));
  }
  const Certificate& certificate = plan.certificate;
  const bool reached = certificate.lower_bound_bytes == peak;
  if (certificate.lower_bound_bytes > peak || (certificate.proven_optimal && !reached)) {
    return Fault(Kind::kCertificate, -1,
                 "the plan states a lower bound of " + std::to_string(certificate.lower_bound_bytes) + " bytes" +
                     (certificate.proven_optimal ? " and optimality" : "") + ", which its peak of " +
                     std::to_string(peak) + " bytes contradicts");
  }
  return std::nullopt;
}

}  // namespace orionrt
