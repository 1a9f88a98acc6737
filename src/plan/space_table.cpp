// The table of spaces: what it must be, and what a problem looks like from inside one of them.
#include "plan/space_table.hpp"

#include <algorithm>
#include <set>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"

namespace orionrt {
namespace {

[[noreturn]] void RefuseTable(const std::string& message) { throw Error(ErrorCode::kBadInput, message); }

std::string Label(const Space& space) { return "space \"" + Printable(space.name) + "\""; }

std::string Names(const std::vector<Space>& spaces) {
  std::string names;
  for (const Space& space : spaces) names += (names.empty() ? "" : ", ") + Printable(space.name);
  return names;
}

void CheckSpace(const Space& space) {
  constexpr std::size_t kLongest = 64;  // bytes of a name
  const bool plain = !space.name.empty() && space.name.find_first_of(",|=:\" \t\r\n") == std::string::npos &&
                     Printable(space.name, kLongest) == space.name;
  if (!plain) {
    RefuseTable(Label(space) + ": a name is 1 to " + std::to_string(kLongest) +
                " bytes of text without blanks, quotes and , | = :");
  }
  if (LimitOf(space.capacity) < 0 || LimitOf(space.largest) < 0)
    RefuseTable(Label(space) + ": a negative capacity or largest buffer");
  for (const auto& [what, value] : {std::pair{"alignment", space.alignment}, {"granularity", space.granularity}}) {
    if (!IsPowerOfTwo(value))
      RefuseTable(Label(space) + ": " + what + " " + std::to_string(value) + " is not a power of two");
  }
  if (space.cost < 0 && space.cost != kByPosition)
    RefuseTable(Label(space) + ": cost " + std::to_string(space.cost) + " is negative");
}

void CheckTable(const std::vector<Space>& spaces) {
  constexpr std::size_t kMost = 1000;  // spaces; planning looks at each of them
  if (spaces.size() > kMost) throw Error(ErrorCode::kUnsupported, "more than 1,000 spaces");
  std::set<std::string> names;
  for (const Space& space : spaces) {
    CheckSpace(space);
    if (!names.insert(space.name).second) RefuseTable(Label(space) + " stands twice in the table");
  }
}

void CheckAllowed(const Problem& problem, int i) {
  std::vector<int> seen = problem.allowed_spaces[At(i)];
  std::sort(seen.begin(), seen.end());
  const bool known = seen.empty() || (seen.front() >= 0 && seen.back() < static_cast<int>(problem.spaces.size()));
  if (!known || std::adjacent_find(seen.begin(), seen.end()) != seen.end()) {
    RefuseTable("buffer " + BufferLabel(problem, i) + ": among its spaces is one that there is not, or one twice");
  }
}

// Sums that planners form must fit in 63 bits: what all buffers take in the coarsest space, and what they cost in the
// dearest.
class SumChecker {
 public:
  explicit SumChecker(const Problem& problem) : problem_(problem), tops_(problem.spaces.size(), 0) {
    const std::vector<std::int64_t> costs = SpaceCosts(problem);
    for (const Space& space : problem.spaces) padding_ = std::max({padding_, space.granularity, space.alignment});
    dearest_ = std::max<std::int64_t>(1, *std::max_element(costs.begin(), costs.end()));
  }

  void Add(int i, int home) {
    const Buffer& buffer = problem_.buffers[At(i)];
    const bool fixed = buffer.fixed_offset != kFree;
    const std::int64_t uses = problem_.uses.empty() ? 1 : problem_.uses[At(i)];
    std::int64_t taken = 0, traffic = 0, top = 0;
    bool fits = CheckedAdd(buffer.size, std::max(padding_, buffer.alignment), &taken) &&
                CheckedAdd(taken, padding_, &taken) && CheckedAdd(bytes_, taken, &bytes_) &&
                CheckedMul(buffer.size, uses, &traffic) && CheckedMul(traffic, dearest_, &traffic) &&
                CheckedAdd(cost_, traffic, &cost_);
    if (fixed) fits = fits && CheckedAdd(buffer.fixed_offset, taken, &tops_[At(home)]);
    top = bytes_;
    for (const std::int64_t fixed_top : tops_) fits = fits && CheckedAdd(top, fixed_top, &top);
    if (fits) return;
    RefuseTable("buffer " + BufferLabel(problem_, i) + ": its " + std::to_string(buffer.size) +
                " bytes, rounded up as in the spaces, or its bytes x uses x cost take a sum past 63 bits");
  }

