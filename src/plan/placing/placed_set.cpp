#include "plan/placing/placed_set.hpp"

#include <algorithm>
#include <memory>

#include "base/checked.hpp"
#include "base/index.hpp"

namespace orionrt {
namespace {

// Ends of rectangles per bucket: a scan of that many beats a deeper tree.
constexpr int kBucketEnds = 64;
// With no more rectangles than this, one bucket holds them all, and the tree is a plain scan.
constexpr std::size_t kScan = 400;

}  // namespace

// The lists that meet one span, walked together.
struct PlacedSet::Cursors {
  struct Cursor {
    const Interval* at;
    const Interval* end;
  };
  struct Scan {
    const Entry* at;
    const Entry* end;
  };
  const PlacedSet& set;
  Span span;
  Cursor lists[2 * 64];
  Scan scans[2];
  int list_count = 0;
  int scan_count = 0;

  Cursors(const PlacedSet& placed, Span met) : set(placed), span(met) {}  // the arrays stay as they are

  void AddList(IntervalLists::View view) {
    if (view.begin != view.end) lists[list_count++] = {view.begin, view.end};
  }
  void OnPath(std::size_t node) { AddList(set.cover_.Get(node)); }
  void OnFilled(std::size_t node) { AddList(set.any_.Get(node)); }
  void OnEnd(std::size_t node) {
    OnPath(node);
    const auto& entries = set.entries_[node - set.leaves_];
    if (!entries.empty()) scans[scan_count++] = {entries.data(), entries.data() + entries.size()};
  }

  // Raises `offset` until nothing in any list meets [offset, offset + size).
  std::int64_t Settle(std::int64_t offset, std::int64_t size, std::int64_t alignment, std::int64_t limit) {
    if (offset > limit - size) return kNoFit;
    int quiet = 0;
    const int total = list_count + scan_count;
    for (int i = 0; quiet < total; i = i + 1 == total ? 0 : i + 1) {
      const std::int64_t moved = i < list_count ? Skip(lists[i], offset, size, alignment)
                                                : Skip(scans[i - list_count], offset, size, alignment);
      quiet = moved == offset ? quiet + 1 : 1;
      offset = moved;
      if (offset > limit - size) return kNoFit;
    }
    return offset;
  }

  static std::int64_t Skip(Cursor& cursor, std::int64_t offset, std::int64_t size, std::int64_t alignment) {
    const Interval* at = cursor.at;
    for (; at != cursor.end && at->begin < offset + size; ++at) {
      if (at->end > offset) offset = RoundUp(at->end, alignment);
    }
    cursor.at = at;
    return offset;
  }

  std::int64_t Skip(Scan& scan, std::int64_t offset, std::int64_t size, std::int64_t alignment) const {
    const Entry* at = scan.at;
    for (; at != scan.end && at->begin < offset + size; ++at) {
      if (at->end > offset && at->span.first < span.last && span.first < at->span.last) {
        offset = RoundUp(at->end, alignment);
      }
    }
    scan.at = at;
    return offset;
  }
};

namespace {

// Writes intervals that come by begin as their union after the empty [0, 0), where gaps below `size` bytes count as
// taken. Free of branches, which would hang on addresses and so be mispredicted.
class UnionWriter {
 public:
  UnionWriter(Interval* to, std::int64_t size) : last_(to), size_(size) { *to = {0, 0}; }

  void Put(Interval next) {
    const std::int64_t fresh = next.begin - end_ >= size_;
    last_ += fresh;
    begin_ += (next.begin - begin_) & -fresh;
    end_ = std::max(end_, next.end);
    *last_ = {begin_, end_};
  }
  Interval* end() const { return last_ + 1; }

