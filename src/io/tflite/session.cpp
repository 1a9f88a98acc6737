#include "io/tflite/session.hpp"

#include <algorithm>

namespace orionrt::tflite_import {

Session::Session(const fb::Model& model, std::string source, const ImportOptions& options)
    : model_(model), source_(std::move(source)), options_(options), called_(model.subgraphs()->size(), false) {}

void Session::Spend(std::size_t units) {
  constexpr std::size_t kMost = std::size_t{1} << 23;  // a hundred times the largest models
  if (units > kMost - spent_) {
    Fail(ErrorCode::kUnsupported, "", "holds more than " + std::to_string(kMost) + " ops, tensors and uses of them");
  }
  spent_ += units;
}

void Session::SpendName(const flatbuffers::String* name) { Spend(1 + SizeOf(name) / 64); }

std::string Session::Line(const std::string& place, const std::string& message) const {
  const bool separated = place.empty() || place.back() == ' ';  // the place of a body's graph ends in ": "
  return source_ + ": " + place + (separated ? "" : ": ") + message;
}

void Session::Fail(ErrorCode code, const std::string& place, const std::string& message) const {
  throw Error(code, Line(place, message));
}

void Session::Warn(const std::string& place, const std::string& message) {
  constexpr std::size_t kMost = 100;
  std::string line = Line(place, message);
  if (warnings_.size() >= kMost || std::find(warnings_.begin(), warnings_.end(), line) != warnings_.end()) return;
  warnings_.push_back(std::move(line));
}

void Session::WarnOfUncalled() {
  for (std::uint32_t i = 1; i < called_.size(); ++i) {
    if (called_[i]) continue;
    Warn("", "subgraph " + std::to_string(i) + " " + Quoted(model_.subgraphs()->Get(i)->name()) +
                 " is run by no op: it is an entry of its own, and left out");
  }
}

}  // namespace orionrt::tflite_import
