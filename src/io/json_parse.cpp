// Text to JSON. nlohmann's own builder keeps the last value of a repeated key in silence; this one, over its parser,
// refuses the second, at no cost but that of the look-up which the insertion makes anyway.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "io/json.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {
namespace {

// More than any schema of ours needs, unknown keys included; keeps recursion over a value within the stack.
constexpr std::size_t kMostLevels = 1000;
constexpr std::size_t kPlaceShown = 300;  // bytes of a place in a message, where it is long

[[noreturn]] void RefuseText(const std::string& source, const std::exception& error) {
  // The library's message names line and column; its own prefix says nothing to a user.
  std::string_view what = error.what();
  const std::size_t prefix = what.find("] ");
  if (prefix != std::string_view::npos) what.remove_prefix(prefix + 2);
  throw Error(ErrorCode::kBadInput, source + ": not JSON, or cut off: " + Printable(what, kPlaceShown));
}

// Receives the parser's events (nlohmann::json_sax) and builds the value.
class Builder final : public nlohmann::json_sax<ParsedJson> {
 public:
  explicit Builder(const std::string& source) : source_(source) {}

  ParsedJson Take() { return std::move(root_); }

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(std::int64_t value) override { return Add(value); }
  bool number_unsigned(std::uint64_t value) override { return Add(value); }
  bool number_float(double value, const std::string&) override { return Add(value); }
  bool string(std::string& value) override { return Add(std::move(value)); }
  bool binary(ParsedJson::binary_t&) override { return false; }  // JSON has none

  bool start_object(std::size_t) override { return Open(ParsedJson::value_t::object); }
  bool start_array(std::size_t) override { return Open(ParsedJson::value_t::array); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(std::string& name) override {
    const auto [entry, is_new] = open_.back()->get_ref<ParsedJson::object_t&>().try_emplace(name, nullptr);
    if (!is_new) {
      throw Error(ErrorCode::kBadInput, source_ + ": " + Printable(Place(), kPlaceShown) + " has the key \"" +
                                            Printable(name) + "\" twice; keep one");
    }
    slot_ = &entry->second;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const ParsedJson::exception& error) override {
    RefuseText(source_, error);
  }

 private:
  // Where the next value goes: the file itself, behind the last of an array, or under the key just read.
  template <typename Value>
  ParsedJson* Put(Value&& value) {
    if (open_.empty()) {
      root_ = std::forward<Value>(value);
      return &root_;
    }
    if (open_.back()->is_array()) {
      auto& array = open_.back()->get_ref<ParsedJson::array_t&>();
      array.emplace_back(std::forward<Value>(value));
      return &array.back();
    }
    *slot_ = std::forward<Value>(value);
    return slot_;
  }

  template <typename Value>
  bool Add(Value&& value) {
    Put(std::forward<Value>(value));
    return true;
  }

  bool Open(ParsedJson::value_t type) {
    if (open_.size() == kMostLevels) {
      throw Error(ErrorCode::kBadInput, source_ + ": nested more than " + std::to_string(kMostLevels) +
                                            " levels deep, at " + Printable(Place()) +
                                            "; no key that we read is: take that value out");
    }
    open_.push_back(Put(type));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  // Of the innermost value that is open: "tensors[3].aliases[0]".
  std::string Place() const {
    std::string place;
    for (std::size_t level = 1; level < open_.size(); ++level) {
      const ParsedJson& around = *open_[level - 1];
      if (around.is_array()) {
        place += "[" + std::to_string(around.size() - 1) + "]";
        continue;
      }
      const auto& object = around.get_ref<const ParsedJson::object_t&>();
      const auto member =
          std::find_if(object.begin(), object.end(), [&](const auto& entry) { return &entry.second == open_[level]; });
      place += (place.empty() ? "" : ".") + member->first;
    }
    return place.empty() ? "the file" : place;
  }

  const std::string& source_;
  ParsedJson root_;
  std::vector<ParsedJson*> open_;  // objects and arrays, the outermost first; each is the last of the one before
  ParsedJson* slot_ = nullptr;     // the value of the key just read
};

// Looks for the key "schema" of the outermost object, and stops at its value.
class SchemaFinder final : public nlohmann::json_sax<ParsedJson> {
 public:
  enum class Found { kNoObject, kNoSchema, kNoText, kText };

  explicit SchemaFinder(const std::string& source) : source_(source) {}

  Found found() const { return found_; }
  std::string Take() { return std::move(schema_); }

  bool null() override { return Skip(); }
  bool boolean(bool) override { return Skip(); }
  bool number_integer(std::int64_t) override { return Skip(); }
  bool number_unsigned(std::uint64_t) override { return Skip(); }
  bool number_float(double, const std::string&) override { return Skip(); }
  bool binary(ParsedJson::binary_t&) override { return Skip(); }
  bool string(std::string& value) override {
    if (!is_next_) return Skip();
    schema_ = std::move(value);
    found_ = Found::kText;
    return false;
  }

  bool start_object(std::size_t) override {
    if (level_ == 0) found_ = Found::kNoSchema;
    return Enter();
  }
  bool start_array(std::size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool end_array() override { return Leave(); }

  bool key(std::string& name) override {
    is_next_ = level_ == 1 && name == "schema";
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const ParsedJson::exception& error) override {
    RefuseText(source_, error);
  }

 private:
  bool Skip() {
    if (is_next_) found_ = Found::kNoText;
    return !is_next_;
  }
  bool Enter() {
    ++level_;
    return Skip();
  }
  bool Leave() {
    --level_;
    return true;
  }

  const std::string& source_;
  std::size_t level_ = 0;  // objects and arrays that are open
  bool is_next_ = false;   // the next value is that of the key
  Found found_ = Found::kNoObject;
  std::string schema_;
};

}  // namespace

ParsedJson ParseJson(std::string_view text, const std::string& source) {
  Builder builder(source);
  ParsedJson::sax_parse(text.begin(), text.end(), &builder);
  return builder.Take();
}

std::string SchemaOf(std::string_view text, const std::string& source) {
  using Found = SchemaFinder::Found;
  SchemaFinder finder(source);
  ParsedJson::sax_parse(text.begin(), text.end(), &finder);
  const auto refuse = [&](const char* what) { throw Error(ErrorCode::kBadInput, source + ": the file " + what); };
  if (finder.found() == Found::kNoObject) refuse("is not an object");
  if (finder.found() == Found::kNoText) refuse("has a \"schema\" that is not a string");
  if (finder.found() == Found::kNoSchema) {
    refuse(
        "has no \"schema\", which says what it is: \"orionrt.graph/1\", \"orionrt.problem/1\" or \"orionrt.plan/1\"");
  }
  return finder.Take();
}

}  // namespace orionrt
