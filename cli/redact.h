// What people wrote, without the secrets they should not have written.
#pragma once

#include <string>
#include <string_view>

namespace orlop::cli {

// User names and passwords in URLs, and values of secret options, become ***.
std::string redacted(std::string_view text);

}  // namespace orlop::cli
