#include "core/file_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace orlop {

namespace {

Code code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::permission_denied;
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
      return Code::invalid_argument;
    default:
      return Code::unavailable;
  }
}

}  // namespace

Error file_error(std::string_view path) {
  int error = errno;
  return Error(code_of(error), fmt::format("{}: {}", path, std::generic_category().message(error)));
}

}  // namespace orlop
