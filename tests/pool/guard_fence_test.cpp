// What a fence stops in the act: reads, and the first byte of a write. Alone in its executable, for it installs
// handlers of faults. With AddressSanitizer the process dies of its report; without, pages are protected and execution
// goes on.
#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <functional>

#include "guarded.hpp"
#include "orionrt/memory.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define ORIONRT_TEST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ORIONRT_TEST_ASAN 1
#endif
#endif

namespace orionrt::guard_fence_test {
namespace {

using tests::Guarded;
using tests::kTensorBytes;

volatile unsigned char sink;

struct Case {
  const char* name;
  int op;                                   // that runs
  std::function<void(const Guarded&)> bug;  // what it does
  std::string message;
  GuardFault fault;
};

// x86-64 tells reads from writes; elsewhere both are touches.
std::string Read() {
#if defined(ORIONRT_TEST_ASAN) || (defined(__linux__) && defined(__x86_64__))
  return "read";
#else
  return "touched";
#endif
}
std::string Wrote(const std::string& bytes) { return Read() == "read" ? "wrote " + bytes + " to" : "touched"; }

std::vector<Case> Cases() {
  return {
      {"ReadOfADeadTensor", 17, [](const Guarded& run) { sink = run.At(12)[0]; },
       "op 17 \"Conv_3\" " + Read() +
           " tensor 12 \"relu_2\", dead since step 15, overwritten by tensor 30 \"conv_4\" at step 16",
       GuardFault::kDead},
      {"ReadWithinADeadTensor", 15, [](const Guarded& run) { sink = run.At(12)[7]; },
       "op 15 " + Read() + " tensor 12 \"relu_2\", dead since step 15 (from byte 7)", GuardFault::kDead},
      {"ReadOfAnUnbornTensor", 3, [](const Guarded& run) { sink = run.At(30)[0]; },
       "op 3 " + Read() + " tensor 30 \"conv_4\", not alive before step 16, where op 16 produces it",
       GuardFault::kUnborn},
      {"ReadOfAnUnlistedTensor", 3, [](const Guarded& run) { sink = run.At(101)[0]; },
       "op 3 " + Read() + " tensor 101 \"cache\", which it does not list", GuardFault::kUnlisted},
      {"WriteToADeadTensor", 17, [](const Guarded& run) { run.At(11)[0] = 1; },
       "op 17 \"Conv_3\" " + Wrote("1 byte") + " tensor 11, dead since step 13", GuardFault::kDead},
  };
}

class Fences : public testing::TestWithParam<Case> {};
std::string CaseName(const testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Guard, Fences, testing::ValuesIn(Cases()), CaseName);

#ifdef ORIONRT_TEST_ASAN

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += (std::strchr("()[].*+?^$|{}\\", c) != nullptr ? std::string("\\") : std::string()) + c;
  return out;
}

TEST_P(Fences, SayTheSentenceBesideTheReportOfTheSanitizer) {
  const Case& bug = GetParam();
  GuardOptions options;
  options.no_reuse = true;
  EXPECT_DEATH(
      {
        Guarded run(options, tests::ChainGraph(), tests::ChainPlanner(), /*collect=*/false);
        run.RunTo(bug.op);
        bug.bug(run);
      },
      "orionrt guard: " + Escaped(bug.message) + "\n");
}

TEST(Guard, ACallbackHasWhatTheSanitizerFound) {
  EXPECT_DEATH(
      {
        PoolOptions options;
        options.guard = GuardOptions();
        options.guard->no_reuse = true;
        options.guard->report = [](const GuardReport& report) {
          std::fprintf(stderr, "fault %d of op %d\n", static_cast<int>(report.fault), report.op);
        };
        TensorPool pool(1 << 20, options);
        pool.RegisterGraph(tests::ChainGraph());
        pool.FinalizePlan(tests::ChainPlanner());
        auto* const later = static_cast<unsigned char*>(pool.GetPtr(30));
        pool.BeginOp(0);
        sink = later[0];
      },
      "fault 1 of op 0");
}

// A canary is poisoned like all that the op does not list.
TEST(Guard, TheSanitizerStopsTheFirstBytePastTheEnd) {
  EXPECT_DEATH(
      {
        Guarded run(GuardOptions(), tests::ChainGraph(), tests::ChainPlanner(), /*collect=*/false);
        run.RunTo(5);
        run.At(5)[kTensorBytes] = 1;
      },
      "orionrt guard: op 5 wrote 1 byte past the end of tensor 5");
}

// Bytes that the plan makes the op's own output are not, during the quarantine: there a stale read was not stopped.
TEST(Guard, TheSanitizerStopsAStaleReadOfTheOpsOwnOutput) {
  EXPECT_DEATH(
      {
        Guarded run(GuardOptions(), tests::ChainGraph(), tests::ChainPlanner(), /*collect=*/false);
        run.RunTo(16);
        sink = run.At(12)[0];
      },
      "orionrt guard: op 16 read tensor 12 .relu_2., dead since step 15, overwritten by tensor 30 .conv_4. at step 16");
}

#else

GuardOptions Pages() {
  GuardOptions options;
  options.pages = true;
  return options;
}

TEST_P(Fences, StopPagesInTheActAndGoOn) {
  const Case& bug = GetParam();
  Guarded run(Pages());
  run.RunTo(bug.op);
  bug.bug(run);
  ASSERT_GE(run.reports().size(), 1u);
  EXPECT_EQ(run.reports()[0].message, bug.message);
  EXPECT_EQ(run.reports()[0].fault, bug.fault);
  EXPECT_EQ(run.reports()[0].op, bug.op);
}

TEST(Guard, PagesStopAWriteToAnInput) {
  Guarded run(Pages());
  run.RunTo(2);
  run.At(100)[3] = 99;
  ASSERT_EQ(run.reports().size(), 1u);
  EXPECT_EQ(run.reports()[0].fault, GuardFault::kReadOnly);
  EXPECT_EQ(run.message(),
            "op 2 \"Add\" " + Wrote("1 byte") + " tensor 100 \"image\", which it only reads (from byte 3)");
}

TEST(Guard, PagesStopTheFirstBytePastTheEnd) {
  Guarded run(Pages());  // 256 bytes at alignment 64 end where their page does
  run.RunTo(5);
  run.At(5)[kTensorBytes] = 1;
  ASSERT_EQ(run.reports().size(), 1u);
  EXPECT_EQ(run.reports()[0].fault, GuardFault::kOverrun);
  EXPECT_EQ(run.reports()[0].tensor, 5);
  EXPECT_NE(run.message().find("op 5 "), std::string::npos);
  EXPECT_NE(run.message().find(" 1 byte past the end of tensor 5"), std::string::npos) << run.message();
}

// Memory that is written to when it is given back, as heaps do.
class Overwritten : public MemoryResource {
 public:
  Overwritten() : MemoryResource({"overwritten", true, 1, 1, 0}) {}
  int given_back = 0;

