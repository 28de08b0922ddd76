// Copies that the service makes itself, in parts where one request cannot.
#pragma once

#include "backends/s3/uploads.h"
#include "orlop/driver/driver.h"

namespace orlop::s3 {

Result<Meta> copy_object(Client& client, Uploads& uploads, const Context& context, const CopyRequest& request);

}  // namespace orlop::s3
