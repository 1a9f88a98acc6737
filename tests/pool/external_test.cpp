// Inputs and outputs that whoever runs the graph holds.
#include <gtest/gtest.h>

#include <vector>

#include "orionrt/orionrt.hpp"
#include "refuses.hpp"

namespace orionrt::tests::external_test {
namespace {

// x -> a -> b -> y, each of 64 bytes; v is a view of the second half of x, read by the last op.
void Register(TensorPool& pool, unsigned input_roles, unsigned output_roles) {
  std::vector<OpNode> ops = {{0, {0}, {1}}, {1, {1}, {2}}, {2, {2, 4}, {3}}};
  for (OpNode& op : ops) op.aliases = {{AliasKind::kSameIndex, 0, 0, 0}};
  std::vector<TensorDesc> descs = {{0, 64}, {1, 64}, {2, 64}, {3, 64}, {4, 32}};
  descs[0].roles = TensorRole::kInput | input_roles;
  descs[3].roles = TensorRole::kOutput | output_roles;
  descs[4].view_of = 0;
  descs[4].view_offset = 32;
  pool.RegisterGraph(std::move(ops), std::move(descs));
}

TEST(External, IsLeftOutOfTheArenaAndBoundByItsRoot) {
  TensorPool pool(4096);
  Register(pool, TensorRole::kHeld, TensorRole::kHeld);
  pool.FinalizePlan();
  EXPECT_EQ(pool.peak_bytes(), 128u) << "a and b alone";
  for (const int held : {0, 3, 4}) {
    EXPECT_EQ(pool.Allocate(held).ptr, nullptr) << held;
    EXPECT_EQ(pool.Allocate(held).bytes, 0u) << held;
  }
  EXPECT_NE(pool.GetPtr(1), nullptr);
  const Place* const place = FindPlace(pool.assignment().tensors, 4);
  ASSERT_NE(place, nullptr);
  EXPECT_EQ(place->space, kExternal) << "as its root is";
  EXPECT_FALSE(CheckAssignment(pool.graph(), pool.assignment()).has_value());
  std::vector<std::byte> mine(64), result(64);
  pool.BindExternal(0, mine.data());
  pool.BindExternal(3, result.data());
  EXPECT_EQ(pool.GetPtr(0), mine.data());
  EXPECT_EQ(pool.GetPtr(4), mine.data() + 32);
  EXPECT_EQ(pool.Allocate(4).bytes, 32u);
  EXPECT_EQ(pool.addresses()[3], result.data());
  pool.BindExternal(0, nullptr);
  EXPECT_EQ(pool.Allocate(4).ptr, nullptr);
  for (const int other : {1, 4, 99}) {
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"tensor " + std::to_string(other), "held elsewhere"},
                        [&] { pool.BindExternal(other, mine.data()); }));
  }
}

TEST(External, OneViewIsEnough) {
  std::vector<TensorDesc> descs = {{0, 64}, {1, 64}, {2, 64}, {3, 64}, {4, 32}};
  descs[4] = {4, 32, 0, TensorRole::kOutput | TensorRole::kHeld};
  descs[4].view_of = 1;
  const Graph graph({{0, {0}, {1}}, {1, {1}, {2}}, {2, {2, 4}, {3}}}, std::move(descs));
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph));
  EXPECT_EQ(lowered.bindings[1].buffer, -1) << "the root is held where its view is";
  EXPECT_EQ(lowered.bindings[4].buffer, -1);
  EXPECT_EQ(lowered.problem.buffers.size(), 3u);
}

TEST(External, NothingIsWrittenOverIt) {
  for (const bool is_held : {false, true}) {
    PoolOptions options;
    options.transforms = {true, true, true, true};
    TensorPool pool(4096, options);
    const unsigned role = is_held ? TensorRole::kHeld : 0u;
    Register(pool, role, role);
    pool.FinalizePlan();
    EXPECT_EQ(pool.peak_bytes(), is_held ? 64u : 128u);
    for (const InPlaceUse& use : pool.assignment().in_place) EXPECT_NE(use.input, 0) << use.output;
    EXPECT_EQ(pool.assignment().in_place.size(), is_held ? 1u : 2u) << "b on a, and y on b where it may";
    EXPECT_FALSE(CheckAssignment(pool.graph(), pool.assignment()).has_value());
  }
}

// Ids far apart go through a sorted table, and so do those of a pool with a guard.
TEST(External, IsBoundWhereIdsAreFarApart) {
  for (const bool has_guard : {false, true}) {
    PoolOptions options;
    if (has_guard) options.guard.emplace();
    TensorPool pool(1 << 20, options);
    std::vector<TensorDesc> descs = {{7, 64}, {1000000, 64}, {30, 64}};
    descs[0].roles = TensorRole::kInput | TensorRole::kHeld;
    descs[2].roles = TensorRole::kOutput;
    pool.RegisterGraph({{0, {7}, {1000000}}, {1, {1000000}, {30}}}, std::move(descs));
    pool.FinalizePlan();
    EXPECT_EQ(pool.Allocate(7).ptr, nullptr);
    std::vector<std::byte> mine(64);
    pool.BindExternal(7, mine.data());
    EXPECT_EQ(pool.Allocate(7).ptr, mine.data());
    EXPECT_EQ(pool.Allocate(7).bytes, 64u);
    EXPECT_NE(pool.GetPtr(1000000), nullptr);
  }
}

}  // namespace
}  // namespace orionrt::tests::external_test
