// Destinations that are there already and cannot be replaced by a file: devices, named pipes.
#pragma once

#include <functional>
#include <string>

#include "cli/session.h"

namespace orlop::cli {

// Whether something other than a file or a directory has this name, links followed.
bool is_special_file(const std::string& path);

// Gives the next bytes; none at the end.
using Source = std::function<Result<std::size_t>(MutableBytes)>;

// Writes all of `source` into what is there, as standard output would be written. Result: the bytes.
Result<std::uint64_t> write_into(Session& session, const std::string& path, const Source& source, Progress& progress);

}  // namespace orlop::cli
