// What a model keeps in files beside it.
#pragma once

#include <onnx/onnx_pb.h>

#include <map>
#include <string>

#include "orionrt/import.hpp"

namespace orionrt::onnx_import {

// The files that the constants of one model name, each looked for once. Nothing is read from outside the two folders of
// the options, wherever links lead: a model comes from anywhere.
class ExternalData {
 public:
  explicit ExternalData(const ImportOptions& options) : options_(options) {}

  // Checks what an external constant says of its place against its dimensions and against the file, and copies its
  // elements into it where they may carry shapes (at most kMaxValueElements). Throws Error (kBadInput), without the
  // place, for what cannot be true; passes over data that is not there.
  void Read(onnx::TensorProto& constant);

  // A line for each file that is not there: how many constants lie in it, and why it is not read. None where the model
  // came without a folder.
  std::vector<std::string> Absent() const;

  // `external data "w.bin", which is not there; ...`: of a constant that Read has passed over.
  static std::string Describe(const onnx::TensorProto& constant, const ImportOptions& options);

 private:
  struct File {
    std::string path;        // empty: not to be read
    std::int64_t bytes = 0;  // of the file
    std::string problem;     // why it is not to be read, and what helps
    std::int64_t constants = 0;
  };

  static File Find(const std::string& location, const ImportOptions& options);

  const ImportOptions& options_;
  std::map<std::string, File> files_;  // by location
};

}  // namespace orionrt::onnx_import
