// The names of a stack of layers.
#include "orlop/layers/layers.h"

namespace orlop::layers {

std::vector<std::string> describe(const Driver& driver) {
  const DriverInfo& info = driver.info();
  std::vector<std::string> names(info.layers.begin(), info.layers.end());
  names.push_back(info.scheme);
  return names;
}

}  // namespace orlop::layers
