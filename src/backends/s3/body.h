// The body of an upload with what protects it: a signed hash, or a checksum before or behind it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "orlop/types.h"
#include "wire/sigv4.h"

namespace orlop::s3 {

// A body whose checksum may be known only after it was read to its end.
class UploadSource : public net::BodySource {
 public:
  virtual std::optional<Checksum> checksum() const = 0;
};

struct UploadBody {
  std::unique_ptr<UploadSource> source;
  std::string payload_hash;          // the value of x-amz-content-sha256
  std::vector<wire::Field> headers;  // that go with it
};

struct Protection {
  ChecksumAlgorithm checksum = ChecksumAlgorithm::none;
  bool sign_payload = true;  // SHA-256 in the signature, else UNSIGNED-PAYLOAD
  bool trailer = false;      // the checksum may follow the body, which saves reading a file twice
};

// `payload` must outlive the body. `content_encoding`: what the object will have, for the coding to be named before it.
// Errors: those of reading the payload.
Result<UploadBody> prepare_upload(const Payload& payload, const Protection& protection,
                                  std::string_view content_encoding = {});

}  // namespace orlop::s3
