// The snapshot that torch.cuda.memory._snapshot() would take: a dict of "segments", what the memory holds at the end,
// and "device_traces", a list of events per device. What readers need of it is said where it is written; checked
// against torch/cuda/_memory_viz.py (2.9), torch/utils/viz/MemoryViz.js and process_alloc_data.js (May 2026).
#include <algorithm>
#include <iterator>
#include <tuple>

#include "base/index.hpp"
#include "base/text.hpp"
#include "io/export/pickle.hpp"
#include "io/export/spans.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {
namespace {

// Spaces follow each other at multiples of a power of two: the low bits of every address are the offset. The first, or
// the only arena, is at 0.
std::int64_t SpacingOf(const PlanFile& file) {
  std::int64_t spacing = 1;
  for (const SpaceFigures& figures : file.plan.spaces.figures) {
    while (spacing < figures.peak_bytes && spacing < std::int64_t{1} << 52) spacing *= 2;
  }
  return spacing;
}

// As they lie in all spaces together.
std::vector<LivePart> AddressesOf(const PlanFile& file) {
  const std::int64_t spacing = SpacingOf(file);
  std::vector<LivePart> spans = SpansOf(file);
  for (LivePart& span : spans) {
    std::int64_t base = 0;
    if (__builtin_mul_overflow(spacing, span.space, &base) || __builtin_add_overflow(span.end, base, &span.end)) {
      span.end = INT64_MAX;  // RequireSafeIntegers refuses it
    }
    span.begin = span.begin > INT64_MAX - base ? INT64_MAX : span.begin + base;
  }
  return spans;
}

// The viewer hides frames that look like the inside of Python (frameFilter in process_alloc_data.js):
// "decoder_start_ids" would lose its name. And flame graphs end a frame at `;`. So such words get a space, and `;`
// turns into `,`.
std::string FrameText(const std::string& text) {
  constexpr const char* kHidden[] = {"unwind::unwind",
                                     "CapturedTraceback::gather",
                                     "gather_with_cpp",
                                     "_start",
                                     "__libc_start_main",
                                     "PyEval_",
                                     "PyObject_",
                                     "PyFunction_",
                                     "core/boxing",
                                     "/Register",
                                     "/Redispatch",
                                     "pythonrun.c",
                                     "Modules/main.c",
                                     "Objects/call.c",
                                     "Objects/methodobject.c",
                                     "ceval.c",
                                     "cpython/abstract.h"};
  std::string out = Printable(text, 1000);
  std::replace(out.begin(), out.end(), ';', ',');
  for (const std::string hidden : kHidden) {
    for (std::size_t at = 0; (at = out.find(hidden, at)) != std::string::npos;) out.insert(at + 1, " ");
  }
  return out;
}

struct SnapshotEvent {
  std::int64_t step = 0;
  bool is_alloc = false;  // of one step, all that is freed comes first: its bytes may be taken again at once
  int span = 0;
};

std::vector<SnapshotEvent> EventsOf(const std::vector<LivePart>& spans, std::int64_t last) {
  std::vector<SnapshotEvent> events;
  for (int s = 0; s < static_cast<int>(spans.size()); ++s) {
    events.push_back({spans[At(s)].lower, true, s});
    if (spans[At(s)].upper < last) events.push_back({spans[At(s)].upper, false, s});
  }
  std::sort(events.begin(), events.end(), [](const SnapshotEvent& a, const SnapshotEvent& b) {
    return std::tie(a.step, a.is_alloc, a.span) < std::tie(b.step, b.is_alloc, b.span);
  });
  return events;
}

class SnapshotWriter {
 public:
  explicit SnapshotWriter(const PlanFile& file)
      : file_(file),
        source_(FrameText(file.source)),
        spacing_(SpacingOf(file)),
        frames_(file.problem.buffers.size(), -1) {}

  std::string Write(std::vector<LivePart> spans) {
    std::int64_t last = INT64_MIN;
    for (const LivePart& span : spans) last = std::max(last, span.upper);
    const std::vector<SnapshotEvent> events = EventsOf(spans, last);
    out_.BeginDict();
    Key("device_traces");
    out_.BeginList();  // of devices: there is one
    out_.Item();
    out_.BeginList();
    for (int p = 0; p < spaces() && !events.empty(); ++p) {
      if (Bytes(p) > 0 || p == 0) AddEvent("segment_alloc", Address(p), Bytes(p), events[0].step, -1);
    }
    for (const SnapshotEvent& event : events) Add(event, spans[At(event.span)]);
    out_.EndList();
    out_.EndList();
    Key("segments");
    out_.BeginList();
    spans.erase(std::remove_if(spans.begin(), spans.end(), [&](const LivePart& span) { return span.upper < last; }),
                spans.end());
    std::sort(spans.begin(), spans.end(), [](const LivePart& a, const LivePart& b) { return a.begin < b.begin; });
    for (int p = 0; p < spaces() && !events.empty(); ++p) {
      if (Bytes(p) > 0 || p == 0) AddSegment(p, spans);
    }
    out_.EndList();
    out_.EndDict();
    return out_.Finish();
  }

