#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/text.hpp"
#include "base/wide.hpp"

namespace orionrt::cli {
namespace {

// What fits on a line of the terminal, so that the next writes over it.
std::string OneLine(std::string text) {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return text.substr(0, known ? size.ws_col - 1U : 79U);
}

std::string Describe(const PlanProgress& progress) {
  const std::int64_t peak = progress.peak_bytes, bound = progress.lower_bound_bytes;
  if (bound == 0) return "";
  std::string text = ", bound " + FormatThousands(bound);
  if (peak > 0) {
    const auto permille = static_cast<std::int64_t>(static_cast<Wide>(peak - bound) * 1000 / bound);
    text = ", peak " + FormatThousands(peak) + text + ", gap " + std::to_string(permille / 10) + "." +
           std::to_string(permille % 10) + " %";
  }
  return text + ", " + progress.stage;
}

}  // namespace

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

PlanObserver Progress::Observer() {
  return [this](const PlanProgress& progress) {
    const std::lock_guard<std::mutex> lock(mutex_);
    last_ = progress;
    return !IsInterrupted();
  };
}

void Progress::Run(const std::string& what) {
  std::unique_lock<std::mutex> lock(mutex_);
  int seconds = 0;
  while (!ended_.wait_for(lock, std::chrono::seconds(1), [this] { return over_; })) {
    const std::string time = std::to_string(++seconds) + " s", figures = Describe(last_);
    const std::string line =
        figures.empty() ? Printable(what, 60) + " ... " + time : time + figures + ", " + Printable(what, 60) + " ...";
    std::fprintf(stderr, "\r\x1b[K%s", OneLine(line).c_str());
  }
  if (seconds > 0) std::fprintf(stderr, "\r\x1b[K");
}

}  // namespace orionrt::cli