 private:
  const Problem& problem_;
  std::vector<std::int64_t> tops_;  // per space an end of a fixed buffer
  std::int64_t padding_ = 1, dearest_ = 1, bytes_ = 0, cost_ = 0;
};

}  // namespace

void CheckSpaces(const Problem& problem) {
  const std::size_t n = problem.buffers.size();
  if (!problem.uses.empty() && problem.uses.size() != n) RefuseTable("problem: not as many counts of uses as buffers");
  for (std::size_t i = 0; i < problem.uses.size(); ++i) {
    if (problem.uses[i] < 0)
      RefuseTable("buffer " + BufferLabel(problem, static_cast<int>(i)) + ": its uses are negative");
  }
  if (problem.spaces.empty()) {
    if (!problem.allowed_spaces.empty()) RefuseTable("problem: buffers name spaces, but there is no table of them");
    return;
  }
  CheckTable(problem.spaces);
  if (!problem.allowed_spaces.empty() && problem.allowed_spaces.size() != n) {
    RefuseTable("problem: not as many lists of spaces as buffers");
  }
  for (std::size_t i = 0; i < problem.allowed_spaces.size(); ++i) CheckAllowed(problem, static_cast<int>(i));
  const Preferences preferences(problem);
  SumChecker sums(problem);
  for (int i = 0; i < static_cast<int>(n); ++i) {
    const int home = preferences.Of(i).front();
    const Space& space = problem.spaces[At(home)];
    sums.Add(i, home);
    if (problem.buffers[At(i)].fixed_offset == kFree || problem.buffers[At(i)].fixed_offset % space.alignment == 0)
      continue;
    RefuseTable("buffer " + BufferLabel(problem, i) + ": its fixed offset " +
                std::to_string(problem.buffers[At(i)].fixed_offset) + " is no multiple of the alignment " +
                std::to_string(space.alignment) + " of its " + Label(space));
  }
}

void HashSpaces(const Problem& problem, Hasher& hash) {
  hash.Add(static_cast<std::uint64_t>(problem.spaces.size()));
  const std::vector<std::int64_t> costs = SpaceCosts(problem);
  for (std::size_t p = 0; p < problem.spaces.size(); ++p) {
    const Space& space = problem.spaces[p];
    for (std::int64_t value :
         {LimitOf(space.capacity), space.alignment, space.granularity, LimitOf(space.largest), costs[p]})
      hash.Add(value);
  }
  const Preferences preferences(problem);
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const std::vector<int>& allowed = preferences.Of(static_cast<int>(i));
    hash.Add(static_cast<std::uint64_t>(allowed.size()));
    for (const int space : allowed) hash.Add(space);
    hash.Add(problem.uses.empty() ? std::int64_t{1} : problem.uses[i]);
  }
}

void SetSpaces(Problem& problem, std::vector<Space> spaces,
               const std::vector<std::vector<std::string>>& allowed_names) {
  std::vector<std::vector<int>> allowed(allowed_names.size());
  bool any = false;
  for (std::size_t i = 0; i < allowed_names.size(); ++i) {
    for (const std::string& name : allowed_names[i]) {
      const auto found =
          std::find_if(spaces.begin(), spaces.end(), [&](const Space& space) { return space.name == name; });
      if (found == spaces.end()) {
        RefuseTable("buffer " + BufferLabel(problem, static_cast<int>(i)) + " may live in \"" + Printable(name) +
                    "\", which is no space; there are: " + Names(spaces));
      }
      allowed[i].push_back(static_cast<int>(found - spaces.begin()));
      any = true;
    }
  }
  problem.spaces = std::move(spaces);
  problem.allowed_spaces.clear();
  if (any) problem.allowed_spaces = std::move(allowed);
}

std::vector<std::string> SpacesOf(const Problem& problem, int i) {
  std::vector<std::string> names;
  if (problem.allowed_spaces.empty()) return names;
  for (const int space : problem.allowed_spaces[At(i)]) names.push_back(problem.spaces[At(space)].name);
  return names;
}

std::vector<std::int64_t> SpaceCosts(const Problem& problem) {
  std::vector<std::int64_t> costs;
  for (const Space& space : problem.spaces) {
    costs.push_back(space.cost == kByPosition ? static_cast<std::int64_t>(costs.size()) : space.cost);
  }
  return costs;
}

