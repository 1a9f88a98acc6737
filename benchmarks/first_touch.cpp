// The first touch of a large arena, and reads afterwards: plain pages against huge pages filled in ahead. The time
// counts from asking for the memory to one byte written in each 4 KiB of it, so what is filled in ahead is paid for
// here. Prints the ratios at the end, and what the system says about transparent huge pages.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "orionrt/memory.hpp"

namespace {

using namespace orionrt;

constexpr std::size_t kArenaBytes = std::size_t{1} << 30;
constexpr int kRepetitions = 5;

std::map<std::string, std::vector<double>> seconds;  // by benchmark: one a repetition

// Runs `work` once and notes the time.
template <typename Work>
void Time(benchmark::State& state, const std::string& name, const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  state.SetIterationTime(took);
  seconds[name].push_back(took);
}

void Touch(const Arena& arena) {
  for (std::size_t i = 0; i < arena.bytes(); i += 4096) arena.base()[i] = std::byte{1};
  benchmark::ClobberMemory();
}

void FirstTouch(benchmark::State& state, MemoryResource* memory, const std::string& name) {
  for (auto _ : state) {
    Time(state, name, [&] {
      const Arena arena = Arena::From(*memory, kArenaBytes, 4096);
      Touch(arena);
      benchmark::DoNotOptimize(arena.base());
    });
  }
}

// Reads in order, eight bytes at a time; or one cache line of every page in scattered order, which is where the
// translation of addresses shows.
void Read(benchmark::State& state, MemoryResource* memory, const std::string& name, bool scattered) {
  const Arena arena = Arena::From(*memory, kArenaBytes, 4096);
  Touch(arena);
  const auto* const words = reinterpret_cast<const std::uint64_t*>(arena.base());
  const std::size_t count = kArenaBytes / sizeof(std::uint64_t);
  constexpr std::size_t kStep = 40503 * 512 + 8;  // odd in cache lines: comes to every line before it repeats
  for (auto _ : state) {
    Time(state, name, [&] {
      std::uint64_t sum = 0;
      if (scattered) {
        for (std::size_t i = 0, at = 0; i < count / 64; ++i, at = (at + kStep) % count) sum += words[at];
      } else {
        for (std::size_t i = 0; i < count; ++i) sum += words[i];
      }
      benchmark::DoNotOptimize(sum);
    });
  }
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void PrintRatios() {
  std::string setting = "not there";
  std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), setting);
  std::fprintf(stderr, "\ntransparent huge pages: %s\n", setting.c_str());
  for (const char* const what : {"first_touch", "read_in_order", "read_scattered"}) {
    const auto plain = seconds.find(std::string(what) + "/plain");
    const auto huge = seconds.find(std::string(what) + "/huge_prefaulted");
    if (plain == seconds.end() || huge == seconds.end()) continue;
    const double a = Median(plain->second), b = Median(huge->second);
    std::fprintf(stderr, "%-15s 1 GiB: plain %6.1f ms, huge and prefaulted %6.1f ms, ratio %.3f (medians)\n", what,
                 a * 1e3, b * 1e3, b / a);
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  HostMemory plain;
  HugePageMemory huge(/*prefault=*/false), prefaulted;
  const std::pair<const char*, MemoryResource*> resources[] = {
      {"plain", &plain}, {"huge", &huge}, {"huge_prefaulted", &prefaulted}};
  const auto add = [](const std::string& name, auto run) {
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { run(state, name); })
        ->UseManualTime()
        ->Iterations(1)
        ->Repetitions(kRepetitions)
        ->ReportAggregatesOnly()
        ->Unit(benchmark::kMillisecond);
  };
  for (const auto& [name, memory] : resources) {
    MemoryResource* const from = memory;
    add(std::string("first_touch/") + name, [=](auto& state, auto& what) { FirstTouch(state, from, what); });
    add(std::string("read_in_order/") + name, [=](auto& state, auto& what) { Read(state, from, what, false); });
    add(std::string("read_scattered/") + name, [=](auto& state, auto& what) { Read(state, from, what, true); });
  }
  benchmark::RunSpecifiedBenchmarks();
  PrintRatios();
}
