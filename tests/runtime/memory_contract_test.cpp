#include "memory_contract.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "orionrt/orionrt.hpp"
#include "random.hpp"
#include "refuses.hpp"

namespace orionrt::tests {

// Every source must be instantiated by some file of each executable that links this one.
void MemoryContract::Mark(void* base, std::size_t bytes, int value) const {
  if (!memory_.write) return;
  memory_.write(base, static_cast<std::byte>(value));
  memory_.write(static_cast<std::byte*>(base) + bytes - 1, static_cast<std::byte>(value));
}

bool MemoryContract::IsMarked(const void* base, std::size_t bytes, int value) const {
  if (!memory_.read) return true;
  return memory_.read(base) == static_cast<std::byte>(value) &&
         memory_.read(static_cast<const std::byte*>(base) + bytes - 1) == static_cast<std::byte>(value);
}

namespace {

std::uintptr_t Address(const void* base) { return reinterpret_cast<std::uintptr_t>(base); }

TEST_P(MemoryContract, HonoursEveryAlignment) {
  for (std::size_t alignment = 1; alignment <= std::size_t{1} << 21; alignment *= 2) {
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{100}, std::size_t{70001}}) {
      void* const base = resource().Allocate(bytes, alignment);
      EXPECT_EQ(Address(base) % alignment, 0u) << bytes << " at " << alignment;
      EXPECT_EQ(Address(base) % resource().traits().alignment, 0u) << "promised without being asked";
      Mark(base, bytes, 7);
      EXPECT_TRUE(IsMarked(base, bytes, 7)) << bytes << " at " << alignment;
      resource().Deallocate(base, bytes, alignment);
    }
  }
}

// Random sizes, alignments and order of release: no two alive share a byte, and each keeps what was written to it.
TEST_P(MemoryContract, KeepsBlocksApart) {
  struct Block {
    std::size_t bytes, alignment;
    int mark;
  };
  std::map<std::uintptr_t, Block> alive;
  Random random(20260101);
  const auto give_back = [&](std::map<std::uintptr_t, Block>::iterator block) {
    void* const base = reinterpret_cast<void*>(block->first);
    EXPECT_TRUE(IsMarked(base, block->second.bytes, block->second.mark)) << "someone wrote into it";
    resource().Deallocate(base, block->second.bytes, block->second.alignment);
    alive.erase(block);
  };
  for (int step = 0; step < 400; ++step) {
    if (alive.size() >= 24 || (!alive.empty() && random.Below(3) == 0)) {
      give_back(std::next(alive.begin(), random.Below(static_cast<std::int64_t>(alive.size()))));
      continue;
    }
    const auto bytes = static_cast<std::size_t>(random.Between(1, std::int64_t{1} << random.Below(20)));
    const Block block{bytes, std::size_t{1} << random.Below(15), step % 251};
    void* const base = resource().Allocate(block.bytes, block.alignment);
    const auto [at, is_new] = alive.emplace(Address(base), block);
    ASSERT_TRUE(is_new) << "given twice";
    if (at != alive.begin()) {
      EXPECT_LE(std::prev(at)->first + std::prev(at)->second.bytes, at->first);
    }
    if (std::next(at) != alive.end()) {
      EXPECT_LE(at->first + block.bytes, std::next(at)->first);
    }
    Mark(base, block.bytes, block.mark);
  }
  while (!alive.empty()) give_back(alive.begin());
}

TEST_P(MemoryContract, GivesEmptyBlocksAddressesOfTheirOwn) {
  void* const one = resource().Allocate(0, 64);
  void* const two = resource().Allocate(0, 64);
  EXPECT_NE(one, nullptr);
  EXPECT_NE(one, two);
  EXPECT_EQ(Address(one) % 64, 0u);
  resource().Deallocate(one, 0, 64);
  resource().Deallocate(two, 0, 64);
  resource().Deallocate(nullptr, 64, 64);
}

TEST_P(MemoryContract, RefusesWhatNoMachineHasAndLosesNothing) {
  const auto absurd = static_cast<std::size_t>(std::min<std::uint64_t>(std::uint64_t{1} << 61, SIZE_MAX / 2 + 1));
  const std::string name = resource().traits().name;
  for (int round = 0; round < 3; ++round) {
    for (const std::size_t bytes : {absurd, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 63, SIZE_MAX}) {
      EXPECT_TRUE(
          Refuses(ErrorCode::kOutOfMemory, {name, std::to_string(bytes)}, [&] { resource().Allocate(bytes, 64); }));
    }
  }
  EXPECT_TRUE(Refuses(ErrorCode::kOutOfMemory, {name}, [&] { resource().Allocate(64, SIZE_MAX / 2 + 1); }));
  void* const base = resource().Allocate(1 << 20, 64);
  Mark(base, 1 << 20, 3);
  EXPECT_TRUE(IsMarked(base, 1 << 20, 3));
  resource().Deallocate(base, 1 << 20, 64);
}

TEST_P(MemoryContract, RefusesAlignmentsThatAreNoPowersOfTwo) {
  for (const std::size_t alignment : {std::size_t{0}, std::size_t{3}, std::size_t{48}, SIZE_MAX}) {
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {resource().traits().name, std::to_string(alignment)},
                        [&] { resource().Allocate(64, alignment); }));
  }
}

// More in turn than the resource, or this machine, has at once.
TEST_P(MemoryContract, GivesAgainWhatAnArenaGaveBack) {
  const std::size_t bytes = std::size_t{60} << 20;
  for (int round = 0; round < 20; ++round) {
    const Arena arena = Arena::From(resource(), bytes, 4096);
    EXPECT_EQ(arena.bytes(), bytes);
    EXPECT_EQ(Address(arena.base()) % 4096, 0u);
    EXPECT_EQ(arena.host_accessible(), resource().traits().host_accessible);
    Mark(arena.base(), bytes, round);
    EXPECT_TRUE(IsMarked(arena.base(), bytes, round));
  }
}

TEST_P(MemoryContract, CarriesTheExampleOfTheReadme) {
  Arena arena = Arena::From(resource(), 64 * 1024 * 1024, 4096);
  std::byte* const base = arena.base();
  TensorPool pool(std::move(arena));
  pool.RegisterGraph({{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {2}}, {3, {2}, {}}}, {{0, 1024}, {1, 2048}, {2, 1024}});
  pool.FinalizePlan();
  EXPECT_EQ(pool.peak_bytes(), 3072u);
  for (int id = 0; id < 3; ++id) {
    const TensorHandle tensor = pool.Allocate(id);
    EXPECT_EQ(tensor.bytes, id == 1 ? 2048u : 1024u);
    EXPECT_EQ(static_cast<std::byte*>(tensor.ptr) - base, pool.plan().offsets[static_cast<std::size_t>(id)]);
    Mark(tensor.ptr, tensor.bytes, id);
    EXPECT_TRUE(IsMarked(tensor.ptr, tensor.bytes, id));
  }
}

}  // namespace
}  // namespace orionrt::tests
