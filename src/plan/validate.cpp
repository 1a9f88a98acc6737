#include "orionrt/validate.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace orionrt {
namespace {

using Kind = Violation::Kind;

// A live rectangle's bytes in the arena, and when it comes and goes.
struct Rectangle {
  std::int64_t lower, upper, begin, end;
  int buffer;
};

Violation Fault(Kind kind, int buffer, std::string message) {
  Violation fault;
  fault.kind = kind;
  fault.first = buffer;
  fault.message = std::move(message);
  return fault;
}

std::optional<Violation> CheckOffset(const Problem& problem, int i, std::int64_t offset) {
  const Buffer& buffer = problem.buffers[i];
  const std::string place = "buffer " + BufferLabel(problem, i) + " at offset " + std::to_string(offset);
  std::int64_t end = 0;
  if (offset < 0) return Fault(Kind::kOffset, i, place + ": an offset cannot be negative");
  if (__builtin_add_overflow(offset, buffer.size, &end))
    return Fault(Kind::kOffset, i, place + ": it ends past 63 bits");
  if (offset % buffer.alignment != 0) {
    return Fault(Kind::kOffset, i, place + ": no multiple of its alignment " + std::to_string(buffer.alignment));
  }
  if (buffer.fixed_offset != kFree && buffer.fixed_offset != offset) {
    return Fault(Kind::kOffset, i, place + ": it is fixed at " + std::to_string(buffer.fixed_offset));
  }
  return std::nullopt;
}

std::vector<Rectangle> Rectangles(const Problem& problem, const std::vector<std::int64_t>& offsets) {
  std::vector<Rectangle> rectangles;
  std::vector<bool> has_parts(problem.buffers.size(), false);
  for (const Part& part : problem.parts) {
    has_parts[part.buffer] = true;
    const std::int64_t offset = offsets[part.buffer];
    if (part.end > part.begin) {
      rectangles.push_back({part.lower, part.upper, offset + part.begin, offset + part.end, part.buffer});
    }
  }
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer& buffer = problem.buffers[i];
    if (has_parts[i] || buffer.size == 0) continue;
    rectangles.push_back({buffer.lower, buffer.upper, offsets[i], offsets[i] + buffer.size, static_cast<int>(i)});
  }
  return rectangles;
}

Violation Overlap(const Problem& problem, const Rectangle& a, const Rectangle& b) {
  Violation fault;
  fault.kind = Kind::kOverlap;
  fault.first = std::min(a.buffer, b.buffer);
  fault.second = std::max(a.buffer, b.buffer);
  fault.step = std::max(a.lower, b.lower);
  fault.begin = std::max(a.begin, b.begin);
  fault.end = std::min(a.end, b.end);
  fault.message = "buffers " + BufferLabel(problem, fault.first) + " and " + BufferLabel(problem, fault.second) +
                  " are both alive at step " + std::to_string(fault.step) + " and share bytes [" +
                  std::to_string(fault.begin) + ", " + std::to_string(fault.end) + ")";
  return fault;
}

std::optional<Violation> FindOverlap(const Problem& problem, const std::vector<std::int64_t>& offsets) {
  const std::vector<Rectangle> rectangles = Rectangles(problem, offsets);
  // (step, leaves before comes, rectangle)
  std::vector<std::tuple<std::int64_t, int, int>> events;
  for (int r = 0; r < static_cast<int>(rectangles.size()); ++r) {
    events.emplace_back(rectangles[r].lower, 1, r);
    events.emplace_back(rectangles[r].upper, 0, r);
  }
  std::sort(events.begin(), events.end());
  std::map<std::int64_t, int> live;  // first byte -> rectangle; disjoint as long as nothing was found
  for (const auto& [step, comes, r] : events) {
    const Rectangle& it = rectangles[r];
    if (!comes) {
      live.erase(it.begin);
      continue;
    }
    const auto next = live.lower_bound(it.begin);
    if (next != live.end() && next->first < it.end) return Overlap(problem, it, rectangles[next->second]);
    if (next != live.begin()) {
      const Rectangle& below = rectangles[std::prev(next)->second];
      if (below.end > it.begin) return Overlap(problem, it, below);
    }
    live.emplace(it.begin, r);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Violation> Validate(const Problem& problem, const Plan& plan) {
  const std::size_t n = problem.buffers.size();
  if (plan.offsets.size() != n) {
    return Fault(
        Kind::kCount, -1,
        "the plan places " + std::to_string(plan.offsets.size()) + " buffers, the problem has " + std::to_string(n));
  }
  std::int64_t peak = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (auto fault = CheckOffset(problem, static_cast<int>(i), plan.offsets[i])) return fault;
    if (problem.buffers[i].size > 0) peak = std::max(peak, plan.offsets[i] + problem.buffers[i].size);
  }
  if (auto fault = FindOverlap(problem, plan.offsets)) return fault;
  if (plan.peak_bytes != peak) {
    return Fault(Kind::kPeak, -1,
                 "the plan states a peak of " + std::to_string(plan.peak_bytes) + " bytes, its buffers end at " +
                     std::to_string(peak));
  }
  const Certificate& certificate = plan.certificate;
  const bool reached = certificate.lower_bound_bytes == peak;
  if (certificate.lower_bound_bytes > peak || (certificate.proven_optimal && !reached)) {
    return Fault(Kind::kCertificate, -1,
                 "the plan states a lower bound of " + std::to_string(certificate.lower_bound_bytes) + " bytes" +
                     (certificate.proven_optimal ? " and optimality" : "") + ", which its peak of " +
                     std::to_string(peak) + " bytes contradicts");
  }
  return std::nullopt;
}

}  // namespace orionrt
