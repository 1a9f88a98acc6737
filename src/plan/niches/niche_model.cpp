#include "plan/niches/niche_model.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/index.hpp"
#include "plan/fixed.hpp"

namespace orionrt {

NicheModel::NicheModel(const Problem& problem, const Shapes& shapes) : sections(shapes.sections()) {
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Span span = shapes.extents[i];
    if (span.length() == 0) continue;
    rows.push_back({static_cast<int>(i), span, problem.buffers[i].size, problem.buffers[i].alignment});
  }
  std::sort(rows.begin(), rows.end(), [](const NicheRow& a, const NicheRow& b) {
    return std::make_tuple(a.span.first, a.span.last, -a.size, -a.alignment, a.buffer) <
           std::make_tuple(b.span.first, b.span.last, -b.size, -b.alignment, b.buffer);
  });
  by_end.resize(rows.size());
  std::iota(by_end.begin(), by_end.end(), 0);
  std::stable_sort(by_end.begin(), by_end.end(),
                   [this](int a, int b) { return rows[At(a)].span.last < rows[At(b)].span.last; });
  end_rank.resize(rows.size());
  first_from.assign(At(sections) + 1, 0);
  ends_from.assign(At(sections) + 2, 0);
  loads.assign(At(sections) + 1, 0);
  for (int k = 0; k < count(); ++k) {
    const NicheRow& row = rows[At(k)];
    end_rank[At(by_end[At(k)])] = k;
    ++first_from[At(row.span.first) + 1];
    ++ends_from[At(row.span.last) + 1];
    loads[At(row.span.first)] += row.size;
    loads[At(row.span.last)] -= row.size;
  }
  std::partial_sum(first_from.begin(), first_from.end(), first_from.begin());
  std::partial_sum(ends_from.begin(), ends_from.end(), ends_from.begin());
  std::partial_sum(loads.begin(), loads.end(), loads.begin());
  loads.pop_back();
}

bool NichesCarry(const Problem& problem) {
  return problem.parts.empty() && problem.clocks.streams == 0 && problem.apart.empty() && !HasFixed(problem);
}

}  // namespace orionrt
