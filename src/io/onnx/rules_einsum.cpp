// The library knows the rank of an Einsum's result only.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "io/onnx/evaluate_ops.hpp"
#include "io/onnx/rules.hpp"

namespace orionrt::onnx_import {
namespace {

constexpr char kEllipsis = '.';  // one in a term stands for the three of the text

// "ij,...jk->ik" -> {"ij", ".jk"} and "ik"; `arrow` says whether the result was given. False if malformed.
bool ParseEquation(const std::string& text, std::vector<std::string>& terms, std::string& result, bool& arrow) {
  terms.assign(1, "");
  arrow = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string& term = arrow ? result : terms.back();
    if (text[i] == ' ') continue;
    if (text[i] == ',' && !arrow) {
      terms.emplace_back();
    } else if (text.compare(i, 2, "->") == 0 && !arrow) {
      arrow = true;
      ++i;
    } else if (text.compare(i, 3, "...") == 0 && term.find(kEllipsis) == std::string::npos) {
      term += kEllipsis;
      i += 2;
    } else if ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z')) {
      term += text[i];
    } else {
      return false;
    }
  }
  return true;
}

// Notes the extent of each letter, and what the ellipsis covers.
bool BindTerm(const std::string& term, const Dims& dims, std::map<char, std::int64_t>& extents, Dims& covered) {
  const bool open = term.find(kEllipsis) != std::string::npos;
  const std::size_t letters = term.size() - (open ? 1 : 0);
  if (open ? dims.size() < letters : dims.size() != letters) return false;
  std::size_t d = 0;
  for (char letter : term) {
    if (letter == kEllipsis) {
      const auto first = dims.begin() + static_cast<std::ptrdiff_t>(d);
      const Dims here(first, first + static_cast<std::ptrdiff_t>(dims.size() - letters));
      const std::optional<Dims> joined = Broadcast({&covered, &here});
      if (!joined) return false;
      covered = *joined;
      d += here.size();
      continue;
    }
    std::int64_t& extent = extents.emplace(letter, 1).first->second;
    if (dims[d] != 1 && extent != 1 && extent != dims[d]) return false;
    if (dims[d] != 1) extent = dims[d];
    ++d;
  }
  return true;
}

// Without an arrow: the ellipsis, then the letters that occur once, in alphabetical order.
std::string ImplicitResult(const std::vector<std::string>& terms) {
  std::map<char, int> uses;
  for (const std::string& term : terms) {
    for (char letter : term) ++uses[letter];
  }
  std::string result;
  for (const auto& [letter, count] : uses) {
    if (letter == kEllipsis || count == 1) result += letter;  // '.' sorts before letters
  }
  return result;
}

void EinsumRule(const Node& node, Types& types) {
  std::vector<std::string> terms;
  std::string result;
  bool arrow = false;
  if (!ParseEquation(node.Text("equation", ""), terms, result, arrow) || terms.size() != node.inputs.size()) return;
  if (!arrow) result = ImplicitResult(terms);
  std::map<char, std::int64_t> extents;
  Dims covered, dims;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (!node.Shape(i) || !BindTerm(terms[i], *node.Shape(i), extents, covered)) return;
  }
  for (char letter : result) {
    if (letter == kEllipsis) {
      dims.insert(dims.end(), covered.begin(), covered.end());
    } else if (const auto extent = extents.find(letter); extent != extents.end()) {
      dims.push_back(extent->second);
    } else {
      return;
    }
  }
  SetOutput(types, 0, node.Dtype(0), dims);
}

}  // namespace

const std::vector<RuleRow>& EinsumRules() {
  static const std::vector<RuleRow> rows = {{"", "Einsum", 1, kAnyOpset, EinsumRule}};
  return rows;
}

}  // namespace orionrt::onnx_import
