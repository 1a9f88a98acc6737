// The resources of the host: the contract, and what each promises beyond it.
#include "orionrt/memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <vector>

#include "memory_contract.hpp"
#include "orionrt/orionrt.hpp"
#include "refuses.hpp"
#if defined(__linux__)
#include <sys/mman.h>
#include <sys/prctl.h>
#endif

namespace orionrt::tests::memory_test {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kMostSimulated = SIZE_MAX / 4 + 1;  // 2^62

MemoryUnderTest BufferOfTheCaller() {
  const auto buffer = std::make_shared<std::vector<std::byte>>(70 * kMiB);
  MemoryUnderTest memory = OfHost<BorrowedMemory>(buffer->data() + 3, buffer->size() - 3);  // aligned to nothing
  memory.ground = buffer;
  return memory;
}

MemoryUnderTest Tracked() {
  const auto host = std::make_shared<HostMemory>();
  MemoryUnderTest memory = OfHost<TrackedMemory>(*host, 70 * kMiB);
  memory.ground = host;
  return memory;
}

MemoryUnderTest Simulated() {
  MemoryUnderTest memory;
  memory.resource = std::make_unique<SimulatedMemory>(std::min<std::uint64_t>(std::uint64_t{1} << 50, kMostSimulated));
  return memory;
}

INSTANTIATE_TEST_SUITE_P(
    Host, MemoryContract,
    testing::Values(MemorySource{"heap", OfHost<HostMemory>}, MemorySource{"huge_pages", OfHost<HugePageMemory>},
                    MemorySource{"huge_pages_untouched", [] { return OfHost<HugePageMemory>(false); }},
                    MemorySource{"buffer", BufferOfTheCaller}, MemorySource{"tracked", Tracked},
                    MemorySource{"simulated", Simulated}),
    SourceName);

#if defined(__linux__)
// What the kernel says about the mapping that begins at `base`; empty when it knows none.
std::string Mapping(const void* base) {
  std::ostringstream start;
  start << std::hex << reinterpret_cast<std::uintptr_t>(base) << '-';
  std::ifstream smaps("/proc/self/smaps");
  std::string line, mapping;
  while (std::getline(smaps, line)) {
    if (mapping.empty() ? line.rfind(start.str(), 0) == 0 : true) mapping += line + '\n';
    if (!mapping.empty() && line.rfind("VmFlags:", 0) == 0) break;
  }
  return mapping;
}

// Bytes of a row such as "Rss:   65536 kB".
std::size_t RowOf(const std::string& mapping, const std::string& row) {
  const std::size_t at = mapping.find('\n' + row + ':');
  return at == std::string::npos ? 0 : std::stoul(mapping.substr(at + row.size() + 2)) * 1024;
}

// An emulator of another machine agrees to every advice, such as one that does not exist, and follows none.
bool IsAdviceHeard() {
  constexpr int kNone = 12345;
  return madvise(nullptr, 0, kNone) != 0;
}

TEST(HugePages, AreAskedForAndFilledIn) {
  if (!std::ifstream("/proc/self/smaps")) GTEST_SKIP() << "this system does not show its mappings";
  if (!IsAdviceHeard()) GTEST_SKIP() << "this system follows no advice about pages";
  std::string setting;
  std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), setting);
  for (const bool prefault : {false, true}) {
    HugePageMemory memory(prefault);
    void* const base = memory.Allocate(64 * kMiB - 5, 64);
    const std::string mapping = Mapping(base);
    ASSERT_NE(mapping, "") << "a mapping of its own begins there";
    EXPECT_EQ(RowOf(mapping, "Rss"), prefault ? 64 * kMiB : 0) << mapping;
    if (!setting.empty()) {
      EXPECT_NE(mapping.find(" hg"), std::string::npos) << "not asked for: " << mapping;
    }
    memory.Deallocate(base, 64 * kMiB - 5, 64);
    EXPECT_EQ(Mapping(base), "") << "given back to the system";
  }
}

// Each mapping is made larger than asked, by up to the alignment.
TEST(HugePages, GiveTheRoomForAligningBack) {
  const auto mapped_pages = [] {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages;
  };
  HugePageMemory memory(/*prefault=*/false);
  const std::size_t before = mapped_pages();
  for (int i = 0; i < 100; ++i) memory.Deallocate(memory.Allocate(kMiB, 64 * kMiB), kMiB, 64 * kMiB);
  EXPECT_LT(mapped_pages(), before + 64 * kMiB / 4096);
}

