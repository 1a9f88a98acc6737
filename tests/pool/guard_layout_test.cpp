// Where tensors lie in a guarded pool, against a map of every byte at every step.
#include "pool/guard_layout.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <climits>
#include <string>
#include <vector>

#include "base/index.hpp"
#include "orionrt/config.hpp"
#include "plan/placing/address_list.hpp"
#include "plan/placing/sort_keys.hpp"
#include "pool/fence.hpp"
#include "refuses.hpp"
#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::guard_layout_test {
namespace {

using tests::Random;

// A problem, tensors in its buffers, and a graph that has these tensors: what else ops do does not matter here.
struct Case {
  Lowered lowered;
  Graph graph;
  Plan plan;
  GuardOptions options;
  std::vector<int> tensors_in;  // per buffer
};

std::vector<OpNode> Ops(const std::vector<TensorDesc>& tensors, bool streams) {
  std::vector<OpNode> ops(streams ? 2 : 1);
  for (std::size_t k = 0; k < ops.size(); ++k) {
    ops[k].id = ops[k].stream = static_cast<int>(k);
    for (const TensorDesc& tensor : tensors) ops[k].inputs.push_back(tensor.id);
  }
  return ops;
}

// Zero to three tensors in every buffer, one workspace, and one tensor without bytes.
Case SomeCase(bool several, bool streams, Random& random) {
  Case made;
  tests::Menu menu;
  menu.steps = static_cast<int>(random.Between(1, 12));
  menu.largest = 12;
  menu.alignment_bits = static_cast<int>(random.Below(4));
  menu.zero_sizes = random.OneIn(2);
  menu.parts = !streams && random.OneIn(2);
  made.lowered.problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 12)), menu);
  made.plan.offsets = tests::StackUp(made.lowered.problem);
  made.plan.peak_bytes = PeakOf(made.lowered.problem, made.plan.offsets);
  made.tensors_in.assign(made.lowered.problem.buffers.size(), 0);
  std::vector<TensorDesc> tensors;
  const auto add = [&](int buffer, std::int64_t delta, std::int64_t bytes) {
    TensorDesc tensor;
    tensor.id = static_cast<int>(tensors.size());
    tensor.bytes = static_cast<std::size_t>(bytes);
    tensor.roles = TensorRole::kInput;
    tensors.push_back(tensor);
    made.lowered.bindings.push_back({buffer, delta});
    if (buffer >= 0) ++made.tensors_in[At(buffer)];
  };
  add(-1, 0, 0);
  for (int b = 1; b < static_cast<int>(made.lowered.problem.buffers.size()); ++b) {
    const std::int64_t size = made.lowered.problem.buffers[At(b)].size;
    if (size > 0) add(b, 0, size);
    for (std::int64_t more = several && size > 1 ? random.Below(3) : 0; more > 0; --more) {
      const std::int64_t delta = random.Below(size);
      add(b, delta, random.Between(1, size - delta));
    }
  }
  made.graph = Graph(Ops(tensors, streams), tensors);
  made.lowered.workspaces.assign(made.graph.ops().size(), {});
  made.lowered.workspaces[0] = {made.lowered.problem.buffers[0].size > 0 ? 0 : -1, 0};  // the first buffer is its own
  return made;
}

// Which buffer has which byte when, the canary behind it and the quarantine after it included.
void ExpectBytesOfOnesOwn(const Case& made, const std::vector<std::int64_t>& offsets, std::int64_t region, bool apart) {
  const Problem& problem = made.lowered.problem;
  std::int64_t steps = 0;
  for (const Buffer& b : problem.buffers) steps = std::max(steps, b.upper);
  std::vector<int> owner(static_cast<std::size_t>(steps * region), -1);
  const auto take = [&](int buffer, std::int64_t lower, std::int64_t upper, std::int64_t begin, std::int64_t end) {
    if (apart) lower = 0, upper = steps;
    for (std::int64_t step = lower; step < std::min(steps, upper); ++step) {
      for (std::int64_t byte = begin; byte < end; ++byte) {
        int& whose = owner.at(static_cast<std::size_t>(step * region + offsets[At(buffer)] + byte));
        ASSERT_TRUE(whose == -1 || whose == buffer) << whose << " and " << buffer << tests::Describe(problem);
        whose = buffer;
      }
    }
  };
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const Buffer& b = problem.buffers[At(i)];
    if (b.size == 0) continue;
    ASSERT_EQ(offsets[At(i)] % b.alignment, 0);
    for (const Part& part : tests::RectanglesOf(problem, i)) {
      take(i, part.lower, part.upper + made.options.quarantine_ops, part.begin, part.end);
    }
    take(i, b.lower, b.upper + made.options.quarantine_ops, b.size,
         b.size + static_cast<std::int64_t>(made.options.canary_bytes));
  }
}

