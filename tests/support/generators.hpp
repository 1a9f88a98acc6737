// Random problems for rapidcheck, which shrinks them.
#pragma once

#include <rapidcheck.h>

#include <vector>

#include "seeded_problem.hpp"

namespace orionrt::tests {

// `growth` times as many buffers as rapidcheck's own sizes, which go up to 100.
inline rc::Gen<Problem> AnyProblem(const Menu& menu, double growth = 1) {
  const auto whole = rc::gen::resize(100, rc::gen::inRange(0, 1 << 20));
  const auto draw = rc::gen::map(rc::gen::container<std::vector<int>>(8, whole), [](const std::vector<int>& v) {
    return Draw{v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]};
  });
  return rc::gen::map(rc::gen::scale(growth, rc::gen::container<std::vector<Draw>>(draw)),
                      [menu](const std::vector<Draw>& draws) { return Assemble(draws, menu); });
}

}  // namespace orionrt::tests
