// CSV of problems and plans: columns and their aliases, read by name, written in the order of the input.
#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {
namespace {

enum Column { kId, kLower, kUpper, kEnd, kSize, kAlignment, kOffset, kGaps, kHint, kSpaces, kUses, kSpace, kColumns };

struct ColumnName {
  std::string_view name;
  Column column;
};
constexpr ColumnName kColumnNames[] = {
    {"id", kId},         {"buffer", kId},   {"buffer_id", kId}, {"lower", kLower},   {"begin", kLower},
    {"start", kLower},   {"upper", kUpper}, {"end", kEnd},      {"size", kSize},     {"alignment", kAlignment},
    {"offset", kOffset}, {"gaps", kGaps},   {"hint", kHint},    {"spaces", kSpaces}, {"uses", kUses},
    {"space", kSpace},   {"pool", kSpace},
};

constexpr std::size_t kLongestId = 1000;  // bytes

struct Window {
  std::int64_t begin = 0, end = 0;  // bytes from the buffer's first
};

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// The text up to the next `separator`, which is taken off the front of `rest` with it.
std::string_view TakeUntil(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return head;
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& source) : rest_(text), source_(source) {}

  CsvFile Read() {
    if (rest_.substr(0, 3) == kByteOrderMark) rest_.remove_prefix(3);
    ReadHeader();
    file_.problem.buffers.reserve(static_cast<std::size_t>(std::count(rest_.begin(), rest_.end(), '\n')) + 1);
    while (NextLine()) ReadRow();
    if (ids_are_positions_) file_.problem.ids.clear();
    WidenLives(file_.problem);
    return std::move(file_);
  }

 private:
  [[noreturn]] void Refuse(const std::string& what) const {
    throw Error(ErrorCode::kBadInput, source_ + ":" + std::to_string(line_number_) + ": " + what);
  }

  // Steps to the next line that is not blank.
  bool NextLine() {
    while (!rest_.empty()) {
      line_ = TakeUntil(rest_, '\n');
      ++line_number_;
      if (!Trim(line_).empty()) return true;
    }
    return false;
  }

  void ReadHeader() {
    constexpr const char* kExpected = "expected a header row with id,lower,upper,size";
    if (!NextLine()) {
      line_number_ = 1;
      Refuse(std::string("no rows; ") + kExpected);
    }
    at_.fill(-1);
    std::string_view rest = line_;
    for (columns_ = 0; columns_ == 0 || !exhausted_; ++columns_) {
      exhausted_ = rest.find(',') == std::string_view::npos;
      const std::string_view name = Trim(TakeUntil(rest, ','));
      if (name.substr(0, 3) == kByteOrderMark) Refuse("a second byte order mark; leave only the one at the start");
      const auto* known = std::find_if(std::begin(kColumnNames), std::end(kColumnNames),
                                       [&](const ColumnName& c) { return c.name == name; });
      if (known == std::end(kColumnNames)) {
        file_.warnings.push_back(source_ + ":1: column \"" + Printable(name) + "\" is unknown and ignored");
        continue;
      }
      if (at_[known->column] >= 0) Refuse("column \"" + std::string(name) + "\" stands twice");
      at_[known->column] = columns_;
    }
    if (at_[kUpper] >= 0 && at_[kEnd] >= 0) Refuse("columns \"upper\" and \"end\" exclude each other");
    for (const auto& [column, name] : {std::pair{kId, "id"}, {kLower, "lower"}, {kSize, "size"}}) {
      if (at_[column] < 0) Refuse("column \"" + std::string(name) + "\" is missing; " + kExpected + OfSeparator());
    }
    if (at_[kUpper] < 0 && at_[kEnd] < 0)
      Refuse(std::string("column \"upper\" is missing; ") + kExpected + OfSeparator());
    if (at_[kHint] >= 0) file_.warnings.push_back(source_ + ":1: column \"hint\" is ignored");
    file_.header = WithoutAnswer();
  }

  // What else the header may be separated by.
  std::string OfSeparator() const {
    const std::size_t at = line_.find_first_of(";\t");
    if (at == std::string_view::npos || line_.find(',') != std::string_view::npos) return "";
    return line_[at] == ';' ? "; fields are separated by commas, not semicolons"
                            : "; fields are separated by commas, not tabs";
  }

