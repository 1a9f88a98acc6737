// Traces of a buddy in CSV: docs/formats.md.
#include <array>
#include <iterator>
#include <map>
#include <optional>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {
namespace {

constexpr std::string_view kHeader = "seq,op,offset,requested,size,tag";
constexpr const char* kOps[] = {"allocate", "run", "free"};  // by BuddyEvent::Kind
enum Field { kSeqField, kOpField, kOffsetField, kRequestedField, kSizeField, kTagField, kFields };

class TraceReader {
 public:
  TraceReader(std::string_view text, const std::string& source) : rest_(text), source_(source) {}

  BuddyTrace Read() {
    if (rest_.substr(0, 3) == "\xEF\xBB\xBF") rest_.remove_prefix(3);
    if (!NextLine() || line_ != kHeader) Refuse("expected the header row " + std::string(kHeader));
    if (!NextLine()) Refuse("expected the row of the arena: ,arena,,CAPACITY,BLOCK,");
    ReadArena();
    while (NextLine()) {
      trace_.events.push_back(ReadEvent());
      Follow(trace_.events.back());
    }
    return std::move(trace_);
  }

 private:
  [[noreturn]] void Refuse(const std::string& what) const {
    throw Error(ErrorCode::kBadInput, Printable(source_, 300) + ":" + std::to_string(number_) + ": " + what);
  }

  // Steps to the next line that is not empty. False at the end, where number_ is one past the last line.
  bool NextLine() {
    do {
      ++number_;
      if (rest_.empty()) return false;
      const std::size_t end = rest_.find('\n');
      line_ = rest_.substr(0, end);
      rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
      while (!line_.empty() && (line_.back() == '\r' || line_.back() == ' ')) line_.remove_suffix(1);
    } while (line_.empty());
    return true;
  }

  void Split() {
    std::string_view rest = line_;
    for (std::size_t field = 0; field < kFields; ++field) {
      const std::size_t comma = rest.find(',');
      if ((comma == std::string_view::npos) != (field + 1 == kFields)) {
        Refuse("expected 6 fields, " + std::string(kHeader));
      }
      fields_[field] = rest.substr(0, comma);
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
  }

  std::int64_t Number(Field field, const char* name, std::int64_t least) const {
    const auto value = ParseInt(fields_[field]);
    if (!value || *value < least) {
      Refuse(std::string(name) + " \"" + Printable(fields_[field]) + "\" is not a whole number of 63 bits, at least " +
             std::to_string(least));
    }
    return *value;
  }

  void ReadArena() {
    Split();
    if (fields_[kOpField] != "arena") Refuse("the first row is that of the arena: ,arena,,CAPACITY,BLOCK,");
    trace_.capacity = Number(kRequestedField, "capacity", 0);
    trace_.block_bytes = Number(kSizeField, "block", 1);
    if (!IsPowerOfTwo(trace_.block_bytes))
      Refuse("block " + std::to_string(trace_.block_bytes) + " is no power of two");
  }

  BuddyEvent::Kind ReadKind() const {
    for (std::size_t kind = 0; kind < std::size(kOps); ++kind) {
      if (fields_[kOpField] == kOps[kind]) return static_cast<BuddyEvent::Kind>(kind);
    }
    Refuse("op \"" + Printable(fields_[kOpField]) + "\" is unknown; there are: allocate, run, free");
  }

  BuddyEvent ReadEvent() {
    Split();
    BuddyEvent event;
    event.kind = ReadKind();
    event.seq = Number(kSeqField, "seq", 0);
    if (!fields_[kTagField].empty()) event.tag = Number(kTagField, "tag", INT64_MIN);
    if (event.kind == BuddyEvent::Kind::kRelease) {
      event.offset = Number(kOffsetField, "offset", 0);
      return event;
    }
    event.requested = Number(kRequestedField, "requested", 1);
    if (fields_[kOffsetField].empty()) return event;  // refused
    event.offset = Number(kOffsetField, "offset", 0);
    event.size = Number(kSizeField, "size", event.requested);
    return event;
  }

  // Checks an event against all before it: numbers without a gap, allocations that do not overlap.
  void Follow(const BuddyEvent& event) {
    const std::vector<BuddyEvent>& all = trace_.events;
    if (all.size() > 1 && event.seq - 1 != all[all.size() - 2].seq) {
      Refuse("seq " + std::to_string(event.seq) + " does not follow " + std::to_string(all[all.size() - 2].seq) +
             "; rows are missing or out of order");
    }
    if (event.offset == kNoSpace) return;
    if (event.kind == BuddyEvent::Kind::kRelease) return Release(event.offset);
    if (event.offset > trace_.capacity - event.size) {
      Refuse(Range(event.offset, event.size) + " reaches past the capacity, " + std::to_string(trace_.capacity));
    }
    const auto next = live_.lower_bound(event.offset);
    if (next != live_.end() && next->first < event.offset + event.size) RefuseOverlap(event, *next);
    if (next != live_.begin() && std::prev(next)->second > event.offset) RefuseOverlap(event, *std::prev(next));
    live_.emplace(event.offset, event.offset + event.size);
  }

  void Release(std::int64_t offset) {
    const auto after = live_.upper_bound(offset);
    const bool known = after != live_.begin() && std::prev(after)->second > offset;
    if (known && std::prev(after)->first == offset) {
      live_.erase(std::prev(after));
    } else if (known || trace_.events[0].seq == 0 || offset >= trace_.capacity) {
      Refuse("nothing is allocated at offset " + std::to_string(offset));
    }
  }

  static std::string Range(std::int64_t begin, std::int64_t size) {
    return "[" + std::to_string(begin) + ", " + std::to_string(begin) + " + " + std::to_string(size) + ")";
  }
  [[noreturn]] void RefuseOverlap(const BuddyEvent& event, const std::pair<const std::int64_t, std::int64_t>& other) {
    Refuse(Range(event.offset, event.size) + " overlaps " + Range(other.first, other.second - other.first) +
           ", which is allocated");
  }

  std::string_view rest_, line_;
  const std::string& source_;
  std::int64_t number_ = 0;
  std::array<std::string_view, kFields> fields_;
  BuddyTrace trace_;
  std::map<std::int64_t, std::int64_t> live_;  // begin -> end
};

}  // namespace

std::string WriteBuddyTrace(const BuddyTrace& trace) {
  std::string text(kHeader);
  text += "\n,arena,," + std::to_string(trace.capacity) + "," + std::to_string(trace.block_bytes) + ",\n";
  for (const BuddyEvent& event : trace.events) {
    const bool sized = event.kind != BuddyEvent::Kind::kRelease;
    const bool placed = event.offset != kNoSpace;
    text += std::to_string(event.seq) + "," + kOps[static_cast<int>(event.kind)] + "," +
            (placed ? std::to_string(event.offset) : "") + "," + (sized ? std::to_string(event.requested) : "") + "," +
            (sized && placed ? std::to_string(event.size) : "") + "," + std::to_string(event.tag) + "\n";
  }
  return text;
}

BuddyTrace ReadBuddyTrace(std::string_view text, const std::string& source) { return TraceReader(text, source).Read(); }

}  // namespace orionrt
