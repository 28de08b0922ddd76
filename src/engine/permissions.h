// Whose a file is, and who may read it.
#pragma once

#include <string>

namespace orlop::engine {

// The file that will replace `name` (below the open `directory`, or AT_FDCWD) belongs to whom that belongs to and can
// be read by whom that can be read by, as far as we may say so. Nothing changes when there is no such regular file.
void keep_permissions(int directory, const std::string& name, int replacement) noexcept;

}  // namespace orlop::engine
