// ReplayTrace: a trace put to a buddy of any size; its figures as text, JSON and CSV.
#include <algorithm>
#include <unordered_map>

#include "base/text.hpp"
#include "base/wide.hpp"
#include "io/json.hpp"
#include "orionrt/config.hpp"
#include "orionrt/report.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kMostBlocks = std::int64_t{1} << 28;  // the buddy's books are then some 256 MiB
constexpr int kPictureWidth = 76;
constexpr int kPictureHeight = 16;

// Where a recorded allocation lies in the replay.
struct Cell {
  std::int64_t offset = kNoSpace;
  std::int64_t requested = 0;
};

class Replayer {
 public:
  Replayer(std::int64_t capacity, std::int64_t block_bytes) : buddy_(capacity, block_bytes) {
    replay_.capacity = capacity;
    replay_.block_bytes = block_bytes;
  }

  Replay Run(const BuddyTrace& trace) {
    replay_.moments.reserve(trace.events.size());
    for (const BuddyEvent& event : trace.events) {
      event.kind == BuddyEvent::Kind::kRelease ? Free(event) : Allocate(event);
      const BuddyStats stats = buddy_.stats();
      replay_.moments.push_back({event.seq, stats.used_bytes, requested_, stats.largest_free_bytes, stats.allocations});
    }
    Note();
    return std::move(replay_);
  }

 private:
  void Allocate(const BuddyEvent& event) {
    const std::int64_t offset = event.kind == BuddyEvent::Kind::kAllocate ? buddy_.Allocate(event.requested)
                                                                          : buddy_.AllocateRun(event.requested);
    ++replay_.requests;
    if (offset == kNoSpace) {
      replay_.refused_bytes = replay_.refused == 0 ? event.requested : std::min(replay_.refused_bytes, event.requested);
      ++replay_.refused;
    }
    if (event.offset == kNoSpace) {
      if (offset != kNoSpace) (void)buddy_.Free(offset);
      return;
    }
    if (offset != kNoSpace && offset != event.offset) ++replay_.moved;
    places_[event.offset] = {offset, event.requested};
    if (offset != kNoSpace) requested_ += event.requested;
  }

  void Free(const BuddyEvent& event) {
    const auto place = places_.find(event.offset);
    if (place == places_.end()) {
      ++replay_.unknown_frees;
      return;
    }
    if (place->second.offset != kNoSpace) {
      (void)buddy_.Free(place->second.offset);
      requested_ -= place->second.requested;
    }
    places_.erase(place);
  }

  void Note() {
    const std::vector<ReplayMoment>& m = replay_.moments;
    for (std::size_t i = 1; i < m.size(); ++i) {
      if (m[i].used_bytes > m[replay_.most_used].used_bytes) replay_.most_used = i;
      if (m[i].WasteBytes() > m[replay_.most_wasted].WasteBytes()) replay_.most_wasted = i;
    }
    int worst = -1;
    for (std::size_t i = 0; i < m.size(); ++i) {
      if (m[i].allocations == 0 || replay_.BrokenPermille(m[i]) <= worst) continue;
      worst = replay_.BrokenPermille(m[i]);
      replay_.most_broken = i;
    }
  }

  BuddyAllocator buddy_;
  Replay replay_;
  std::unordered_map<std::int64_t, Cell> places_;  // by recorded offset; looked up, never walked
  std::int64_t requested_ = 0;                     // bytes alive
};

std::string Share(std::int64_t share, std::int64_t whole) {
  const auto tenths = whole == 0 ? 0 : static_cast<std::int64_t>(static_cast<Wide>(share) * 1000 / whole);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " %";
}

