// A Reader that survives broken connections.
#pragma once

#include <memory>

#include "orlop/driver/driver.h"

namespace orlop::engine {

// When the body of `first`, the answer to `request`, breaks off for a passing reason, the rest is asked for again by
// the policy of `context`: from the first byte not delivered, of the same version of the object. No byte is delivered
// twice; a changed object is precondition_failed. `driver` outlives the reader.
std::unique_ptr<Reader> resuming_reader(Driver& driver, const Context& context, const ReadRequest& request,
                                        std::unique_ptr<Reader> first);

}  // namespace orlop::engine
