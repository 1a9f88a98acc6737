#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "base/checked.hpp"
#include "base/wide.hpp"

namespace orionrt {
namespace {

constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

// log2 of the unit that `suffix` names, or -1.
int UnitShift(std::string_view suffix) {
  if (suffix.empty() || suffix == "B") return 0;
  constexpr std::string_view kLetters = "KMGTPE";
  const char upper = static_cast<char>(suffix[0] >= 'a' ? suffix[0] - 'a' + 'A' : suffix[0]);
  const std::size_t letter = kLetters.find(upper);
  const std::string_view rest = suffix.substr(1);
  const bool known_tail = rest.empty() || rest == "B" || rest == "iB";
  return letter == std::string_view::npos || !known_tail ? -1 : 10 * (static_cast<int>(letter) + 1);
}

// Length of the valid UTF-8 sequence at the start of `text`; 0 if it is none.
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool surrogate_or_past = (lead == 0xED && byte(1) > 0x9F) || (lead == 0xF4 && byte(1) > 0x8F);
  return overlong || surrogate_or_past ? 0 : length;
}

// C0, DEL, C1.
bool IsControl(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  return lead < 0x20 || lead == 0x7F || (lead == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0);
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::optional<std::int64_t> ParseInt(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> ParseBytes(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const std::string_view number = text.substr(0, digits);
  const int shift = UnitShift(digits == std::string_view::npos ? std::string_view() : text.substr(digits));
  const std::size_t dot = number.find('.');
  const std::string_view whole = number.substr(0, dot);
  const std::string_view fraction = dot == std::string_view::npos ? std::string_view() : number.substr(dot + 1);
  if (shift < 0 || whole.empty() || fraction.size() > 9 || (dot != std::string_view::npos && fraction.empty())) {
    return std::nullopt;
  }
  const auto high = ParseInt(whole);
  const auto low = fraction.empty() ? std::optional<std::int64_t>(0) : ParseInt(fraction);
  if (!high || !low) return std::nullopt;

  Wide scale = 1;  // value = (high * scale + low) * 2^shift / scale, rounded down
  for (std::size_t i = 0; i < fraction.size(); ++i) scale *= 10;
  const Wide numerator = static_cast<Wide>(*high) * scale + static_cast<Wide>(*low);
  const Wide limit = static_cast<Wide>(kMaxBytes) * scale;
  if (numerator > (limit >> shift) || (shift == 0 && numerator % scale != 0)) return std::nullopt;
  return static_cast<std::int64_t>((numerator << shift) / scale);
}

std::string FormatBytes(std::int64_t bytes) {
  if (bytes < 0) return "-" + FormatBytes(bytes == INT64_MIN ? kMaxBytes : -bytes);
  int unit = 0;
  while (unit < 6 && (bytes >> (10 * unit)) >= 1024) ++unit;
  if (unit == 0) return std::to_string(bytes) + " B";
  // Hundredths of the unit, rounded to nearest.
  const auto scaled = static_cast<Wide>(bytes) * 100;
  const auto half = static_cast<Wide>(1) << (10 * unit - 1);
  const auto hundredths = static_cast<std::int64_t>((scaled + half) >> (10 * unit));
  if (hundredths >= 102350 && unit < 6) return FormatBytes(std::int64_t{1} << (10 * (unit + 1)));  // rounds up to it
  std::string text = std::to_string(hundredths / 100);
  const std::int64_t rest = hundredths % 100;
  if (hundredths < 1000) {
    text += "." + std::to_string(rest / 10) + std::to_string(rest % 10);
  } else if (hundredths < 10000) {
    text += "." + std::to_string(rest / 10);
  }
  return text + " " + kUnits[unit];
}

std::string FormatThousands(std::int64_t value) {
  std::string text = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t i = text.size(); i > first + 3;) {
    i -= 3;
    text.insert(i, ",");
  }
  return text;
}

std::string Printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (out.size() + (length == 0 ? 1 : length) > limit) return out + "...";
    if (length == 0 || IsControl(text)) {
      out += '?';
      text.remove_prefix(std::max<std::size_t>(1, length));
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

std::string PrintablePath(std::string_view path, std::size_t limit) {
  const std::string all = Printable(path, path.size());
  if (all.size() <= limit) return all;
  std::size_t from = all.size() - limit;
  while (from < all.size() && (static_cast<unsigned char>(all[from]) & 0xC0) == 0x80) ++from;  // not within a character
  return "..." + all.substr(from);
}

std::string ShellWord(const std::string& word) {
  constexpr const char* kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace orionrt