std::string Left(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

std::string MomentLine(const char* label, const Replay& replay, const ReplayMoment& m) {
  std::string head = "  " + std::string(label);
  head.resize(16, ' ');
  return head + Left(std::to_string(m.seq), 11) + Left(FormatBytes(m.used_bytes), 11) +
         Left(FormatBytes(m.requested_bytes), 11) + Left(Share(m.WasteBytes(), m.used_bytes), 9) +
         Left(Share(replay.BrokenPermille(m), 1000), 9) + Left(FormatBytes(m.largest_free_bytes), 11) + "\n";
}

// Over time, from below: what was asked for, what rounding added, what is free in pieces; the rest, blank, is the
// largest free block. A column shows the fullest of the events that share it.
std::string DrawReplay(const Replay& replay) {
  const auto& all = replay.moments;
  std::vector<const ReplayMoment*> columns(std::min<std::size_t>(kPictureWidth, all.size()));
  for (std::size_t x = 0; x < columns.size(); ++x) {
    const auto at = [&](std::size_t column) {
      return all.begin() + static_cast<std::ptrdiff_t>(column * all.size() / columns.size());
    };
    columns[x] = &*std::max_element(
        at(x), at(x + 1), [](const ReplayMoment& a, const ReplayMoment& b) { return a.used_bytes < b.used_bytes; });
  }
  std::string picture;
  for (int y = kPictureHeight - 1; y >= 0; --y) {
    std::string row;
    // The middle of the cell, in 2 * kPictureHeight-ths of the capacity.
    const Wide middle = static_cast<Wide>(2 * y + 1) * replay.capacity;
    const auto reaches = [&](std::int64_t bytes) { return static_cast<Wide>(bytes) * 2 * kPictureHeight > middle; };
    for (const ReplayMoment* m : columns) {
      row += reaches(m->requested_bytes)                        ? "█"
             : reaches(m->used_bytes)                           ? "▓"
             : reaches(replay.capacity - m->largest_free_bytes) ? "░"
                                                                : " ";
    }
    row.erase(row.find_last_not_of(' ') + 1);
    picture += "  |" + row + "\n";
  }
  return picture + "  +" + std::string(kPictureWidth - 7, '-') + " events\n" +
         "  █ requested  ▓ rounding  ░ free, in pieces; blank: the largest free block\n";
}

Json MomentJson(const Replay& replay, const ReplayMoment& m) {
  return {{"seq", m.seq},
          {"used_bytes", m.used_bytes},
          {"requested_bytes", m.requested_bytes},
          {"waste_bytes", m.WasteBytes()},
          {"free_bytes", replay.FreeBytes(m)},
          {"largest_free_bytes", m.largest_free_bytes},
          {"fragmentation_permille", replay.BrokenPermille(m)},
          {"allocations", m.allocations}};
}

Json ReplayJson(const Replay& replay) {
  Json json = {{"capacity", replay.capacity},
               {"block_bytes", replay.block_bytes},
               {"requests", replay.requests},
               {"refused", replay.refused},
               {"smallest_refused_bytes", replay.refused_bytes},
               {"moved", replay.moved},
               {"unknown_frees", replay.unknown_frees}};
  if (replay.moments.empty()) return json;
  json["most_used"] = MomentJson(replay, replay.moments[replay.most_used]);
  json["most_wasted"] = MomentJson(replay, replay.moments[replay.most_wasted]);
  json["most_fragmented"] = MomentJson(replay, replay.moments[replay.most_broken]);
  json["end"] = MomentJson(replay, replay.moments.back());
  return json;
}

std::string DescribeReplay(const BuddyTrace& trace, const Replay& replay) {
  const bool same = replay.capacity == trace.capacity && replay.block_bytes == trace.block_bytes;
  std::string text = std::string(same ? "As recorded" : "Replayed") + ": capacity " + FormatThousands(replay.capacity) +
                     ", block " + FormatThousands(replay.block_bytes) + "\n  " + FormatThousands(replay.requests) +
                     " requests, " + FormatThousands(replay.refused) + " refused";
  if (replay.refused > 0) text += " (the smallest " + FormatThousands(replay.refused_bytes) + " bytes)";
  if (same && replay.moved > 0) text += ", " + FormatThousands(replay.moved) + " served elsewhere than recorded";
  if (replay.moments.empty()) return text + "\n";
  return text + "\n" + std::string(16, ' ') + Left("seq", 11) + Left("used", 11) + Left("requested", 11) +
         Left("waste", 9) + Left("fragm.", 9) + Left("largest", 11) + "\n" +
         MomentLine("most used", replay, replay.moments[replay.most_used]) +
         MomentLine("most wasted", replay, replay.moments[replay.most_wasted]) +
         MomentLine("most broken up", replay, replay.moments[replay.most_broken]) +
         MomentLine("at the end", replay, replay.moments.back());
}

}  // namespace

int Replay::BrokenPermille(const ReplayMoment& m) const {
  const std::int64_t free = FreeBytes(m);
  return free <= 0 ? 0 : static_cast<int>(static_cast<Wide>(free - m.largest_free_bytes) * 1000 / free);
}

Replay ReplayTrace(const BuddyTrace& trace, std::int64_t capacity, std::int64_t block_bytes) {
  if (block_bytes > 0 && capacity / block_bytes > kMostBlocks) {
    throw Error(ErrorCode::kUnsupported, "a replay of " + FormatThousands(capacity) + " bytes in blocks of " +
                                             FormatThousands(block_bytes) +
                                             " has more than 2^28 blocks; give larger ones (--block)");
  }
  return Replayer(capacity, block_bytes).Run(trace);
}

std::string DescribeReplays(const std::string& source, const BuddyTrace& trace, const std::vector<Replay>& replays) {
  const auto events = static_cast<std::int64_t>(trace.events.size());
  std::string text = Printable(source, 300) + ": " + FormatThousands(events) + (events == 1 ? " event" : " events");
  if (events > 0 && trace.events[0].seq > 0) {
    text += ", from seq " + std::to_string(trace.events[0].seq) + " on: what was allocated before is left out (" +
            FormatThousands(replays[0].unknown_frees) + (replays[0].unknown_frees == 1 ? " free)" : " frees)");
  }
  text += "\n";
  for (const Replay& replay : replays) text += DescribeReplay(trace, replay);
  return replays.back().moments.empty() || replays.back().capacity == 0 ? text : text + DrawReplay(replays.back());
}

std::string ReplaysToJson(const std::string& source, const BuddyTrace& trace, const std::vector<Replay>& replays) {
  Json json = {{"source", source},
               {"events", trace.events.size()},
               {"first_seq", trace.events.empty() ? 0 : trace.events[0].seq},
               {"replays", Json::array()}};
  for (const Replay& replay : replays) json["replays"].push_back(ReplayJson(replay));
  return DumpJson(json, 1) + "\n";
}

std::string ReplaysToCsv(const std::vector<Replay>& replays) {
  std::string text = "capacity,block,seq,used,requested,waste,free,largest_free,fragmentation_permille,allocations\n";
  for (const Replay& replay : replays) {
    const std::string setting = std::to_string(replay.capacity) + "," + std::to_string(replay.block_bytes) + ",";
    for (const ReplayMoment& m : replay.moments) {
      text += setting + std::to_string(m.seq);
      for (const std::int64_t value : {m.used_bytes, m.requested_bytes, m.WasteBytes(), replay.FreeBytes(m),
                                       m.largest_free_bytes, std::int64_t{replay.BrokenPermille(m)}, m.allocations}) {
        text += "," + std::to_string(value);
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace orionrt
