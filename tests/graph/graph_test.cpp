#include "orionrt/graph.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <cstdint>

#include "refuses.hpp"

namespace orionrt::graph_test {
namespace {

using tests::Refuses;

testing::AssertionResult RefusesGraph(const std::vector<std::string>& words, std::vector<OpNode> ops,
                                      std::vector<TensorDesc> tensors) {
  return Refuses(ErrorCode::kBadInput, words, [&] { Graph(std::move(ops), std::move(tensors)); });
}

TEST(GraphRefuses, NegativeOpId) { EXPECT_TRUE(RefusesGraph({"op id -1", "negative"}, {{-1, {}, {0}}}, {{0, 8}})); }

TEST(GraphRefuses, RepeatedOpId) {
  EXPECT_TRUE(RefusesGraph({"op id 3", "twice"}, {{3, {}, {0}}, {3, {0}, {}}}, {{0, 8}}));
}

TEST(GraphRefuses, NegativeTensorId) { EXPECT_TRUE(RefusesGraph({"tensor id -7", "negative"}, {}, {{-7, 8}})); }

TEST(GraphRefuses, RepeatedTensorIdDenseAndSparse) {
  EXPECT_TRUE(
      RefusesGraph({"tensor id 4", "twice"}, {}, {{4, 8, 0, TensorRole::kState}, {4, 8, 0, TensorRole::kState}}));
  EXPECT_TRUE(RefusesGraph({"tensor id 1000000", "twice"}, {},
                           {{1000000, 8, 0, TensorRole::kState}, {1000000, 8, 0, TensorRole::kState}}));
}

TEST(GraphRefuses, ReadOfUnknownTensor) {
  EXPECT_TRUE(RefusesGraph({"op 7 \"relu\"", "reads", "tensor 9"}, {{7, {9}, {0}, "relu"}}, {{0, 8}}));
  EXPECT_TRUE(RefusesGraph({"op 7", "tensor -1"}, {{7, {-1}, {0}}}, {{0, 8}}));
}

TEST(GraphRefuses, WriteOfUnknownTensor) {
  EXPECT_TRUE(RefusesGraph({"op 7", "writes", "tensor 2147483647"}, {{7, {0}, {INT_MAX}}}, {{0, 8}}));
}

TEST(GraphRefuses, TensorProducedTwice) {
  EXPECT_TRUE(RefusesGraph({"tensor 0 \"x\"", "op 5 \"a\"", "op 6 \"b\"", "twice"},
                           {{5, {}, {0}, "a"}, {6, {}, {0}, "b"}}, {{0, 8, 0, 0, "x"}}));
  EXPECT_TRUE(RefusesGraph({"tensor 0", "op 5"}, {{5, {}, {0, 0}}}, {{0, 8}}));
}

TEST(GraphRefuses, OpThatReadsWhatItWrites) {
  EXPECT_TRUE(RefusesGraph({"op 2 \"inc\"", "tensor 0 \"x\"", "reads and writes"}, {{2, {0}, {0}, "inc"}},
                           {{0, 8, 0, 0, "x"}}));
}

TEST(GraphRefuses, ReadBeforeItIsProduced) {
  EXPECT_TRUE(RefusesGraph({"tensor 0 \"x\"", "op 1 \"reader\"", "op 2 \"writer\"", "execution order"},
                           {{1, {0}, {}, "reader"}, {2, {}, {0}, "writer"}}, {{0, 8, 0, 0, "x"}}));
}

TEST(GraphRefuses, ProducedInputOrState) {
  EXPECT_TRUE(RefusesGraph({"tensor 0 \"x\"", "op 2"}, {{2, {}, {0}}}, {{0, 8, 0, TensorRole::kInput, "x"}}));
  EXPECT_TRUE(RefusesGraph({"tensor 0 \"x\"", "op 2"}, {{2, {}, {0}}}, {{0, 8, 0, TensorRole::kState, "x"}}));
  EXPECT_TRUE(
      RefusesGraph({"tensor 0", "op 2"}, {{2, {}, {0}}}, {{0, 8, 0, TensorRole::kOutput | TensorRole::kInput}}));
}

TEST(GraphRefuses, TensorThatNothingKeeps) {
  EXPECT_TRUE(RefusesGraph({"tensor 1 \"stray\"", "no op"}, {{0, {}, {0}}}, {{0, 8}, {1, 8, 0, 0, "stray"}}));
}

TEST(GraphRefuses, AlignmentThatIsNoPowerOfTwo) {
  EXPECT_TRUE(RefusesGraph({"tensor 3 \"x\"", "48", "power of two"}, {}, {{3, 8, 48, TensorRole::kState, "x"}}));
  EXPECT_TRUE(RefusesGraph({"tensor 3"}, {}, {{3, 8, SIZE_MAX, TensorRole::kState}}));
}

TEST(GraphRefuses, SizesWhoseSumOverflows) {
  if (sizeof(std::size_t) < sizeof(std::int64_t)) GTEST_SKIP() << "no size leaves 63 bits here";
  constexpr std::size_t kHalf = SIZE_MAX / 4 + 1;
  EXPECT_TRUE(RefusesGraph({"tensor 3"}, {}, {{3, 8, 2 * kHalf, TensorRole::kState}})) << "a power of two";
  EXPECT_TRUE(RefusesGraph({"tensor 1 \"big\"", "63 bits"}, {},
                           {{0, kHalf, 0, TensorRole::kState}, {1, kHalf, 0, TensorRole::kState, "big"}}));
  EXPECT_TRUE(RefusesGraph({"tensor 0"}, {}, {{0, SIZE_MAX, 0, TensorRole::kState}}));
  EXPECT_TRUE(RefusesGraph({"tensor 0"}, {}, {{0, kHalf, kHalf, TensorRole::kState}}));
}

TEST(GraphRefuses, MessageIsOneLineWhateverTheName) {
  try {
    Graph({{2, {0}, {0}, "a\nb\x01\xFF"}}, {{0, 8}});
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find_first_of("\n\x01\xFF"), std::string::npos) << error.what();
  }
}

TEST(Graph, ServesTheUnusualButLegal) {
  EXPECT_NO_THROW(Graph());
  EXPECT_NO_THROW(Graph({}, {}));
  EXPECT_NO_THROW(
      Graph({}, {{0, 8, 0, TensorRole::kInput}, {1, 8, 0, TensorRole::kOutput}, {2, 8, 0, TensorRole::kState}}))
      << "no ops at all";
  EXPECT_NO_THROW(Graph({{0, {}, {}}, {1, {}, {0}}, {2, {}, {}}}, {{0, 8}})) << "ops without uses";
  EXPECT_NO_THROW(Graph({{0, {}, {0}}, {1, {0, 0}, {1}}}, {{0, 8}, {1, 8}}))
      << "same operand twice; produced never read";
  EXPECT_NO_THROW(Graph({{0, {0}, {}}}, {{0, 8, 0, TensorRole::kInput | TensorRole::kOutput}}))
      << "input that is output";
  EXPECT_NO_THROW(Graph({{0, {}, {0}}}, {{0, 0}})) << "zero-size";
  EXPECT_NO_THROW(Graph({{INT_MAX, {}, {INT_MAX}}, {0, {INT_MAX}, {}}}, {{INT_MAX, 8}})) << "sparse ids";
  EXPECT_NO_THROW(Graph({{0, {5}, {}}}, {{5, 8}})) << "an input that is not declared as one";
}

TEST(Graph, FindsTensorsByDenseAndSparseIds) {
  const Graph dense({}, {{2, 8, 0, TensorRole::kState}, {0, 8, 0, TensorRole::kState}});
  EXPECT_EQ(dense.IndexOf(2), 0);
  EXPECT_EQ(dense.IndexOf(0), 1);
  const Graph sparse(
      {}, {{INT_MAX, 8, 0, TensorRole::kState}, {0, 8, 0, TensorRole::kState}, {70000, 8, 0, TensorRole::kState}});
  EXPECT_EQ(sparse.IndexOf(INT_MAX), 0);
  EXPECT_EQ(sparse.IndexOf(0), 1);
  EXPECT_EQ(sparse.IndexOf(70000), 2);
  for (const Graph& graph : {dense, sparse, Graph()}) {
    for (const int unknown : {1, -1, 3, 1 << 20, INT_MIN, INT_MAX - 1})
      EXPECT_EQ(graph.IndexOf(unknown), -1) << unknown;
  }
}

TEST(GraphHash, ChangesWithWhatThePlanDependsOnAndWithNothingElse) {
  const std::vector<OpNode> ops = {{0, {}, {0}}, {1, {0}, {1}}, {2, {0, 1}, {}}};
  const std::vector<TensorDesc> tensors = {{0, 8, 16}, {1, 24}};
  const std::uint64_t hash = HashGraph(Graph(ops, tensors));
  EXPECT_EQ(HashGraph(Graph(ops, tensors)), hash);

  auto named_ops = ops;
  auto named_tensors = tensors;
  named_ops[1].name = "conv";
  named_ops[1].type = "Conv";
  named_tensors[0].name = "x";
  named_tensors[0].dtype = "float32";
  named_tensors[0].shape = {2};
  EXPECT_EQ(HashGraph(Graph(named_ops, named_tensors)), hash) << "names are for people";

  const auto with_tensor = [&](auto change) {
    auto changed = tensors;
    change(changed);
    return HashGraph(Graph(ops, changed));
  };
  EXPECT_NE(with_tensor([](auto& t) { t[0].bytes = 9; }), hash);
  EXPECT_NE(with_tensor([](auto& t) { t[0].alignment = 32; }), hash);
  EXPECT_NE(with_tensor([](auto& t) { t[0].roles = TensorRole::kOutput; }), hash);
  EXPECT_NE(HashGraph(Graph({{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {}}}, tensors)), hash) << "uses";
  EXPECT_NE(HashGraph(Graph({{0, {}, {0}}, {1, {0}, {1}}, {3, {0, 1}, {}}}, tensors)), hash) << "ids";
  EXPECT_NE(HashGraph(Graph({{0, {}, {0}}, {1, {0}, {1}}, {2, {0, 1}, {}}, {3, {}, {}}}, tensors)), hash) << "steps";
  const std::vector<OpNode> one_order = {{0, {}, {0}}, {1, {}, {1}}, {2, {0, 1}, {}}};
  const std::vector<OpNode> other_order = {{1, {}, {1}}, {0, {}, {0}}, {2, {0, 1}, {}}};
  EXPECT_NE(HashGraph(Graph(one_order, tensors)), HashGraph(Graph(other_order, tensors))) << "order";
}

TEST(Graph, RefusesWorkspacesLikeTensors) {
  OpNode op{4, {}, {0}, "conv"};
  op.workspace_bytes = 8;
  op.workspace_alignment = 3;
  EXPECT_TRUE(tests::Refuses(ErrorCode::kBadInput, {"workspace", "op 4", "conv", "3"}, [&] { Graph({op}, {{0, 8}}); }));
  if (sizeof(std::size_t) < sizeof(std::int64_t)) GTEST_SKIP() << "no size leaves 63 bits here";
  op.workspace_alignment = 0;
  op.workspace_bytes = static_cast<std::size_t>(INT64_MAX);
  EXPECT_TRUE(tests::Refuses(ErrorCode::kBadInput, {"workspace", "63 bits"}, [&] { Graph({op}, {{0, 8}}); }));
}

TensorDesc View(int id, std::size_t bytes, int view_of, std::size_t offset) {
  TensorDesc tensor{id, bytes};
  tensor.view_of = view_of;
  tensor.view_offset = offset;
  return tensor;
}

TEST(Graph, FindsTheRootsOfViewsOfViews) {
  const Graph graph({{0, {}, {0}}, {1, {2}, {}}},
                    {{0, 100}, View(1, 50, 0, 40), View(2, 10, 1, 5), {3, 8, 0, TensorRole::kState}});
  EXPECT_EQ(graph.RootOf(2).index, 0);
  EXPECT_EQ(graph.RootOf(2).offset, 45);
  EXPECT_EQ(graph.RootOf(1).offset, 40);
  EXPECT_EQ(graph.RootOf(0).index, 0);
  EXPECT_EQ(graph.RootOf(3).index, 3);
  EXPECT_NE(HashGraph(graph),
            HashGraph(Graph({{0, {}, {0}}, {1, {2}, {}}},
                            {{0, 100}, View(1, 50, 0, 40), View(2, 10, 1, 6), {3, 8, 0, TensorRole::kState}})));
}

TEST(Graph, RefusesViewsThatAreNone) {
  const std::vector<OpNode> ops = {{0, {}, {0}}, {1, {1}, {}}};
  const auto refuses = [&](std::vector<std::string> words, const std::vector<TensorDesc>& tensors) {
    return tests::Refuses(ErrorCode::kBadInput, words, [&] { Graph(ops, tensors); });
  };
  EXPECT_TRUE(refuses({"tensor 1", "ends past"}, {{0, 8}, View(1, 4, 0, 5)}));
  EXPECT_TRUE(refuses({"tensor 1", "ends past"}, {{0, 8}, View(1, 4, 0, SIZE_MAX)}));
  EXPECT_TRUE(refuses({"tensor 1", "tensor 7"}, {{0, 8}, View(1, 4, 7, 0)}));
  EXPECT_TRUE(refuses({"view of itself"}, {{0, 8}, View(1, 4, 1, 0)}));
  EXPECT_TRUE(refuses({"view of itself"}, {{0, 8}, View(1, 4, 2, 0), View(2, 4, 1, 0)}));
  TensorDesc given = View(1, 4, 0, 0);
  given.roles = TensorRole::kInput;
  EXPECT_TRUE(refuses({"tensor 1", "role"}, {{0, 8}, given}));
  EXPECT_TRUE(tests::Refuses(ErrorCode::kBadInput, {"view of tensor 0", "still to write"}, [&] {
    Graph({{0, {1}, {}}, {1, {}, {0}}}, {{0, 8}, View(1, 4, 0, 0)});
  }));
}

TEST(Graph, RefusesAliasesThatTheBytesDoNotAllow) {
  const auto refuses = [](std::vector<std::string> words, const Alias& alias) {
    OpNode op{1, {0, 1}, {2}, "op"};
    op.aliases = {alias};
    return tests::Refuses(ErrorCode::kBadInput, words, [&] { Graph({op}, {{0, 8}, {1, 4}, {2, 8}}); });
  };
  const auto takes = [&](const Alias& alias) { return !refuses({}, alias); };
  EXPECT_TRUE(takes({AliasKind::kSameIndex, 0, 0}));
  EXPECT_TRUE(takes({AliasKind::kPiece, 0, 1, 4}));
  EXPECT_TRUE(takes({AliasKind::kStreaming, 0, 1, 400}));
  EXPECT_TRUE(takes({AliasKind::kReadsFirst, 0, 1}));
  EXPECT_TRUE(refuses({"op 1", "positions"}, {AliasKind::kSameIndex, 1, 0}));
  EXPECT_TRUE(refuses({"op 1", "positions"}, {AliasKind::kSameIndex, 0, -1}));
  EXPECT_TRUE(refuses({"op 1", "tensor 1"}, {AliasKind::kSameIndex, 0, 1}));
  EXPECT_TRUE(refuses({"op 1", "offset 1"}, {AliasKind::kSameIndex, 0, 0, 1}));
  EXPECT_TRUE(refuses({"op 1"}, {AliasKind::kView, 0, 1, 0}));
  EXPECT_TRUE(refuses({"op 1"}, {AliasKind::kPiece, 0, 1, 5}));
  EXPECT_TRUE(refuses({"op 1"}, {AliasKind::kStreaming, 0, 0, SIZE_MAX}));
}

TEST(Graph, KeepsOpsAfterThoseThatTheyWaitFor) {
  OpNode second{1, {}, {1}};
  second.after = {0};
  EXPECT_NO_THROW(Graph({{0, {}, {0}}, second}, {{0, 8}, {1, 8}}));
  EXPECT_TRUE(tests::Refuses(ErrorCode::kBadInput, {"op 1", "op 0"}, [&] {
    Graph({second, {0, {}, {0}}}, {{0, 8}, {1, 8}});
  }));
}

}  // namespace
}  // namespace orionrt::graph_test
