#include "pool/stream_clocks.hpp"

#include <algorithm>

#include "base/index.hpp"

namespace orionrt {

StreamClocks::StreamClocks(int streams, int records, bool asks)
    : streams_(streams),
      records_(records),
      asks_(asks),
      now_(static_cast<std::size_t>(streams), 1),
      done_(static_cast<std::size_t>(streams), 0),
      clocks_(static_cast<std::size_t>(streams) * At(streams), 0),
      rings_(static_cast<std::size_t>(streams)),
      slots_(static_cast<std::size_t>(streams) * At(records)),
      rows_(slots_.size() * At(streams), 0) {}

bool StreamClocks::AreBefore(const Position* need, int t) const {
  for (int s = 0; s < streams_; ++s) {
    if (!IsBefore(s, need[s], t)) return false;
  }
  return true;
}

bool StreamClocks::AreOwn(const Position* need, int t) const {
  for (int s = 0; s < streams_; ++s) {
    if (s != t && need[s] > done_[At(s)]) return false;
  }
  return true;
}

bool StreamClocks::AreBeforeAll(const Position* need) const {
  for (int s = 0; s < streams_; ++s) {
    if (need[s] <= done_[At(s)]) continue;
    for (int t = 0; t < streams_; ++t) {
      if (t != s && need[s] > Row(t)[s]) return false;
    }
  }
  return true;
}

// What the stream of an event had waited for when it was recorded, or at an earlier one of its events where that is
// forgotten; null where nothing is remembered.
const Position* StreamClocks::RowAt(StreamEvent event) const {
  for (int k = rings_[At(event.stream)].count - 1; k >= 0; --k) {
    const std::size_t at = RowOf(event.stream, SlotOf(event.stream, k));
    if (slots_[at].position <= event.position) return &rows_[at * At(streams_)];
  }
  return nullptr;
}

bool StreamClocks::IsImplied(int s, Position position, StreamEvent later) const {
  if (position <= done_[At(s)]) return true;
  if (later.stream == s) return position <= later.position;
  const Position* const row = later.position == now_[At(later.stream)] ? Row(later.stream) : RowAt(later);
  return row != nullptr && position <= row[s];
}

void StreamClocks::Join(Position* row, const Position* other) const {
  for (int s = 0; s < streams_; ++s) row[s] = std::max(row[s], other[s]);
}

StreamEvent StreamClocks::Record(int stream, int* slot) {
  Ring& ring = rings_[At(stream)];
  *slot = -1;
  if (ring.count == records_ && !slots_[RowOf(stream, ring.first)].IsBusy()) {
    ring.first = SlotOf(stream, 1);
    --ring.count;
  }
  if (ring.count < records_) {
    *slot = SlotOf(stream, ring.count++);
    const std::size_t at = RowOf(stream, *slot);
    slots_[at] = {now_[At(stream)], asks_ ? kRecording : kNote, 0};
    std::copy_n(Row(stream), streams_, SlotRow(at));
  }
  return {stream, now_[At(stream)]++};
}

Position StreamClocks::newest(int stream) const {
  for (int k = rings_[At(stream)].count - 1; k >= 0; --k) {
    const Slot& slot = slots_[RowOf(stream, SlotOf(stream, k))];
    if (slot.state != kNote) return slot.position;
  }
  return 0;
}

void StreamClocks::Wait(int stream, StreamEvent event) {
  if (const Position* const row = RowAt(event)) Join(Row(stream), row);
  Position& known = Row(stream)[event.stream];
  known = std::max(known, event.position);
}

void StreamClocks::EndAll() {
  for (int s = 0; s < streams_; ++s) done_[At(s)] = now_[At(s)]++;
}

// Forgets what has ended: whoever comes behind it needs no clock to know.
void StreamClocks::DropEnded(int stream) {
  Ring& ring = rings_[At(stream)];
  while (ring.count > 0) {
    const Slot& oldest = slots_[RowOf(stream, ring.first)];
    if (oldest.IsBusy() || oldest.position > done_[At(stream)]) break;
    ring.first = SlotOf(stream, 1);
    --ring.count;
  }
}

int StreamClocks::BeginAsk(int stream) {
  DropEnded(stream);  // another stream's event may have told
  for (int k = 0; k < rings_[At(stream)].count; ++k) {
    const int slot = SlotOf(stream, k);
    Slot& found = slots_[RowOf(stream, slot)];
    if (found.state != kAskable || found.position <= done_[At(stream)]) continue;
    ++found.asking;
    return slot;
  }
  return -1;
}

// A segment that has ended has all behind it that its stream waited for.
void StreamClocks::EndAsk(int stream, int slot, bool is_done) {
  const std::size_t at = RowOf(stream, slot);
  --slots_[at].asking;
  if (is_done) {
    Join(done_.data(), SlotRow(at));
    done_[At(stream)] = std::max(done_[At(stream)], slots_[at].position);
  }
  DropEnded(stream);
}

std::int64_t StreamClocks::metadata_bytes() const {
  return static_cast<std::int64_t>((now_.capacity() + done_.capacity() + clocks_.capacity() + rows_.capacity()) *
                                       sizeof(Position) +
                                   rings_.capacity() * sizeof(Ring) + slots_.capacity() * sizeof(Slot));
}

}  // namespace orionrt
