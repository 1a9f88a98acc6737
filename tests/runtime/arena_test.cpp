#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include "orionrt/memory.hpp"
#include "refuses.hpp"

namespace orionrt::arena_test {
namespace {

using tests::Refuses;

TEST(Arena, OfTheHostIsAlignedAsAsked) {
  for (const std::size_t alignment :
       {std::size_t{1}, std::size_t{2}, std::size_t{64}, std::size_t{4096}, std::size_t{1} << 20}) {
    const Arena arena = Arena::Host(1000, alignment);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.base()) % alignment, 0u) << alignment;
    EXPECT_EQ(arena.bytes(), 1000u);
    std::memset(arena.base(), 1, arena.bytes());
  }
}

TEST(Arena, OfTheHostMayBeEmpty) { EXPECT_EQ(Arena::Host(0).bytes(), 0u); }

TEST(Arena, RefusesAlignmentsThatAreNoPowersOfTwo) {
  for (const std::size_t alignment : {std::size_t{0}, std::size_t{48}, SIZE_MAX}) {
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {std::to_string(alignment)}, [&] { Arena::Host(64, alignment); }));
  }
}

TEST(Arena, SaysHowMuchTheSystemRefused) {
  const auto huge = static_cast<std::size_t>(std::min<std::uint64_t>(std::uint64_t{1} << 60, SIZE_MAX / 2 + 1));
  EXPECT_TRUE(Refuses(ErrorCode::kOutOfMemory, {std::to_string(huge)}, [&] { Arena::Host(huge); }));
  EXPECT_TRUE(Refuses(ErrorCode::kOutOfMemory, {}, [] { Arena::Host(SIZE_MAX); }))
      << "rounding it up must not wrap to nothing";
  EXPECT_TRUE(Refuses(ErrorCode::kOutOfMemory, {}, [] { Arena::Host(SIZE_MAX - 62, 4096); }));
}

TEST(Arena, BorrowsWithoutTakingOver) {
  std::byte memory[64];
  {
    const Arena arena = Arena::Borrow(memory, sizeof memory);
    EXPECT_EQ(arena.base(), memory);
    EXPECT_EQ(arena.bytes(), sizeof memory);
  }
  memory[0] = std::byte{1};
  EXPECT_EQ(Arena::Borrow(nullptr, 0).bytes(), 0u);
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"null", "8"}, [] { Arena::Borrow(nullptr, 8); }));
}

TEST(Arena, MovesItsMemory) {
  Arena one = Arena::Host(128);
  std::byte* const base = one.base();
  const Arena two = std::move(one);
  EXPECT_EQ(two.base(), base);
  EXPECT_EQ(one.base(), nullptr);
}

static_assert(!std::is_copy_constructible_v<Arena> && !std::is_copy_assignable_v<Arena>);

// It said that it still had the bytes, and asked a resource that may be gone whether the host may read them.
TEST(Arena, HasNothingOnceMovedFrom) {
  auto device = std::make_unique<SimulatedMemory>(1 << 20);
  Arena one = Arena::From(*device, 128);
  {
    const Arena two = std::move(one);
    EXPECT_EQ(two.bytes(), 128u);
    EXPECT_FALSE(two.host_accessible());
  }
  device.reset();
  EXPECT_EQ(one.bytes(), 0u);
  EXPECT_TRUE(one.host_accessible());
  one = Arena::Host(64);
  EXPECT_EQ(one.bytes(), 64u) << "serves again once another is moved into it";
}

}  // namespace
}  // namespace orionrt::arena_test
