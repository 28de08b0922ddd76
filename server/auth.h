// Who sends a request: signatures of version 4 and 2 verified, in headers, in a query, and for a form's policy.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/request.h"

namespace orlop::server {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty: the key is a permanent one
  std::string region;
};

struct Identity {
  bool anonymous = true;
  bool presigned = false;
  std::shared_ptr<const wire::SigningKey> key;
  std::string date;          // as signed
  std::string signature;     // the seed of a streamed body's signatures
  std::string payload_hash;  // what was signed as the hash of the body
};

// Elements an error's document has besides Code and Message.
using Details = std::vector<wire::Field>;

class Authenticator {
 public:
  explicit Authenticator(Credentials credentials) : credentials_(std::move(credentials)) {}

  // Anonymous when the request carries no signature at all.
  // Errors: the codes of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#S3errorcodes.
  Result<Identity> authenticate(const Request& request, Details& details);

  // Of a form: `policy` as sent, its fields by lower-case name.
  Result<void> authenticate_form(std::string_view policy, const Headers& fields, Details& details);

  // The region a request's signature names; empty when it names none.
  static std::string region_of(const Request& request);

 private:
  Result<Identity> from_header(const Request& request, Details& details);
  Result<Identity> from_query(const Request& request, Details& details);
  Result<Identity> from_header_v2(const Request& request, Details& details) const;
  Result<Identity> from_query_v2(const Request& request, Details& details) const;
  Result<Identity> check_v2(const Request& request, std::string_view access_key_id, std::string_view signature,
                            std::string_view token, std::string_view date, Details& details) const;
  Result<std::shared_ptr<const wire::SigningKey>> find_key(const wire::Authorization& authorization,
                                                           std::string_view malformed, Details& details);
  Result<void> check_token(std::string_view token) const;
  Result<void> check_signature(const Request& request, const wire::Authorization& authorization,
                               const Identity& identity, Details& details) const;

  Credentials credentials_;
  std::mutex keys_mutex_;
  wire::SigningKeys keys_;
};

}  // namespace orlop::server
