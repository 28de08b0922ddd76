// The S3 driver over any transport; tests give it one of their own.
#pragma once

#include <memory>

#include "backends/s3/client.h"
#include "backends/s3/config.h"
#include "net/http.h"
#include "orlop/driver/driver.h"

namespace orlop::s3 {

std::shared_ptr<Driver> make_driver(Config config, std::shared_ptr<net::HttpTransport> transport);

// What it finds out on the way is known to all that use the client.
std::shared_ptr<Driver> make_driver(std::shared_ptr<Client> client);

// A client of one bucket, and of the service itself. No I/O. Errors: config_invalid naming the option.
Result<std::shared_ptr<Client>> open_client(Options options);
Result<std::shared_ptr<Client>> open_service_client(Options options);

Result<void> make_bucket(Config config, std::shared_ptr<net::HttpTransport> transport, const Context& context);

}  // namespace orlop::s3
