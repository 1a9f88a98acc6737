// A plan that grows from the bottom, and can be taken back step by step.
//
//   bytes ^   |####|        |#######      The skyline: segments of sections, each with its floor. What lies below a
//         |   |####|__  ____|#######      floor is used or given up. A niche is a segment that is lower than its
//         |___|       ||                  neighbours, its walls: of the rows not yet placed, only those within its
//         +------------------------->     sections can lie on its floor.
//             niche ^ sections
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "plan/niches/niche_model.hpp"

namespace orionrt {

class NicheState {
 public:
  static constexpr std::int64_t kNobody = INT64_MAX;  // floor of sections where all rows are placed

  // Keeps a reference. Nothing is placed.
  explicit NicheState(const NicheModel& model);

  void Clear();

  // The begin of the lowest segment, the first of equal ones; kNobody as its floor: all is placed. O(log sections).
  int Lowest() const;

  std::int64_t floor(int begin) const { return floors_[leaves_ + At(begin)]; }
  int end(int begin) const { return next_[At(begin)]; }
  std::int64_t left_wall(int begin) const { return begin == 0 ? kNobody : floor(previous_[At(begin)]); }
  std::int64_t right_wall(int begin) const { return end(begin) == model_.sections ? kNobody : floor(end(begin)); }

  // Bytes that a section takes at least, given what is placed: its floor and all that is still to lie on it.
  std::int64_t used(int section) const { return used_[At(section)]; }
  std::int64_t most_used() const { return most_used_; }

  // Puts a row of the segment on its floor, at an aligned offset. O(sections of the row where that is padded).
  void Place(int row, int begin);

  // Gives up the bytes of `sections`, of the segment, from its floor to `floor`; kNobody: nothing is alive there.
  void Raise(int begin, Span sections, std::int64_t floor);

  // Visits the spans of sections whose `used` may have changed since this was called.
  template <typename Visit>
  void ForEachChanged(Visit visit) {
    for (const Span span : changed_) visit(span);
    changed_.clear();
  }

  // Visits the rows from `from` on, before `until`, of classes [first, last), that are not placed: ascending positions.
  template <typename Visit>
  void ForEachRow(int from, int until, int first, int last, Visit visit) const {
    if (from >= until || first >= last) return;
    const std::uint64_t* sets[NicheModel::kMostClasses];
    int count = 0;
    for (int c = first; c < last;) {
      const bool is_group = c % kGroup == 0 && c + kGroup <= last;
      sets[count++] = (is_group ? groups_.data() + At(c / kGroup) * words_ : unplaced_.data() + At(c) * words_);
      c += is_group ? kGroup : 1;
    }
    const std::size_t first_word = At(from) / 64, last_word = At(until - 1) / 64;
    for (std::size_t word = first_word; word <= last_word; ++word) {
      std::uint64_t rest = sets[0][word];
      for (int k = 1; k < count; ++k) rest |= sets[k][word];
      if (rest == 0) continue;  // as nearly all are
      if (word == first_word) rest &= ~std::uint64_t{0} << (At(from) % 64);
      if (word == last_word) rest &= ~std::uint64_t{0} >> (63 - At(until - 1) % 64);
      for (; rest != 0; rest &= rest - 1) visit(static_cast<int>(word * 64) + __builtin_ctzll(rest));
    }
  }

  std::int64_t OffsetOf(int row) const { return offsets_[At(row)]; }  // bytes, of a placed row

  // Where the plan stands now, and back to there.
  std::size_t Mark() const { return changes_.size(); }
  void Undo(std::size_t mark);

 private:
  static constexpr int kGroup = 8;  // classes

  enum class Kind : std::uint8_t { kFloor, kNext, kPrevious, kUsed, kMostUsed, kRow };
  struct Change {
    Kind kind;
    int index;
    int last;            // of kUsed
    std::int64_t value;  // before; of kUsed what was added
  };
  void Note(Kind kind, int index, int last, std::int64_t value);
  void SetFloor(int begin, std::int64_t floor);
  void SetNext(int begin, int next);
  void SetPrevious(int begin, int previous);
  void PutFloor(int begin, std::int64_t floor);
  void Use(Span sections, std::int64_t bytes);
  void Lift(int begin, Span sections, std::int64_t floor);
  void FlipRow(int row);

  const NicheModel& model_;
  std::size_t leaves_ = 1;            // a power of two
  std::vector<std::int64_t> floors_;  // a tournament: leaves from leaves_ on, kNobody where no segment begins
  std::vector<int> next_, previous_;  // of segments by begin
  std::vector<std::int64_t> used_;    // per section
  std::int64_t most_used_ = 0;
  std::vector<Span> changed_;                     // of used_
  std::vector<std::int64_t> offsets_;             // per row
  std::size_t words_ = 0;                         // of a set of rows, 64 each
  std::vector<std::uint64_t> unplaced_, groups_;  // a set for each class, and for each kGroup of them
  std::vector<Change> changes_;
};

}  // namespace orionrt
