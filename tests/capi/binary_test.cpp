// Binary assignments: written and read by C++, and read by the run-time half.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "capi/assignments.hpp"
#include "capi/said.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/orionrt_plan.h"
#include "refuses.hpp"
#include "sanitized.hpp"

namespace orionrt::binary_test::binary_test {
namespace {

using tests::AnyAssignment;
using tests::Random;
using tests::Refuses;
using tests::Said;
using tests::Seeds;

// A copy of exactly these bytes on the heap: a sanitizer sees whatever is read past them.
class Bytes {
 public:
  explicit Bytes(const std::string& bytes) : size_(bytes.size()), memory_(new std::uint8_t[bytes.size()]) {
    std::memcpy(memory_.get(), bytes.data(), size_);
  }
  orionrt_image_status Open(orionrt_image* image) const { return orionrt_image_open(image, memory_.get(), size_); }

 private:
  std::size_t size_;
  std::unique_ptr<std::uint8_t[]> memory_;
};

void Put(std::string& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t k = 0; k < 4; ++k) bytes[at + k] = static_cast<char>(value >> (8 * k) & 0xFF);
}

std::uint32_t Get(const std::string& bytes, std::size_t at) {
  return orionrt_image_u32(reinterpret_cast<const std::uint8_t*>(bytes.data()) + at);
}

// As whoever damages on purpose would: the length and the checksum are right again.
std::string Mended(std::string bytes) {
  if (bytes.size() < 24) return bytes;
  Put(bytes, 16, static_cast<std::uint32_t>(bytes.size()));
  Put(bytes, 8, orionrt_image_sum(reinterpret_cast<const std::uint8_t*>(bytes.data()) + 12, bytes.size() - 12));
  return bytes;
}

// What the run-time half says of one graph, in the words of Said.
std::string SaidByImage(const orionrt_image& image, const Assignment& like) {
  Assignment read;
  const auto id = [&](orionrt_image_kind kind, std::uint32_t i, int field) {
    return static_cast<int>(orionrt_image_at(&image, kind, i, static_cast<orionrt_image_field>(field)));
  };
  const auto wide = [&](orionrt_image_kind kind, std::uint32_t i, orionrt_image_field field) {
    return static_cast<std::int64_t>(orionrt_image_wide(&image, kind, i, field));
  };
  const auto count = [&](orionrt_image_kind kind) { return orionrt_image_count(&image, kind); };
  read.graph_id = image.graph_id;
  for (std::uint32_t i = 0; i < count(ORIONRT_IMAGE_ORDER); ++i) {
    read.order_ids.push_back(id(ORIONRT_IMAGE_ORDER, i, ORIONRT_IMAGE_ID));
    if (count(ORIONRT_IMAGE_LAUNCHES) == 0) continue;
    read.launches.push_back({id(ORIONRT_IMAGE_LAUNCHES, i, ORIONRT_IMAGE_STREAM), {}});
    for (std::uint32_t k = 0; orionrt_image_wait(&image, i, k) != ORIONRT_IMAGE_NONE; ++k) {
      read.launches.back().waits.push_back(static_cast<int>(orionrt_image_wait(&image, i, k)));
    }
  }
  for (std::uint32_t i = 0; i < count(ORIONRT_IMAGE_VANISHED); ++i) {
    read.vanished_ids.push_back(id(ORIONRT_IMAGE_VANISHED, i, ORIONRT_IMAGE_ID));
  }
  for (std::uint32_t i = 0; i < count(ORIONRT_IMAGE_IN_PLACE); ++i) {
    read.in_place.push_back({id(ORIONRT_IMAGE_IN_PLACE, i, ORIONRT_IMAGE_ID),
                             id(ORIONRT_IMAGE_IN_PLACE, i, ORIONRT_IMAGE_OUTPUT),
                             id(ORIONRT_IMAGE_IN_PLACE, i, ORIONRT_IMAGE_INPUT)});
  }
  for (const auto& [kind, places] :
       {std::pair(ORIONRT_IMAGE_TENSORS, &read.tensors), std::pair(ORIONRT_IMAGE_WORKSPACES, &read.workspaces)}) {
    for (std::uint32_t i = 0; i < count(kind); ++i) {
      places->push_back({id(kind, i, ORIONRT_IMAGE_ID), id(kind, i, ORIONRT_IMAGE_SPACE),
                         wide(kind, i, ORIONRT_IMAGE_OFFSET), wide(kind, i, ORIONRT_IMAGE_BYTES)});
    }
  }
  read.graph_hash = like.graph_hash;  // which are for the planner's side
  read.made_with = like.made_with;
  read.spaces = like.spaces;
  return Said(read);
}

void ExpectSame(const orionrt_image& image, const Assignment& assignment) {
  Assignment alone = assignment;
  alone.bodies.clear();
  EXPECT_EQ(SaidByImage(image, alone), Said(alone));
  for (const BodyAssignment& body : assignment.bodies) {
    orionrt_image inner;
    const auto op = static_cast<std::uint32_t>(body.op_id);
    ASSERT_EQ(orionrt_image_body(&image, op, body.attribute.c_str(), &inner), ORIONRT_IMAGE_OK);
    ExpectSame(inner, body.assignment);
    EXPECT_EQ(orionrt_image_body(&image, op, (body.attribute + "x").c_str(), &inner), ORIONRT_IMAGE_NO_BODY);
    EXPECT_EQ(orionrt_image_body(&image, op, "bod", &inner), ORIONRT_IMAGE_NO_BODY);
  }
}

// Memory for an image, a space at a time: as large and as aligned as each asks.
class Arenas {
 public:
  explicit Arenas(const Assignment& assignment) {
    for (const AssignedSpace& space : assignment.spaces) {
      owned_.push_back(
          Arena::Host(static_cast<std::size_t>(space.required_bytes), static_cast<std::size_t>(space.base_alignment)));
      list_.push_back({owned_.back().base(), owned_.back().bytes()});
    }
  }
  std::vector<orionrt_image_arena>& list() { return list_; }

