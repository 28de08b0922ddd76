// What all layers of this library share: they stand in the list that describe() gives.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "orlop/layers/around.h"

namespace orlop::layers {

// The facts of a driver with one more layer around it. `name` is a literal.
inline DriverInfo with_layer(DriverInfo info, std::string_view name) {
  info.layers.insert(info.layers.begin(), name);
  return info;
}

template <class Self>
class Layer : public Around<Self> {
 public:
  Layer(std::shared_ptr<Driver> next, std::string_view name)
      : Around<Self>(std::move(next)), info_(with_layer(Around<Self>::info(), name)) {}

  const DriverInfo& info() const noexcept override { return info_; }

 private:
  const DriverInfo info_;
};

}  // namespace orlop::layers
