// Addresses and forms that others can use.
#pragma once

#include "backends/s3/client.h"
#include "orlop/driver/driver.h"

namespace orlop::s3 {

Result<Presigned> presign_request(Client& client, const Context& context, const PresignRequest& request);
Result<std::string> public_address(Client& client, std::string_view key);

}  // namespace orlop::s3
