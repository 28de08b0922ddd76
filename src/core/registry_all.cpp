// One line a backend.
#include "core/registry_all.h"

#include "orlop/backends/local.h"
#include "orlop/backends/memory.h"
#include "orlop/backends/s3.h"

namespace orlop {

std::vector<const Backend*> builtin_backends() {
  return {
      &memory::backend,
      &local::backend,
      &s3::backend,
  };
}

}  // namespace orlop
