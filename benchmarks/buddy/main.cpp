// The buddy beside other allocators, each under the same requests: names are workload/subject. scripts/measure_buddy.py
// runs this and prints a table. Traces are read from the folder that ORIONRT_TRACES names, and left out without it.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <optional>
#include <type_traits>

#include "orionrt/buddy_adaptors.hpp"
#include "peers/malloc.hpp"
#include "peers/orionrt.hpp"
#ifdef ORIONRT_PEER_OFFSET_ALLOCATOR
#include "peers/offset_allocator.hpp"
#endif
#ifdef ORIONRT_PEER_VMA
#include "peers/vma.hpp"
#endif
#ifdef ORIONRT_PEER_BUDDY_ALLOC
#include "peers/buddy_alloc.hpp"
#endif
#ifdef ORIONRT_PEER_NBBS
#include "peers/nbbs.hpp"
#endif
#ifdef ORIONRT_PEER_O1HEAP
#include "peers/o1heap.hpp"
#endif
#ifdef ORIONRT_PEER_TLSF
#include "peers/tlsf.hpp"
#endif
#ifdef ORIONRT_PEER_BUDDY_MALLOC
#include "peers/buddy_malloc.hpp"
#endif

namespace orionrt::bench {
namespace {

using Clock = std::chrono::steady_clock;

// An operation is one allocation or one release.
void Report(benchmark::State& state, std::int64_t operations) {
  state.counters["ns_per_op"] =
      benchmark::Counter(static_cast<double>(operations) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// What is alive, by slot.
template <class S>
class Live {
 public:
  Live(S& subject, std::uint32_t slots) : subject_(subject), held_(slots, S::None()) {}
  ~Live() {
    for (std::uint32_t slot = 0; slot < held_.size(); ++slot) Free(slot);
  }
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  void Allocate(std::uint32_t slot, std::uint32_t bytes) {
    held_[slot] = subject_.Allocate(bytes);
    refused_ += S::Ok(held_[slot]) ? 0 : 1;
  }
  void Free(std::uint32_t slot) {
    if (S::Ok(held_[slot])) subject_.Free(held_[slot]);
    held_[slot] = S::None();
  }
  void Fill(Churn& churn) {
    for (std::uint32_t slot = 0; slot < churn.slots(); ++slot) Allocate(slot, churn.Size());
  }
  void Change(Churn& churn, int times) {
    for (int k = 0; k < times; ++k) {
      const std::uint32_t slot = churn.Slot();
      if (S::Ok(held_[slot])) subject_.Free(held_[slot]);
      Allocate(slot, churn.Size());
    }
  }
  std::int64_t refused() const { return refused_; }

 private:
  S& subject_;
  std::vector<typename S::Handle> held_;
  std::int64_t refused_ = 0;
};

template <class S>
void Pair(benchmark::State& state, std::int64_t bytes) {
  S subject;
  constexpr int kPairs = 1000;
  for (auto _ : state) {
    for (int k = 0; k < kPairs; ++k) {
      auto handle = subject.Allocate(bytes);
      benchmark::DoNotOptimize(handle);
      subject.Free(handle);
    }
  }
  Report(state, 2 * kPairs);
}

// One block cut from the whole arena, and merged to the whole again.
template <class S>
void SplitMerge(benchmark::State& state) {
  S subject;
  constexpr int kPairs = 1000;
  for (auto _ : state) {
    for (int k = 0; k < kPairs; ++k) {
      auto handle = subject.Allocate(1);
      benchmark::DoNotOptimize(handle);
      subject.Free(handle);
      subject.buddy().Flush();
    }
  }
  Report(state, kPairs);
}

template <class S>
void ChurnOf(benchmark::State& state, std::uint32_t slots) {
  constexpr int kChanges = 10000;
  S subject;
  Live<S> live(subject, slots);
  Churn churn(slots);
  live.Fill(churn);
  live.Change(churn, static_cast<int>(2 * slots));
  for (auto _ : state) live.Change(churn, kChanges);
  Report(state, 2 * kChanges);
  state.counters["refused"] = static_cast<double>(live.refused());
}

// Every event, again and again; the events leave nothing behind.
template <class S>
void Replay(benchmark::State& state, const std::vector<Event>& events) {
  S subject;
  Live<S> live(subject, Slots(events));
  for (auto _ : state) {
    for (const Event& event : events) {
      if (event.bytes == 0) {
        live.Free(event.slot);
      } else {
        live.Allocate(event.slot, event.bytes);
      }
    }
  }
  Report(state, static_cast<std::int64_t>(events.size()));
  state.counters["refused"] = static_cast<double>(live.refused());
}

// 100,000 blocks that came by churn go in random order: the time of one release.
template <class S>
void Drain(benchmark::State& state) {
  constexpr std::uint32_t kSlots = 100000;
  S subject;
  Live<S> live(subject, kSlots);
  Churn churn(kSlots);
  std::vector<std::uint32_t> order(kSlots);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(2));
  for (auto _ : state) {
    live.Fill(churn);
    live.Change(churn, kSlots);
    const Clock::time_point start = Clock::now();
    for (const std::uint32_t slot : order) live.Free(slot);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
  }
  Report(state, kSlots);
}

// A clock of few nanoseconds, where there is one.
std::uint64_t Ticks() {
#ifdef __x86_64__
  return __builtin_ia32_rdtsc();
#else
  return static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
#endif
}

double NanosecondsPerTick() {
  const Clock::time_point start = Clock::now();
  const std::uint64_t ticks = Ticks();
  while (Clock::now() - start < std::chrono::milliseconds(20)) {
  }
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / static_cast<double>(Ticks() - ticks);
}

double Percentile(std::vector<float>& times, double share) {
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(times.size()) * share);
  std::nth_element(times.begin(), at, times.end());
  return *at;
}

// The slowest calls in a thousand at 1,000 live, the clock's own time included: it is the counter `clock`.
template <class S>
void Tail(benchmark::State& state) {
  constexpr std::uint32_t kSlots = 1000;
  constexpr int kCalls = 500000;
  std::vector<float> taken(kCalls);
  std::vector<float> freed(kCalls);
  std::vector<float> nothing(kCalls);
  S subject;
  Live<S> live(subject, kSlots);
  Churn churn(kSlots);
  live.Fill(churn);
  live.Change(churn, 2 * kSlots);
  for (auto _ : state) {
    for (int k = 0; k < kCalls; ++k) {
      const std::uint32_t slot = churn.Slot();
      const std::uint32_t bytes = churn.Size();
      const std::uint64_t before = Ticks();
      const std::uint64_t start = Ticks();
      live.Free(slot);
      const std::uint64_t between = Ticks();
      live.Allocate(slot, bytes);
      const std::uint64_t end = Ticks();
      nothing[static_cast<std::size_t>(k)] = static_cast<float>(start - before);
      freed[static_cast<std::size_t>(k)] = static_cast<float>(between - start);
      taken[static_cast<std::size_t>(k)] = static_cast<float>(end - between);
    }
  }
  const double tick = NanosecondsPerTick();
  state.counters["allocate"] = tick * Percentile(taken, 0.999);
  state.counters["free"] = tick * Percentile(freed, 0.999);
  state.counters["clock"] = tick * Percentile(nothing, 0.5);
}

template <class S, class = void>
struct CapacityOf : std::integral_constant<std::int64_t, kArena> {};
template <class S>
struct CapacityOf<S, std::void_t<decltype(S::kCapacity)>> : std::integral_constant<std::int64_t, S::kCapacity> {};

// The share of the arena that holds what was asked for when the first request is refused: 256 B to 1 MiB, none freed.
template <class S>
void Utilisation(benchmark::State& state) {
  double sum = 0;
  constexpr unsigned kSeeds = 5;
  for (auto _ : state) {
    sum = 0;
    for (unsigned seed = 1; seed <= kSeeds; ++seed) {
      S subject;
      Sizes sizes(kBlock, 1 << 20, seed);
      std::vector<typename S::Handle> handles;
      for (std::int64_t used = 0;;) {
        const std::int64_t bytes = sizes.Next();
        handles.push_back(subject.Allocate(bytes));
        if (!S::Ok(handles.back()) || used > 2 * CapacityOf<S>::value) {
          sum += static_cast<double>(used) / static_cast<double>(CapacityOf<S>::value);
          break;
        }
        used += bytes;
      }
      handles.pop_back();
      for (auto handle : handles) subject.Free(handle);
    }
  }
  state.counters["share"] = sum / kSeeds;
}

template <class S, class = void>
struct IsThreadSafe : std::false_type {};
template <class S>
struct IsThreadSafe<S, std::void_t<decltype(S::kThreadSafe)>> : std::bool_constant<S::kThreadSafe> {};

// A subject behind one spin lock, where it has no way of its own.
template <class S>
class Locked {
 public:
  using Handle = typename S::Handle;
  Handle Allocate(std::int64_t bytes) {
    Enter();
    Handle handle = subject_.Allocate(bytes);
    busy_.store(false, std::memory_order_release);
    return handle;
  }
  static Handle None() { return S::None(); }
  static bool Ok(Handle handle) { return S::Ok(handle); }
  void Free(Handle handle) {
    Enter();
    subject_.Free(handle);
    busy_.store(false, std::memory_order_release);
  }

