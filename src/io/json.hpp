// What the readers and writers of our JSON schemas share.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "orionrt/import.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

using Json = nlohmann::ordered_json;  // to write: keys stay in the order in which they were added
using ParsedJson = nlohmann::json;    // to read: keys are looked up in logarithmic time, however many a file has

// Throws Error (kBadInput): with line and column for what is no JSON, with the place for an object that has a key twice
// (a reader would have to guess which of the two was meant) and for more than 1,000 levels of nesting.
ParsedJson ParseJson(std::string_view text, const std::string& source);

// On one line with indent -1. Bytes that are no UTF-8 are replaced: JSON has no others.
std::string DumpJson(const Json& json, int indent);

// A JSON object as text that people can read and tools can diff: `head` a key a line, then arrays with a row a line.
class RowDump {
 public:
  explicit RowDump(const Json& head) : text_(DumpJson(head, 1)) {
    text_.resize(text_.size() - 2);  // less the closing brace and its line break
  }

  // Appends the key, with row(0) ... row(count - 1).
  template <typename Row>
  void Add(const char* key, std::size_t count, Row row) {
    text_ += ",\n \"" + std::string(key) + "\": [";
    for (std::size_t i = 0; i < count; ++i) text_ += (i == 0 ? "\n  " : ",\n  ") + DumpJson(row(i), -1);
    text_ += "\n ]";
  }

  // Appends the key and its value on one line.
  void AddLine(const char* key, const Json& value) {
    text_ += ",\n \"" + std::string(key) + "\": " + DumpJson(value, -1);
  }

  std::string Finish() { return std::move(text_) + "\n}\n"; }

 private:
  std::string text_;
};

// One object; every refusal says which. Unknown keys are nobody's business: schemas grow.
class ObjectReader {
 public:
  ObjectReader(const ParsedJson& json, std::string place);

  // Keys go by their present names; files of before, which say "pool" and "pools" of spaces, are read all the same.
  bool Has(const char* key) const { return Find(key) != nullptr; }
  std::int64_t Integer(const char* key) const;
  std::optional<std::int64_t> IntegerIfAny(const char* key) const {
    return Has(key) ? std::optional<std::int64_t>(Integer(key)) : std::nullopt;
  }
  std::int64_t Integer(const char* key, std::int64_t otherwise) const { return Has(key) ? Integer(key) : otherwise; }
  std::string Text(const char* key) const;
  std::string Text(const char* key, const char* otherwise) const { return Has(key) ? Text(key) : otherwise; }
  bool Flag(const char* key) const;  // false where it is absent
  const ParsedJson& Array(const char* key) const;
  bool HasArray(const char* key) const { return Has(key) && At(key).is_array(); }

  // The key "schema" must be `schema`.
  void ExpectSchema(const char* schema) const;

  [[noreturn]] void Refuse(const std::string& what) const;
  const std::string& place() const { return place_; }

 private:
  const ParsedJson* Find(const char* key) const;  // null: it is absent
  const ParsedJson& At(const char* key) const;

  const ParsedJson& json_;
  std::string place_;
};

// The keys that a buffer has in problems and plans alike: id, name, size, lower, upper (of several streams arrays, the
// clocks), alignment (left out where it is `alignment`, the common one), parts; with a table of spaces, spaces and
// uses. `part` is the position of the buffer's first part, if it has any; stepped over.
Json BufferJson(const Problem& problem, int i, std::int64_t alignment, std::size_t& part);

// The table of spaces, as problems and plans have it: limits that are none are left out.
Json SpaceJson(const Space& space);

// Figures of a plan for readers that do not want to compute them; nothing reads them back.
Json MetricsJson(const Metrics& metrics, bool by_class);

// An op's alias: kind, output, input, offset.
Alias ReadAlias(const ObjectReader& object);
Json AliasJson(const Alias& alias);

// One rule for an op of one's own, and back, less its place.
OpRule ReadOpRule(const ParsedJson& json, const std::string& place);
Json OpRuleJson(const OpRule& rule);

Json WeightsJson(const WeightBytes& weights);

// The key "spaces", if there is one, into the problem's table; each buffer's own "spaces" and "uses" were read with it.
void ReadSpaces(const ObjectReader& object, Problem& problem);

// The key "alignment", 1 where it is absent; a power of two.
std::int64_t ReadAlignment(const ObjectReader& object);

// Appends a buffer; "offset" and "fixed" are left to the caller. Unchecked: CheckProblem comes after the last.
void ReadBuffer(const ObjectReader& object, std::int64_t alignment, Problem& problem);

// Pairs kept apart, as ids: [["a", "b"]].
Json ApartJson(const Problem& problem);

// The key "apart", if there is one; the buffers are read. An id that there is not is refused.
void ReadApart(const ObjectReader& object, Problem& problem);

// CheckProblem, with the source before what it refuses; then WidenLives.
void CheckRead(Problem& problem, const std::string& source);

}  // namespace orionrt
