// Reader: the bytes of one read(), in order.
#pragma once

#include "orlop/types.h"

namespace orlop {

// Used by one thread at a time. Keeps alive what it needs except the Driver that made it, which must outlive it.
// Destroying one before its end is allowed and releases its connection.
class Reader {
 public:
  virtual ~Reader() = default;

  // Facts of the whole object (size is the object's, not the range's). No request.
  virtual const Meta& meta() const noexcept = 0;

  // Result: the number of bytes placed at the front of `out`; 0 only at the end or when `out` is empty. May give
  //   fewer bytes than asked for.
  // Errors: data_corrupted when the body ended early or its checksum is wrong (no byte beyond the fault is
  //   delivered as the end of the object), unavailable, timeout, canceled. After an error every call fails.
  virtual Result<std::size_t> read(MutableBytes out) = 0;
};

}  // namespace orlop