  // The line less its fields in the columns `offset` and `space`.
  std::string WithoutAnswer() const {
    std::string_view line = line_;
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (at_[kOffset] < 0 && at_[kSpace] < 0) return std::string(line);
    std::string kept;
    bool first = true;
    for (int column = 0; column < columns_; ++column) {
      const std::string_view field = TakeUntil(line, ',');
      if (column == at_[kOffset] || column == at_[kSpace]) continue;
      if (!first) kept += ',';
      first = false;
      kept += field;
    }
    return kept;
  }

  void SplitFields() {
    fields_.clear();
    std::string_view rest = line_;
    for (std::size_t comma = rest.find(','); comma != std::string_view::npos; comma = rest.find(',')) {
      fields_.push_back(Trim(rest.substr(0, comma)));
      rest.remove_prefix(comma + 1);
    }
    fields_.push_back(Trim(rest));
    if (static_cast<int>(fields_.size()) != columns_) {
      Refuse("expected " + std::to_string(columns_) + " fields, found " + std::to_string(fields_.size()));
    }
  }

  std::int64_t Number(Column column, const char* name) const {
    const std::string_view field = fields_[At(at_[column])];
    const auto value = ParseInt(field);
    if (!value) Refuse(std::string(name) + " \"" + Printable(field) + "\" is not a whole number of 64 bits");
    return *value;
  }

  void ReadRow() {
    SplitFields();
    const std::size_t position = file_.problem.buffers.size();
    const std::string_view id = fields_[At(at_[kId])];
    if (id.empty()) Refuse("the id is empty");
    if (Printable(id, kLongestId) != id) {
      Refuse("the id \"" + Printable(id) + "\" has bytes that are no UTF-8 text, or more than " +
             std::to_string(kLongestId));
    }
    ids_are_positions_ =
        ids_are_positions_ && ParseInt(id) == static_cast<std::int64_t>(position) && (id[0] != '0' || id.size() == 1);
    file_.problem.ids.emplace_back(id);

    Buffer buffer;
    ReadLife(buffer);
    buffer.size = Number(kSize, "size");
    if (at_[kAlignment] >= 0) buffer.alignment = Number(kAlignment, "alignment");
    file_.problem.buffers.push_back(buffer);
    if (at_[kOffset] >= 0) ReadOffset(buffer);
    if (at_[kGaps] >= 0) ReadGaps(static_cast<int>(position), buffer);
    ReadSpaces();
    file_.rows.push_back(WithoutAnswer());
    CheckRow(buffer);
  }

  // In steps, or in clocks: 1:0:3, one number a stream.
  void ReadLife(Buffer& buffer) {
    const bool clocked = fields_[At(at_[kLower])].find(':') != std::string_view::npos;
    if (clocked || file_.problem.clocks.streams > 0) return ReadClocks(buffer);
    buffer.lower = Number(kLower, "lower");
    buffer.upper = at_[kUpper] >= 0 ? Number(kUpper, "upper") : Inclusive(Number(kEnd, "end"));
  }

  void ReadClocks(Buffer& buffer) {
    Clocks& clocks = file_.problem.clocks;
    if (at_[kUpper] < 0) Refuse("a clock in the column \"end\"; give clocks in lower and upper");
    if (at_[kGaps] >= 0 && !fields_[At(at_[kGaps])].empty()) {
      Refuse("gaps of a life that is given by clocks; CSV has no words for them, JSON has (parts)");
    }
    const std::size_t before = clocks.begins.size();
    ReadClock(fields_[At(at_[kLower])], "lower", clocks.begins);
    ReadClock(fields_[At(at_[kUpper])], "upper", clocks.ends);
    const auto streams = static_cast<int>(clocks.begins.size() - before);
    if (file_.problem.buffers.empty()) clocks.streams = streams;
    if (streams != clocks.streams || clocks.ends.size() != clocks.begins.size()) {
      Refuse("clocks of unequal length: lower has " + std::to_string(streams) + " numbers, upper " +
             std::to_string(clocks.ends.size() - before) + ", and the rows above " +
             (file_.problem.buffers.empty() ? "none" : std::to_string(clocks.streams)) +
             "; each needs one number a stream");
    }
    if (streams < 2 || streams > kMostStreams) {
      Refuse("clocks of " + std::to_string(streams) + " streams; there may be 2 to " + std::to_string(kMostStreams));
    }
    bool empty = true;
    for (std::size_t s = before; s < clocks.begins.size(); ++s) {
      empty &= clocks.begins[s] == clocks.ends[s];
      if (clocks.ends[s] >= clocks.begins[s]) continue;
      Refuse("the life ends before it begins, on stream " + std::to_string(s - before) + ": " +
             std::to_string(clocks.begins[s]) + " to " + std::to_string(clocks.ends[s]));
    }
    if (empty) Refuse("the life is empty; let upper be later than lower on one stream");
    buffer.upper = 1;  // steps are found when all clocks are known
  }