 private:
  std::vector<Arena> owned_;
  std::vector<orionrt_image_arena> list_;
};

void ExpectAddresses(const orionrt_image& image, const Assignment& assignment, Arenas& arenas) {
  const auto address = [&](const Place& place) -> void* {
    if (place.space == kExternal) return nullptr;
    return static_cast<std::uint8_t*>(arenas.list()[static_cast<std::size_t>(place.space)].base) + place.offset;
  };
  for (std::size_t i = 0; i < assignment.tensors.size(); ++i) {
    EXPECT_EQ(orionrt_image_tensor(&image, static_cast<std::uint32_t>(i)), address(assignment.tensors[i]));
    const auto id = static_cast<std::uint32_t>(assignment.tensors[i].id);
    EXPECT_EQ(orionrt_image_find(&image, ORIONRT_IMAGE_TENSORS, id), i);
  }
  EXPECT_EQ(orionrt_image_tensor(&image, static_cast<std::uint32_t>(assignment.tensors.size())), nullptr);
  for (const Place& place : assignment.workspaces) {
    EXPECT_EQ(orionrt_image_workspace(&image, static_cast<std::uint32_t>(place.id)), address(place));
  }
  EXPECT_EQ(orionrt_image_workspace(&image, 0x7FFFFFFF), nullptr);
  for (const BodyAssignment& body : assignment.bodies) {
    orionrt_image inner;
    ASSERT_EQ(orionrt_image_body(&image, static_cast<std::uint32_t>(body.op_id), body.attribute.c_str(), &inner),
              ORIONRT_IMAGE_OK);
    ExpectAddresses(inner, body.assignment, arenas);
  }
}

TEST(BinaryAssignment, SaysAllOfIt) {
  for (int seed = 0; seed < Seeds(200); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Assignment assignment = AnyAssignment(random);
    const std::string bytes = WriteAssignmentBinary(assignment);
    const Assignment again = ReadAssignmentBinary(bytes, "a.bin");
    ASSERT_EQ(Said(again), Said(assignment));
    ASSERT_EQ(WriteAssignmentBinary(again), bytes);
    const Bytes file(bytes);
    orionrt_image image;
    ASSERT_EQ(file.Open(&image), ORIONRT_IMAGE_OK);
    ExpectSame(image, assignment);
    EXPECT_EQ(orionrt_image_tensor(&image, 0), nullptr) << "before it is bound";
    Arenas arenas(assignment);
    ASSERT_EQ(orionrt_image_bind(&image, arenas.list().data(), arenas.list().size()), ORIONRT_IMAGE_OK);
    ExpectAddresses(image, assignment, arenas);
  }
}

TEST(BinaryAssignment, EveryDamagedByteIsRefused) {
  for (int seed = 0; seed < Seeds(20); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const std::string whole = WriteAssignmentBinary(AnyAssignment(random));
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ static_cast<char>(random.Between(1, 255)));
      orionrt_image image;
      ASSERT_NE(Bytes(damaged).Open(&image), ORIONRT_IMAGE_OK) << "byte " << at;
      ASSERT_NE(Bytes(whole.substr(0, at)).Open(&image), ORIONRT_IMAGE_OK) << "cut to " << at;
    }
    orionrt_image image;
    EXPECT_EQ(Bytes(whole + '\0').Open(&image), ORIONRT_IMAGE_CUT);
  }
}

