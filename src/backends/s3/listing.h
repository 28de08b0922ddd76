// ListObjectsV2, and ListObjects for services without it.
#pragma once

#include "backends/s3/client.h"
#include "orlop/driver/driver.h"

namespace orlop::s3 {

Result<Page> list_page(Client& client, const Context& context, const ListRequest& request);

}  // namespace orlop::s3
