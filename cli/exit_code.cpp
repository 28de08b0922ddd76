#include "cli/exit_code.h"

namespace orlop::cli {

Exit exit_of(Code code) noexcept {
  switch (code) {
    case Code::not_found:
      return Exit::not_found;
    case Code::permission_denied:
    case Code::unauthenticated:
      return Exit::denied;
    case Code::already_exists:
    case Code::precondition_failed:
      return Exit::conflict;
    case Code::invalid_argument:
    case Code::config_invalid:
    case Code::range_not_satisfiable:
      return Exit::usage;
    case Code::rate_limited:
    case Code::unavailable:
    case Code::timeout:
      return Exit::unavailable;
    case Code::data_corrupted:
      return Exit::corrupted;
    case Code::canceled:
      return Exit::interrupted;
    case Code::unknown:
    case Code::not_modified:
    case Code::unsupported:
      break;
  }
  return Exit::failed;
}

}  // namespace orlop::cli
