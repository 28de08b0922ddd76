// The backends built into this library.
#pragma once

#include <vector>

#include "orlop/registry.h"

namespace orlop {

std::vector<const Backend*> builtin_backends();

}  // namespace orlop
