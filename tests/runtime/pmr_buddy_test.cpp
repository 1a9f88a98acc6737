#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "orionrt/buddy_adaptors.hpp"
#include "random.hpp"
#include "refuses.hpp"

#ifdef ORIONRT_HAS_PMR_BUDDY  // else there is no <memory_resource>

namespace orionrt::pmr_buddy_test {
namespace {

// Bytes at an address that is a multiple of 4096 and some.
class Bytes {
 public:
  Bytes(std::size_t bytes, std::size_t behind) : memory_(bytes + 8192), bytes_(bytes) {
    base_ = memory_.data() + (4096 - reinterpret_cast<std::uintptr_t>(memory_.data()) % 4096) + behind;
  }
  std::byte* base() const { return base_; }
  std::size_t bytes() const { return bytes_; }
  bool Holds(const void* address) const {
    const auto* const at = static_cast<const std::byte*>(address);
    return std::less_equal<>()(base_, at) && std::less<>()(at, base_ + bytes_);
  }

 private:
  std::vector<std::byte> memory_;
  std::byte* base_;
  std::size_t bytes_;
};

class Upstream : public std::pmr::memory_resource {
 public:
  int alive = 0;
  int served = 0;

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    ++alive, ++served;
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void* address, std::size_t bytes, std::size_t alignment) override {
    --alive;
    std::pmr::new_delete_resource()->deallocate(address, bytes, alignment);
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }
};

// Grows and shrinks one of each of the standard's containers, and compares with its twin on the heap.
template <class Container, class Twin, class Add, class Drop>
void Compare(std::pmr::memory_resource& resource, Add add, Drop drop) {
  Container container(&resource);
  Twin twin;
  tests::Random random(7);
  for (int step = 0; step < 4000; ++step) {
    if (random.Below(5) < (step < 2500 ? 3 : 2) || twin.empty()) {
      const std::int64_t value = random.Below(1000000);
      add(container, value), add(twin, value);
    } else {
      drop(container), drop(twin);
    }
  }
  ASSERT_EQ(container.size(), twin.size());
  EXPECT_TRUE(std::equal(container.begin(), container.end(), twin.begin()));
}

void RunContainers(std::pmr::memory_resource& resource) {
  const auto push = [](auto& c, std::int64_t value) { c.push_back(value); };
  const auto pop = [](auto& c) { c.pop_back(); };
  Compare<std::pmr::vector<std::int64_t>, std::vector<std::int64_t>>(resource, push, pop);
  Compare<std::pmr::deque<std::int64_t>, std::deque<std::int64_t>>(resource, push, [](auto& c) { c.pop_front(); });
  Compare<std::pmr::list<std::int64_t>, std::list<std::int64_t>>(resource, push, [](auto& c) { c.pop_front(); });
  Compare<std::pmr::string, std::string>(
      resource, [](auto& c, std::int64_t value) { c.push_back(static_cast<char>('a' + value % 26)); }, pop);
  const auto insert = [](auto& c, std::int64_t value) { c[value] = value * 3; };
  const auto erase = [](auto& c) { c.erase(c.begin()); };
  Compare<std::pmr::map<std::int64_t, std::int64_t>, std::map<std::int64_t, std::int64_t>>(resource, insert, erase);
  const auto name = [&](int k) {
    return std::pmr::string("a name that is no short string, number " + std::to_string(k), &resource);
  };
  std::pmr::unordered_map<std::pmr::string, int> names(&resource);
  for (int k = 0; k < 500; ++k) names.emplace(name(k), k);
  for (int k = 0; k < 500; k += 2) EXPECT_EQ(names.erase(name(k)), 1u);
  EXPECT_EQ(names.size(), 250u);
  for (const auto& [of, k] : names) EXPECT_EQ(of, name(k));
}

class PmrBuddies : public testing::TestWithParam<BuddyOptions> {};

TEST_P(PmrBuddies, HoldTheStandardContainers) {
  const Bytes bytes(1 << 22, 64);
  PmrBuddy resource(bytes.base(), bytes.bytes(), 32, GetParam());
  RunContainers(resource);
  EXPECT_EQ(resource.stats().allocations, 0);
  EXPECT_EQ(resource.stats().used_bytes, 0);
  EXPECT_EQ(resource.stats().requested_bytes, 0);
  EXPECT_GT(resource.stats().high_water_bytes, 50000);
  resource.Flush();
  EXPECT_EQ(resource.stats().largest_free_bytes, 1 << 22);
}

TEST_P(PmrBuddies, AlignAsAskedWhereverTheMemoryLies) {
  for (const std::size_t behind : {0, 1, 63, 64, 96, 2048}) {
    const Bytes bytes((1 << 20) + 777, behind);
    PmrBuddy resource(bytes.base(), bytes.bytes(), 64, GetParam());
    std::vector<std::tuple<void*, std::size_t, std::size_t>> held;
    for (std::size_t alignment = 1; alignment <= 65536; alignment *= 2) {
      for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}, alignment, std::size_t{5000}}) {
        void* const address = resource.allocate(size, alignment);
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(address) % alignment, 0u) << alignment << " behind " << behind;
        ASSERT_TRUE(bytes.Holds(address));
        if (size > 0) {
          ASSERT_TRUE(bytes.Holds(static_cast<std::byte*>(address) + size - 1));
          std::fill_n(static_cast<std::byte*>(address), size, static_cast<std::byte>(held.size()));
        }
        held.emplace_back(address, size, alignment);
        if (held.size() < 6) continue;
        for (std::size_t k = 0; k < held.size(); ++k) {
          const auto& [at, n, a] = held[k];
          for (std::size_t b = 0; b < n; ++b) ASSERT_EQ(static_cast<std::byte*>(at)[b], static_cast<std::byte>(k));
        }
        for (const auto& [at, n, a] : held) resource.deallocate(at, n, a);
        held.clear();
      }
    }
    for (const auto& [at, n, a] : held) resource.deallocate(at, n, a);
    EXPECT_EQ(resource.stats().used_bytes, 0);
  }
}

