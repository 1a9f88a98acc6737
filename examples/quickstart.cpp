#include <iostream>
#include <orionrt/orionrt.hpp>
#include <vector>

using namespace orionrt;

int main() {
  TensorPool pool(64 * 1024 * 1024); // 64 MB arena
  std::vector<OpNode> ops = {
  {0, {}, {0}},
  {1, {0}, {1}},
  {2, {1}, {2}},
  {3, {2}, {}},
  };
  std::vector<TensorDesc> descs = {
  {0, 1024},
  {1, 2048},
  {2, 1024},
  };
  pool.RegisterGraph(ops, descs);
  pool.FinalizePlan();
  auto h = pool.Allocate(1);
  std::cout << "Tensor 1 at " << h.ptr << ", bytes=" << h.bytes << "\n";
}
