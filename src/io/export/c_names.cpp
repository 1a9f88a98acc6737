#include "io/export/c_names.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.hpp"
#include "base/index.hpp"

namespace orionrt {
namespace {

// Not std::isalnum, which asks the locale.
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Ids are unique, what is left of them need not be.
std::string IdentifierOfId(const Problem& problem, int i) {
  const std::string id = Identifier(BufferId(problem, i));
  return "id_" + (id.empty() ? std::to_string(i) : id);
}

}  // namespace

std::string CommentText(std::string_view text, std::size_t limit) {
  std::string out(text.substr(0, limit));
  for (char& c : out) {
    if (c == '\\') c = '/';
    if (c < ' ' || c > '~' || c == '*' || c == '?') c = '.';
  }
  return text.size() > limit ? out + "..." : out;
}

std::string Identifier(std::string_view text) {
  constexpr std::size_t kLongest = 200;  // of C, 63 are sure to count; every compiler in use takes thousands
  std::string out;
  for (char c : text) {
    if (IsLetter(c) || IsDigit(c)) {
      out += c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  if (!out.empty() && out.back() == '_') out.pop_back();
  if (out.size() <= kLongest) return out;
  char hash[18];
  std::snprintf(hash, sizeof hash, "_%016llx", static_cast<unsigned long long>(HashText(text)));
  out.resize(kLongest);
  if (out.back() == '_') out.pop_back();
  return out + hash;
}

std::vector<std::string> UniqueIdentifiers(const Problem& problem) {
  const int count = static_cast<int>(problem.buffers.size());
  std::vector<std::string> wanted(At(count));
  std::unordered_map<std::string, int> uses;
  for (int i = 0; i < count; ++i) {
    if (!problem.names.empty()) wanted[At(i)] = Identifier(problem.names[At(i)]);
    if (wanted[At(i)].empty()) wanted[At(i)] = IdentifierOfId(problem, i);
    ++uses[wanted[At(i)]];
  }
  std::unordered_set<std::string> taken;
  for (const auto& [name, times] : uses) {
    if (times == 1) taken.insert(name);
  }
  std::unordered_map<std::string, int> last_number;  // so that a thousand of one name do not count up from 2 each
  for (int i = 0; i < count; ++i) {
    if (uses[wanted[At(i)]] == 1) continue;
    const std::string name = wanted[At(i)] + "_" + IdentifierOfId(problem, i);
    std::string unique = name;
    int& number = last_number.emplace(name, 1).first->second;
    while (!taken.insert(unique).second) unique = name + "_" + std::to_string(++number);
    wanted[At(i)] = std::move(unique);
  }
  return wanted;
}

std::string CString(std::string_view text) {
  constexpr std::string_view kPlain = " !#$%&'()*+,-./:;<=>@[]^_`{|}~";
  std::string out = "\"";
  for (const char c : text) {
    if (IsLetter(c) || IsDigit(c) || kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    char octal[5];
    std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += octal;
  }
  return out + "\"";
}

Problem NamedPlaces(const Assignment& assignment, const std::vector<TensorInBuffer>& tensors,
                    const std::vector<std::string>& workspace_names) {
  Problem named;
  const auto add = [&](const Place& place, std::string id, std::string name) {
    if (place.bytes == 0 || place.space == kExternal) return;
    named.buffers.push_back({0, 1, place.bytes});
    named.ids.push_back(std::move(id));
    named.names.push_back(std::move(name));
  };
  for (std::size_t t = 0; t < assignment.tensors.size(); ++t) {
    add(assignment.tensors[t], std::to_string(assignment.tensors[t].id), tensors[t].name);
  }
  for (std::size_t k = 0; k < assignment.workspaces.size(); ++k) {
    add(assignment.workspaces[k], "w" + std::to_string(assignment.workspaces[k].id), workspace_names[k]);
  }
  return named;
}

bool IsPlainIdentifier(std::string_view text) {
  const auto is_part = [](char c) { return IsLetter(c) || IsDigit(c) || c == '_'; };
  return !text.empty() && IsLetter(text[0]) && text.back() != '_' && text.find("__") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), is_part);
}

}  // namespace orionrt
