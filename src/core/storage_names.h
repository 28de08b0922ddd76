// Which names a Storage lets through to its driver.
#pragma once

#include <string_view>

#include "orlop/result.h"

namespace orlop {

// Absolute, or with a ".." segment; backslashes count as slashes, because on some systems they are.
bool leaves_location(std::string_view name) noexcept;

// Errors: invalid_argument for a name that leaves the location.
Result<void> check_inside(std::string_view name);

}  // namespace orlop
