// What describe() sees of a layer.
#pragma once

#include <string_view>

#include "orlop/driver/driver.h"

namespace orlop::layers {

class Named {
 public:
  virtual std::string_view layer_name() const noexcept = 0;
  virtual const Driver& inner() const noexcept = 0;

 protected:
  ~Named() = default;
};

}  // namespace orlop::layers
