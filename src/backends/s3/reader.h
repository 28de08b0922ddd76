// HeadObject and GetObject.
#pragma once

#include "backends/s3/client.h"
#include "orlop/driver/driver.h"

namespace orlop::s3 {

Result<Meta> stat_object(Client& client, const Context& context, const StatRequest& request);
Result<std::unique_ptr<Reader>> read_object(Client& client, const Context& context, const ReadRequest& request);

}  // namespace orlop::s3
