// A fence against one access right a page, after every step: asked of the system, which copies from and to a page
// without a fault. In the executable of guard_fence_test.cpp, as the fence installs handlers of faults.
#include "pool/fence.hpp"

#include <gtest/gtest.h>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::fence_test {
namespace {

using tests::Random;

// What the system may do with a byte.
class Probe {
 public:
  Probe() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Probe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  Access Ask(std::byte* at) const {
    if (write(ends_[1], at, 1) != 1) return Access::kNone;
    return read(ends_[0], at, 1) == 1 ? Access::kWrite : Drained();
  }

 private:
  Access Drained() const {
    char byte = 0;
    EXPECT_EQ(read(ends_[0], &byte, 1), 1);
    return Access::kRead;
  }

  std::array<int, 2> ends_{};
};

constexpr int kPages = 6;

class Pages {
 public:
  Pages() {
    void* const at = mmap(nullptr, Bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(at, MAP_FAILED);
    base_ = static_cast<std::byte*>(at);
  }
  ~Pages() { munmap(base_, Bytes()); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  std::byte* base() const { return base_; }
  static std::size_t Bytes() { return kPages * static_cast<std::size_t>(Fence::page_bytes()); }

 private:
  std::byte* base_;
};

// The first and the last byte of every page.
void Expect(const Probe& probe, std::byte* base, const std::vector<Access>& rights) {
  const auto page = static_cast<std::size_t>(Fence::page_bytes());
  for (std::size_t k = 0; k < rights.size(); ++k) {
    ASSERT_EQ(probe.Ask(base + k * page), rights[k]) << "page " << k;
    ASSERT_EQ(probe.Ask(base + (k + 1) * page - 1), rights[k]) << "page " << k;
  }
}

TEST(Fence, OpensAndClosesThePagesThatBytesTouch) {
  const Probe probe;
  const std::int64_t page = Fence::page_bytes(), all = kPages * page;
  for (int seed = 0; seed < tests::Seeds(40); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Pages memory;
    std::vector<std::pair<std::uintptr_t, Access>> hits;
    std::vector<Access> rights(kPages, Access::kWrite);
    {
      // One page less: what lies behind the region is not the fence's.
      Fence fence(memory.base(), Pages::Bytes() - static_cast<std::size_t>(page), true, false,
                  [&](std::uintptr_t address, Access access) { hits.emplace_back(address, access); });
      const auto set = [&](std::int64_t begin, std::int64_t end, Access access) {
        for (std::int64_t byte = begin; byte < end; ++byte) rights[static_cast<std::size_t>(byte / page)] = access;
      };
      for (int step = 0; step < 40; ++step) {
        const auto access = static_cast<Access>(random.Below(3));
        const std::int64_t begin = random.OneIn(2) ? random.Below(kPages - 1) * page : random.Below(all - page);
        const std::int64_t most = all - page - begin;
        const std::int64_t bytes = random.OneIn(2) ? random.Below(most + 1) : random.OneIn(2) ? most / page * page : 1;
        switch (random.Below(8)) {
          case 0:
            fence.OpenAll();
            set(0, all - page, Access::kWrite);
            break;
          case 1:
            fence.CloseAll();
            set(0, all - page, Access::kNone);
            break;
          case 2: {
            const auto address = reinterpret_cast<std::uintptr_t>(memory.base() + begin);
            ASSERT_TRUE(fence.Hit(address, access));
            ASSERT_EQ(hits.back(), std::make_pair(address, access));
            set(begin, begin + 1, Access::kWrite);
            break;
          }
          default:
            fence.Open(begin, bytes, access);
            set(begin, begin + bytes, access);
        }
        Expect(probe, memory.base(), rights);
        if (HasFatalFailure()) return;
      }
      const std::size_t known = hits.size();
      ASSERT_FALSE(fence.Hit(reinterpret_cast<std::uintptr_t>(memory.base()) - 1, Access::kRead));
      ASSERT_FALSE(fence.Hit(reinterpret_cast<std::uintptr_t>(memory.base() + all - page), Access::kRead));
      ASSERT_EQ(hits.size(), known) << "elsewhere is not reported";
      fence.CloseAll();
    }
    Expect(probe, memory.base(), std::vector<Access>(kPages, Access::kWrite));  // gone, it leaves all open
  }
}

TEST(Fence, OfNothingClosesNothing) {
  const Probe probe;
  const Pages memory;
  Fence none(memory.base(), 0, true, false, [](std::uintptr_t, Access) {});
  none.CloseAll();
  none.Open(0, 0, Access::kNone);
  EXPECT_FALSE(none.Hit(reinterpret_cast<std::uintptr_t>(memory.base()), Access::kRead));
  Expect(probe, memory.base(), std::vector<Access>(kPages, Access::kWrite));
}

// Of several the one that a fault lies in hears of it; those that are gone hear of nothing.
TEST(Fence, HearsOfFaultsInItsOwnPages) {
  const Pages memory;
  const auto page = static_cast<std::size_t>(Fence::page_bytes());
  std::array<int, 3> hits{};
  const auto fence = [&](std::size_t k) {
    return std::make_unique<Fence>(memory.base() + k * page, page, true, false,
                                   [&hits, k](std::uintptr_t, Access) { ++hits[k]; });
  };
  std::array<std::unique_ptr<Fence>, 3> fences = {fence(0), fence(1), fence(2)};
  const auto touch = [&](std::size_t k) {
    fences[k]->CloseAll();
    auto* const at = reinterpret_cast<volatile unsigned char*>(memory.base() + k * page + 5);
    *at = 1;
  };
  touch(1);
  EXPECT_EQ(hits, (std::array<int, 3>{0, 1, 0}));
  fences[0].reset();
  fences[0] = fence(0);
  touch(2);
  touch(0);
  touch(0);
  EXPECT_EQ(hits, (std::array<int, 3>{2, 1, 1}));
}

}  // namespace
}  // namespace orionrt::fence_test
#endif
