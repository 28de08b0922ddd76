// errno as an Error.
#include <fmt/core.h>

#include <cerrno>
#include <system_error>

#include "orlop/error.h"

namespace orlop {

namespace {

Code code_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::permission_denied;
    case EEXIST:
      return Code::already_exists;
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
      return Code::invalid_argument;
    case EINTR:
      return Code::canceled;
    default:
      return Code::unavailable;
  }
}

}  // namespace

Error system_error(std::string_view path, int number) {
  std::string text = std::generic_category().message(number);
  return Error(code_of(number), path.empty() ? std::move(text) : fmt::format("{}: {}", path, text));
}

}  // namespace orlop
