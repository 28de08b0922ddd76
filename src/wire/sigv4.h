// AWS Signature Version 4: what is signed and how, for those who sign and for those who verify.
// Specification: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orlop/types.h"
#include "wire/hash.h"

namespace orlop::wire {

using Field = std::pair<std::string, std::string>;  // a header (name in lower case) or a query parameter (not encoded)

inline constexpr std::string_view empty_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// Values of x-amz-content-sha256 that are not a hash.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view streaming_signed = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
inline constexpr std::string_view streaming_signed_trailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
inline constexpr std::string_view streaming_unsigned_trailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

// "20150830T123600Z".
std::string amz_date(SystemTime time);
std::optional<SystemTime> parse_amz_date(std::string_view text);

// What a key is good for: one day, one region, one service.
struct SigningScope {
  std::string day;  // "20150830"
  std::string region;
  std::string service = "s3";
  std::string to_string() const;  // "20150830/us-east-1/s3/aws4_request"
  bool operator==(const SigningScope&) const = default;
};

// The derived key, kept as the two hash states of HMAC. Signing takes a fraction of a microsecond.
class SigningKey {
 public:
  SigningKey(std::string_view secret, const SigningScope& scope);

  std::string sign(std::string_view text) const;  // HMAC-SHA256, 64 lower-case hex digits
  const SigningScope& scope() const noexcept { return scope_; }
  const std::string& scope_text() const noexcept { return scope_text_; }

 private:
  SigningScope scope_;
  std::string scope_text_;
  HmacSha256 hmac_;
};

// Remembers the last few keys, so that derivation (four HMACs) is paid once a day, region and secret. Whoever shares
// one guards it.
class SigningKeys {
 public:
  std::shared_ptr<const SigningKey> get(std::string_view secret, std::string_view day, std::string_view region,
                                        std::string_view service = "s3");

 private:
  struct Slot {
    std::string secret;
    std::shared_ptr<const SigningKey> key;
  };
  std::array<Slot, 4> slots_;
  std::size_t next_ = 0;
};

// A request as the signature sees it.
struct CanonicalRequest {
  std::string_view method;
  std::string_view path;           // percent-encoded, as it is sent
  std::string_view query;          // canonical, see below
  std::span<const Field> headers;  // those that are signed, sorted by name, one each
  std::string_view payload_hash;

  std::string to_string() const;
  std::string signed_headers() const;  // "host;x-amz-date"
};

// The sorted, encoded query of parameters that are not encoded yet.
std::string canonical_query(std::span<const Field> parameters);
// The same in the order given: what a URL carries.
std::string encoded_query(std::span<const Field> parameters);
// The canonical form of a query as it stands in a URL. `without`: a parameter left out (X-Amz-Signature, when
// verifying).
std::string canonical_query(std::string_view encoded, std::string_view without = {});
// Outer space removed, inner runs of it made one blank.
std::string canonical_header_value(std::string_view value);

std::string string_to_sign(std::string_view date, std::string_view scope, std::string_view canonical_request);

// The value of the Authorization header.
std::string authorization(const SigningKey& key, std::string_view access_key_id, std::string_view date,
                          const CanonicalRequest& request);

struct Authorization {
  std::string access_key_id;
  SigningScope scope;
  std::vector<std::string> signed_headers;
  std::string signature;
};
// Nothing for what is not a well-formed `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`.
std::optional<Authorization> parse_authorization(std::string_view value);
// "AKID/20150830/us-east-1/s3/aws4_request": fills access_key_id and scope. (The key id may contain slashes.)
std::optional<Authorization> parse_credential(std::string_view value);

// A query that carries its own signature. `parameters` come before the X-Amz-* ones, in their order; `headers` are
// signed and must be sent (host at least).
struct PresignInput {
  std::string_view method;
  std::string_view path;
  std::span<const Field> parameters;
  std::span<const Field> headers;
  std::string_view access_key_id;
  std::string_view session_token;
  std::string_view date;
  std::uint64_t expires = 3600;  // seconds
  std::string_view payload_hash = unsigned_payload;
};
std::string presigned_query(const SigningKey& key, const PresignInput& input);

// The same for many paths: all that does not depend on the path is written down once. `input.path` is not looked at.
class QuerySigner {
 public:
  QuerySigner(std::shared_ptr<const SigningKey> key, const PresignInput& input);
  // Appends "?" and the query to `url`.
  void append(std::string& url, std::string_view path) const;

 private:
  std::shared_ptr<const SigningKey> key_;
  std::string before_, behind_;  // the path in the canonical request
  std::string signed_, query_;   // the string to sign and the URL's query, up to the hash and the signature
};

// The chain of signatures of a streamed body, each over a chunk and the signature before it; the seed is that of the
// headers. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
class ChunkSigner {
 public:
  ChunkSigner(std::shared_ptr<const SigningKey> key, std::string date, std::string seed);
  // Of the next chunk; the last one is empty.
  std::string chunk(Bytes data);
  std::string chunk(std::string_view sha256_hex);
  // Of the trailers, given as "name:value\n" each, in the order they are sent.
  std::string trailer(std::string_view canonical_trailers);

 private:
  std::string step(std::string_view algorithm, std::string_view hashes);
  std::shared_ptr<const SigningKey> key_;
  std::string date_;
  std::string previous_;
};

// Compares without telling by its duration where the two differ.
bool same_signature(std::string_view left, std::string_view right) noexcept;

}  // namespace orlop::wire
