// Multipart: the second interface of a driver, for uploads that are resumed, or whose parts others send.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orlop/context.h"
#include "orlop/types.h"

namespace orlop {

struct BeginRequest {
  std::string key;
  Attrs attrs;
};

struct PutPartRequest {
  std::string key;
  std::string upload_id;
  std::uint32_t index = 1;  // from 1
  Payload payload;
};

struct Part {
  std::uint32_t index = 0;
  std::uint64_t size = 0;
  std::string etag;
  std::optional<Checksum> checksum;
};

struct ListPartsRequest {
  std::string key;
  std::string upload_id;
};

struct CompleteRequest {
  std::string key;
  std::string upload_id;
  std::vector<Part> parts;  // ascending by index
  PutMode mode = PutMode::overwrite;
  std::string if_match;  // of PutMode::match
};

struct AbortRequest {
  std::string key;
  std::string upload_id;
};

// Safe to use from several threads, also for one upload.
class Multipart {
 public:
  virtual ~Multipart() = default;

  // Result: the upload's id. Visibility: none before complete().
  virtual Result<std::string> begin(const Context& context, const BeginRequest& request) = 0;

  // Result: what complete() must be given. Repeating an index replaces the part. Any order, any number at once.
  virtual Result<Part> put_part(const Context& context, const PutPartRequest& request) = 0;

  // Result: every part the service holds, ascending. Errors: not_found for an unknown or finished upload.
  virtual Result<std::vector<Part>> list_parts(const Context& context, const ListPartsRequest& request) = 0;

  // Publishes atomically; see Writer::commit().
  virtual Result<Meta> complete(const Context& context, const CompleteRequest& request) = 0;

  // An unknown upload is success.
  virtual Result<void> abort(const Context& context, const AbortRequest& request) = 0;
};

}  // namespace orlop
