#include "plan/niches/niche_model.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/index.hpp"
#include "plan/fixed.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kFine = 500;  // rows alive to one that begins in a section

}  // namespace

NicheModel::NicheModel(const Problem& problem, const Shapes& shapes) : sections(shapes.sections()) {
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Span span = shapes.extents[i];
    if (span.length() == 0) continue;
    rows.push_back({static_cast<int>(i), span, problem.buffers[i].size, problem.buffers[i].alignment, 0});
  }
  JoinSections();
  std::sort(rows.begin(), rows.end(), [](const NicheRow& a, const NicheRow& b) {
    return std::make_tuple(a.span.first, a.span.last, -a.size, -a.alignment, a.buffer) <
           std::make_tuple(b.span.first, b.span.last, -b.size, -b.alignment, b.buffer);
  });
  FindClasses();
  first_from.assign(At(sections) + 1, 0);
  loads.assign(At(sections) + 1, 0);
  for (NicheRow& row : rows) {
    row.length_class = ClassOf(row.span.length());
    ++first_from[At(row.span.first) + 1];
    loads[At(row.span.first)] += row.size;
    loads[At(row.span.last)] -= row.size;
  }
  std::partial_sum(first_from.begin(), first_from.end(), first_from.begin());
  std::partial_sum(loads.begin(), loads.end(), loads.begin());
  loads.pop_back();
}

void NicheModel::JoinSections() {
  if (sections == 0) return;
  std::int64_t alive = 0;
  std::vector<int> begins(At(sections), 0);
  for (const NicheRow& row : rows) {
    alive += row.span.length();
    ++begins[At(row.span.first)];
  }
  const std::int64_t most = alive / sections / kFine;  // rows that begin in a section
  if (most < 2) return;
  std::vector<int> joined(At(sections), 0);
  std::int64_t begun = 0;
  for (int s = 1; s < sections; ++s) {
    begun += begins[At(s) - 1];
    const bool cut = begun + begins[At(s)] > most;
    joined[At(s)] = joined[At(s) - 1] + (cut ? 1 : 0);
    if (cut) begun = 0;
  }
  for (NicheRow& row : rows) row.span = {joined[At(row.span.first)], joined[At(row.span.last) - 1] + 1};
  sections = joined.back() + 1;
}

void NicheModel::FindClasses() {
  std::vector<int> lengths(1, sections);
  for (const NicheRow& row : rows) lengths.push_back(row.span.length());
  std::sort(lengths.begin(), lengths.end());
  for (int k = kShortClasses; k > 0; --k) longest.push_back(lengths[lengths.size() / (At(kEqualClasses) << k)]);
  for (std::size_t k = 1; k < kEqualClasses; ++k) longest.push_back(lengths[lengths.size() * k / kEqualClasses]);
  longest.push_back(sections);
  longest.erase(std::unique(longest.begin(), longest.end()), longest.end());
}

int NicheModel::ClassOf(int length) const {
  return static_cast<int>(std::lower_bound(longest.begin(), longest.end() - 1, length) - longest.begin());
}

bool NichesCarry(const Problem& problem) {
  return problem.parts.empty() && problem.clocks.streams == 0 && problem.apart.empty() && !HasFixed(problem);
}

}  // namespace orionrt
