// Links the core as a user's project would, and uses it.
#include <cstdlib>
#include <orionrt/orionrt.hpp>

int main() {
  orionrt::TensorPool pool(4096);
  pool.RegisterGraph({{0, {}, {0}}, {1, {0}, {}}}, {{0, 100}});
  pool.FinalizePlan();
  return pool.Allocate(0).bytes == 100 ? EXIT_SUCCESS : EXIT_FAILURE;
}
