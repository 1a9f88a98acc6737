// What planning tells while it runs, and what may end it: the observer of PlanOptions, and a limit on the clock.
#pragma once

#include <chrono>
#include <cstdint>

#include "orionrt/planner.hpp"

namespace orionrt {

// What a step of a search that counts steps, a buffer placed or so, comes to.
inline constexpr std::int64_t kWorkOfStep = 1000;

// The peak below which nobody asks for a lower one: the capacity; 0 where none is given.
inline std::int64_t EnoughBytes(const PlanOptions& options) { return options.capacity.value_or(0); }

// One for all that a call of a policy does, its subproblems included. Work is counted whether anybody is told or not.
class Watch {
 public:
  // Keeps the observer by reference. `budget`: of work; 0: not known.
  explicit Watch(const PlanOptions& options, std::int64_t budget = 0);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // A plan of that peak is at hand; no plan is lower than that. Told at once where it is news.
  void Reach(std::int64_t peak);
  void Prove(std::int64_t bound);

  void Enter(const char* stage) { progress_.stage = stage; }
  void Spend(std::int64_t work) {
    progress_.work += work;
    if (progress_.work >= next_) Tell();
  }

  // Whether there is nothing to do but to hand over what there is. Looks at the clock if there is a limit.
  bool IsOver();
  bool stopped() const { return stopped_; }  // by the observer
  bool late() const { return late_; }        // the limit on the clock has struck
  std::int64_t work() const { return progress_.work; }

  // What became of it, in a plan: its work, and whether the clock shaped it. Tells once more.
  void Seal(Plan& plan);

  // For a run within this one: whoever it tells is told by this, with the work of both. Its plan and its bound are
  // those of the whole, or of a subproblem, of which nothing is told.
  PlanObserver OfWhole() { return OfRun(true); }
  PlanObserver OfSubproblem() { return OfRun(false); }

  // While it lives a subproblem is planned: its peaks and bounds are not told.
  class Subproblem {
   public:
    explicit Subproblem(Watch& watch) : watch_(watch) { ++watch_.subproblems_; }
    ~Subproblem() { --watch_.subproblems_; }
    Subproblem(const Subproblem&) = delete;
    Subproblem& operator=(const Subproblem&) = delete;

   private:
    Watch& watch_;
  };

 private:
  void Tell();
  PlanObserver OfRun(bool whole);

  const PlanObserver& observer_;
  const double limit_seconds_;  // 0: none
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  PlanProgress progress_;
  std::int64_t next_ = 0;  // work from which on the observer is told again
  int subproblems_ = 0;
  bool stopped_ = false, late_ = false;
};

}  // namespace orionrt
