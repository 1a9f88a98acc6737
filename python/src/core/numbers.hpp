// Whole numbers as Python hands them in, and arrays as Python takes them.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <string>
#include <vector>

namespace orionrt::python {

namespace nb = nanobind;

// One number a row, or several: a clock has one a stream.
struct Ints {
  std::vector<std::int64_t> values;  // rows x columns
  std::size_t rows = 0;
  std::size_t columns = 1;
};

// A list of whole numbers, or of lists of equal length; or an array of any integer type, of one dimension or two, that
// numpy, DLPack or the buffer protocol hands over. `none`, where given, is what None in a list stands for. Throws Error
// (kBadInput) that begins with `name`, for anything else: floats and booleans above all, however whole they are.
Ints ReadInts(nb::handle values, const std::string& name, const std::int64_t* none = nullptr);

// The same of one dimension.
std::vector<std::int64_t> ReadRow(nb::handle values, const std::string& name, const std::int64_t* none = nullptr);

// Whether it is a list, a tuple, an array or the like; text and bytes are not.
bool IsList(nb::handle value);

// One whole number.
std::int64_t ReadInt(nb::handle value, const std::string& name);

// A read-only array of int64 over `data` of `owner`, which it keeps alive; nothing is copied. `columns` 0: of one
// dimension. A memoryview where numpy is not installed.
nb::object ShowInts(const std::int64_t* data, std::size_t rows, std::size_t columns, nb::handle owner);

// The same over numbers of its own.
nb::object ToArray(std::vector<std::int64_t> values, std::size_t columns = 0);

}  // namespace orionrt::python
