// Writes that end as done, not done, or unknown-and-said-so.
#pragma once

#include "orlop/driver/driver.h"

namespace orlop::engine {

// Each repeats what failed for a passing reason by the policy of `context`. After an attempt whose answer was lost, a
// conflict may be with ourselves and a failure may have been a success: then what is there tells, and Code::unknown is
// the answer only when even that cannot.
Result<Meta> settled_put(Driver& driver, const Context& context, const PutRequest& request);
Result<Meta> settled_copy(Driver& driver, const Context& context, const CopyRequest& request);
// Repeating alone would report that the source is gone.
Result<void> settled_move(Driver& driver, const Context& context, const CopyRequest& request);

}  // namespace orlop::engine
