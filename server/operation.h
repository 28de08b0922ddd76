// An S3 operation: how it is recognised in a request, and what carries it out.
#pragma once

#include <list>
#include <span>
#include <unordered_map>

#include "orlop/testing/server.h"
#include "server/acl.h"
#include "server/auth.h"
#include "server/errors.h"
#include "server/objects.h"
#include "server/request.h"

namespace orlop::server {

struct Reply {
  int status = 200;
  Headers headers;
  std::string body;
  std::unique_ptr<Reader> stream;  // instead of `body`
  std::uint64_t stream_size = 0;
};

// The answers to the last CompleteMultipartUpload requests: a client whose answer was lost asks again.
class FinishedUploads {
 public:
  void remember(const std::string& upload_id, std::string answer);
  std::optional<std::string> find(const std::string& upload_id);

 private:
  std::mutex mutex_;
  std::list<std::string> order_;
  std::unordered_map<std::string, std::string> answers_;
};

// What all requests share.
struct Services {
  std::shared_ptr<testing::BucketStore> buckets;
  testing::ServerOptions options;
  Authenticator authenticator;
  KeyLocks locks;
  FinishedUploads finished;
};

struct Operation;

// One request being carried out.
struct Call {
  Services& services;
  const Request& request;
  ByteSource& raw_body;
  const Operation* operation = nullptr;
  Identity identity{};
  Details details{};

  // The bucket the request names. Errors: NoSuchBucket, InvalidBucketName, AccessDenied for a key of the server's own.
  Result<Objects> bucket() { return bucket(request.bucket, request.key); }
  Result<Objects> bucket(const std::string& name, std::string_view key);
  // The request's body when it is a document. `of_object`: its checksum headers are about an object.
  // Errors: those of UploadBody, MaxMessageLengthExceeded.
  Result<std::string> document(bool of_object = false);
  bool is_public_bucket() const;
  // Whether who asks may read an object with these facts.
  bool may_read(const Facts& facts) const {
    return !identity.anonymous || is_public_bucket() || everybody_may(facts.acl, "READ");
  }
};

enum class Scope : std::uint8_t { service, bucket, object };

struct Operation {
  std::string_view name;
  std::string_view method;
  Scope scope;
  std::string_view subresource;  // the parameter that selects it; empty: none of them
  std::string_view parameters;   // what else it understands, between blanks
  bool anonymous;                // decides itself what the anonymous may do
  bool copies;                   // takes its content from x-amz-copy-source
  Result<Reply> (*run)(Call&);
};

// Errors: NotImplemented for a subresource or parameter that would otherwise be ignored, MethodNotAllowed.
Result<const Operation*> find_operation(const Request& request);
// Whether an operation is called so.
bool is_operation(std::string_view name);

}  // namespace orlop::server
