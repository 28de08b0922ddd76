// The exit codes of the command, and which of them an error means. docs/cli.md promises these numbers.
#pragma once

#include "orlop/error.h"

namespace orlop::cli {

enum class Exit : int {
  ok = 0,
  failed = 1,  // some of several items failed, or an error without a number of its own
  usage = 2,
  not_found = 3,
  denied = 4,
  conflict = 5,
  unavailable = 6,
  corrupted = 7,
  interrupted = 130,
};

Exit exit_of(Code code) noexcept;

}  // namespace orlop::cli