  void ReadClock(std::string_view text, const char* name, std::vector<std::int64_t>& clock) const {
    constexpr std::int64_t kLatest = std::int64_t{1} << 61;
    for (bool more = true; more;) {
      more = text.find(':') != std::string_view::npos;
      const std::string_view field = Trim(TakeUntil(text, ':'));
      const auto value = ParseInt(field);
      if (!value) Refuse(std::string(name) + " \"" + Printable(field) + "\" is not a whole number of 64 bits");
      if (*value < -kLatest || *value > kLatest) {
        Refuse(std::string(name) + " " + std::to_string(*value) + " reaches past 2^61");
      }
      clock.push_back(*value);
    }
  }

  void ReadSpaces() {
    if (at_[kUses] >= 0) file_.problem.uses.push_back(Number(kUses, "uses"));
    if (at_[kUses] >= 0 && file_.problem.uses.back() < 0) Refuse("uses are negative");
    if (at_[kSpace] >= 0) file_.space_of.emplace_back(fields_[At(at_[kSpace])]);
    if (at_[kSpaces] < 0) return;
    file_.spaces.emplace_back();
    for (std::string_view rest = fields_[At(at_[kSpaces])]; !rest.empty();) {
      const std::string_view name = Trim(TakeUntil(rest, '|'));
      if (name.empty()) Refuse("a name in the column \"spaces\" is empty; write sram|dram");
      file_.spaces.back().emplace_back(name);
    }
  }

  // What CheckProblem would find too, but here with the line.
  void CheckRow(const Buffer& buffer) const {
    const std::string id = "buffer \"" + Printable(fields_[At(at_[kId])]) + "\": ";
    if (buffer.lower >= buffer.upper) {
      Refuse(id + "lifetime [" + std::to_string(buffer.lower) + ", " + std::to_string(buffer.upper) +
             ") is empty; upper must be above lower");
    }
    if (buffer.size < 0) Refuse(id + "size " + std::to_string(buffer.size) + " is negative");
    if (buffer.alignment < 1 || (buffer.alignment & (buffer.alignment - 1)) != 0) {
      Refuse(id + "alignment " + std::to_string(buffer.alignment) + " is not a power of two");
    }
  }

  std::int64_t Inclusive(std::int64_t end) const {
    if (end == INT64_MAX) Refuse("end " + std::to_string(end) + " is too large");
    return end + 1;
  }

  void ReadOffset(const Buffer&) {
    const bool free = fields_[At(at_[kOffset])].empty();
    const std::int64_t offset = free ? kFree : Number(kOffset, "offset");
    if (!free && offset < 0)
      Refuse("offset " + std::to_string(offset) + " is negative; leave the field empty for a free buffer");
    file_.offsets.push_back(offset);
  }

  // During steps [lower, upper) a buffer holds these of its bytes only.
  struct Gap {
    std::int64_t lower = 0, upper = 0;
    std::vector<Window> windows;
  };

  // "lo-hi" or "lo-hi@a:b+c:d"; lo may be negative.
  Gap ParseGap(std::string_view text) const {
    const auto number = [&](std::string_view digits) {
      const auto value = ParseInt(digits);
      if (!value) Refuse("gap \"" + Printable(text) + "\" is not of the form lo-hi or lo-hi@a:b");
      return *value;
    };
    Gap gap;
    std::string_view windows = text;
    const std::string_view steps = TakeUntil(windows, '@');
    const std::size_t dash = steps.find('-', 1);
    if (dash == std::string_view::npos) number("");
    gap.lower = number(steps.substr(0, dash));
    gap.upper = number(steps.substr(dash + 1));
    if (at_[kEnd] >= 0) gap.upper = Inclusive(gap.upper);
    while (steps.size() < text.size()) {
      std::string_view window = TakeUntil(windows, '+');
      const std::int64_t begin = number(TakeUntil(window, ':'));
      gap.windows.push_back({begin, number(window)});
      if (windows.empty() && text.back() != '+') break;
    }
    return gap;
  }

