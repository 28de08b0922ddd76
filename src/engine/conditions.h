// Conditions of requests decided on our side, for drivers whose store knows none.
#pragma once

#include "orlop/driver/driver.h"

namespace orlop::engine {

// Whether `conditions` of a read hold for an object, in HTTP's order of precedence (RFC 9110 section 13.2.2).
// Errors: precondition_failed, not_modified.
Result<void> check_conditions(const Conditions& conditions, const Meta& meta);

// Whether a write in `mode` may replace what is there (null: nothing). Errors: already_exists, precondition_failed.
Result<void> check_mode(PutMode mode, std::string_view if_match, const std::string* present_etag);

}  // namespace orlop::engine
