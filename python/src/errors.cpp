#include "errors.h"

#include <string_view>

namespace orlop::python {

namespace {

// Held for the life of the process: exceptions may be raised while modules are being torn down.
nb::handle exception_classes() {
  static const nb::handle classes = nb::object(nb::module_::import_("orlop.exceptions").attr("BY_CODE")).release();
  return classes;
}

nb::str text(std::string_view value) { return nb::str(value.data(), value.size()); }

}  // namespace

nb::object to_exception(const Error& error) {
  nb::object exception = exception_classes()[static_cast<std::size_t>(error.code())](text(error.to_string()));
  exception.attr("code") = text(to_string(error.code()));
  exception.attr("message") = text(error.message());
  exception.attr("operation") = text(error.operation());
  exception.attr("scheme") = text(error.scheme());
  exception.attr("key") = text(error.key());
  exception.attr("status") = error.http_status();
  exception.attr("service_code") = text(error.service_code());
  exception.attr("request_id") = text(error.request_id());
  exception.attr("attempts") = error.attempts();
  exception.attr("outcome_unknown") = error.outcome_unknown();
  return exception;
}

void raise(const Error& error) {
  nb::object exception = to_exception(error);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw nb::python_error();
}

}  // namespace orlop::python