// Whether all that an opened image serves lies in its arenas.
void ExpectHarmless(orionrt_image image, const std::vector<orionrt_image_arena>& arenas) {
  if (orionrt_image_bind(&image, arenas.data(), arenas.size()) != ORIONRT_IMAGE_OK) return;
  for (std::uint32_t i = 0; i < orionrt_image_count(&image, ORIONRT_IMAGE_TENSORS); ++i) {
    auto* const at = static_cast<std::uint8_t*>(orionrt_image_tensor(&image, i));
    const std::uint64_t bytes = orionrt_image_wide(&image, ORIONRT_IMAGE_TENSORS, i, ORIONRT_IMAGE_BYTES);
    const std::uint32_t space = orionrt_image_at(&image, ORIONRT_IMAGE_TENSORS, i, ORIONRT_IMAGE_SPACE);
    if (space == ORIONRT_IMAGE_NONE) continue;
    const auto* const base = static_cast<std::uint8_t*>(arenas[space].base);
    ASSERT_LE(static_cast<std::uint64_t>(at - base) + bytes, arenas[space].bytes);
  }
  SaidByImage(image, {});
  orionrt_image body;
  for (std::uint32_t op = 0; op < 3; ++op) (void)orionrt_image_body(&image, op, "body1", &body);
}

TEST(BinaryAssignment, WhatIsDamagedOnPurposeIsRefusedOrHarmless) {
  int opened = 0, refused = 0;
  for (int seed = 0; seed < Seeds(60); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Assignment assignment = AnyAssignment(random);
    Arenas arenas(assignment);
    const std::string whole = WriteAssignmentBinary(assignment);
    for (int tries = 0; tries < 100; ++tries) {
      std::string damaged = whole;
      const auto at = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(whole.size())));
      damaged[at] = static_cast<char>(random.OneIn(2) ? 0xFF : random.Below(256));
      if (random.OneIn(4)) damaged.resize(at);
      const Bytes file(Mended(damaged));
      orionrt_image image;
      const bool open = file.Open(&image) == ORIONRT_IMAGE_OK;
      ++(open ? opened : refused);
      if (open) ExpectHarmless(image, arenas.list());
      try {
        (void)ReadAssignmentBinary(Mended(damaged), "a.bin");
      } catch (const Error&) {
      }
    }
  }
  EXPECT_GT(opened, Seeds(300));
  EXPECT_GT(refused, Seeds(1500));
}

Assignment Small() {
  const Graph graph({{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {}}}, {{0, 100}, {1, 60}});
  return tests::AssignedBy(graph, {});
}

TEST(BinaryAssignment, KnowsVersions) {
  const std::string bytes = WriteAssignmentBinary(Small());
  std::string later = bytes;
  later[12] = 2;
  orionrt_image image;
  EXPECT_EQ(Bytes(Mended(later)).Open(&image), ORIONRT_IMAGE_VERSION);
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"p.bin", "major version", "plan again"},
                      [&] { ReadAssignmentBinary(Mended(later), "p.bin"); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"p.bin", "no binary plan"}, [] { ReadAssignmentBinary("{}", "p.bin"); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"not as long"},
                      [&] { ReadAssignmentBinary(bytes.substr(0, bytes.size() - 1), "p.bin"); }));

  later = bytes;  // a minor version has a kind of section more, and longer records
  later[14] = 1;
  const std::size_t entry = 24 + 16 * (ORIONRT_IMAGE_VANISHED - 1);  // an empty section, no longer of that kind
  Put(later, entry, 77);
  EXPECT_EQ(Said(ReadAssignmentBinary(Mended(later), "p.bin")), Said(Small()));
  later = bytes;
  const std::size_t tensors = 24 + 16 * (ORIONRT_IMAGE_TENSORS - 1);
  const std::uint32_t begin = Get(later, tensors + 12);
  std::string longer;
  for (std::uint32_t i = 0; i < 2; ++i) longer += later.substr(begin + 24 * i, 24) + "more";
  Put(later, tensors + 4, 28);
  Put(later, tensors + 12, static_cast<std::uint32_t>(later.size()));
  EXPECT_EQ(Said(ReadAssignmentBinary(Mended(later + longer), "p.bin")), Said(Small()));
}

