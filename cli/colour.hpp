// Colours of what people read on a terminal: few, and none where NO_COLOR is set (no-color.org).
#pragma once

#include <cstdio>
#include <string>

namespace orionrt::cli {

enum class Tone { kBad, kWarning, kGood, kHint };

// What --color says: "auto", which is what holds until then, "always" or "never". Throws Error (kMisuse) for another.
void SetColours(const std::string& when);

// `text` in the colour of its tone where `stream` shows colours: always, or as a terminal that can.
std::string Toned(Tone tone, const std::string& text, std::FILE* stream = stderr);

// A line on standard error: "orionrt: warning: TEXT".
void Warn(const std::string& text);

// A result for people on standard output, its verdicts toned: "proven optimal", "wrong".
std::string WithTones(const std::string& text);

}  // namespace orionrt::cli
