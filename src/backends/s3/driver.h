// The S3 driver over any transport; tests give it one of their own.
#pragma once

#include <memory>

#include "backends/s3/config.h"
#include "net/http.h"
#include "orlop/driver/driver.h"

namespace orlop::s3 {

std::shared_ptr<Driver> make_driver(Config config, std::shared_ptr<net::HttpTransport> transport);

Result<void> make_bucket(Config config, std::shared_ptr<net::HttpTransport> transport, const Context& context);

}  // namespace orlop::s3
