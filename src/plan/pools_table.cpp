// The table of pools: what it must be, and what a problem looks like from inside one of them.
#include <algorithm>
#include <set>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "orionrt/error.hpp"
#include "plan/pools.hpp"

namespace orionrt {
namespace {

[[noreturn]] void RefuseTable(const std::string& message) { throw Error(ErrorCode::kBadInput, message); }

std::string Label(const Pool& pool) { return "pool \"" + Printable(pool.name) + "\""; }

std::string Names(const std::vector<Pool>& pools) {
  std::string names;
  for (const Pool& pool : pools) names += (names.empty() ? "" : ", ") + Printable(pool.name);
  return names;
}

void CheckPool(const Pool& pool) {
  constexpr std::size_t kLongest = 64;  // bytes of a name
  const bool plain = !pool.name.empty() && pool.name.find_first_of(",|=:\" \t\r\n") == std::string::npos &&
                     Printable(pool.name, kLongest) == pool.name;
  if (!plain) {
    RefuseTable(Label(pool) + ": a name is 1 to " + std::to_string(kLongest) +
                " bytes of text without blanks, quotes and , | = :");
  }
  if (pool.capacity < 0 || pool.largest < 0) RefuseTable(Label(pool) + ": a negative capacity or largest buffer");
  for (const auto& [what, value] : {std::pair{"alignment", pool.alignment}, {"granularity", pool.granularity}}) {
    if (!IsPowerOfTwo(value))
      RefuseTable(Label(pool) + ": " + what + " " + std::to_string(value) + " is not a power of two");
  }
  if (pool.cost < 0 && pool.cost != kByPosition)
    RefuseTable(Label(pool) + ": cost " + std::to_string(pool.cost) + " is negative");
}

void CheckTable(const std::vector<Pool>& pools) {
  constexpr std::size_t kMost = 1000;  // pools; planning looks at each of them
  if (pools.size() > kMost) throw Error(ErrorCode::kUnsupported, "more than 1,000 pools");
  std::set<std::string> names;
  for (const Pool& pool : pools) {
    CheckPool(pool);
    if (!names.insert(pool.name).second) RefuseTable(Label(pool) + " stands twice in the table");
  }
}

void CheckAllowed(const Problem& problem, int i) {
  std::vector<int> seen = problem.allowed_pools[i];
  std::sort(seen.begin(), seen.end());
  const bool known = seen.empty() || (seen.front() >= 0 && seen.back() < static_cast<int>(problem.pools.size()));
  if (!known || std::adjacent_find(seen.begin(), seen.end()) != seen.end()) {
    RefuseTable("buffer " + BufferLabel(problem, i) + ": among its pools is one that there is not, or one twice");
  }
}

// Sums that planners form must fit in 63 bits: what all buffers take in the coarsest pool, and what they cost in the
// dearest.
class SumChecker {
 public:
  explicit SumChecker(const Problem& problem) : problem_(problem), tops_(problem.pools.size(), 0) {
    const std::vector<std::int64_t> costs = PoolCosts(problem);
    for (const Pool& pool : problem.pools) padding_ = std::max({padding_, pool.granularity, pool.alignment});
    dearest_ = std::max<std::int64_t>(1, *std::max_element(costs.begin(), costs.end()));
  }

  void Add(int i, int home) {
    const Buffer& buffer = problem_.buffers[i];
    const bool fixed = buffer.fixed_offset != kFree;
    const std::int64_t uses = problem_.uses.empty() ? 1 : problem_.uses[i];
    std::int64_t taken = 0, traffic = 0, top = 0;
    bool fits = CheckedAdd(buffer.size, std::max(padding_, buffer.alignment), &taken) &&
                CheckedAdd(taken, padding_, &taken) && CheckedAdd(bytes_, taken, &bytes_) &&
                CheckedMul(buffer.size, uses, &traffic) && CheckedMul(traffic, dearest_, &traffic) &&
                CheckedAdd(cost_, traffic, &cost_);
    if (fixed) fits = fits && CheckedAdd(buffer.fixed_offset, taken, &tops_[home]);
    top = bytes_;
    for (const std::int64_t fixed_top : tops_) fits = fits && CheckedAdd(top, fixed_top, &top);
    if (fits) return;
    RefuseTable("buffer " + BufferLabel(problem_, i) + ": its " + std::to_string(buffer.size) +
                " bytes, rounded up as in the pools, or its bytes x uses x cost take a sum past 63 bits");
  }

