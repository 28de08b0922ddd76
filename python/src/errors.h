// Errors of the engine as Python exceptions.
#pragma once

#include <nanobind/nanobind.h>

#include <utility>

#include "orlop/result.h"

namespace orlop::python {

namespace nb = nanobind;

// A new exception for `error`, not raised, of the class orlop/exceptions.py has for its code.
nb::object to_exception(const Error& error);
[[noreturn]] void raise(const Error& error);

template <class T>
T unwrap(Result<T> result) {
  if (!result) raise(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace orlop::python
