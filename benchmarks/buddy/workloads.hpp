// What allocators are asked in the comparison: the same requests for each, made before the clock starts.
//
// A subject is a class with a kName, Handle, Allocate(bytes), Ok(handle) and Free(handle), over an arena of kArena
// bytes in blocks of kBlock. peers/ has one for each allocator.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace orionrt::bench {

inline constexpr std::int64_t kArena = std::int64_t{1} << 30;  // bytes
inline constexpr std::int64_t kBlock = 256;

// Frees what `slot` holds when bytes is 0; else allocates into it.
struct Event {
  std::uint32_t slot;
  std::uint32_t bytes;
};

// Sizes of which each octave has as many: log-uniform in [least, most].
class Sizes {
 public:
  Sizes(double least, double most, unsigned seed) : random_(seed), log_(std::log2(least), std::log2(most)) {}
  std::uint32_t Next() { return static_cast<std::uint32_t>(std::exp2(log_(random_))); }

 private:
  std::mt19937 random_;
  std::uniform_real_distribution<double> log_;
};

// A block of 256 B to 16 KiB in each of `slots`; then, change by change, one at random goes and another comes. Drawn as
// it goes, by a few instructions: a list of changes would take the caches from the allocator.
class Churn {
 public:
  explicit Churn(std::uint32_t slots) : slots_(slots) {
    Sizes sizes(kBlock, 16384, 1);
    for (std::uint32_t& size : sizes_) size = sizes.Next();
  }
  std::uint32_t slots() const { return slots_; }
  std::uint32_t Size() { return sizes_[Draw() % kSizes]; }
  std::uint32_t Slot() { return static_cast<std::uint32_t>(Draw() * slots_ >> 32); }

 private:
  static constexpr int kSizes = 4096;
  std::uint64_t Draw() {  // the upper half of a linear congruential generator (Knuth's MMIX)
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return state_ >> 32;
  }
  std::uint64_t state_ = 1;
  std::uint32_t slots_;
  std::uint32_t sizes_[kSizes];
};

// The buffers of a CSV with a header and rows id,lower,upper,size, in order of time: what ends at a step goes before
// what begins there. Sizes are halved until a quarter of the arena holds all that is alive at once. Empty if absent.
inline std::vector<Event> Trace(const std::string& path) {
  struct Buffer {
    std::int64_t lower, upper, size;
  };
  std::vector<Buffer> buffers;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::int64_t id = 0;
    Buffer b{};
    if (std::istringstream(line) >> id >> b.lower >> b.upper >> b.size && b.size > 0) buffers.push_back(b);
  }
  struct Step {
    std::int64_t time;
    bool begins;
    std::uint32_t slot;
  };
  std::vector<Step> steps;
  for (std::uint32_t k = 0; k < buffers.size(); ++k) {
    steps.push_back({buffers[k].lower, true, k});
    steps.push_back({buffers[k].upper, false, k});
  }
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return a.time != b.time ? a.time < b.time : a.begins < b.begins;
  });
  std::int64_t alive = 0;
  std::int64_t most = 0;
  for (const Step& s : steps) most = std::max(most, alive += s.begins ? buffers[s.slot].size : -buffers[s.slot].size);
  int halvings = 0;
  while (most >> halvings > kArena / 4) ++halvings;
  std::vector<Event> events;
  for (const Step& s : steps) {
    const std::int64_t bytes = std::max<std::int64_t>(1, buffers[s.slot].size >> halvings);
    events.push_back({s.slot, s.begins ? static_cast<std::uint32_t>(bytes) : 0});
  }
  return events;
}

// One pass through a residual network (ResNet-50 at 224 x 224, float32): per convolution a workspace and an output, the
// input gone after it, the block's input kept until the sum.
inline std::vector<Event> InferenceStep() {
  struct Stage {
    int blocks;
    std::uint32_t narrow, wide;  // bytes
  };
  const std::uint32_t k = 1024;
  const Stage stages[] = {{3, 784 * k, 3136 * k}, {4, 392 * k, 1568 * k}, {6, 196 * k, 784 * k}, {3, 98 * k, 392 * k}};
  enum : std::uint32_t { kInput, kA, kB, kOutput, kWorkspace };
  std::vector<Event> events = {{kInput, 602112}};
  for (const Stage& stage : stages) {
    for (int block = 0; block < stage.blocks; ++block) {
      const std::vector<Event> once = {{kWorkspace, stage.narrow / 4},
                                       {kA, stage.narrow},
                                       {kWorkspace, 0},
                                       {kWorkspace, stage.narrow * 2},
                                       {kB, stage.narrow},
                                       {kWorkspace, 0},
                                       {kA, 0},
                                       {kWorkspace, stage.narrow},
                                       {kOutput, stage.wide},
                                       {kWorkspace, 0},
                                       {kB, 0},
                                       {kInput, 0},
                                       {kInput, stage.wide},
                                       {kOutput, 0}};
      events.insert(events.end(), once.begin(), once.end());
    }
  }
  events.push_back({kInput, 0});
  return events;
}

inline std::uint32_t Slots(const std::vector<Event>& events) {
  std::uint32_t most = 0;
  for (const Event& event : events) most = std::max(most, event.slot);
  return most + 1;
}

}  // namespace orionrt::bench