 private:
  Interval* last_;
  const std::int64_t size_;
  std::int64_t begin_ = 0, end_ = 0;
};

}  // namespace

// The union of the lists that meet one span, where gaps below `size` bytes count as taken, and which begins with the
// empty [0, 0). The lists are merged two by two.
class PlacedSet::Union {
 public:
  Union(const Cursors& cursors, std::int64_t size) : size_(size) {
    std::ptrdiff_t room = 2;
    for (int i = 0; i < cursors.list_count; ++i) room += cursors.lists[i].end - cursors.lists[i].at + 1;
    for (int i = 0; i < cursors.scan_count; ++i) room += cursors.scans[i].end - cursors.scans[i].at + 1;
    memory_.reset(new Interval[2 * static_cast<std::size_t>(room)]);
    for (int i = 0; i < cursors.list_count; ++i) runs_[count_++] = {cursors.lists[i].at, cursors.lists[i].end};
    Interval* to = memory_.get();
    for (int i = 0; i < cursors.scan_count; ++i) to = Gather(cursors.scans[i], cursors.span, to);
    if (count_ < 2) runs_[count_++] = {to, to};  // so that all is written once
    for (bool odd = true; count_ > 1; odd = !odd) {
      to = memory_.get() + (odd ? room : 0);
      const int before = count_;
      count_ = 0;
      for (int r = 0; r < before; r += 2) to = Merge(runs_[r], r + 1 < before ? runs_[r + 1] : View{to, to}, to);
    }
  }

  const Interval* begin() const { return runs_[0].begin; }
  const Interval* end() const { return runs_[0].end; }

 private:
  using View = IntervalLists::View;

  Interval* Gather(const Cursors::Scan& scan, Span span, Interval* to) {
    UnionWriter writer(to, size_);
    for (const Entry* at = scan.at; at != scan.end; ++at) {
      if (at->span.first < span.last && span.first < at->span.last) writer.Put({at->begin, at->end});
    }
    runs_[count_++] = {to, writer.end()};
    return writer.end();
  }

  Interval* Merge(View a, View b, Interval* to) {
    UnionWriter writer(to, size_);
    while (a.begin != a.end && b.begin != b.end) {
      const std::int64_t first = a.begin->begin <= b.begin->begin;
      const std::int64_t end = b.begin->end ^ ((a.begin->end ^ b.begin->end) & -first);
      writer.Put({std::min(a.begin->begin, b.begin->begin), end});
      a.begin += first;
      b.begin += 1 - first;
    }
    for (; a.begin != a.end; ++a.begin) writer.Put(*a.begin);
    for (; b.begin != b.end; ++b.begin) writer.Put(*b.begin);
    runs_[count_++] = {to, writer.end()};
    return writer.end();
  }

