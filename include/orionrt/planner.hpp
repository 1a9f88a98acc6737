// ReusePlanner: Problem -> Plan, by a policy. A policy is a row of a table, not a class.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

enum class Effort { kFast, kBalanced, kThorough };

// How far planning is.
struct PlanProgress {
  std::int64_t peak_bytes = 0;         // of the best plan so far; 0: there is none yet
  std::int64_t lower_bound_bytes = 0;  // no plan is lower; 0: not known yet. The gap is what lies between the two
  const char* stage = "";              // what is being tried, as `Plan::policy` names it: "clique_first", "exact"
  std::int64_t work = 0;               // done so far: entries looked at, about a nanosecond each
  std::int64_t work_budget = 0;        // what may be done in all, about; 0: not known
};

// Told whenever the best plan or the bound moves, once every ten million units of work, and at the end. False asks
// planning to stop: the best plan so far is the result, or, before there is any, the cheapest. What an observer throws
// ends planning and reaches the caller. One that returns true changes nothing. It is called where planning runs.
using PlanObserver = std::function<bool(const PlanProgress&)>;

struct PlanOptions {
  Effort effort = Effort::kBalanced;  // how many deterministic steps a search may take; greedy policies take no notice
  std::optional<std::int64_t> capacity = {};  // bytes, >= 0. With one, planning answers "does it fit"; none: no limit
  // Above 0; none: no limit. This and an observer that stops make a result depend on the machine.
  std::optional<double> time_limit_seconds = {};
  PlanObserver observer = {};  // empty: nobody is told
};

// Places every buffer: returns a Plan of which only `offsets` must be filled. A search that proves a bound above
// LowerBound's fills `certificate` too; with clocks no other bound is found where it does. Called with a checked
// problem.
using PolicyFunction = std::function<Plan(const Problem&, const PlanOptions&)>;

struct Policy {
  std::string name;
  std::string help;  // one line
  PolicyFunction run;
  bool carries_parts = false;  // false: it is handed the bounding rectangles of buffers with parts
  // Clocks of several streams, and pairs kept apart. False: it is handed lives in steps that are safe (WidenLives, and
  // lives of pairs made to meet), and needs more than it would have to.
  bool carries_clocks = false;
};

// All built-in policies, in the order in which they are listed to people. The CLI, the tests and the benchmarks walk
// it.
ORIONRT_API const std::vector<Policy>& Policies();

// The row named `name`; throws Error (kMisuse) that lists the names there are.
ORIONRT_API const Policy& FindPolicy(std::string_view name);

class ORIONRT_API ReusePlanner {
 public:
  // A built-in policy by name; or a policy of the caller's own.
  explicit ReusePlanner(std::string_view policy = "auto");
  explicit ReusePlanner(Policy policy);

  // Checks the problem, runs the policy, and fills in peak, certificate and hash. With spaces it first decides who lies
  // where (docs/spaces.md), and runs the policy once or a few times per space, on what that space holds.
  // Throws Error: kBadInput for a broken problem, kInfeasible when it is proven that options.capacity (with spaces: of
  // all of them together), or a space, is too small, kLimit when the search ended before it knew, kInternal when a
  // policy returned no plan. With what options.observer throws it passes that on.
  Plan Run(const Problem& problem, const PlanOptions& options = {}) const;

  const Policy& policy() const noexcept { return policy_; }

 private:
  Plan RunOne(const Problem& problem, const PlanOptions& options) const;
  // The same; once more, as a problem without parts, where a capacity is undecided and they say no more than lives do.
  Plan RunWithin(const Problem& problem, const PlanOptions& options) const;

  Policy policy_;
};

}  // namespace orionrt
