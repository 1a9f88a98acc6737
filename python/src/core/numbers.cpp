#include "core/numbers.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>

#include "orionrt/config.hpp"

namespace orionrt::python {
namespace {

[[noreturn]] void Refuse(const std::string& name, const std::string& why) {
  throw Error(ErrorCode::kBadInput, name + ": " + why);
}

std::string At(const std::string& name, std::size_t row) { return name + "[" + std::to_string(row) + "]"; }

std::string TypeOf(nb::handle value) {
  return nb::cast<std::string>(nb::str(nb::handle(reinterpret_cast<PyObject*>(Py_TYPE(value.ptr()))).attr("__name__")));
}

using Array = nb::ndarray<nb::ro, nb::device::cpu>;

template <typename T>
void Copy(const Array& array, const std::string& name, Ints& ints) {
  const auto* data = static_cast<const T*>(array.data());
  const std::int64_t across = array.ndim() == 2 ? array.stride(1) : 0;
  for (std::size_t row = 0; row < ints.rows; ++row) {
    for (std::size_t column = 0; column < ints.columns; ++column) {
      const T value =
          data[static_cast<std::int64_t>(row) * array.stride(0) + static_cast<std::int64_t>(column) * across];
      if constexpr (sizeof(T) == 8 && static_cast<T>(-1) > T{0}) {
        if (value > static_cast<T>(INT64_MAX)) Refuse(At(name, row), std::to_string(value) + " is past 63 bits");
      }
      ints.values.push_back(static_cast<std::int64_t>(value));
    }
  }
}

struct Kind {
  nb::dlpack::dtype_code code;
  int bits;
  void (*copy)(const Array& array, const std::string& name, Ints& ints);
};
constexpr Kind kKinds[] = {
    {nb::dlpack::dtype_code::Int, 64, Copy<std::int64_t>},   {nb::dlpack::dtype_code::Int, 32, Copy<std::int32_t>},
    {nb::dlpack::dtype_code::Int, 16, Copy<std::int16_t>},   {nb::dlpack::dtype_code::Int, 8, Copy<std::int8_t>},
    {nb::dlpack::dtype_code::UInt, 64, Copy<std::uint64_t>}, {nb::dlpack::dtype_code::UInt, 32, Copy<std::uint32_t>},
    {nb::dlpack::dtype_code::UInt, 16, Copy<std::uint16_t>}, {nb::dlpack::dtype_code::UInt, 8, Copy<std::uint8_t>},
};

Ints FromArray(const Array& array, nb::handle whole, const std::string& name) {
  if (array.ndim() != 1 && array.ndim() != 2) {
    Refuse(name, "an array of " + std::to_string(array.ndim()) + " dimensions; give one number a buffer, or a clock");
  }
  Ints ints;
  ints.rows = array.shape(0);
  ints.columns = array.ndim() == 2 ? array.shape(1) : 1;
  for (const Kind& kind : kKinds) {
    if (array.dtype().code != static_cast<std::uint8_t>(kind.code) || array.dtype().bits != kind.bits) continue;
    ints.values.reserve(ints.rows * ints.columns);
    kind.copy(array, name, ints);
    return ints;
  }
  const std::string type =
      nb::hasattr(whole, "dtype") ? nb::cast<std::string>(nb::str(nb::object(whole.attr("dtype")))) : "others";
  Refuse(name, "an array of " + type + "; whole numbers are wanted, int64 best");
}

}  // namespace

bool IsList(nb::handle value) {
  return PySequence_Check(value.ptr()) != 0 && !nb::isinstance<nb::str>(value) && !nb::isinstance<nb::bytes>(value);
}

namespace {

Ints FromList(nb::handle list, const std::string& name, const std::int64_t* none) {
  Ints ints;
  const nb::object items = nb::steal(PySequence_Fast(list.ptr(), "a sequence is wanted"));
  if (!items.is_valid()) throw nb::python_error();
  for (nb::handle item : items) {
    const std::string place = At(name, ints.rows);
    const bool nested = IsList(item);
    const std::vector<std::int64_t> row = nested                   ? ReadRow(item, place)
                                          : item.is_none() && none ? std::vector<std::int64_t>{*none}
                                                                   : std::vector<std::int64_t>{ReadInt(item, place)};
    if (ints.rows == 0) ints.columns = row.size();
    if (row.size() != ints.columns) {
      Refuse(place,
             "has " + std::to_string(row.size()) + " numbers, those before have " + std::to_string(ints.columns));
    }
    ints.values.insert(ints.values.end(), row.begin(), row.end());
    ++ints.rows;
  }
  return ints;
}

bool HasNumpy() {
  static const bool has = [] {
    try {
      nb::module_::import_("numpy");
      return true;
    } catch (const nb::python_error&) {
      return false;
    }
  }();
  return has;
}

}  // namespace

std::int64_t ReadInt(nb::handle value, const std::string& name) {
  const bool counts = !PyBool_Check(value.ptr()) && PyIndex_Check(value.ptr()) != 0;
  const nb::object index = nb::steal(counts ? PyNumber_Index(value.ptr()) : nullptr);
  if (!index.is_valid()) {  // arrays have an index, and mostly refuse to tell it
    PyErr_Clear();
    Refuse(name, "a whole number is wanted, not " + nb::cast<std::string>(nb::repr(value)).substr(0, 80) + " (" +
                     TypeOf(value) + ")");
  }
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow != 0) Refuse(name, nb::cast<std::string>(nb::str(index)) + " is past 63 bits");
  return number;
}

Ints ReadInts(nb::handle values, const std::string& name, const std::int64_t* none) {
  Array array;
  const bool listed = nb::isinstance<nb::list>(values) || nb::isinstance<nb::tuple>(values);
  const bool text = nb::isinstance<nb::str>(values) || nb::isinstance<nb::bytes>(values);
  if (!listed && !text && nb::try_cast(values, array, false)) return FromArray(array, values, name);
  if (!IsList(values)) Refuse(name, "a list or an array of whole numbers is wanted, not " + TypeOf(values));
  return FromList(values, name, none);
}

std::vector<std::int64_t> ReadRow(nb::handle values, const std::string& name, const std::int64_t* none) {
  Ints ints = ReadInts(values, name, none);
  if (ints.columns != 1) Refuse(name, "has " + std::to_string(ints.columns) + " numbers a row; one is wanted");
  return std::move(ints.values);
}

nb::object ShowInts(const std::int64_t* data, std::size_t rows, std::size_t columns, nb::handle owner) {
  const std::size_t shape[] = {rows, columns};
  const std::size_t dimensions = columns == 0 ? 1 : 2;
  if (!HasNumpy()) return nb::cast(nb::ndarray<nb::memview, const std::int64_t>(data, dimensions, shape, owner));
  return nb::cast(nb::ndarray<nb::numpy, const std::int64_t>(data, dimensions, shape, owner));
}

nb::object ToArray(std::vector<std::int64_t> values, std::size_t columns) {
  auto* const kept = new std::vector<std::int64_t>(std::move(values));
  const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<std::int64_t>*>(p); });
  const std::size_t rows = columns == 0 ? kept->size() : kept->size() / columns;
  return ShowInts(kept->data(), rows, columns, owner);
}

}  // namespace orionrt::python
