// Python's values as those of the engine.
#pragma once

#include <nanobind/nanobind.h>

#include "orlop/types.h"

namespace orlop::python {

// None: empty.
StringMap to_map(nanobind::handle dict);
Attrs to_attrs(nanobind::handle dict);
PutMode mode_of(bool exclusive);

}  // namespace orlop::python
