// Who is ordered after whom: a vector clock for each stream, and the last events of each. Lamport, CACM 21(7), 1978;
// Mattern, Parallel and Distributed Algorithms, 1989.
#pragma once

#include <cstdint>
#include <vector>

#include "base/index.hpp"
#include "orionrt/stream_scratch.hpp"

namespace orionrt {

// Events cut a stream into segments 1, 2, ...; an event has the number of the segment that it ends, and covers this one
// and all before. 0 is before the first. A row is a position of each stream.
using Position = std::uint64_t;

class StreamClocks {
 public:
  StreamClocks(int streams, int records, bool asks);

  int streams() const { return streams_; }
  bool Has(int stream) const { return stream >= 0 && stream < streams_; }
  bool WasRecorded(StreamEvent event) const {
    return Has(event.stream) && event.position > 0 && event.position < now_[At(event.stream)];
  }
  Position now(int stream) const { return now_[At(stream)]; }  // the segment that has not ended
  Position done(int stream) const { return done_[At(stream)]; }

  // Whether what stream t does from now on comes after segment `position` of stream s.
  bool IsBefore(int s, Position position, int t) const {
    return s == t || position <= Row(t)[s] || position <= done_[At(s)];
  }
  bool AreBefore(const Position* need, int t) const;
  // The same by t's own order and finished events alone.
  bool AreOwn(const Position* need, int t) const;
  // The same, whatever stream t is.
  bool AreBeforeAll(const Position* need) const;
  // Whether all that comes after `later` comes after segment `position` of stream s, as far as is remembered.
  bool IsImplied(int s, Position position, StreamEvent later) const;

  // Ends a segment, and notes what it waited for in `*slot`; in none (-1) when the notes are full of what is being
  // asked. When the backend has recorded it, or could not, Recorded.
  StreamEvent Record(int stream, int* slot);
  void Recorded(int stream, int slot, bool ok) { slots_[RowOf(stream, slot)].state = ok ? kAskable : kNote; }
  bool IsFull(int stream) const { return rings_[At(stream)].count == records_; }
  // The newest segment whose end will be known by an event; 0 for none.
  Position newest(int stream) const;

  void Wait(int stream, StreamEvent event);
  void EndAll();

  // The oldest event of a stream that may be asked, or -1. It keeps its slot until the answer is in.
  int BeginAsk(int stream);
  void EndAsk(int stream, int slot, bool is_done);

  std::int64_t metadata_bytes() const;

 private:
  enum State : std::uint8_t { kNote, kRecording, kAskable };
  struct Slot {
    Position position = 0;
    State state = kNote;
    int asking = 0;  // threads that wait for an answer
    bool IsBusy() const { return state == kRecording || asking > 0; }
  };
  struct Ring {
    int first = 0, count = 0;  // slots, oldest first
  };

  void DropEnded(int stream);
  int SlotOf(int stream, int k) const { return (rings_[At(stream)].first + k) % records_; }
  std::size_t RowOf(int stream, int slot) const { return static_cast<std::size_t>(stream) * At(records_) + At(slot); }
  const Position* Row(int stream) const { return &clocks_[static_cast<std::size_t>(stream) * At(streams_)]; }
  Position* Row(int stream) { return &clocks_[static_cast<std::size_t>(stream) * At(streams_)]; }
  Position* SlotRow(std::size_t at) { return &rows_[at * At(streams_)]; }
  const Position* RowAt(StreamEvent event) const;
  void Join(Position* row, const Position* other) const;

  int streams_, records_;
  bool asks_;                     // there is a backend to record in
  std::vector<Position> now_;     // by stream
  std::vector<Position> done_;    // by stream: segments that have ended, as far as is known
  std::vector<Position> clocks_;  // by stream, a row: what it waited for; its own position there means nothing
  std::vector<Ring> rings_;       // by stream
  std::vector<Slot> slots_;       // by stream and slot
  std::vector<Position> rows_;    // by stream and slot, a row: the clock when it was recorded
};

}  // namespace orionrt
