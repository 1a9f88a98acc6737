#include "plan/infeasible.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "orionrt/error.hpp"

namespace orionrt {

std::string DescribeWitness(const Problem& problem, const Certificate& certificate, int most) {
  std::vector<int> largest = certificate.witness;
  std::stable_sort(largest.begin(), largest.end(),
                   [&](int a, int b) { return problem.buffers[a].size > problem.buffers[b].size; });
  std::string text = "step " + std::to_string(certificate.witness_step);
  const int shown = std::min<int>(most, static_cast<int>(largest.size()));
  for (int k = 0; k < shown; ++k) {
    text += (k == 0 ? ", where the largest alive are " : ", ") + BufferLabel(problem, largest[k]) + " (" +
            FormatBytes(problem.buffers[largest[k]].size) + ")";
  }
  const int rest = static_cast<int>(largest.size()) - shown;
  return rest > 0 ? text + " and " + std::to_string(rest) + " more" : text;
}

void RefuseCapacity(const Problem& problem, const Plan& plan, std::int64_t capacity) {
  const Certificate& certificate = plan.certificate;
  const std::int64_t needed = certificate.lower_bound_bytes;
  if (needed > capacity) {
    throw Error(ErrorCode::kInfeasible, "does not fit: " + FormatThousands(capacity) + " bytes given, at least " +
                                            FormatThousands(needed) + " needed, " + FormatThousands(needed - capacity) +
                                            " short at " + DescribeWitness(problem, certificate));
  }
  throw Error(ErrorCode::kLimit, "no plan within " + FormatThousands(capacity) + " bytes found, none ruled out: best " +
                                     FormatThousands(plan.peak_bytes) + ", proven lower bound " +
                                     FormatThousands(needed) + "; more effort or another policy may decide it");
}

}  // namespace orionrt
