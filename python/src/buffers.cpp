#include "buffers.h"

namespace orlop::python {

Buffer::Buffer(nb::handle object, Access access) {
  int flags = access == Access::write ? PyBUF_WRITABLE : PyBUF_SIMPLE;
  if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) throw nb::python_error();
}

nb::object new_bytes(std::size_t size) {
  PyObject* bytes = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size));
  if (!bytes) throw nb::python_error();
  return nb::steal(bytes);
}

MutableBytes memory_of(nb::handle bytes) {
  return {reinterpret_cast<std::byte*>(PyBytes_AsString(bytes.ptr())),
          static_cast<std::size_t>(PyBytes_Size(bytes.ptr()))};
}

nb::object first_bytes(nb::object bytes, std::size_t size) {
  if (size == static_cast<std::size_t>(PyBytes_Size(bytes.ptr()))) return bytes;
  PyObject* part = PyBytes_FromStringAndSize(PyBytes_AsString(bytes.ptr()), static_cast<Py_ssize_t>(size));
  if (!part) throw nb::python_error();
  return nb::steal(part);
}

}  // namespace orlop::python