  void CheckGap(const Gap& gap, const Buffer& buffer, std::int64_t alive_from) const {
    bool fits = alive_from <= gap.lower && gap.lower < gap.upper && gap.upper <= buffer.upper;
    std::int64_t free_from = 0;
    for (const Window& window : gap.windows) {
      fits &= free_from <= window.begin && window.begin <= window.end && window.end <= buffer.size;
      free_from = window.end;
    }
    if (!fits)
      Refuse("gap at step " + std::to_string(gap.lower) + " is empty, overlaps another, or lies outside its buffer");
  }

  void ReadGaps(int index, const Buffer& buffer) {
    std::vector<Gap> gaps;
    for (std::string_view rest = fields_[At(at_[kGaps])]; !rest.empty();) {
      const std::string_view word = TakeUntil(rest, ' ');
      if (!word.empty()) gaps.push_back(ParseGap(word));
    }
    if (gaps.empty()) return;
    std::sort(gaps.begin(), gaps.end(), [](const Gap& a, const Gap& b) { return a.lower < b.lower; });
    std::vector<Part> parts, last;  // last: those alive up to the step that has been reached
    const auto add = [&](std::int64_t lower, std::int64_t upper, const std::vector<Window>& windows) {
      if (lower >= upper) return;
      std::vector<Part> now;
      auto open = last.begin();
      for (const Window& window : windows) {
        if (window.begin == window.end) continue;
        for (; open != last.end() && open->begin < window.begin; ++open) parts.push_back(*open);
        const bool same = open != last.end() && open->begin == window.begin && open->end == window.end;
        now.push_back({index, same ? open++->lower : lower, upper, window.begin, window.end});
      }
      parts.insert(parts.end(), open, last.end());
      last = std::move(now);
    };
    std::int64_t alive_from = buffer.lower;
    for (const Gap& gap : gaps) {
      CheckGap(gap, buffer, alive_from);
      add(alive_from, gap.lower, {{0, buffer.size}});
      add(gap.lower, gap.upper, gap.windows);
      alive_from = gap.upper;
    }
    add(alive_from, buffer.upper, {{0, buffer.size}});
    parts.insert(parts.end(), last.begin(), last.end());
    std::sort(parts.begin(), parts.end(),
              [](const Part& a, const Part& b) { return std::tie(a.lower, a.begin) < std::tie(b.lower, b.begin); });
    // A buffer that its gaps leave nothing of must not look like one without parts.
    if (parts.empty()) parts.push_back({index, buffer.lower, buffer.upper, 0, 0});
    file_.problem.parts.insert(file_.problem.parts.end(), parts.begin(), parts.end());
  }

  std::string_view rest_;
  const std::string& source_;
  std::string_view line_;
  std::int64_t line_number_ = 0;
  std::array<int, kColumns> at_{};  // position of each column, or -1
  int columns_ = 0;
  bool exhausted_ = false;
  bool ids_are_positions_ = true;
  std::vector<std::string_view> fields_;
  CsvFile file_;
};

void Append(std::string& out, std::int64_t value) { out += std::to_string(value); }

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "|") + name;
  return text;
}

