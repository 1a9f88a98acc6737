// Where results go, and what the name of a file says.
#pragma once

#include <string>
#include <vector>

namespace orionrt::cli {

bool IsDirectory(const std::string& path);

// Whether `path` ends in `suffix` (".csv"), in upper or lower case.
bool HasSuffix(const std::string& path, const std::string& suffix);

// Where the result for `path` goes when -o is `output`: there; "-" when it is empty; into a directory as the input's
// name with `suffix` (".plan.json").
std::string TargetOf(const std::string& output, const std::string& path, const std::string& suffix);

// Throws Error (kMisuse) when two results would go to one file.
void CheckTargets(const std::string& output, const std::vector<std::string>& paths, const std::string& suffix);

struct FormatName {
  const char* name;
  const char* suffix;
};

// The format that --format names; where it is empty, the one whose suffix -o has, otherwise the first. Throws Error
// (kMisuse) for a name that is none of them.
std::string PickFormat(const std::string& asked, const std::string& output, const std::vector<FormatName>& formats);

}  // namespace orionrt::cli