 private:
  const Problem& problem_;
  std::vector<std::int64_t> tops_;  // per pool an end of a fixed buffer
  std::int64_t padding_ = 1, dearest_ = 1, bytes_ = 0, cost_ = 0;
};

}  // namespace

void CheckPools(const Problem& problem) {
  const std::size_t n = problem.buffers.size();
  if (!problem.uses.empty() && problem.uses.size() != n) RefuseTable("problem: not as many counts of uses as buffers");
  for (std::size_t i = 0; i < problem.uses.size(); ++i) {
    if (problem.uses[i] < 0)
      RefuseTable("buffer " + BufferLabel(problem, static_cast<int>(i)) + ": its uses are negative");
  }
  if (problem.pools.empty()) {
    if (!problem.allowed_pools.empty()) RefuseTable("problem: buffers name pools, but there is no table of them");
    return;
  }
  CheckTable(problem.pools);
  if (!problem.allowed_pools.empty() && problem.allowed_pools.size() != n) {
    RefuseTable("problem: not as many lists of pools as buffers");
  }
  for (std::size_t i = 0; i < problem.allowed_pools.size(); ++i) CheckAllowed(problem, static_cast<int>(i));
  const Preferences preferences(problem);
  SumChecker sums(problem);
  for (int i = 0; i < static_cast<int>(n); ++i) {
    const int home = preferences.Of(i).front();
    const Pool& pool = problem.pools[home];
    sums.Add(i, home);
    if (problem.buffers[i].fixed_offset == kFree || problem.buffers[i].fixed_offset % pool.alignment == 0) continue;
    RefuseTable("buffer " + BufferLabel(problem, i) + ": its fixed offset " +
                std::to_string(problem.buffers[i].fixed_offset) + " is no multiple of the alignment " +
                std::to_string(pool.alignment) + " of its " + Label(pool));
  }
}

void HashPools(const Problem& problem, Hasher& hash) {
  hash.Add(static_cast<std::uint64_t>(problem.pools.size()));
  const std::vector<std::int64_t> costs = PoolCosts(problem);
  for (std::size_t p = 0; p < problem.pools.size(); ++p) {
    const Pool& pool = problem.pools[p];
    for (std::int64_t value : {pool.capacity, pool.alignment, pool.granularity, pool.largest, costs[p]})
      hash.Add(value);
  }
  const Preferences preferences(problem);
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const std::vector<int>& allowed = preferences.Of(static_cast<int>(i));
    hash.Add(static_cast<std::uint64_t>(allowed.size()));
    for (const int pool : allowed) hash.Add(pool);
    hash.Add(problem.uses.empty() ? std::int64_t{1} : problem.uses[i]);
  }
}

void SetPools(Problem& problem, std::vector<Pool> pools, const std::vector<std::vector<std::string>>& spaces) {
  std::vector<std::vector<int>> allowed(spaces.size());
  bool any = false;
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    for (const std::string& name : spaces[i]) {
      const auto found = std::find_if(pools.begin(), pools.end(), [&](const Pool& pool) { return pool.name == name; });
      if (found == pools.end()) {
        RefuseTable("buffer " + BufferLabel(problem, static_cast<int>(i)) + " may live in \"" + Printable(name) +
                    "\", which is no pool; there are: " + Names(pools));
      }
      allowed[i].push_back(static_cast<int>(found - pools.begin()));
      any = true;
    }
  }
  problem.pools = std::move(pools);
  problem.allowed_pools.clear();
  if (any) problem.allowed_pools = std::move(allowed);
}

std::vector<std::string> SpacesOf(const Problem& problem, int i) {
  std::vector<std::string> names;
  if (problem.allowed_pools.empty()) return names;
  for (const int pool : problem.allowed_pools[i]) names.push_back(problem.pools[pool].name);
  return names;
}