 private:
  void* DoAllocate(std::size_t bytes, std::size_t alignment) override { return host_.Allocate(bytes, alignment); }
  void DoDeallocate(void* base, std::size_t bytes, std::size_t alignment) noexcept override {
    std::memset(base, 1, bytes);
    ++given_back;
    host_.Deallocate(base, bytes, alignment);
  }
  HostMemory host_;
};

// A move of member by member that took the arenas first would give them back with pages that nothing may touch.
TEST(Guard, OpensItsPagesBeforeTheArenaIsGone) {
  Overwritten memory;
  PoolOptions options;
  int found = 0;
  options.guard = Pages();
  options.guard->report = [&](const GuardReport&) { ++found; };
  const auto in_an_op = [&] {
    TensorPool pool(Arena::From(memory, 1 << 20, 4096), options);
    pool.RegisterGraph(tests::ChainGraph());
    pool.FinalizePlan();
    pool.BeginOp(0);
    return pool;
  };
  TensorPool pool = in_an_op();
  pool = in_an_op();
  EXPECT_EQ(memory.given_back, 1);
  pool = TensorPool(1 << 12);
  EXPECT_EQ(memory.given_back, 2);
  in_an_op();
  EXPECT_EQ(memory.given_back, 3);
  EXPECT_EQ(found, 0);
}

TEST(Guard, PagesStopEveryOpThatTouchesADeadTensor) {
  Guarded run(Pages());
  run.RunTo(15);
  sink = run.At(12)[0];
  sink = run.At(12)[1];  // the page was opened, so that the op could go on
  EXPECT_EQ(run.reports().size(), 1u);
  run.RunOp(run.pool().graph().ops()[15]);
  run.pool().BeginOp(16);
  sink = run.At(12)[0];
  ASSERT_EQ(run.reports().size(), 2u);
  EXPECT_EQ(run.reports()[1].op, 16);
}

TEST(Guard, PagesEndTheProcessByDefault) {
  EXPECT_DEATH(
      {
        PoolOptions options;
        options.guard = Pages();
        TensorPool pool(1 << 20, options);
        pool.RegisterGraph(tests::ChainGraph());
        pool.FinalizePlan(tests::ChainPlanner());
        auto* const later = static_cast<unsigned char*>(pool.GetPtr(30));
        pool.BeginOp(0);
        sink = later[0];
      },
      "orionrt guard: op 0 (read|touched) tensor 30 .conv_4., not alive before step 16, where op 16 produces it");
}

TEST(Guard, AFaultElsewhereIsTheSystems) {
  EXPECT_EXIT(
      {
        Guarded run(Pages());
        run.RunTo(3);
        unsigned char* volatile nowhere = reinterpret_cast<unsigned char*>(sizeof(int));
        sink = *nowhere;
      },
      testing::KilledBySignal(SIGSEGV), "");
}

TEST(Guard, PagesAreOpenOnceThePoolIsGone) {
  const Arena memory = Arena::Host(1 << 20, 4096);
  {
    PoolOptions options;
    options.guard = Pages();
    TensorPool pool(memory.base(), memory.bytes(), options);
    pool.RegisterGraph(tests::ChainGraph());
    pool.FinalizePlan();
    pool.BeginOp(0);
  }
  std::memset(memory.base(), 1, memory.bytes());
  EXPECT_EQ(static_cast<unsigned char>(memory.base()[77]), 1);
}

#endif

}  // namespace
}  // namespace orionrt::guard_fence_test
