#include "cli/global.h"

#include "cli/options.h"

namespace orlop::cli {

void Global::declare(Options& options) {
  options.text("--endpoint-url", endpoint_url, "URL", "The service to talk to, instead of the one settings name")
      .text("--profile", profile, "NAME", "The profile of the shared credentials and config files")
      .text("--region", region, "NAME", "The region of the bucket")
      .text("--config", config, "FILE",
            "The file of named remotes (default: $ORLOP_CONFIG, ~/.config/orlop/config.toml)")
      .pairs("--set", set, "Any option of the backend (repeatable)")
      .flag("--json", json, "One JSON object a line on standard output")
      .flag("-q,--quiet", quiet, "Errors only")
      .flag("-v,--verbose", verbose, "One line a request on standard error")
      .flag("--no-progress", no_progress, "No progress bar or lines")
      .flag("-h,--help", help, "Show this help")
      .flag("--version", version, "Show the version");
}

}  // namespace orlop::cli
