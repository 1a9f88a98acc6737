// What all subgraphs of one model share while it is imported.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/tflite/file.hpp"
#include "orionrt/error.hpp"
#include "orionrt/import.hpp"

namespace orionrt::tflite_import {

class Session {
 public:
  Session(const fb::Model& model, std::string source, const ImportOptions& options);

  const fb::Model& model() const { return model_; }
  const ImportOptions& options() const { return options_; }

  // Folding of shapes without folding of constants would be half a fold: the former implies the latter.
  bool folds() const { return options_.fold_constants || options_.fold_shapes; }

  // Lists and names may be shared by many tables, and subgraphs run by many ops, so that a small file could ask for
  // endless work. Fails when too much has been spent.
  void Spend(std::size_t units);
  void SpendName(const flatbuffers::String* name);

  // `place` and `message` make "model.tflite: PLACE: MESSAGE"; an empty place is left out.
  [[noreturn]] void Fail(ErrorCode code, const std::string& place, const std::string& message) const;
  void Warn(const std::string& place, const std::string& message);
  std::vector<std::string> TakeWarnings() { return std::move(warnings_); }

  void MarkCalled(std::uint32_t subgraph) { called_[subgraph] = true; }
  void WarnOfUncalled();

 private:
  std::string Line(const std::string& place, const std::string& message) const;

  const fb::Model& model_;
  std::string source_;
  const ImportOptions& options_;
  std::size_t spent_ = 0;
  std::vector<bool> called_;  // by subgraph
  std::vector<std::string> warnings_;
};

}  // namespace orionrt::tflite_import
