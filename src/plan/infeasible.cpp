#include "plan/infeasible.hpp"

#include <algorithm>
#include <vector>

#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"

namespace orionrt {
namespace {

constexpr int kShown = 8;  // buffers in a message

// The largest of the witness, as many as do not fit into `capacity` together; all of them when only padding does not.
std::vector<int> TooMany(const Problem& problem, const Certificate& certificate, std::int64_t capacity) {
  std::vector<int> largest = certificate.witness;
  std::stable_sort(largest.begin(), largest.end(),
                   [&](int a, int b) { return problem.buffers[At(a)].size > problem.buffers[At(b)].size; });
  if (certificate.bound_kind != BoundKind::kLiveBytes) return largest;
  std::int64_t bytes = 0;
  std::size_t count = 0;
  while (count < largest.size() && bytes <= capacity) bytes += problem.buffers[At(largest[count++])].size;
  largest.resize(count);
  return largest;
}

std::string List(const Problem& problem, const std::vector<int>& buffers) {
  std::string text;
  for (int k = 0; k < static_cast<int>(buffers.size()) && k < kShown; ++k) {
    text += (k == 0 ? "" : ", ") + BufferLabel(problem, buffers[At(k)]) + " (" +
            FormatThousands(problem.buffers[At(buffers[At(k)])].size) + ")";
  }
  const int rest = static_cast<int>(buffers.size()) - kShown;
  return rest > 0 ? text + " and " + std::to_string(rest) + " more" : text;
}

// What goes before the list of buffers.
std::string Why(const Problem& problem, const Certificate& certificate, const std::vector<int>& buffers) {
  switch (certificate.bound_kind) {
    case BoundKind::kRefutation:
      return "a search tried every placement of these: ";
    case BoundKind::kFixedOffset:
      return "at its fixed offset of " + FormatThousands(problem.buffers[At(buffers.front())].fixed_offset) +
             " one buffer alone ends there: ";
    case BoundKind::kBufferSize:
      return "one buffer takes all its bytes, whatever its gaps or parts leave unused: ";
    case BoundKind::kLiveBytes:
      break;
  }
  if (buffers.size() == 1) return "one buffer alone is larger: ";
  return "at step " + FormatThousands(certificate.witness_step) + " these cannot be alive together: ";
}

}  // namespace

void RefuseCapacity(const Problem& problem, const Plan& plan, std::int64_t capacity) {
  const Certificate& certificate = plan.certificate;
  const std::int64_t needed = certificate.lower_bound_bytes;
  if (needed > capacity) {
    const std::vector<int> buffers = TooMany(problem, certificate, capacity);
    throw Error(ErrorCode::kInfeasible, "does not fit: " + FormatThousands(capacity) + " bytes given, at least " +
                                            FormatThousands(needed) + " needed, " + FormatThousands(needed - capacity) +
                                            " short; " + Why(problem, certificate, buffers) + List(problem, buffers));
  }
  throw Error(ErrorCode::kLimit,
              "no plan within " + FormatThousands(capacity) + " bytes found, none ruled out: best " +
                  FormatThousands(plan.peak_bytes) + ", proven lower bound " + FormatThousands(needed) +
                  "; a thorough search (PlanOptions::effort, --effort thorough) or another policy may decide it");
}

}  // namespace orionrt
