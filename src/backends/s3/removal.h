// DeleteObject and DeleteObjects.
#pragma once

#include "backends/s3/client.h"
#include "orlop/driver/driver.h"

namespace orlop::s3 {

Result<RemoveResults> remove_objects(Client& client, const Context& context, const RemoveRequest& request);

}  // namespace orlop::s3
