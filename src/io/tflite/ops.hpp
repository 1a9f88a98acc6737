// What an importer knows of single ops.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/tflite/tflite_file.hpp"

namespace orionrt::tflite_import {

// "CONV_2D"; nullptr for a number that is not known.
const char* BuiltinName(int code);

// The number of the op: files of before 2020 have it in another field.
int BuiltinCode(const fb::OperatorCode& code);

// The name that the file gives a custom op, the built-in name otherwise.
std::string OpName(const fb::OperatorCode& code);

// Whether an op of constants alone gives a constant: not so for what draws random numbers, reads or writes state, runs
// other subgraphs, or is not known.
bool IsDeterministic(int code);

// SHAPE and RANK: their results follow from the shapes of their inputs alone.
bool AsksForShape(int code);
bool IsCustom(int code);  // one of a program's own

// A subgraph that an op runs, and what as.
struct Callee {
  std::string role;        // "cond"
  std::int64_t index = 0;  // not checked
};

// Whether ops of this number always run others. `callees` of such an op without options is empty.
bool IsControlFlow(int code);
std::vector<Callee> CalleesOf(const fb::Operator& op);

}  // namespace orionrt::tflite_import
