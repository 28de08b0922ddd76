// local: objects as files below a directory.
#pragma once

#include <memory>
#include <string>

#include "orlop/driver/driver.h"
#include "orlop/registry.h"

namespace orlop::local {

struct Options {
  std::string root;                  // a directory; made with the first write
  bool fsync = false;                // true: a finished write survives a power cut (file and directory are synced)
  std::string base_url{};            // what public_url() puts before a key; empty: unsupported
  std::uint32_t file_mode = 0;       // of new files; 0: 0666 less the umask
  std::uint32_t directory_mode = 0;  // of new directories; 0: 0777 less the umask
};

// Does no I/O. Errors: config_invalid.
Result<std::shared_ptr<Driver>> open(Options options);

extern const Backend backend;  // file:///dir

}  // namespace orlop::local
