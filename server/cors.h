// Cross-origin requests: any origin may do what its signature allows.
#pragma once

#include "server/operation.h"

namespace orlop::server {

bool is_preflight(const Request& request) noexcept;
Reply preflight_reply(const Request& request);
// To be added to every answer to a request with an Origin.
void add_cors(Headers& headers, const Request& request);

}  // namespace orlop::server
