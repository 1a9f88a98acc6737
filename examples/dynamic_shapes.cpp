// Shapes that are known only when a request comes: a plan for each of a few buckets of shapes, made once, and one arena
// that is as large as the largest of them.
#include <cstdio>
#include <exception>
#include <memory>
#include <vector>

#include "orionrt/orionrt.hpp"

using namespace orionrt;

namespace {

// The graph of one attention for these dimensions: queries and keys, their scores, and the result.
Graph MakeAttention(const Dims& dims) {
  const auto batch = static_cast<std::size_t>(dims[0]), tokens = static_cast<std::size_t>(dims[1]);
  const std::size_t row = 64 * sizeof(float);  // of one token
  const std::size_t all = batch * tokens * row, scores = batch * tokens * tokens * sizeof(float);
  std::vector<TensorDesc> tensors = {{0, all}, {1, all}, {2, all}, {3, all}, {4, scores}, {5, scores}, {6, all}};
  tensors[6].roles = TensorRole::kOutput;
  std::vector<OpNode> ops = {{0, {0}, {1}},    {1, {0}, {2}}, {2, {0}, {3}},
                             {3, {1, 2}, {4}}, {4, {4}, {5}}, {5, {5, 3}, {6}}};
  return {std::move(ops), std::move(tensors)};
}

}  // namespace

int main() try {
  PlanCache cache(MakeAttention, {{1, 4, 16}, {32, 128, 512}}, /*most_plans=*/8);
  // At start-up, or on another thread as requests show what is needed.
  for (const Dims& expected : std::vector<Dims>{{1, 128}, {4, 128}, {16, 32}, {4, 512}}) cache.Prepare(expected);
  const std::size_t most = cache.Prepare({4, 512})->required_bytes();
  Arena arena = Arena::Host(most);

  bool fits = true;
  for (const Dims& request : std::vector<Dims>{{1, 100}, {3, 77}, {9, 20}, {2, 300}, {16, 512}}) {
    const long long batch = request[0], tokens = request[1];
    const std::shared_ptr<const SharedPlan> plan = cache.Get(request);  // never plans: for the hot path
    if (plan == nullptr) {
      std::printf("%2lld x %3lld: no plan is ready; Prepare one, off the hot path\n", batch, tokens);
      continue;
    }
    const TensorView view = plan->View(arena.base());
    const TensorHandle scores = view.Allocate(4);
    std::printf("%2lld x %3lld: %8zu bytes of the arena, %7zu for the scores\n", batch, tokens, plan->required_bytes(),
                scores.bytes);
    fits = fits && plan->required_bytes() <= most && scores.bytes >= static_cast<std::size_t>(4 * batch * tokens);
  }
  const PlanCacheStats stats = cache.stats();
  std::printf("%lld plans made, %lld requests served, %lld not\n", static_cast<long long>(stats.plans_made),
              static_cast<long long>(stats.hits), static_cast<long long>(stats.misses));
  return fits && stats.hits == 4 && stats.misses == 1 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "dynamic_shapes: %s\n", error.what());
  return 1;
}
