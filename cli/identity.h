// What an operand is, whatever it is called: equal for two names of one file or object.
#pragma once

#include <optional>
#include <string>

#include "cli/target.h"

namespace orlop::cli {

// Of a local target, and of one in a remote that is a directory: the path of the file. Null for others.
std::optional<std::string> local_path(const Target& target);

// What a file is called once links and dots are resolved, as far as the path exists.
std::string identity_of(const std::string& path);

// The container of a remote target: the service that would be asked, without what does not tell services apart, and the
// bucket. `options` are the target's.
std::string container_identity(const Target& target, const StringMap& options);

}  // namespace orlop::cli
