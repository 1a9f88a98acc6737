// Ctrl-C: the first ends what searches, with the best so far; the second ends the process.
#pragma once

#include <csignal>
#include <string>

namespace orionrt::cli {

// While it lives the first SIGINT or SIGTERM is noted; the next, and any after its end, does what it does by default.
// Signals that whoever started the process had ignored stay ignored.
class Interruptible {
 public:
  Interruptible();
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
};

// Whether one was noted, now or before: whatever is still to be planned takes the shortest way.
bool IsInterrupted();

// While it lives, neither signal ends the process: for writing a file that is not to stay half written.
class Uninterrupted {
 public:
  Uninterrupted();
  ~Uninterrupted();
  Uninterrupted(const Uninterrupted&) = delete;
  Uninterrupted& operator=(const Uninterrupted&) = delete;

 private:
  sigset_t before_;
};

}  // namespace orionrt::cli