std::int64_t SpillCost(const Problem& problem, int i, int space) {
  const int home = Preferences(problem).Of(i).front();
  if (space == home) return 0;
  const std::vector<std::int64_t> costs = SpaceCosts(problem);
  const std::int64_t uses = problem.uses.empty() ? 1 : problem.uses[At(i)];
  return problem.buffers[At(i)].size * uses * std::max<std::int64_t>(1, costs[At(space)] - costs[At(home)]);
}

Preferences::Preferences(const Problem& problem) : problem_(problem) {
  for (int p = 0; p < static_cast<int>(problem.spaces.size()); ++p) all_.push_back(p);
}

std::int64_t BytesIn(const Space& space, const Buffer& buffer) { return RoundUp(buffer.size, space.granularity); }

bool CanHold(const Space& space, const Buffer& buffer) {
  return buffer.size <= LimitOf(space.largest) && BytesIn(space, buffer) <= LimitOf(space.capacity);
}

Problem ProblemIn(const Problem& problem, const std::vector<int>& buffers, const Space& space) {
  Problem result;
  result.buffers.reserve(buffers.size());
  std::size_t part = 0;
  const Clocks& clocks = problem.clocks;
  result.clocks.streams = clocks.streams;
  const auto copy_clock = [&](const std::vector<std::int64_t>& from, std::size_t i, std::vector<std::int64_t>& to) {
    const auto streams = static_cast<std::ptrdiff_t>(clocks.streams);
    if (streams == 0) return;
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(i) * streams;
    to.insert(to.end(), first, first + streams);
  };
  for (const int i : buffers) {
    Buffer buffer = problem.buffers[At(i)];
    copy_clock(clocks.begins, static_cast<std::size_t>(i), result.clocks.begins);
    copy_clock(clocks.ends, static_cast<std::size_t>(i), result.clocks.ends);
    buffer.size = BytesIn(space, buffer);
    buffer.alignment = std::max(buffer.alignment, space.alignment);
    while (part < problem.parts.size() && problem.parts[part].buffer < i) ++part;
    for (; part < problem.parts.size() && problem.parts[part].buffer == i; ++part) {
      Part copy = problem.parts[part];
      copy.buffer = static_cast<int>(result.buffers.size());
      // The padding behind a buffer is taken for as long as its last byte is.
      if (copy.begin < copy.end && copy.end == problem.buffers[At(i)].size) copy.end = buffer.size;
      result.parts.push_back(copy);
      copy_clock(clocks.part_begins, part, result.clocks.part_begins);
      copy_clock(clocks.part_ends, part, result.clocks.part_ends);
    }
    result.buffers.push_back(buffer);
  }
  if (problem.apart.empty()) return result;
  std::vector<int> position(problem.buffers.size(), -1);
  for (std::size_t k = 0; k < buffers.size(); ++k) position[At(buffers[k])] = static_cast<int>(k);
  for (const auto& [a, b] : problem.apart) {
    if (position[At(a)] >= 0 && position[At(b)] >= 0) result.apart.emplace_back(position[At(a)], position[At(b)]);
  }
  return result;
}

SpaceView ViewSpace(const Problem& problem, const Plan& plan, int space) {
  SpaceView view;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    if (SpaceOf(plan, i) == space) view.buffers.push_back(i);
  }
  const bool known = space >= 0 && space < static_cast<int>(problem.spaces.size());
  view.problem = ProblemIn(problem, view.buffers, known ? problem.spaces[At(space)] : Space());
  for (const int i : view.buffers) {
    view.problem.ids.push_back(BufferId(problem, i));
    if (!problem.names.empty()) view.problem.names.push_back(problem.names[At(i)]);
    view.plan.offsets.push_back(plan.offsets[At(i)]);
  }
  view.plan.policy = plan.policy;
  view.plan.peak_bytes = PeakOf(view.problem, view.plan.offsets);
  view.plan.certificate = plan.certificate;
  if (space < 0 || space >= static_cast<int>(plan.spaces.figures.size())) return view;
  view.plan.certificate = plan.spaces.figures[At(space)].certificate;
  std::vector<int> witness;  // by position in the view
  for (const int i : view.plan.certificate.witness) {
    const auto found = std::lower_bound(view.buffers.begin(), view.buffers.end(), i);
    if (found != view.buffers.end() && *found == i) witness.push_back(static_cast<int>(found - view.buffers.begin()));
  }
  view.plan.certificate.witness = std::move(witness);
  return view;
}

}  // namespace orionrt
