#include "output.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "interrupt.hpp"
#include "orionrt/error.hpp"
#include "orionrt/io.hpp"

namespace orionrt::cli {

void Misuse(const std::string& message) { throw Error(ErrorCode::kMisuse, message); }

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
  WriteFile(path, text);
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

void RefuseFormat(const std::string& asked, const std::string& known) {
  Misuse("--format \"" + Printable(asked) + "\" is unknown; there are: " + known);
}

}  // namespace orionrt::cli