TEST_P(PmrBuddies, ThrowWhenFullOrAskUpstream) {
  const Bytes bytes(4096, 0);
  PmrBuddy alone(bytes.base(), bytes.bytes(), 64, GetParam());
  void* const half = alone.allocate(2048, 8);
  EXPECT_THROW((void)alone.allocate(2049, 8), std::bad_alloc);
  for (const std::size_t bytes_asked : {SIZE_MAX / 2 + 1, SIZE_MAX, SIZE_MAX - 4}) {
    for (const std::size_t alignment : {8, 8192}) {
      EXPECT_THROW((void)alone.allocate(bytes_asked, alignment), std::bad_alloc);
    }
  }
  EXPECT_EQ(alone.stats().requested_bytes, 2048);
  alone.deallocate(half, 2048, 8);

  Upstream upstream;
  {
    PmrBuddy resource(bytes.base(), bytes.bytes(), 64, GetParam(), &upstream);
    RunContainers(resource);
    EXPECT_GT(upstream.served, 0);
    EXPECT_GT(resource.stats().high_water_bytes, 2048);
    EXPECT_EQ(resource.stats().allocations, 0);
  }
  EXPECT_EQ(upstream.alive, 0);
}

TEST_P(PmrBuddies, RefuseToTakeBackWhatTheyDidNotGive) {
  const Bytes bytes(4096, 0);
  PmrBuddy resource(bytes.base(), bytes.bytes(), 64, GetParam());
  void* const address = resource.allocate(100, 8);
  resource.deallocate(address, 100, 8);
  EXPECT_TRUE(tests::Refuses(ErrorCode::kMisuse, {"byte 0", "twice"}, [&] { resource.deallocate(address, 100, 8); }));
  int elsewhere = 0;
  EXPECT_TRUE(tests::Refuses(ErrorCode::kMisuse, {"not allocated here"},
                             [&] { resource.deallocate(&elsewhere, sizeof(int), alignof(int)); }));
}

// With another size the block found was another: a neighbour's, which was freed.
TEST_P(PmrBuddies, RefuseToTakeBackWithAnotherSize) {
  const Bytes bytes(1 << 16, 96);
  PmrBuddy resource(bytes.base(), bytes.bytes(), 64, GetParam());
  void* const neighbour = resource.allocate(64, 8);
  void* const address = resource.allocate(64, 8);
  const std::size_t most = ~std::size_t{0};
  for (const auto& [size, alignment] : std::vector<std::pair<std::size_t, std::size_t>>{
           {65, 8}, {128, 8}, {1, 128}, {5000, 8}, {most, 8}, {64, most / 2 + 1}, {most, most / 2 + 1}}) {
    for (void* const at : {neighbour, address}) {
      EXPECT_TRUE(tests::Refuses(ErrorCode::kMisuse, {"another size"},
                                 [&, s = size, a = alignment] { resource.deallocate(at, s, a); }));
    }
  }
  EXPECT_EQ(resource.stats().allocations, 2);
  EXPECT_EQ(resource.stats().requested_bytes, 128);
  resource.deallocate(neighbour, 64, 8);
  resource.deallocate(address, 64, 8);
  EXPECT_EQ(resource.stats().used_bytes, 0);
}

// 0 gave a null pointer, and kept the block that nobody had been given.
TEST_P(PmrBuddies, RefuseAlignmentsThatAreNoPowersOfTwo) {
  const Bytes bytes(4096, 0);
  Upstream upstream;
  PmrBuddy resource(bytes.base(), bytes.bytes(), 64, GetParam(), &upstream);
  for (const std::size_t alignment : {std::size_t{0}, std::size_t{3}, std::size_t{48}, ~std::size_t{0}}) {
    EXPECT_TRUE(tests::Refuses(ErrorCode::kMisuse, {std::to_string(alignment), "power of two"},
                               [&] { (void)resource.allocate(64, alignment); }));
  }
  EXPECT_EQ(resource.stats().used_bytes, 0);
  EXPECT_EQ(upstream.served, 0);
}

static_assert(!std::is_copy_constructible_v<PmrBuddy> && !std::is_copy_assignable_v<PmrBuddy>);
static_assert(!std::is_move_constructible_v<PmrBuddy>, "containers point to it");

// Address 0 was served, and all behind it.
TEST(PmrBuddy, RefusesNullWithBytes) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{63}, std::size_t{4096}, ~std::size_t{0}}) {
    EXPECT_TRUE(tests::Refuses(ErrorCode::kMisuse, {"null", std::to_string(bytes)},
                               [&] { PmrBuddy resource(nullptr, bytes); }));
  }
}

TEST(PmrBuddy, MayHaveNoMemoryAtAll) {
  PmrBuddy resource(nullptr, 0);
  EXPECT_THROW((void)resource.allocate(1, 1), std::bad_alloc);
  std::byte few[10];
  PmrBuddy tiny(few, sizeof few, 4096);
  EXPECT_THROW((void)tiny.allocate(1, 1), std::bad_alloc);
}

std::string SettingName(const testing::TestParamInfo<BuddyOptions>& info) {
  return info.param.keep == 0 ? "Lean" : "Fast";
}
INSTANTIATE_TEST_SUITE_P(Settings, PmrBuddies, testing::Values(kLeanBuddy, kFastBuddy), SettingName);

}  // namespace
}  // namespace orionrt::pmr_buddy_test

#endif