std::vector<std::int64_t> PoolCosts(const Problem& problem) {
  std::vector<std::int64_t> costs;
  for (const Pool& pool : problem.pools) {
    costs.push_back(pool.cost == kByPosition ? static_cast<std::int64_t>(costs.size()) : pool.cost);
  }
  return costs;
}

std::int64_t SpillCost(const Problem& problem, int i, int pool) {
  const int home = Preferences(problem).Of(i).front();
  if (pool == home) return 0;
  const std::vector<std::int64_t> costs = PoolCosts(problem);
  const std::int64_t uses = problem.uses.empty() ? 1 : problem.uses[i];
  return problem.buffers[i].size * uses * std::max<std::int64_t>(1, costs[pool] - costs[home]);
}

Preferences::Preferences(const Problem& problem) : problem_(problem) {
  for (int p = 0; p < static_cast<int>(problem.pools.size()); ++p) all_.push_back(p);
}

std::int64_t BytesIn(const Pool& pool, const Buffer& buffer) { return RoundUp(buffer.size, pool.granularity); }

bool CanHold(const Pool& pool, const Buffer& buffer) {
  return buffer.size <= pool.largest && BytesIn(pool, buffer) <= pool.capacity;
}

Problem ProblemIn(const Problem& problem, const std::vector<int>& buffers, const Pool& pool) {
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
    Buffer buffer = problem.buffers[i];
    copy_clock(clocks.begins, static_cast<std::size_t>(i), result.clocks.begins);
    copy_clock(clocks.ends, static_cast<std::size_t>(i), result.clocks.ends);
    buffer.size = BytesIn(pool, buffer);
    buffer.alignment = std::max(buffer.alignment, pool.alignment);
    while (part < problem.parts.size() && problem.parts[part].buffer < i) ++part;
    for (; part < problem.parts.size() && problem.parts[part].buffer == i; ++part) {
      Part copy = problem.parts[part];
      copy.buffer = static_cast<int>(result.buffers.size());
      // The padding lives as long as the last byte does.
      if (copy.begin < copy.end && copy.end == problem.buffers[i].size) copy.end = buffer.size;
      result.parts.push_back(copy);
      copy_clock(clocks.part_begins, part, result.clocks.part_begins);
      copy_clock(clocks.part_ends, part, result.clocks.part_ends);
    }
    result.buffers.push_back(buffer);
  }
  if (problem.apart.empty()) return result;
  std::vector<int> position(problem.buffers.size(), -1);
  for (std::size_t k = 0; k < buffers.size(); ++k) position[buffers[k]] = static_cast<int>(k);
  for (const auto& [a, b] : problem.apart) {
    if (position[a] >= 0 && position[b] >= 0) result.apart.emplace_back(position[a], position[b]);
  }
  return result;
}

PoolView ViewPool(const Problem& problem, const Plan& plan, int pool) {
  PoolView view;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    if (PoolOf(plan, i) == pool) view.buffers.push_back(i);
  }
  const bool known = pool >= 0 && pool < static_cast<int>(problem.pools.size());
  view.problem = ProblemIn(problem, view.buffers, known ? problem.pools[pool] : Pool());
  for (const int i : view.buffers) {
    view.problem.ids.push_back(BufferId(problem, i));
    if (!problem.names.empty()) view.problem.names.push_back(problem.names[i]);
    view.plan.offsets.push_back(plan.offsets[i]);
  }
  view.plan.policy = plan.policy;
  view.plan.peak_bytes = PeakOf(view.problem, view.plan.offsets);
  view.plan.certificate = plan.certificate;
  if (pool < 0 || pool >= static_cast<int>(plan.pools.figures.size())) return view;
  view.plan.certificate = plan.pools.figures[pool].certificate;
  std::vector<int> witness;  // by position in the view
  for (const int i : view.plan.certificate.witness) {
    const auto found = std::lower_bound(view.buffers.begin(), view.buffers.end(), i);
    if (found != view.buffers.end() && *found == i) witness.push_back(static_cast<int>(found - view.buffers.begin()));
  }
  view.plan.certificate.witness = std::move(witness);
  return view;
}

}  // namespace orionrt
