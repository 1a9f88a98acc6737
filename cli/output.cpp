#include "output.hpp"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "colour.hpp"
#include "interrupt.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace orionrt::cli {

void Misuse(const std::string& message) { throw Error(ErrorCode::kMisuse, message); }

int TerminalWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const auto value = columns == nullptr ? std::nullopt : ParseInt(columns);
  return value && *value > 0 && *value < 10000 ? static_cast<int>(*value) : 80;
}

bool IsDirectory(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool HasSuffix(const std::string& path, const std::string& suffix) {
  return path.size() >= suffix.size() &&
         std::equal(suffix.begin(), suffix.end(), path.end() - static_cast<std::ptrdiff_t>(suffix.size()),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

std::string TargetOf(const std::string& output, const std::string& path, const std::string& suffix) {
  if (output.empty()) return "-";
  if (!IsDirectory(output)) return output;
  const std::string name = path.substr(path.rfind('/') + 1);
  return output + "/" + name.substr(0, name.rfind('.')) + suffix;
}

void WriteResult(const std::string& path, const std::string& text) {
  struct stat info;
  const bool waits = path == "-" || (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode));  // for who reads
  std::optional<Uninterrupted> whole;
  if (!waits) whole.emplace();
  WriteFile(path, path == "-" ? WithTones(text) : text);
  if (path == "-" || isatty(STDERR_FILENO) == 0) return;  // for people; a script knows
  std::fprintf(stderr, "orionrt: wrote %s, %s bytes\n", Printable(path, 300).c_str(),
               FormatThousands(static_cast<std::int64_t>(text.size())).c_str());
}

void CheckTargets(const std::string& output, const std::vector<std::string>& paths, const std::string& suffix) {
  std::set<std::string> targets;
  for (const std::string& path : paths) {
    const std::string target = TargetOf(output, path, suffix);
    if (target == "-" || targets.insert(target).second) continue;
    Misuse("several inputs, one output \"" + Printable(target, 300) +
           "\": give a directory that exists, and inputs whose names differ");
  }
}

void RefuseSuffix(const std::string& output, const std::string& known) {
  const std::string name = output.substr(output.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == name.size() || IsDirectory(output)) return;
  Misuse("-o " + Printable(output, 300) + ": no format has that suffix; there are: " + known +
         "; or say which by --format");
}

void RefuseFormat(const std::string& asked, const std::string& known) {
  Misuse("--format \"" + Printable(asked) + "\" is unknown; there are: " + known);
}

}  // namespace orionrt::cli
