// The texts of `orlop help` and of --help.
#pragma once

#include <string>

#include "cli/command.h"

namespace orlop::cli {

std::string overview();
std::string help_of(const Verb& verb);
int print_help(const Verb& verb);

}  // namespace orlop::cli
