// What all subgraphs of one model share while it is imported.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/tflite/tflite_file.hpp"
#include "orionrt/config.hpp"
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

  // Constants that an op reads at run time: of the file, and made by a folded op. Each counts once, however often it is
  // read and under whatever name.
  void NeedStored(const fb::Tensor& tensor);
  void NeedComputed(std::uint32_t subgraph, int tensor, std::int64_t bytes);

  // With what all constants of the file take there, subgraphs that no op runs included.
  WeightBytes FinishWeights();

  // `place` and `message` make "model.tflite: PLACE: MESSAGE"; an empty place is left out.
  [[noreturn]] void Fail(ErrorCode code, const std::string& place, const std::string& message) const;
  [[noreturn]] void FailMissing(const std::string& place, const std::string& message, std::string options) const;
  void Warn(const std::string& place, const std::string& message);
  std::vector<std::string> TakeWarnings() { return std::move(warnings_); }

  void MarkCalled(std::uint32_t subgraph) { called_[subgraph] = true; }
  void WarnOfUncalled();

 private:
  // Of the file: a buffer, or data in a file of its own.
  struct Held {
    std::pair<bool, std::uint32_t> key;
    std::int64_t bytes = 0;
  };
  Held HeldBy(const fb::Tensor& tensor) const;
  void Add(std::int64_t bytes, std::int64_t& sum) const;

  std::string Line(const std::string& place, const std::string& message) const;

  const fb::Model& model_;
  std::string source_;
  const ImportOptions& options_;
  std::size_t spent_ = 0;
  std::vector<bool> called_;  // by subgraph
  std::vector<std::string> warnings_;
  WeightBytes weights_;
  std::set<std::pair<bool, std::uint32_t>> needed_held_;
  std::set<std::pair<std::uint32_t, int>> needed_computed_;
};

}  // namespace orionrt::tflite_import
