#include "wire/sigv2.h"

#include <algorithm>
#include <array>

#include "wire/hash.h"

namespace orlop::wire {
namespace {

// The parameters that belong to the resource ("Constructing the CanonicalizedResource element", step 4).
constexpr std::array<std::string_view, 26> signed_parameters = {"accelerate",
                                                                "acl",
                                                                "cors",
                                                                "delete",
                                                                "lifecycle",
                                                                "location",
                                                                "logging",
                                                                "notification",
                                                                "partNumber",
                                                                "policy",
                                                                "requestPayment",
                                                                "response-cache-control",
                                                                "response-content-disposition",
                                                                "response-content-encoding",
                                                                "response-content-language",
                                                                "response-content-type",
                                                                "response-expires",
                                                                "restore",
                                                                "tagging",
                                                                "torrent",
                                                                "uploadId",
                                                                "uploads",
                                                                "versionId",
                                                                "versioning",
                                                                "versions",
                                                                "website"};

std::string canonical_resource(std::string_view path, std::span<const Field> parameters) {
  std::vector<Field> kept;
  for (const Field& parameter : parameters) {
    if (std::ranges::binary_search(signed_parameters, std::string_view(parameter.first))) kept.push_back(parameter);
  }
  std::ranges::sort(kept);
  std::string resource(path);
  char separator = '?';
  for (const auto& [name, value] : kept) {
    resource.append(1, std::exchange(separator, '&')).append(name);
    if (!value.empty()) resource.append(1, '=').append(value);
  }
  return resource;
}

}  // namespace

std::string signature_v2(std::string_view secret, std::string_view text) { return hmac_sha1(secret, text).base64(); }

std::string presigned_query_v2(const PresignInputV2& input) {
  std::string expires = std::to_string(input.expires_at);
  std::string text;
  text.append(input.method).append(1, '\n').append(input.content_md5).append(1, '\n');
  text.append(input.content_type).append(1, '\n').append(expires).append(1, '\n');
  if (!input.session_token.empty()) text.append("x-amz-security-token:").append(input.session_token).append(1, '\n');
  text += canonical_resource(input.resource, input.parameters);

  std::vector<Field> fields(input.parameters.begin(), input.parameters.end());
  fields.emplace_back("AWSAccessKeyId", input.access_key_id);
  fields.emplace_back("Signature", signature_v2(input.secret_access_key, text));
  if (!input.session_token.empty()) fields.emplace_back("x-amz-security-token", input.session_token);
  fields.emplace_back("Expires", expires);
  return encoded_query(fields);
}

}  // namespace orlop::wire
