#include "wire/sigv2.h"

#include <algorithm>
#include <array>
#include <map>

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

std::string_view trimmed(std::string_view value) {
  constexpr std::string_view blank = " \t";
  value.remove_prefix(std::min(value.find_first_not_of(blank), value.size()));
  return value.substr(0, value.find_last_not_of(blank) + 1);
}

// "Constructing the CanonicalizedAmzHeaders element": sorted, those of one name joined, no space around values.
std::string canonical_amz_headers(std::span<const Field> headers) {
  std::map<std::string_view, std::string> joined;
  for (const auto& [name, value] : headers) {
    if (!name.starts_with("x-amz-")) continue;
    auto [entry, first] = joined.try_emplace(name);
    if (!first) entry->second += ',';
    entry->second += trimmed(value);
  }
  std::string text;
  for (const auto& [name, value] : joined) text.append(name).append(1, ':').append(value).append(1, '\n');
  return text;
}

std::string_view value_of(std::span<const Field> headers, std::string_view name) {
  auto found = std::ranges::find(headers, name, &Field::first);
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace

std::string signature_v2(std::string_view secret, std::string_view text) { return hmac_sha1(secret, text).base64(); }

std::string string_to_sign_v2(const SignedV2& input) {
  std::string text(input.method);
  for (std::string_view line :
       {value_of(input.headers, "content-md5"), value_of(input.headers, "content-type"), input.date}) {
    text.append(1, '\n').append(line);
  }
  text.append(1, '\n').append(canonical_amz_headers(input.headers));
  return text + canonical_resource(input.resource, input.parameters);
}

std::string presigned_query_v2(const PresignInputV2& input) {
  std::string expires = std::to_string(input.expires_at);
  std::vector<Field> headers(input.parameters.begin(), input.parameters.end());
  std::erase_if(headers, [](const Field& field) { return !field.first.starts_with("x-amz-"); });
  headers.insert(headers.end(), input.amz_headers.begin(), input.amz_headers.end());
  headers.emplace_back("content-type", input.content_type);
  headers.emplace_back("content-md5", input.content_md5);
  if (!input.session_token.empty()) headers.emplace_back("x-amz-security-token", input.session_token);
  std::string text = string_to_sign_v2({.method = input.method,
                                        .resource = input.resource,
                                        .parameters = input.parameters,
                                        .headers = headers,
                                        .date = expires});

  std::vector<Field> fields(input.parameters.begin(), input.parameters.end());
  fields.emplace_back("AWSAccessKeyId", input.access_key_id);
  fields.emplace_back("Signature", signature_v2(input.secret_access_key, text));
  fields.insert(fields.end(), input.amz_headers.begin(), input.amz_headers.end());
  if (!input.session_token.empty()) fields.emplace_back("x-amz-security-token", input.session_token);
  fields.emplace_back("Expires", expires);
  return encoded_query(fields);
}

}  // namespace orlop::wire
