// Two graphs in one arena: an encoder and a decoder that never run at the same time lie over each other, and a cache
// that both know outlives every run.
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "orionrt/orionrt.hpp"

using namespace orionrt;

namespace {

constexpr int kCache = 9;  // the id of the cache, in both graphs
constexpr std::size_t kCacheBytes = 64 * 1024;

// input -> a -> b -> output, where the middle op also uses the cache.
Graph MakeGraph(std::size_t inner_bytes) {
  std::vector<TensorDesc> tensors = {{0, 4096}, {1, inner_bytes}, {2, inner_bytes}, {3, 4096}, {kCache, kCacheBytes}};
  tensors[3].roles = TensorRole::kOutput;
  tensors[4].roles = TensorRole::kState;
  std::vector<OpNode> ops = {{0, {0}, {1}}, {1, {1, kCache}, {2}}, {2, {2}, {3}}};
  return {std::move(ops), std::move(tensors)};
}

}  // namespace

int main() try {
  std::vector<SharedGraph> graphs;
  graphs.push_back({MakeGraph(512 * 1024), /*lane=*/0, {{kCache, "kv"}}});
  graphs.push_back({MakeGraph(96 * 1024), /*lane=*/0, {{kCache, "kv"}}});  // the same lane: one at a time
  const std::shared_ptr<const SharedPlan> plan = SharedPlan::Make(std::move(graphs));
  SharedArena arena(plan);
  const TensorView encoder = arena.View(0), decoder = arena.View(1);

  std::int64_t alone = 0;
  for (int i = 0; i < plan->graph_count(); ++i) alone += plan->plan(i).peak_bytes;
  std::printf("each in an arena of its own  %8lld bytes, and the cache twice\n", static_cast<long long>(alone));
  std::printf("both in one                  %8zu bytes, %zu of them the cache\n", plan->required_bytes(),
              plan->state_bytes());

  // What the encoder leaves in the cache is there for the decoder, whatever the encoder's other tensors were.
  std::memset(encoder.GetPtr(kCache), 42, kCacheBytes);
  std::memset(decoder.GetPtr(1), 0xFF, decoder.Allocate(1).bytes);
  const auto* const cache = static_cast<const unsigned char*>(decoder.GetPtr(kCache));
  const bool kept = cache[0] == 42 && cache[kCacheBytes - 1] == 42;
  std::printf(kept ? "the decoder finds what the encoder left\n" : "the cache is lost\n");
  return kept ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "two_graphs: %s\n", error.what());
  return 1;
}