  const std::int64_t size_;
  std::unique_ptr<Interval[]> memory_;
  View runs_[2 * 64 + 4];
  int count_ = 0;
};

PlacedSet::PlacedSet(const std::vector<Span>& spans, int sections) : cover_(0), any_(0) {
  CutBuckets(spans, sections);
  const std::size_t buckets = bucket_begin_.size() - 1;
  while (leaves_ < buckets) leaves_ *= 2;
  cover_ = IntervalLists(leaves_ + buckets);
  any_ = IntervalLists(leaves_ + buckets);
  entries_.resize(buckets);
}

// A bucket is closed before the section that would give it more than kBucketEnds ends; one section alone may have more,
// but then nothing ends inside it.
void PlacedSet::CutBuckets(const std::vector<Span>& spans, int sections) {
  std::vector<int> ends(static_cast<std::size_t>(sections) + 1, 0);
  std::size_t count = 0;
  for (const Span& span : spans) {
    if (span.length() == 0) continue;
    ++count;
    ++ends[At(span.first)];
    ++ends[At(span.last)];
  }
  bucket_.resize(static_cast<std::size_t>(sections));
  bucket_begin_.assign(1, 0);
  int held = 0;
  for (int s = 0; s < sections; ++s) {
    const int here = ends[At(s)];
    if (s > bucket_begin_.back() && count > kScan && held + here > kBucketEnds) {
      bucket_begin_.push_back(s);
      held = 0;
    }
    held += s == bucket_begin_.back() ? 0 : here;  // ends at a bucket's own edge are not inside it
    bucket_[At(s)] = static_cast<int>(bucket_begin_.size()) - 1;
  }
  bucket_begin_.push_back(sections);
}

void PlacedSet::Clear() {
  cover_.Clear();
  any_.Clear();
  for (const std::size_t bucket : used_) entries_[bucket].clear();
  used_.clear();
  journal_.clear();
  checkpointed_ = false;
}

void PlacedSet::Checkpoint() {
  cover_.Checkpoint();
  any_.Checkpoint();
  journal_.clear();
  used_at_checkpoint_ = used_.size();
  checkpointed_ = true;
}

void PlacedSet::Rollback() {
  cover_.Rollback();
  any_.Rollback();
  while (!journal_.empty()) {  // newest first, so that positions still hold
    auto& entries = entries_[journal_.back().bucket];
    entries.erase(entries.begin() + journal_.back().position);
    journal_.pop_back();
  }
  used_.resize(used_at_checkpoint_);
}

// Calls OnFilled for the topmost nodes that `span` fills, OnEnd for the buckets (leaves) that it meets but does not
// fill, OnPath for all nodes above either.
template <typename Visitor>
void PlacedSet::Visit(Span span, Visitor& visitor) const {
  struct Frame {
    std::size_t node;
    int low, high;  // buckets
  };
  const int from = bucket_[At(span.first)];
  const int to = bucket_[static_cast<std::size_t>(span.last) - 1] + 1;
  // Buckets [filled_from, filled_to) are filled.
  const int filled_from = from + (bucket_begin_[At(from)] < span.first ? 1 : 0);
  const int filled_to = to - (bucket_begin_[At(to)] > span.last ? 1 : 0);
  Frame stack[64];
  int depth = 0;
  stack[depth++] = {1, 0, static_cast<int>(leaves_)};
  while (depth > 0) {
    const Frame frame = stack[--depth];
    if (frame.low >= filled_from && frame.high <= filled_to) {
      visitor.OnFilled(frame.node);
    } else if (frame.node >= leaves_) {
      visitor.OnEnd(frame.node);
    } else {
      visitor.OnPath(frame.node);
      const int middle = frame.low + (frame.high - frame.low) / 2;
      if (to > middle) stack[depth++] = {2 * frame.node + 1, middle, frame.high};
      if (from < middle) stack[depth++] = {2 * frame.node, frame.low, middle};
    }
  }
}

std::int64_t PlacedSet::LowestFit(Span span, std::int64_t size, std::int64_t alignment, std::int64_t floor,
                                  std::int64_t limit) const {
  Cursors cursors(*this, span);
  Visit(span, cursors);
  return cursors.Settle(RoundUp(floor, alignment), size, alignment, limit);
}

std::int64_t PlacedSet::TightestFit(Span span, std::int64_t size, std::int64_t alignment, std::int64_t limit) const {
  Cursors cursors(*this, span);
  Visit(span, cursors);
  const Union placed(cursors, size);
  std::int64_t best = kNoFit, best_width = kNoFit, offset = 0;
  for (const Interval& interval : placed) {
    if (offset > limit - size) return best;
    const std::int64_t width = interval.begin - offset;
    if (width >= size && width < best_width) {
      best = offset;
      best_width = width;
    }
    offset = RoundUp(interval.end, alignment);
  }
  return best == kNoFit && offset <= limit - size ? offset : best;
}

void PlacedSet::AddAny(std::size_t node, std::int64_t begin, std::int64_t end) {
  while (node > 0 && any_.Add(node, begin, end)) node /= 2;
}

void PlacedSet::Place(Span span, std::int64_t offset, std::int64_t size) {
  struct Placer {
    PlacedSet& set;
    Entry entry;
    void OnPath(std::size_t) {}
    void OnFilled(std::size_t node) {
      if (set.cover_.Add(node, entry.begin, entry.end)) set.AddAny(node, entry.begin, entry.end);
    }
    void OnEnd(std::size_t node) {
      auto& entries = set.entries_[node - set.leaves_];
      const auto at = std::lower_bound(entries.begin(), entries.end(), entry,
                                       [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
      if (set.checkpointed_) set.journal_.push_back({node - set.leaves_, at - entries.begin()});
      if (entries.empty()) set.used_.push_back(node - set.leaves_);
      entries.insert(at, entry);
      set.AddAny(node, entry.begin, entry.end);
    }
  };
  Placer placer{*this, {offset, offset + size, span}};
  Visit(span, placer);
}

}  // namespace orionrt
