// The options every verb has.
#pragma once

#include <string>

#include "orlop/types.h"

namespace orlop::cli {

class Options;

struct Global {
  std::string endpoint_url;
  std::string profile;
  std::string region;
  std::string config;
  StringMap set;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool no_progress = false;
  bool help = false;
  bool version = false;  // as `version`, because people try it first

  void declare(Options& options);
};

}  // namespace orlop::cli