 private:
  int spaces() const { return std::max(1, static_cast<int>(file_.problem.spaces.size())); }
  std::int64_t Address(int space) const { return spacing_ * space; }
  std::int64_t Bytes(int space) const { return static_cast<std::int64_t>(RequiredBytes(file_.plan, space)); }

  void Key(const char* key) { out_.Word(key); }
  void Put(const char* key, std::int64_t value) {
    Key(key);
    out_.Integer(value);
  }
  void PutWord(const char* key, const char* word) {
    Key(key);
    out_.Word(word);
  }

  // One frame, which is the buffer; -1: the arena itself, which has none. The same object for every event of a buffer.
  void PutFrames(int buffer) {
    Key("frames");
    if (buffer >= 0 && frames_[At(buffer)] >= 0) return out_.Recall(frames_[At(buffer)]);
    out_.BeginList();
    if (buffer >= 0) {
      out_.Item();
      out_.BeginDict();
      Key("filename");
      out_.Text(source_);
      Put("line", buffer);
      Key("name");
      out_.Text(FrameText(DisplayName(file_.problem, buffer)));
      out_.EndDict();
    }
    out_.EndList();
    if (buffer >= 0) frames_[At(buffer)] = out_.Remember();
  }

  void AddEvent(const char* action, std::int64_t address, std::int64_t size, std::int64_t step, int buffer) {
    out_.Item();
    out_.BeginDict();
    PutWord("action", action);
    Put("addr", address);
    Put("size", size);
    Put("stream", 0);
    Put("time_us", step);
    PutFrames(buffer);
    out_.EndDict();
  }

  // The viewer joins free_requested and free_completed where they follow each other.
  void Add(const SnapshotEvent& event, const LivePart& span) {
    const std::int64_t address = span.begin;
    const std::int64_t size = span.end - span.begin;
    if (event.is_alloc) return AddEvent("alloc", address, size, event.step, span.buffer);
    AddEvent("free_requested", address, size, event.step, span.buffer);
    AddEvent("free_completed", address, size, event.step, span.buffer);
  }

  void AddBlock(const char* state, std::int64_t begin, std::int64_t end, int buffer) {
    out_.Item();
    out_.BeginDict();
    Put("address", begin);
    Put("size", end - begin);
    Put("requested_size", end - begin);
    PutWord("state", state);
    PutFrames(buffer);
    out_.EndDict();
  }

  // `all` is in order of address. Blocks tile the segment: readers sum up sizes to know where each one lies.
  void AddSegment(int space, const std::vector<LivePart>& all) {
    std::vector<LivePart> live;
    std::copy_if(all.begin(), all.end(), std::back_inserter(live),
                 [&](const LivePart& span) { return span.space == space; });
    std::int64_t allocated = 0;
    for (const LivePart& span : live) allocated += span.end - span.begin;
    out_.Item();
    out_.BeginDict();
    Put("device", 0);
    Put("address", Address(space));
    Put("total_size", Bytes(space));
    Put("allocated_size", allocated);
    Put("active_size", allocated);
    Put("requested_size", allocated);
    Put("stream", 0);
    PutWord("segment_type", "large");
    Key("segment_pool_id");
    out_.Pair(0, 0);  // the default space; a tuple, as Python readers look it up in dicts
    Key("is_expandable");
    out_.Flag(false);
    PutFrames(-1);
    Key("blocks");
    out_.BeginList();
    std::int64_t at = Address(space);
    for (const LivePart& span : live) {
      if (at < span.begin) AddBlock("inactive", at, span.begin, -1);
      AddBlock("active_allocated", span.begin, span.end, span.buffer);
      at = span.end;
    }
    const std::int64_t end = Address(space) + Bytes(space);
    if (at < end) AddBlock("inactive", at, end, -1);
    out_.EndList();
    out_.EndDict();
  }

  const PlanFile& file_;
  const std::string source_;
  const std::int64_t spacing_;
  std::vector<int> frames_;  // per buffer: what Remember said, or -1
  Pickler out_;
};

}  // namespace

std::string WriteMemorySnapshot(const PlanFile& file) {
  RequireValid(file);
  std::vector<LivePart> spans = AddressesOf(file);
  RequireSafeIntegers(file.problem, spans, "memory snapshot");
  // Two blocks at one address confuse the viewer, and nothing lies in a block of no bytes.
  spans.erase(std::remove_if(spans.begin(), spans.end(), [](const LivePart& span) { return span.begin == span.end; }),
              spans.end());
  return SnapshotWriter(file).Write(std::move(spans));
}

}  // namespace orionrt
