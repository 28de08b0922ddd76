// The names of a stack of layers.
#include "orlop/layers/layers.h"

#include "layers/named.h"

namespace orlop::layers {

std::vector<std::string> describe(const Driver& driver) {
  std::vector<std::string> names;
  const Driver* at = &driver;
  while (auto layer = dynamic_cast<const Named*>(at)) {
    names.emplace_back(layer->layer_name());
    at = &layer->inner();
  }
  names.push_back(at->info().scheme);
  return names;
}

}  // namespace orlop::layers
