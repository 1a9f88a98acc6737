// Where results go, and what the name of a file says.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace orionrt::cli {

// Columns of the terminal that standard output is; of COLUMNS, or 80, where it is none.
int TerminalWidth();

bool IsDirectory(const std::string& path);

// Whether `path` ends in `suffix` (".csv"), in upper or lower case.
bool HasSuffix(const std::string& path, const std::string& suffix);

// Where the result for `path` goes when -o is `output`: there; "-" when it is empty; into a directory as the input's
// name with `suffix` (".plan.json").
std::string TargetOf(const std::string& output, const std::string& path, const std::string& suffix);

// WriteFile, but that Ctrl-C leaves a file whole: as it was, or as it is to be.
void WriteResult(const std::string& path, const std::string& text);

// Throws Error (kMisuse) when two results would go to one file.
void CheckTargets(const std::string& output, const std::vector<std::string>& paths, const std::string& suffix);

// Throws Error (kMisuse).
[[noreturn]] void Misuse(const std::string& message);

// Nothing where `output` has no suffix to speak of; otherwise throws Error (kMisuse).
void RefuseSuffix(const std::string& output, const std::string& known);

[[noreturn]] void RefuseFormat(const std::string& asked, const std::string& known);

// Of a command's table of formats, whose rows have a name and a suffix: the row that --format names; where it is empty,
// the first whose suffix -o has; null where there is none. Throws Error (kMisuse) for a name that is none of them.
template <typename Row, std::size_t kRows>
const Row* FindFormat(const Row (&rows)[kRows], const std::string& asked, const std::string& output);

// The same; the first row where -o is a directory, standard output, or without a suffix. Throws Error (kMisuse) for a
// suffix that no row has.
template <typename Row, std::size_t kRows>
const Row& PickFormat(const Row (&rows)[kRows], const std::string& asked, const std::string& output) {
  const Row* const found = FindFormat(rows, asked, output);
  if (found != nullptr) return *found;
  std::string known;
  for (const Row& row : rows) known += (known.empty() ? "" : ", ") + std::string(row.suffix);
  RefuseSuffix(output, known);
  return rows[0];
}

// The names of a table, each once.
template <typename Row, std::size_t kRows>
std::string FormatNames(const Row (&rows)[kRows], const char* separator) {
  std::string names;
  for (std::size_t i = 0; i < kRows; ++i) {
    if (i > 0 && std::string(rows[i].name) == rows[i - 1].name) continue;
    names += (names.empty() ? "" : separator) + std::string(rows[i].name);
  }
  return names;
}

template <typename Row, std::size_t kRows>
const Row* FindFormat(const Row (&rows)[kRows], const std::string& asked, const std::string& output) {
  for (const Row& row : rows) {
    if (asked.empty() ? HasSuffix(output, row.suffix) : asked == row.name) return &row;
  }
  if (asked.empty()) return nullptr;
  RefuseFormat(asked, FormatNames(rows, ", "));
}

}  // namespace orionrt::cli
