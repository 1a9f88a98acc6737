#include "progress.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "base/text.hpp"

namespace orionrt::cli {

Progress::Progress(const std::string& what) {
  if (isatty(STDERR_FILENO) != 0) thread_ = std::thread([this, what] { Run(what); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    over_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void Progress::Run(const std::string& what) {
  std::unique_lock<std::mutex> lock(mutex_);
  int seconds = 0;
  while (!ended_.wait_for(lock, std::chrono::seconds(1), [this] { return over_; })) {
    std::fprintf(stderr, "\r%s ... %d s", Printable(what, 60).c_str(), ++seconds);
  }
  if (seconds > 0) std::fprintf(stderr, "\r\x1b[K");
}

}  // namespace orionrt::cli
