// Runs the tests. Properties start from a fixed seed, so that a run can be repeated; RC_PARAMS="seed=N
// max_success=1000" asks for other ones.
#include <gtest/gtest.h>

#include <cstdlib>

// A refused allocation is an answer here, and no reason for the address sanitizer to end the test.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

int main(int argc, char** argv) {
  setenv("RC_PARAMS", "seed=20260101", /*overwrite=*/0);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
