#include "plan/watch.hpp"

#include <algorithm>

namespace orionrt {

Watch::Watch(const PlanOptions& options, std::int64_t budget)
    : observer_(options.observer), limit_seconds_(options.time_limit_seconds.value_or(0)) {
  progress_.work_budget = budget;
}

void Watch::Reach(std::int64_t peak) {
  if (subproblems_ > 0 || (progress_.peak_bytes > 0 && peak >= progress_.peak_bytes)) return;
  progress_.peak_bytes = peak;
  Tell();
}

void Watch::Prove(std::int64_t bound) {
  if (subproblems_ > 0 || bound <= progress_.lower_bound_bytes) return;
  progress_.lower_bound_bytes = bound;
  Tell();
}

void Watch::Tell() {
  constexpr std::int64_t kEvery = 10'000'000;
  next_ = progress_.work + kEvery;
  if (observer_ && !stopped_) stopped_ = !observer_(progress_);
}

bool Watch::IsOver() {
  if (limit_seconds_ > 0 && !late_) {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begun_;
    late_ = spent.count() > limit_seconds_;
  }
  return stopped_ || late_;
}

void Watch::Seal(Plan& plan) {
  Tell();
  plan.work = std::max(plan.work, progress_.work);
  plan.time_limited |= late_;
}

PlanObserver Watch::OfRun(bool whole) {
  return [this, whole, known = std::int64_t{0}](const PlanProgress& inner) mutable {
    Enter(inner.stage);
    if (whole) {
      progress_.work_budget = inner.work_budget;
      if (inner.lower_bound_bytes > 0) Prove(inner.lower_bound_bytes);
      if (inner.peak_bytes > 0) Reach(inner.peak_bytes);
    }
    Spend(inner.work - known);
    known = inner.work;
    return !stopped_;
  };
}

}  // namespace orionrt
