#include "io/tflite/tflite_session.hpp"

#include <algorithm>

#include "base/checked.hpp"

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

Session::Held Session::HeldBy(const fb::Tensor& tensor) const {
  if (tensor.external_buffer() != 0) {
    const Dims dims = DimsOf(tensor.shape());
    return {{true, tensor.external_buffer()}, ByteCount(tensor.type(), dims).value_or(0)};
  }
  if (DataOf(model_, tensor) != Data::kHeld) return {};
  const fb::Buffer& buffer = *model_.buffers()->Get(tensor.buffer());
  const std::uint64_t bytes = SizeOf(buffer.data()) > 0 ? SizeOf(buffer.data()) : buffer.size();
  return {{false, tensor.buffer()}, static_cast<std::int64_t>(bytes)};
}

void Session::Add(std::int64_t bytes, std::int64_t& sum) const {
  if (!CheckedAdd(sum, bytes, &sum)) Fail(ErrorCode::kBadInput, "", "the sizes of all constants overflow");
}

void Session::NeedStored(const fb::Tensor& tensor) {
  const Held held = HeldBy(tensor);
  if (held.bytes == 0 || !needed_held_.insert(held.key).second) return;
  Add(held.bytes, weights_.needed_bytes);
  ++weights_.count;
}

void Session::NeedComputed(std::uint32_t subgraph, int tensor, std::int64_t bytes) {
  if (bytes == 0 || !needed_computed_.insert({subgraph, tensor}).second) return;
  Add(bytes, weights_.needed_bytes);
  ++weights_.count;
}

WeightBytes Session::FinishWeights() {
  std::set<std::pair<bool, std::uint32_t>> seen;
  for (std::uint32_t s = 0; s < SizeOf(model_.subgraphs()); ++s) {
    const auto* tensors = model_.subgraphs()->Get(s)->tensors();
    Spend(SizeOf(tensors));
    for (std::uint32_t t = 0; t < SizeOf(tensors); ++t) {
      const Held held = HeldBy(*tensors->Get(t));
      if (held.bytes > 0 && seen.insert(held.key).second) Add(held.bytes, weights_.stored_bytes);
    }
  }
  return weights_;
}

std::string Session::Line(const std::string& place, const std::string& message) const {
  const bool separated = place.empty() || place.back() == ' ';  // the place of a body's graph ends in ": "
  return source_ + ": " + place + (separated ? "" : ": ") + message;
}

void Session::Fail(ErrorCode code, const std::string& place, const std::string& message) const {
  throw Error(code, Line(place, message));
}

void Session::FailMissing(const std::string& place, const std::string& message, std::string options) const {
  throw MissingSizes(Line(place, message), std::move(options));
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