TEST(BinaryAssignment, IsWrittenWholeOrRefused) {
  const auto refuses = [](const std::vector<std::string>& words, void (*spoil)(Assignment&)) {
    Assignment assignment = Small();
    spoil(assignment);
    return Refuses(ErrorCode::kBadInput, words, [&] { WriteAssignmentBinary(assignment); });
  };
  EXPECT_TRUE(refuses({"file of before", "CompleteAssignment"}, [](Assignment& a) { a.graph_id = 0; }));
  EXPECT_TRUE(refuses({"no space"}, [](Assignment& a) { a.spaces.clear(); }));
  EXPECT_TRUE(refuses({"CheckAssignment"}, [](Assignment& a) { a.tensors[0].offset = -1; }));
  EXPECT_TRUE(refuses({"CheckAssignment"}, [](Assignment& a) { a.tensors[1].bytes = 1 << 20; }));
  EXPECT_TRUE(refuses({"CheckAssignment"}, [](Assignment& a) { std::swap(a.tensors[0], a.tensors[1]); }));
  EXPECT_TRUE(refuses({"CheckAssignment"}, [](Assignment& a) { a.order_ids[0] = -3; }));
  EXPECT_TRUE(refuses({"CheckAssignment"}, [](Assignment& a) { a.launches.resize(2); }));
  EXPECT_TRUE(refuses({"CheckAssignment"}, [](Assignment& a) { a.spaces[0].base_alignment = 3; }));
  EXPECT_TRUE(refuses({"spaces of its own"}, [](Assignment& a) { a.bodies.push_back({0, "body", Small()}); }));
}

// Bodies 99 deep are read, and no depth of them overflows the stack.
TEST(BinaryAssignment, BodiesMayBeDeepButNotEndless) {
  const auto nested = [](int depth) {
    Assignment made = Small();
    for (; depth > 0; --depth) {
      made.spaces.clear();
      Assignment around = Small();
      around.bodies.push_back({1, "body", std::move(made)});
      made = std::move(around);
    }
    return made;
  };
  const Assignment deep = nested(99);
  EXPECT_EQ(Said(ReadAssignmentBinary(WriteAssignmentBinary(deep), "a.bin")), Said(deep));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"too deep"}, [&] { WriteAssignmentBinary(nested(101)); }));
}

TEST(BinaryAssignment, IsBoundToArenasThatSuitIt) {
  const Assignment assignment = Small();
  const Bytes file(WriteAssignmentBinary(assignment));
  orionrt_image image;
  ASSERT_EQ(file.Open(&image), ORIONRT_IMAGE_OK);
  alignas(64) static std::uint8_t memory[256];
  const auto bind = [&](void* base, std::size_t bytes, std::size_t count = 1) {
    const orionrt_image_arena arena = {base, bytes};
    const orionrt_image_status status = orionrt_image_bind(&image, &arena, count);
    EXPECT_EQ(orionrt_image_tensor(&image, 0) != nullptr, status == ORIONRT_IMAGE_OK);
    return status;
  };
  const auto needs = static_cast<std::size_t>(assignment.spaces[0].required_bytes);
  EXPECT_EQ(bind(memory, needs), ORIONRT_IMAGE_OK);
  EXPECT_EQ(bind(memory, needs - 1), ORIONRT_IMAGE_TOO_SMALL);
  EXPECT_EQ(bind(nullptr, needs), ORIONRT_IMAGE_TOO_SMALL);
  EXPECT_EQ(bind(memory + 1, needs), ORIONRT_IMAGE_MISALIGNED);
  EXPECT_EQ(bind(memory, needs, 0), ORIONRT_IMAGE_ARENAS);
  EXPECT_EQ(bind(reinterpret_cast<void*>(UINTPTR_MAX - 63), needs), ORIONRT_IMAGE_TOO_SMALL) << "wraps around";
}

}  // namespace
}  // namespace orionrt::binary_test::binary_test
