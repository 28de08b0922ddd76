// credential_process: a command that prints credentials.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backends/s3/credentials.h"

namespace orlop::s3 {

// Runs `command` (no shell) and reads what it prints; its errors go where this program's go. Errors: config_invalid.
Result<Credentials> run_credential_process(const Context& context, std::string_view command);

// The words of a command line: blanks separate, quotes and backslashes keep, as a POSIX shell has it.
// Errors: config_invalid for a quote without an end.
Result<std::vector<std::string>> split_command(std::string_view command);

}  // namespace orlop::s3
