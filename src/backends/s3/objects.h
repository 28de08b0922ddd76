// PutObject, CopyObject and what writes have in common.
#pragma once

#include "backends/s3/client.h"
#include "orlop/driver/driver.h"

namespace orlop::s3 {

Result<Meta> put_object(Client& client, const Context& context, const PutRequest& request);

// Appends If-None-Match or If-Match as the dialect wants them. Errors: invalid_argument.
Result<void> add_mode(const Dialect& dialect, PutMode mode, std::string_view if_match,
                      std::vector<wire::Field>& headers);
// What a refused condition means for the caller.
Error of_mode(Error error, PutMode mode);

}  // namespace orlop::s3
