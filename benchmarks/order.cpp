// Orders found for graphs: `bench_order GRAPH.json...` prints a line of JSON for each, without and with in-place:
// the peak of live bytes in the given order, in the reverse post-order, and in the order found; the bound, and seconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

#include "graph/colocation_order.hpp"
#include "graph/order/find_order.hpp"
#include "graph/order/order_space.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace {

// Depth first from the ops that wait for none, as they are listed; reversed.
std::vector<int> ReversePostOrder(const orionrt::OrderSpace& space) {
  std::vector<int> order;
  std::vector<std::size_t> next(space.ops, 0);
  std::vector<char> seen(space.ops, 0);
  for (int start = 0; start < space.ops; ++start) {
    if (!space.before[start].empty()) continue;
    std::vector<int> stack = {start};
    seen[start] = 1;
    while (!stack.empty()) {
      const int op = stack.back();
      const auto behind = space.behind[op];
      if (next[op] == behind.size()) {
        order.push_back(op);
        stack.pop_back();
        continue;
      }
      const int reader = behind.begin()[next[op]++];
      if (seen[reader] == 0) stack.push_back(reader);
      seen[reader] = 1;
    }
  }
  std::reverse(order.begin(), order.end());
  return order;
}

long long PeakOf(const orionrt::OrderSpace& space, const std::vector<int>& order) {
  const std::vector<std::int64_t> bytes = orionrt::BytesInOrder(space, order);
  return bytes.empty() ? 0 : *std::max_element(bytes.begin(), bytes.end());
}

void Measure(const std::string& path, const orionrt::Graph& graph, bool in_place) {
  const orionrt::OrderModel model = orionrt::MakeOrderModel(graph, orionrt::Colocations(graph, 1), in_place);
  const orionrt::OrderSpace space(model, false);
  std::vector<int> given(space.ops);
  std::iota(given.begin(), given.end(), 0);
  const auto start = std::chrono::steady_clock::now();
  const orionrt::OrderResult result = orionrt::FindOrder(model);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("{\"graph\": \"%s\", \"ops\": %d, \"in_place\": %s, \"given\": %lld, \"reverse_post_order\": %lld, ",
              path.c_str(), space.ops, in_place ? "true" : "false", PeakOf(space, given),
              PeakOf(space, ReversePostOrder(space)));
  std::printf("\"peak_bytes\": %lld, \"lower_bound_bytes\": %lld, \"proven_optimal\": %s, \"seconds\": %.4f}\n",
              static_cast<long long>(result.peak_bytes), static_cast<long long>(result.lower_bound_bytes),
              result.proven_optimal ? "true" : "false", seconds.count());
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    try {
      const orionrt::Graph graph = orionrt::ReadGraphJson(text, argv[i]);
      for (const bool in_place : {false, true}) Measure(argv[i], graph, in_place);
    } catch (const orionrt::Error& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return 3;
    }
  }
  return 0;
}
