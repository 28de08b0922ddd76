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
  enum class Access { read, write };
  Buffer(nb::handle object, Access access);
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { PyBuffer_Release(&view_); }

  Bytes bytes() const noexcept { return {static_cast<const std::byte*>(view_.buf), size()}; }
  MutableBytes mutable_bytes() const noexcept { return {static_cast<std::byte*>(view_.buf), size()}; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(view_.len); }

 private:
  Py_buffer view_;
};

// A bytes object of exactly `size` bytes to be filled before anybody else sees it, and its memory.
nb::object new_bytes(std::size_t size);
MutableBytes memory_of(nb::handle bytes);
// The first `size` bytes of one made by new_bytes().
nb::object first_bytes(nb::object bytes, std::size_t size);

}  // namespace orlop::python
