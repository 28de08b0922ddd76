// Calls of the engine that an event loop waits for.
#pragma once

#include <nanobind/nanobind.h>

#include "orlop/storage.h"

namespace orlop::python {

// What of a Store its asynchronous calls need.
struct AsyncStore {
  Storage storage;
  double timeout;  // seconds; 0: none
  std::uint64_t one_request_below;
};

void add_async(nanobind::module_& module);

}  // namespace orlop::python
