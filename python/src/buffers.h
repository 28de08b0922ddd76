// Python's buffer protocol as spans of bytes, without a copy.
#pragma once

#include <nanobind/nanobind.h>

#include "orlop/types.h"

namespace orlop::python {

namespace nb = nanobind;

// Holds a contiguous buffer of `object`: its memory can neither move nor shrink meanwhile. Made and destroyed with
// the GIL, used without it.
class Buffer {
 public:
  Buffer(nb::handle object, int flags) {
    if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) throw nb::python_error();
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { PyBuffer_Release(&view_); }

  std::size_t size() const noexcept { return static_cast<std::size_t>(view_.len); }
  Bytes bytes() const noexcept { return {static_cast<const std::byte*>(view_.buf), size()}; }
  MutableBytes mutable_bytes() const noexcept { return {static_cast<std::byte*>(view_.buf), size()}; }

 private:
  Py_buffer view_;
};

// A bytes object of exactly `size` bytes; null: filled by the caller before anybody else sees it.
inline nb::object new_bytes(const char* content, std::size_t size) {
  PyObject* bytes = PyBytes_FromStringAndSize(content, static_cast<Py_ssize_t>(size));
  if (!bytes) throw nb::python_error();
  return nb::steal(bytes);
}

inline MutableBytes memory_of(nb::handle bytes) {
  auto* memory = reinterpret_cast<std::byte*>(PyBytes_AsString(bytes.ptr()));
  return {memory, static_cast<std::size_t>(PyBytes_Size(bytes.ptr()))};
}

}  // namespace orlop::python