// Of the layout without pages: tensors within their buffers, what is reserved for each, and the buffers' offsets.
std::vector<std::int64_t> ExpectPlaces(const Case& made, const GuardLayout& layout) {
  const Problem& problem = made.lowered.problem;
  const auto canary = static_cast<std::int64_t>(made.options.canary_bytes);
  std::vector<std::int64_t> offsets(problem.buffers.size(), 0);
  std::vector<Binding> bindings = made.lowered.bindings;
  bindings.insert(bindings.end(), made.lowered.workspaces.begin(), made.lowered.workspaces.end());
  EXPECT_EQ(layout.places.size(), bindings.size());
  for (std::size_t t = 0; t < bindings.size(); ++t) {
    const GuardPlace& place = layout.places[t];
    if (bindings[t].buffer < 0) {
      EXPECT_EQ(place.end() + place.reserved_begin + place.reserved_end, 0) << "without bytes it lies nowhere";
      continue;
    }
    const std::int64_t size = problem.buffers[At(bindings[t].buffer)].size;
    const std::int64_t bytes =
        t < made.graph.tensors().size() ? static_cast<std::int64_t>(made.graph.tensors()[t].bytes) : size;
    EXPECT_EQ(place.bytes, bytes);
    EXPECT_EQ(place.reserved_begin, place.begin);
    EXPECT_EQ(place.reserved_end - place.end(), bindings[t].delta + bytes == size ? canary : 0) << t;
    offsets[At(bindings[t].buffer)] = place.begin - bindings[t].delta;
  }
  for (std::size_t t = 0; t < bindings.size(); ++t) {
    if (bindings[t].buffer < 0) continue;
    EXPECT_EQ(layout.places[t].begin, offsets[At(bindings[t].buffer)] + bindings[t].delta)
        << "all move with the buffer";
  }
  return offsets;
}

std::int64_t PeakWithCanaries(const Case& made, const std::vector<std::int64_t>& offsets) {
  std::int64_t peak = 0;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const std::int64_t size = made.lowered.problem.buffers[i].size;
    if (size > 0) peak = std::max(peak, offsets[i] + size + static_cast<std::int64_t>(made.options.canary_bytes));
  }
  return peak;
}

std::int64_t LargestAlignment(const Problem& problem) {
  std::int64_t largest = 1;
  for (const Buffer& b : problem.buffers) largest = std::max(largest, b.alignment);
  return largest;
}

TEST(GuardLayout, GivesEveryBufferBytesCanaryAndQuarantineOfItsOwn) {
  int as_planned = 0;
  for (int seed = 0; seed < tests::Seeds(400); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const bool streams = random.OneIn(5), no_reuse = random.OneIn(4);
    Case made = SomeCase(!no_reuse, streams, random);
    made.options.no_reuse = no_reuse;
    made.options.canary_bytes = random.OneIn(2) ? 0 : static_cast<std::size_t>(random.Between(1, 9));
    made.options.quarantine_ops = random.OneIn(2) ? 0 : static_cast<int>(random.Between(1, 5));
    const GuardLayout layout = LayOutGuarded(made.lowered, made.graph, made.plan, made.options);
    const std::vector<std::int64_t> offsets = ExpectPlaces(made, layout);
    const bool as_given = made.options.canary_bytes == 0 && made.options.quarantine_ops == 0;
    if (as_given && !no_reuse) {
      ++as_planned;
      EXPECT_EQ(layout.region_bytes, made.plan.peak_bytes);
      for (std::size_t i = 0; i < offsets.size(); ++i) {
        EXPECT_TRUE(made.lowered.problem.buffers[i].size == 0 || offsets[i] == made.plan.offsets[i]) << i;
      }
    }
    EXPECT_EQ(layout.region_bytes, PeakWithCanaries(made, offsets));
    EXPECT_EQ(layout.alignment, LargestAlignment(made.lowered.problem));
    ExpectBytesOfOnesOwn(made, offsets, layout.region_bytes, no_reuse || (streams && !as_given));
    if (HasFailure()) return;
  }
  EXPECT_GT(as_planned, tests::Seeds(40));
}

// A life ends with the run; bytes are used again once the quarantine is over, and not a step later.
TEST(GuardLayout, UsesBytesAgainRightAfterTheQuarantine) {
  Case made;
  made.lowered.problem.buffers = {{0, 2, 64}, {2, 4, 64}, {4, 6, 64}};
  made.lowered.bindings = {{0, 0}, {1, 0}, {2, 0}};
  made.plan.offsets = {0, 0, 0};
  made.plan.peak_bytes = 64;
  const std::vector<TensorDesc> tensors = {
      {0, 64, 0, TensorRole::kInput}, {1, 64, 0, TensorRole::kInput}, {2, 64, 0, TensorRole::kInput}};
  made.graph = Graph(Ops(tensors, false), tensors);
  const auto region = [&](std::size_t canary, int quarantine) {
    made.options.canary_bytes = canary;
    made.options.quarantine_ops = quarantine;
    return LayOutGuarded(made.lowered, made.graph, made.plan, made.options).region_bytes;
  };
  EXPECT_EQ(region(0, 0), 64);
  EXPECT_EQ(region(8, 0), 72);
  EXPECT_EQ(region(0, 1), 128);
  EXPECT_EQ(region(0, 2), 128) << "the first ends at 4, where the third begins";
  EXPECT_EQ(region(0, 3), 192);
  EXPECT_EQ(region(8, INT_MAX), 216);
  EXPECT_EQ(region(std::size_t{1} << 30, 0), 64 + (std::int64_t{1} << 30));
}

