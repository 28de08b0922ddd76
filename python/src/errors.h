// Errors of the engine as Python exceptions.
#pragma once

#include <nanobind/nanobind.h>

#include <utility>

#include "orlop/result.h"

namespace orlop::python {

namespace nb = nanobind;

// The classes by Code, declared in orlop/exceptions.py and handed over when the package is imported.
void set_exception_classes(nb::list classes);

// A new exception for `error`, not raised.
nb::object to_exception(const Error& error);
[[noreturn]] void raise(const Error& error);

template <class T>
T unwrap(Result<T> result) {
  if (!result) raise(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace orlop::python
