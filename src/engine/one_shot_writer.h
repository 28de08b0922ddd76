// A Writer for backends that take an object whole: collects everything and calls put() once.
#pragma once

#include <memory>

#include "orlop/driver/driver.h"

namespace orlop::engine {

// `driver` outlives the writer. More than the driver's limits.put_max is refused while writing.
std::unique_ptr<Writer> one_shot_writer(Driver& driver, const Context& context, WriteRequest request);

}  // namespace orlop::engine