 private:
  void Enter() {
    while (busy_.exchange(true, std::memory_order_acquire)) {
      while (busy_.load(std::memory_order_relaxed)) {
      }
    }
  }
  alignas(64) std::atomic<bool> busy_{false};
  S subject_;
};

class OursForThreads {
 public:
  static constexpr const char* kName = "locked";
  static constexpr bool kThreadSafe = true;
  using Handle = std::int64_t;
  Handle Allocate(std::int64_t bytes) { return buddy_.Allocate(bytes); }
  static Handle None() { return kNoSpace; }
  static bool Ok(Handle at) { return at != kNoSpace; }
  void Free(Handle at) { (void)buddy_.Free(at); }

 private:
  LockedBuddy buddy_{kArena, kBlock};
};

// Each thread churns 1,000 blocks of its own; all share the subject.
template <class S>
void Threads(benchmark::State& state) {
  using Shared = std::conditional_t<IsThreadSafe<S>::value, S, Locked<S>>;
  static std::optional<Shared> shared;
  constexpr int kChanges = 10000;
  if (state.thread_index() == 0) shared.emplace();
  std::optional<Live<Shared>> live;
  Churn churn(1000);
  for (auto _ : state) {
    if (!live) {
      live.emplace(*shared, 1000);
      live->Fill(churn);
    }
    live->Change(churn, kChanges);
  }
  state.SetItemsProcessed(state.iterations() * 2 * kChanges);
}

using Function = std::function<void(benchmark::State&)>;
benchmark::internal::Benchmark* Add(const std::string& workload, const char* subject, Function function) {
  return benchmark::RegisterBenchmark((workload + "/" + subject).c_str(), std::move(function));
}

struct NamedTrace {
  std::string name;
  std::vector<Event> events;
};

template <class S>
void AddAll(const std::vector<NamedTrace>& traces) {
  Add("pair_256", S::kName, [](benchmark::State& state) { Pair<S>(state, 256); });
  Add("pair_4M", S::kName, [](benchmark::State& state) { Pair<S>(state, 4 << 20); });
  Add("churn_1k", S::kName, [](benchmark::State& state) { ChurnOf<S>(state, 1000); });
  Add("churn_100k", S::kName, [](benchmark::State& state) { ChurnOf<S>(state, 100000); });
  for (const NamedTrace& trace : traces) {
    Add("trace_" + trace.name, S::kName, [&trace](benchmark::State& state) { Replay<S>(state, trace.events); });
  }
  Add("inference", S::kName, [](benchmark::State& state) { Replay<S>(state, InferenceStep()); });
  Add("drain_100k", S::kName, Drain<S>)->UseManualTime();
  Add("tail", S::kName, Tail<S>)->Iterations(1);
  if (S::kName != MallocSubject::kName) Add("utilisation", S::kName, Utilisation<S>)->Iterations(1);
  Add("threads_2", S::kName, Threads<S>)->Threads(2)->UseRealTime();
}

}  // namespace
}  // namespace orionrt::bench

