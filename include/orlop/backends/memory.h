// memory: objects in this process; for tests, and the smallest driver to read.
#pragma once

#include <memory>
#include <string>

#include "orlop/driver/driver.h"
#include "orlop/registry.h"

namespace orlop::memory {

// A store of its own, empty; it lives as long as the driver. Never fails.
std::shared_ptr<Driver> open();

// The registry's entry: `mem:` opens a new store, `mem://name` the process-wide store of that name.
extern const Backend backend;

}  // namespace orlop::memory