// The column `gaps` of buffer `i`, whose parts begin at `part`; steps over them.
std::string Gaps(const Problem& problem, int i, std::size_t& part) {
  const Buffer& buffer = problem.buffers[At(i)];
  const std::size_t first = part;
  while (part < problem.parts.size() && problem.parts[part].buffer == i) ++part;
  if (part == first) return "";
  std::map<std::int64_t, std::vector<Part>> begins, ends;  // by step
  begins[buffer.lower], begins[buffer.upper];
  for (std::size_t k = first; k < part; ++k) {
    const Part& p = problem.parts[k];
    if (p.lower == p.upper || p.begin == p.end) continue;
    begins[p.lower].push_back(p);
    begins[p.upper];
    ends[p.upper].push_back(p);
  }
  std::string text;
  std::map<std::int64_t, std::int64_t> alive;  // windows: where they begin and end
  for (auto step = begins.begin(); std::next(step) != begins.end(); ++step) {
    for (const Part& p : ends[step->first]) alive.erase(p.begin);
    for (const Part& p : step->second) alive[p.begin] = p.end;
    const bool whole = alive.size() == 1 && alive.begin()->first == 0 && alive.begin()->second == buffer.size;
    if (whole) continue;
    text += (text.empty() ? "" : " ") + std::to_string(step->first) + "-" + std::to_string(std::next(step)->first);
    for (const auto& [begin, end] : alive) {
      text += (begin == alive.begin()->first ? "@" : "+") + std::to_string(begin) + ":" + std::to_string(end);
    }
  }
  return text;
}

}  // namespace

CsvFile ReadCsv(std::string_view text, const std::string& source) { return CsvReader(text, source).Read(); }

CsvFile MakeCsv(const Problem& problem) {
  CsvFile file;
  file.problem = problem;
  const auto any = [&](auto has) { return std::any_of(problem.buffers.begin(), problem.buffers.end(), has); };
  const bool aligned = any([](const Buffer& b) { return b.alignment > 1; });
  const bool fixed = any([](const Buffer& b) { return b.fixed_offset != kFree; });
  file.header = aligned ? "id,lower,upper,size,alignment" : "id,lower,upper,size";
  const int streams = problem.clocks.streams;
  if (!problem.apart.empty() || (streams > 0 && !problem.parts.empty())) {
    throw Error(ErrorCode::kUnsupported, std::string("the problem has ") +
                                             (problem.apart.empty() ? "parts with clocks" : "pairs kept apart") +
                                             ", for which CSV has no words; write JSON");
  }
  if (!problem.parts.empty()) file.header += ",gaps";
  const bool spaces = !problem.allowed_spaces.empty(), uses = spaces && !problem.uses.empty();
  if (spaces) file.header += ",spaces";
  if (uses) file.header += ",uses";
  std::size_t part = 0;
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer& b = problem.buffers[i];
    std::string row = BufferId(problem, static_cast<int>(i));
    if (row.empty() || Trim(row) != row || row.find_first_of(",\n\r") != std::string::npos) {
      throw Error(ErrorCode::kUnsupported, "buffer " + BufferLabel(problem, static_cast<int>(i)) +
                                               ": its id has what CSV without quoting cannot say; write JSON");
    }
    if (streams == 0) {
      for (std::int64_t value : {b.lower, b.upper}) Append(row += ',', value);
    } else {
      for (const auto* clocks : {&problem.clocks.begins, &problem.clocks.ends}) {
        const std::size_t first = i * static_cast<std::size_t>(streams);
        for (int s = 0; s < streams; ++s)
          Append(row += s == 0 ? ',' : ':', (*clocks)[first + static_cast<std::size_t>(s)]);
      }
    }
    Append(row += ',', b.size);
    if (aligned) Append(row += ',', b.alignment);
    if (!problem.parts.empty()) row += "," + Gaps(problem, static_cast<int>(i), part);
    if (spaces) row += "," + Joined(SpacesOf(problem, static_cast<int>(i)));
    if (uses) Append(row += ',', problem.uses[i]);
    if (fixed) file.offsets.push_back(b.fixed_offset);
    file.rows.push_back(std::move(row));
  }
  return file;
}

std::string WriteCsv(const CsvFile& file, const std::vector<std::int64_t>* offsets,
                     const std::vector<std::string>* space_of) {
  std::string out = file.header + (space_of != nullptr ? ",space" : "") + (offsets != nullptr ? ",offset\n" : "\n");
  for (std::size_t i = 0; i < file.rows.size(); ++i) {
    out += file.rows[i];
    if (space_of != nullptr) out += "," + (*space_of)[i];
    if (offsets != nullptr) out += ',';
    if (offsets != nullptr && (*offsets)[i] != kFree) Append(out, (*offsets)[i]);
    out += '\n';
  }
  return out;
}

}  // namespace orionrt