int main(int argc, char** argv) {
  using namespace orionrt::bench;
  std::vector<NamedTrace> traces;
  if (const char* folder = std::getenv("ORIONRT_TRACES")) {
    for (const auto& [name, file] :
         {std::pair("resnet50", "somas_tensors_resnet50.csv"), std::pair("pangu", "somas_tensors_pangu_2.6B.csv"),
          std::pair("S_1", "iopddl_S_1.csv")}) {
      traces.push_back({name, Trace(std::string(folder) + "/" + file)});
      if (traces.back().events.empty()) traces.pop_back();
    }
  }
  AddAll<Ours<false, false>>(traces);
  AddAll<Ours<true, false>>(traces);
  AddAll<Ours<false, true>>(traces);
  AddAll<Ours<true, true>>(traces);
  Add("split_merge_22", "lean", SplitMerge<Ours<false, false>>);
  Add("split_merge_22", "fast", SplitMerge<Ours<true, false>>);
  Add("threads_2", OursForThreads::kName, Threads<OursForThreads>)->Threads(2)->UseRealTime();
#ifdef ORIONRT_PEER_OFFSET_ALLOCATOR
  AddAll<OffsetAllocatorSubject>(traces);
#endif
#ifdef ORIONRT_PEER_VMA
  AddAll<VmaSubject>(traces);
#endif
#ifdef ORIONRT_PEER_BUDDY_ALLOC
  AddAll<BuddyAllocSubject>(traces);
#endif
#ifdef ORIONRT_PEER_NBBS
  AddAll<NbbsSubject>(traces);
#endif
#ifdef ORIONRT_PEER_O1HEAP
  AddAll<O1HeapSubject>(traces);
#endif
#ifdef ORIONRT_PEER_TLSF
  AddAll<TlsfSubject>(traces);
#endif
#ifdef ORIONRT_PEER_BUDDY_MALLOC
  AddAll<BuddyMallocSubject>(traces);
#endif
  AddAll<MallocSubject>(traces);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
