// The module orionrt._core: the library's nouns as Python classes.
#include "core/core.hpp"
#include "orionrt/config.hpp"

namespace orionrt::python {
namespace {

const char* CodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadInput:
      return "bad_input";
    case ErrorCode::kInfeasible:
      return "infeasible";
    case ErrorCode::kLimit:
      return "limit";
    case ErrorCode::kOutOfMemory:
      return "out_of_memory";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kMisuse:
      return "misuse";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

// `type`: the class orionrt.Error, which takes a message and a code.
void Translate(const std::exception_ptr& thrown, void* type) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    const nb::handle kind(static_cast<PyObject*>(type));
    // Messages may quote what a file holds, which need not be UTF-8.
    const std::string text = error.what();
    const nb::object message =
        nb::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
    PyErr_SetObject(kind.ptr(), kind(message, CodeName(error.code())).ptr());
  }
}

}  // namespace

void Refuse(ErrorCode code, const std::string& message) { throw Error(code, message); }

}  // namespace orionrt::python

NB_MODULE(_core, module) {
  using namespace orionrt::python;
  module.doc() = "The compiled half of orionrt; import orionrt instead.";
  module.attr("version") = ORIONRT_VERSION;
  nb::object error = nb::module_::import_("orionrt._errors").attr("Error");
  nb::register_exception_translator(Translate, error.release().ptr());  // held as long as the process lives
  BindProblem(module);
  BindPlan(module);
  BindGraph(module);
  BindLoad(module);
  BindJudge(module);
  BindPool(module);
}