TEST(HugePages, AreOrdinaryOnesWhereThereAreNone) {
  if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) GTEST_SKIP() << "this system cannot be made to do without";
  HugePageMemory memory;
  void* const base = memory.Allocate(16 * kMiB, 64);
  const std::string mapping = Mapping(base);
  EXPECT_EQ(RowOf(mapping, "AnonHugePages"), 0u) << mapping;
  if (!mapping.empty()) {
    EXPECT_EQ(RowOf(mapping, "Rss"), 16 * kMiB) << "filled in all the same";
  }
  memory.Deallocate(base, 16 * kMiB, 64);
  EXPECT_EQ(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
}
#endif

TEST(BorrowedMemory, NeverTouchesTheBuffer) {
  std::vector<unsigned char> buffer(4096, 0xA5);
  BorrowedMemory memory(buffer.data(), buffer.size());
  void* const one = memory.Allocate(100, 64);
  void* const two = memory.Allocate(1000, 256);
  memory.Deallocate(one, 100, 64);
  memory.Deallocate(two, 1000, 256);
  EXPECT_EQ(buffer, std::vector<unsigned char>(4096, 0xA5));
}

TEST(BorrowedMemory, GivesTheWholeBufferAgainInAnyOrderOfRelease) {
  std::vector<std::byte> buffer(1000);
  int order[3] = {0, 1, 2};
  do {
    BorrowedMemory memory(buffer.data(), buffer.size());
    void* blocks[3];
    for (void*& block : blocks) block = memory.Allocate(333, 1);
    EXPECT_TRUE(
        Refuses(ErrorCode::kOutOfMemory, {"caller's buffer", "2 bytes", "1000"}, [&] { memory.Allocate(2, 1); }));
    for (const int i : order) memory.Deallocate(blocks[i], 333, 1);
    EXPECT_EQ(memory.Allocate(1000, 1), buffer.data());
  } while (std::next_permutation(order, order + 3));
}

TEST(BorrowedMemory, RefusesWhatFitsOnlyUnaligned) {
  alignas(64) std::byte buffer[128];
  BorrowedMemory memory(buffer + 1, 127);
  EXPECT_TRUE(Refuses(ErrorCode::kOutOfMemory, {"65", "64"}, [&] { memory.Allocate(65, 64); }));
  EXPECT_EQ(memory.Allocate(64, 64), buffer + 64);
  EXPECT_EQ(memory.Allocate(63, 1), buffer + 1) << "the space before an aligned block stays of use";
}

TEST(BorrowedMemory, MayBeEmptyButNotMissing) {
  BorrowedMemory memory(nullptr, 0);
  EXPECT_TRUE(Refuses(ErrorCode::kOutOfMemory, {"caller's buffer"}, [&] { memory.Allocate(1, 1); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"null", "8"}, [] { BorrowedMemory(nullptr, 8); }));
}

TEST(SimulatedMemory, PlansForADeviceThatNoMachineHas) {
  if (sizeof(std::size_t) < sizeof(std::int64_t)) GTEST_SKIP() << "no address lies so far here";
  const std::size_t gib = std::size_t{1} << 30;
  SimulatedMemory device(kMostSimulated);
  TensorPool pool(Arena::From(device, 100 * gib));
  pool.RegisterGraph({{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {2}}}, {{0, 40 * gib}, {1, 50 * gib}, {2, 40 * gib}});
  pool.FinalizePlan();
  EXPECT_EQ(pool.peak_bytes(), 90 * gib);
  EXPECT_EQ(pool.GetPtr(0), pool.GetPtr(2));
  EXPECT_FALSE(device.traits().host_accessible);
}

TEST(SimulatedMemory, RefusesMoreThanAQuarterOfAllAddresses) {
  const std::string most = sizeof(std::size_t) < sizeof(std::int64_t) ? "2^30" : "2^62";
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {most}, [] { SimulatedMemory(kMostSimulated + 1); }));
}

TEST(SimulatedMemoryDeathTest, EndsTheProgramWhenUsed) {
  if (sizeof(void*) < 8) GTEST_SKIP() << "its addresses may be those of the program here";
  SimulatedMemory device(4096);
  auto* const nothing = static_cast<volatile char*>(device.Allocate(64, 64));
  EXPECT_DEATH(*nothing = 1, "");
}

