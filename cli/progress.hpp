// Says what takes long, and lets it be interrupted.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "interrupt.hpp"
#include "orionrt/planner.hpp"

namespace orionrt::cli {

// After a second of life, and every second from then on, writes "WHAT ... N s" over itself on standard error, or the
// time and best peak, bound and gap as they were told last; only where that is a terminal. Leaves no trace. While it
// lives, Ctrl-C ends what observes by `Observer`.
class Progress {
 public:
  explicit Progress(const std::string& what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // For PlanOptions; for as long as this lives.
  PlanObserver Observer();

 private:
  void Run(const std::string& what);

  const Interruptible interruptible_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  PlanProgress last_;  // what was told
  std::thread thread_;
};

}  // namespace orionrt::cli
