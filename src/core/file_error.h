// errno as an Error.
#pragma once

#include <string_view>

#include "orlop/error.h"

namespace orlop {

// Of the system call on `path` that just failed.
Error file_error(std::string_view path);

}  // namespace orlop
