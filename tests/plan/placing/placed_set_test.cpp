// The placed set against a scan over all that is placed, by address, after every step: an error here makes plans worse,
// not wrong, and nothing else would see it.
#include "plan/placing/placed_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::placed_set_test {
namespace {

using tests::Random;

std::int64_t Up(std::int64_t value, std::int64_t alignment) { return (value + alignment - 1) / alignment * alignment; }

// All that is placed, in a list.
class Scan {
 public:
  void Place(Span span, std::int64_t offset, std::int64_t size) { placed_.push_back({span, offset, offset + size}); }

  std::int64_t LowestFit(Span span, std::int64_t size, std::int64_t alignment, std::int64_t floor,
                         std::int64_t limit) const {
    std::int64_t at = Up(floor, alignment);
    for (const Interval& taken : Meeting(span)) {
      if (taken.begin >= at + size) break;
      if (taken.end > at) at = Up(taken.end, alignment);
    }
    return at + size <= limit ? at : kNoFit;
  }

  std::int64_t TightestFit(Span span, std::int64_t size, std::int64_t alignment, std::int64_t limit) const {
    std::int64_t top = 0, best = kNoFit, best_width = kNoFit;
    for (const Interval& taken : Meeting(span)) {
      const std::int64_t at = Up(top, alignment), width = taken.begin - at;
      if (width >= size && width < best_width && at + size <= limit) {
        best = at;
        best_width = width;
      }
      top = std::max(top, taken.end);
    }
    top = Up(top, alignment);
    return best == kNoFit && top + size <= limit ? top : best;
  }

 private:
  struct Placed {
    Span span;
    std::int64_t begin, end;
  };

  std::vector<Interval> Meeting(Span span) const {
    std::vector<Interval> found;
    for (const Placed& p : placed_) {
      if (p.span.first < span.last && span.first < p.span.last) found.push_back({p.begin, p.end});
    }
    std::sort(found.begin(), found.end(), [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
    return found;
  }

  std::vector<Placed> placed_;
};

struct Shape {
  int sections, spans, longest;
  std::int64_t scale;  // of sizes and offsets
};

Span AnySpan(const Shape& shape, Random& random) {
  const int first = static_cast<int>(random.Below(shape.sections));
  const std::int64_t length = random.OneIn(8) ? shape.sections : random.Between(1, shape.longest);
  return {first, static_cast<int>(std::min<std::int64_t>(shape.sections, first + length))};
}

class Twins {
 public:
  Twins(const Shape& shape, Random& random) : shape_(shape), random_(random), spans_(Spans(shape, random)) {}

  void Step() {
    switch (random_.Below(40)) {
      case 0:
        set_.Clear();
        scan_ = Scan();
        has_checkpoint_ = false;
        return;
      case 1:
      case 2:
        set_.Checkpoint();
        saved_ = scan_;
        has_checkpoint_ = true;
        return;
      case 3:
      case 4:
        if (!has_checkpoint_) return;
        set_.Rollback();
        scan_ = saved_;
        return;
      default:
        Place();
    }
  }

  // Questions of every kind, and at times of a rectangle that is none of those announced.
  void Check() const {
    const Span span = random_.OneIn(3) ? AnySpan(shape_, random_) : OneOfThem();
    const std::int64_t size = random_.Between(1, 12) * shape_.scale;
    const std::int64_t alignment = std::int64_t{1} << random_.Below(5);
    const std::int64_t floor = random_.OneIn(3) ? random_.Below(60) * shape_.scale : 0;
    const std::int64_t limit = random_.OneIn(3) ? random_.Below(100) * shape_.scale : kNoFit;
    ASSERT_EQ(set_.LowestFit(span, size, alignment, floor, limit),
              scan_.LowestFit(span, size, alignment, floor, limit));
    ASSERT_EQ(set_.TightestFit(span, size, alignment, limit), scan_.TightestFit(span, size, alignment, limit));
  }

 private:
  static std::vector<Span> Spans(const Shape& shape, Random& random) {
    std::vector<Span> spans;
    for (int i = 0; i < shape.spans; ++i) spans.push_back(AnySpan(shape, random));
    spans.push_back({});  // of a buffer without bytes
    return spans;
  }

  Span OneOfThem() const { return spans_[static_cast<std::size_t>(random_.Below(shape_.spans))]; }

  // At its lowest or tightest fit, as placers do, or anywhere, over what lies there.
  void Place() {
    const Span span = OneOfThem();
    const std::int64_t size = random_.Between(1, 10) * shape_.scale;
    std::int64_t offset = random_.Below(80) * shape_.scale;
    if (random_.OneIn(2)) offset = scan_.LowestFit(span, size, 1, 0, kNoFit);
    set_.Place(span, offset, size);
    scan_.Place(span, offset, size);
  }

  Shape shape_;
  Random& random_;
  std::vector<Span> spans_;
  PlacedSet set_{spans_, shape_.sections};
  Scan scan_, saved_;
  bool has_checkpoint_ = false;
};

void Compare(const std::vector<Shape>& shapes, int seeds, int steps) {
  for (int seed = 0; seed < tests::Seeds(seeds); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    Twins twins(shapes[static_cast<std::size_t>(seed) % shapes.size()], random);
    twins.Check();
    for (int step = 0; step < steps; ++step) {
      SCOPED_TRACE(step);
      twins.Step();
      twins.Check();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(PlacedSet, IsAScanWhereFewAreAnnounced) {
  Compare({{1, 3, 1, 1}, {7, 20, 3, 1}, {60, 300, 10, 1}, {20, 40, 5, std::int64_t{1} << 50}}, 160, 80);
}

// More than 400 rectangles: time is cut into buckets, and a tree stands over them.
TEST(PlacedSet, IsAScanWhereTimeIsCutIntoBuckets) {
  Compare({{40, 450, 4, 1}, {300, 700, 3, 1}, {300, 700, 60, 1}, {900, 900, 300, std::int64_t{1} << 50}}, 160, 150);
}

}  // namespace
}  // namespace orionrt::placed_set_test