// The lowest of three passes of first-fit over buffers that are larger and live longer.
TEST(GuardLayout, IsTheLowestOfThreePlacings) {
  int one_is_lower = 0;
  for (int seed = 0; seed < tests::Seeds(100); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    Case made = SomeCase(true, false, random);
    made.lowered.problem.parts.clear();
    made.options.canary_bytes = static_cast<std::size_t>(random.Between(1, 9));
    made.options.quarantine_ops = static_cast<int>(random.Below(4));
    Problem larger = made.lowered.problem;
    std::int64_t last = 0;
    for (const Buffer& b : larger.buffers) last = std::max(last, b.upper);
    for (Buffer& b : larger.buffers) {
      if (b.size > 0) b.size += static_cast<std::int64_t>(made.options.canary_bytes);
      b.upper = std::min(last, b.upper + made.options.quarantine_ops);
    }
    const Shapes shapes(larger);
    const SortKeys sort_keys(larger, shapes, {});
    std::vector<std::int64_t> peaks;
    for (const Key key : {Key::kSizeEarly, Key::kArea, Key::kEarly}) {
      std::vector<int> sorted = sort_keys.movable();
      sort_keys.Sort(sorted, key);
      Placer placer(larger, shapes);
      peaks.push_back(PeakOf(larger, PlaceInOrder(larger, placer, sorted)));
    }
    std::sort(peaks.begin(), peaks.end());
    one_is_lower += peaks.front() < peaks.back() ? 1 : 0;
    EXPECT_EQ(LayOutGuarded(made.lowered, made.graph, made.plan, made.options).region_bytes, peaks.front());
  }
  EXPECT_GT(one_is_lower, tests::Seeds(20));
}

// One buffer after another: whole pages, one behind that nobody has, and the end as near to it as the alignment lets
// it.
TEST(GuardLayout, EndsTensorsWhereTheirPagesDo) {
  const std::int64_t page = Fence::page_bytes();
  if (page == 0) GTEST_SKIP() << "no pages to protect";
  for (int seed = 0; seed < tests::Seeds(100); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    Case made = SomeCase(false, false, random);
    made.lowered.problem.parts.clear();
    for (Buffer& b : made.lowered.problem.buffers) b.size *= page / 4;  // up to three pages; ends on a page or within
    std::vector<TensorDesc> tensors = made.graph.tensors();
    for (TensorDesc& tensor : tensors) tensor.bytes *= static_cast<std::size_t>(page / 4);
    made.graph = Graph(Ops(tensors, false), tensors);
    made.options.pages = true;
    made.options.canary_bytes = static_cast<std::size_t>(random.Below(9));  // pages take their place
    const GuardLayout layout = LayOutGuarded(made.lowered, made.graph, made.plan, made.options);
    std::int64_t top = 0;
    std::vector<GuardPlace> places = layout.places;
    std::sort(places.begin(), places.end(),
              [](const GuardPlace& a, const GuardPlace& b) { return a.reserved_begin < b.reserved_begin; });
    for (const GuardPlace& place : places) {
      if (place.bytes == 0) continue;
      EXPECT_GE(place.reserved_begin, top);
      EXPECT_EQ(place.reserved_begin % page, 0);
      EXPECT_EQ(place.reserved_end - place.reserved_begin, (place.bytes + page - 1) / page * page);
      EXPECT_GE(place.begin, place.reserved_begin);
      EXPECT_LE(place.end(), place.reserved_end);
      top = place.reserved_end + page;
    }
    EXPECT_EQ(layout.region_bytes, top);
    for (std::size_t t = 0; t < made.lowered.bindings.size(); ++t) {
      if (made.lowered.bindings[t].buffer < 0) continue;
      const std::int64_t alignment = made.lowered.problem.buffers[At(made.lowered.bindings[t].buffer)].alignment;
      EXPECT_EQ(layout.places[t].begin % alignment, 0);
      EXPECT_LT(layout.places[t].reserved_end - layout.places[t].end(), alignment);
    }
    EXPECT_EQ(layout.alignment, top > 0 ? page : LargestAlignment(made.lowered.problem));
    if (HasFailure()) return;
  }
}

TEST(GuardLayout, RefusesWhatCannotBe) {
  Random random(1);
  Case made = SomeCase(false, false, random);
  const auto lay_out = [&made] { (void)LayOutGuarded(made.lowered, made.graph, made.plan, made.options); };
  made.options.canary_bytes = (std::size_t{1} << 30) + 1;
  EXPECT_TRUE(tests::Refuses(ErrorCode::kMisuse, {"canary_bytes is too large"}, lay_out));
  made.options.canary_bytes = 0;
  made.options.quarantine_ops = -1;
  EXPECT_TRUE(tests::Refuses(ErrorCode::kMisuse, {"quarantine_ops is -1"}, lay_out));
}

}  // namespace
}  // namespace orionrt::guard_layout_test
