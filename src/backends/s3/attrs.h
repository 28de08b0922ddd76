// Attributes as headers and back, and the object parameters that only S3 knows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "orlop/types.h"
#include "wire/sigv4.h"

namespace orlop::s3 {

// What a request does, for choosing which parameters go along.
enum class Use : std::uint8_t {
  write,   // PutObject, CreateMultipartUpload, CopyObject
  access,  // GetObject, HeadObject
  follow,  // the further requests of an upload: parts, completion
};

// Appends the headers of `attrs`. Errors: invalid_argument for a parameter that is not known (with those that are) or
// a value no header can hold.
Result<void> add_attrs(const Attrs& attrs, std::vector<wire::Field>& headers);

// Appends those of `parameters` that `use` takes; for `follow` the others are left out, else they are refused.
// Parameters that belong into the query (VersionId) go to `query`.
Result<void> add_parameters(const StringMap& parameters, Use use, std::vector<wire::Field>& headers,
                            std::vector<wire::Field>& query);

// The facts in the headers of HeadObject and GetObject; the size is the caller's business.
Meta meta_of(const net::HttpHeaders& headers);

// Whether a header's value can be sent at all.
bool valid_header_value(std::string_view value) noexcept;

}  // namespace orlop::s3
