// What a Store hands to bindings that live in a file of their own.
#pragma once

#include <memory>

#include "orlop/driver/driver.h"

namespace orlop::python {

struct DriverRef {
  std::shared_ptr<Driver> driver;
};

}  // namespace orlop::python