TEST(TrackedMemory, CountsWhatIsUsedAndWhatWasAsked) {
  HugePageMemory pages(/*prefault=*/false);
  TrackedMemory memory(pages);
  void* const one = memory.Allocate(100, 64);
  void* const two = memory.Allocate(3 * kMiB, 64);
  memory.Deallocate(one, 100, 64);
  const MemoryStats stats = memory.stats();
  EXPECT_EQ(stats.used_bytes, 4 * kMiB) << "whole pages of 2 MiB";
  EXPECT_EQ(stats.requested_bytes, 3 * kMiB);
  EXPECT_EQ(stats.high_water_bytes, 6 * kMiB);
  EXPECT_EQ(stats.allocations, 1u);
  EXPECT_EQ(stats.total_allocations, 2u);
  EXPECT_EQ(stats.refusals, 0u);
  memory.Deallocate(two, 3 * kMiB, 64);
  EXPECT_EQ(memory.stats().used_bytes, 0u);
  EXPECT_EQ(memory.stats().requested_bytes, 0u);
}

TEST(TrackedMemory, RefusesWhatPassesItsLimit) {
  HostMemory host;
  TrackedMemory memory(host, 1000);
  void* const one = memory.Allocate(600, 64);
  EXPECT_TRUE(
      Refuses(ErrorCode::kOutOfMemory, {"host memory", "401 bytes", "1000", "600"}, [&] { memory.Allocate(401, 64); }));
  void* const two = memory.Allocate(400, 64);
  memory.Deallocate(one, 600, 64);
  memory.Deallocate(two, 400, 64);
  EXPECT_EQ(memory.stats().refusals, 1u);
  EXPECT_EQ(memory.stats().high_water_bytes, 1000u);
  EXPECT_EQ(memory.traits().capacity, 1000u);
}

TEST(TrackedMemory, LogsEveryEvent) {
  std::vector<std::byte> buffer(256);
  BorrowedMemory upstream(buffer.data(), buffer.size());
  std::vector<MemoryEvent> events;
  TrackedMemory memory(upstream, {}, [&](const MemoryEvent& event) { events.push_back(event); });
  void* const base = memory.Allocate(200, 1);
  EXPECT_TRUE(Refuses(ErrorCode::kOutOfMemory, {"caller's buffer"}, [&] { memory.Allocate(100, 1); }));
  memory.Deallocate(base, 200, 1);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].kind, MemoryEvent::Kind::kAllocated);
  EXPECT_EQ(events[0].base, base);
  EXPECT_EQ(events[1].kind, MemoryEvent::Kind::kRefused);
  EXPECT_EQ(events[1].base, nullptr);
  EXPECT_EQ(events[1].bytes, 100u);
  EXPECT_EQ(events[2].kind, MemoryEvent::Kind::kDeallocated);
  EXPECT_EQ(events[2].base, base);
  EXPECT_EQ(memory.stats().used_bytes, 0u) << "what was refused is not counted";
}

// A resource of a user's own, that forgets what was asked.
class Crooked : public MemoryResource {
 public:
  Crooked() : MemoryResource({"crooked", true, 1, 1, 0}) {}
  int alive = 0;

 private:
  void* DoAllocate(std::size_t, std::size_t) override { return ++alive, memory_ + 8; }
  void DoDeallocate(void*, std::size_t, std::size_t) noexcept override { --alive; }
  alignas(64) std::byte memory_[128];
};

TEST(MemoryResource, ThatGivesMisalignedAddressesIsRefused) {
  Crooked crooked;
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"crooked", "not aligned to 64"}, [&] { Arena::From(crooked, 16, 64); }));
  EXPECT_EQ(crooked.alive, 0) << "its block was not given back";
  EXPECT_EQ(Arena::From(crooked, 16, 8).bytes(), 16u);
  EXPECT_EQ(crooked.alive, 0);
}

TEST(Arena, OfADeviceIsNotForTheHost) {
  SimulatedMemory device(4096);
  EXPECT_FALSE(Arena::From(device, 64).host_accessible());
  EXPECT_TRUE(Arena::Host(64).host_accessible());
  EXPECT_TRUE(Arena::Borrow(nullptr, 0).host_accessible());
}

}  // namespace
}  // namespace orionrt::tests::memory_test
