#include "interrupt.hpp"

#include <atomic>

namespace orionrt::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch no other");

extern "C" void NoteInterrupt(int) {
  interrupted = true;
  for (const int number : kSignals) std::signal(number, SIG_DFL);
}

// Puts `handler` in the place of `expected`, and leaves what is neither.
void Exchange(void (*expected)(int), void (*handler)(int)) {
  for (const int number : kSignals) {
    struct sigaction now;
    if (sigaction(number, nullptr, &now) != 0 || now.sa_handler != expected) continue;
    now = {};
    now.sa_handler = handler;
    now.sa_flags = SA_RESTART;
    sigaction(number, &now, nullptr);
  }
}

}  // namespace

Interruptible::Interruptible() {
  if (!interrupted) Exchange(SIG_DFL, NoteInterrupt);
}
Interruptible::~Interruptible() { Exchange(NoteInterrupt, SIG_DFL); }

bool IsInterrupted() { return interrupted; }

Uninterrupted::Uninterrupted() {
  sigset_t both;
  sigemptyset(&both);
  for (const int number : kSignals) sigaddset(&both, number);
  pthread_sigmask(SIG_BLOCK, &both, &before_);
}
Uninterrupted::~Uninterrupted() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace orionrt::cli
