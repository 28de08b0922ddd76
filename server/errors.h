// What S3 calls its failures, and what a driver's failures are called in S3.
#pragma once

#include <string>
#include <string_view>

#include "orlop/error.h"

namespace orlop::server {

// An Error whose service code and status are S3's; the message is the table's unless one is given.
Error s3_error(std::string_view code, std::string message = {});

// The S3 error for a failure of a driver. One that has a service code from s3_error() is returned as it is.
Error s3_error(const Error& error);

}  // namespace orlop::server
