// Proofs that spaces are too small, and what to say then.
#include <algorithm>
#include <set>

#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "plan/infeasible.hpp"
#include "plan/spaces/residency.hpp"

namespace orionrt {
namespace {

void CopyLabels(const Problem& problem, const std::vector<int>& buffers, Problem& subproblem) {
  for (const int i : buffers) {
    subproblem.ids.push_back(BufferId(problem, i));
    if (!problem.names.empty()) subproblem.names.push_back(problem.names[At(i)]);
  }
}

// As RefuseCapacity does, with the spaces named before the rest.
[[noreturn]] void RefuseSpace(const std::string& who, const Problem& problem, const Plan& plan, std::int64_t capacity) {
  try {
    RefuseCapacity(problem, plan, capacity);
  } catch (const Error& error) {
    throw Error(error.code(), who + ": " + error.what());
  }
}

// Buffers that may live in `allowed` alone need no more at any step than these hold together, or no plan exists.
void RequireRoomIn(const Residency& residency, const std::set<int>& allowed) {
  std::int64_t capacity = 0;
  std::string who;
  for (const int p : allowed) {
    if (residency.Capacity(p) >= kMaxBytes - capacity) return;
    capacity += residency.Capacity(p);
    who += (who.empty() ? "space " : " and ") + Printable(residency.space(p).name);
  }
  std::vector<int> pinned;
  for (int i = 0; i < residency.size(); ++i) {
    const std::vector<int> mine = residency.Choices(i);
    if (std::all_of(mine.begin(), mine.end(), [&](int p) { return allowed.count(p) != 0; })) pinned.push_back(i);
  }
  const bool alone = allowed.size() == 1;
  Problem subproblem = ProblemIn(residency.problem(), pinned, alone ? residency.space(*allowed.begin()) : Space());
  for (Buffer& b : subproblem.buffers) {  // in several spaces there are several topmost buffers without padding
    if (!alone) b.alignment = 1;
    if (!alone) b.fixed_offset = kFree;
  }
  Plan bound;
  bound.certificate = LowerBound(subproblem);
  if (bound.certificate.lower_bound_bytes <= capacity) return;
  CopyLabels(residency.problem(), pinned, subproblem);
  RefuseSpace(who, subproblem, bound, capacity);
}

}  // namespace

void RequireRoom(const Residency& residency) {
  constexpr std::size_t kMost = 64;  // different lists that are looked at
  std::set<std::set<int>> lists;
  for (int i = 0; i < residency.size() && lists.size() < kMost; ++i) {
    const std::vector<int> mine = residency.Choices(i);
    lists.insert(std::set<int>(mine.begin(), mine.end()));
  }
  std::set<int> all;
  for (int p = 0; p < residency.spaces(); ++p) all.insert(p);
  lists.insert(all);
  for (const std::set<int>& list : lists) RequireRoomIn(residency, list);
}

void RefusePinned(const Residency& residency, int p, const std::vector<int>& pinned, const Plan& plan) {
  const Space& space = residency.space(p);
  Problem subproblem = ProblemIn(residency.problem(), pinned, space);
  CopyLabels(residency.problem(), pinned, subproblem);
  const bool chosen = std::any_of(pinned.begin(), pinned.end(), [&](int i) { return residency.Choices(i).size() > 1; });
  const std::string who = "space " + Printable(space.name);
  if (!chosen) RefuseSpace(who, subproblem, plan, residency.Capacity(p));
  try {
    RefuseCapacity(subproblem, plan, residency.Capacity(p));
  } catch (const Error& error) {
    throw Error(ErrorCode::kLimit, who + ": what found no room in other spaces " + error.what() +
                                       "; whether another choice of spaces fits is open");
  }
}

}  // namespace orionrt
