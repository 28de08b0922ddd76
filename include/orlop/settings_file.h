// Files of settings, as they are.
#pragma once

#include <string>

#include "orlop/result.h"

namespace orlop {

// The whole text of a file that somebody named: a configuration, a script. Errors: not_found when there is none;
// config_invalid with the path for what cannot be read, is a directory, or is larger than settings are (16 MiB).
Result<std::string> read_settings_file(const std::string& path);

}  // namespace orlop
