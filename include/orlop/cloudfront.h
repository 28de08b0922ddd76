// Signed URLs of Amazon CloudFront, the delivery network in front of a bucket. Pure: no request is made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "orlop/result.h"

namespace orlop::cloudfront {

// Signs with one RSA key of a CloudFront key group. Thread-safe; copies share the key.
class Signer {
 public:
  // `pem`: an unencrypted RSA private key, PKCS#1 or PKCS#8. Errors: config_invalid.
  static Result<Signer> create(std::string key_id, std::string_view pem);

  // `url` with the canned policy's parameters: readable until `expires`, in seconds since 1970.
  // Errors: invalid_argument for what is no percent-encoded URL.
  Result<std::string> sign(std::string_view url, std::int64_t expires) const;
  // `url` with a policy of the caller's: start time, addresses, wildcards.
  Result<std::string> sign_policy(std::string_view url, std::string_view policy) const;

  const std::string& key_id() const noexcept { return key_id_; }

 private:
  struct Key;
  Signer(std::string key_id, std::shared_ptr<const Key> key) : key_id_(std::move(key_id)), key_(std::move(key)) {}
  Result<std::string> signature(std::string_view policy) const;

  std::string key_id_;
  std::shared_ptr<const Key> key_;
};

// The policy sign() signs: exactly these bytes, because CloudFront rebuilds them from the URL.
std::string canned_policy(std::string_view url, std::int64_t expires);

}  // namespace orlop::cloudfront
