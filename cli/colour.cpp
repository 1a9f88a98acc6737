#include "colour.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "base/text.hpp"
#include "output.hpp"

namespace orionrt::cli {
namespace {

enum class When { kAuto, kAlways, kNever };
When when_coloured = When::kAuto;

bool IsSet(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool ShowsColours(std::FILE* stream) {
  if (when_coloured != When::kAuto) return when_coloured == When::kAlways;
  const char* const terminal = std::getenv("TERM");
  const bool can = terminal != nullptr && std::string_view(terminal) != "dumb";
  return can && !IsSet("NO_COLOR") && isatty(fileno(stream)) != 0;
}

struct Verdict {
  std::string_view before, words;
  Tone tone;
};
constexpr Verdict kVerdicts[] = {
    {" bytes, ", "proven optimal", Tone::kGood},
    {": ", "right:", Tone::kGood},
    {": ", "wrong:", Tone::kBad},
    {"\n", "Over the budget:", Tone::kBad},
};

const char* CodeOf(Tone tone) {
  switch (tone) {
    case Tone::kBad:
      return "\x1b[31m";
    case Tone::kWarning:
      return "\x1b[33m";
    case Tone::kGood:
      return "\x1b[32m";
    case Tone::kHint:
      break;
  }
  return "\x1b[2m";
}

}  // namespace

void SetColours(const std::string& when) {
  if (when == "auto") {
    when_coloured = When::kAuto;
  } else if (when == "always") {
    when_coloured = When::kAlways;
  } else if (when == "never") {
    when_coloured = When::kNever;
  } else {
    Misuse("--color \"" + Printable(when) + "\" is unknown; there are: auto, always, never");
  }
}

std::string Toned(Tone tone, const std::string& text, std::FILE* stream) {
  return ShowsColours(stream) ? CodeOf(tone) + text + "\x1b[0m" : text;
}

void Warn(const std::string& text) {
  std::fprintf(stderr, "orionrt: %s %s\n", Toned(Tone::kWarning, "warning:").c_str(), text.c_str());
}

std::string WithTones(const std::string& text) {
  if (!ShowsColours(stdout) || text.empty() || text[0] == '{' || text[0] == '<') return text;  // for people alone
  std::string toned = text;
  for (const Verdict& verdict : kVerdicts) {
    const std::string plain = std::string(verdict.before) + std::string(verdict.words);
    for (std::size_t at = 0; (at = toned.find(plain, at)) != std::string::npos;) {
      const std::string words = Toned(verdict.tone, std::string(verdict.words), stdout);
      toned.replace(at + verdict.before.size(), verdict.words.size(), words);
      at += verdict.before.size() + words.size();
    }
  }
  return toned;
}

}  // namespace orionrt::cli
