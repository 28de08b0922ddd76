// Random numbers of the kernel.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace orlop::engine {

// Not std::random_device: GCC 12's, linked statically, wants glibc 2.36, and what is released runs on older ones too.
inline std::uint64_t entropy() {
  std::uint64_t number = 0;
  if (::getentropy(&number, sizeof number) != 0) std::abort();  // cannot fail below 256 bytes, see getentropy(3)
  return number;
}

}  // namespace orlop::engine
