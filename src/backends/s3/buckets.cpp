#include "backends/s3/buckets.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/s3/wire.h"
#include "wire/hash.h"
#include "wire/xml.h"

namespace orlop::s3 {
namespace {

constexpr std::size_t listing_limit = 32 << 20;  // 10,000 buckets, or 1000 versions with keys of 1024 bytes

std::vector<wire::Field> query_of(std::string_view subresource, Place place = {}) {
  std::vector<wire::Field> query = {{std::string(subresource), ""}};
  if (!place.version.empty()) query.emplace_back("versionId", place.version);
  return query;
}

Request get_request(std::string_view operation, std::string_view subresource, Place place = {}) {
  return {.operation = operation, .method = "GET", .key = place.key, .query = query_of(subresource, place)};
}

std::string_view of_object(Place place, std::string_view object, std::string_view bucket) {
  return place.key.empty() ? bucket : object;
}

// Answers without content differ in their status: 200 with Amazon is 204 elsewhere, and the other way round.
Result<Reply> exchange_empty(Client& client, const Context& context, Request request) {
  request.status = 200;
  request.other_status = 204;
  ORLOP_ASSIGN(Reply reply, client.exchange(context, request));
  ORLOP_TRY(check_empty(reply.body));
  return reply;
}

// A document as the body. Content-MD5 is what every service takes for the checksum that some of these need.
Result<void> send_document(Client& client, const Context& context, Request request, const std::string& text) {
  Payload payload = Payload::text(text);
  Protection protection = client.protection({});
  protection.checksum = ChecksumAlgorithm::none;
  protection.trailer = false;
  ORLOP_ASSIGN(UploadBody body, prepare_upload(payload, protection));
  if (!text.empty()) {
    request.headers.emplace_back("content-type", "application/xml");
    request.headers.emplace_back("content-md5", wire::md5(as_bytes(text)).base64());
  }
  request.body = &body;
  ORLOP_TRY(exchange_empty(client, context, std::move(request)));
  return {};
}

Request put_request(std::string_view operation, std::string_view subresource, Place place = {}) {
  return {.operation = operation, .method = "PUT", .key = place.key, .query = query_of(subresource, place)};
}

Result<void> check_text(std::string_view what, std::string_view text) {
  if (wire::xml_representable(text)) return {};
  return Error(Code::invalid_argument, fmt::format("{} holds control characters", what));
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Grant.html
Result<void> check_acl(const Acl& acl) {
  if (acl.owner.id.empty()) {
    return Error(Code::invalid_argument, "the access control list has no owner: change the one that is there");
  }
  ORLOP_TRY(check_text("the owner", acl.owner.id + acl.owner.name));
  for (const Grant& grant : acl.grants) {
    if (grant.grantee.empty()) return Error(Code::invalid_argument, "a grant has no grantee");
    ORLOP_TRY(check_text("a grantee", grant.grantee + grant.name));
  }
  return {};
}

}  // namespace

Result<BucketsReply> list_buckets(Client& client, const Context& context, std::string_view token) {
  Request request{.operation = "ListBuckets", .method = "GET", .key = {}};
  if (!token.empty()) request.query = {{"continuation-token", std::string(token)}};
  ORLOP_ASSIGN(Reply reply, client.exchange(context, request, listing_limit));
  return parse_buckets(reply.body);
}

Result<void> head_bucket(Client& client, const Context& context) {
  Request request{.operation = "HeadBucket", .method = "HEAD", .key = {}};
  ORLOP_ASSIGN(auto response, client.send(context, request));
  // A page that asks to sign in is no bucket.
  if (response->headers().get("content-type").starts_with("text/html")) {
    return wrong_answer(response->status(), "the answer is not S3's");
  }
  return {};
}

Result<void> create_bucket(Client& client, const Context& context, std::string_view location, std::string_view acl) {
  if (!acl.empty()) ORLOP_TRY(check_canned_acl(acl));
  ORLOP_ASSIGN(auto route, client.route());
  if (location.empty()) location = route->region;
  Request put{.operation = "CreateBucket", .method = "PUT", .key = {}};
  if (!acl.empty()) put.headers.emplace_back("x-amz-acl", acl);
  // The oldest region is the one that must not be named.
  return send_document(client, context, std::move(put), location == "us-east-1" ? "" : create_bucket_body(location));
}

Result<void> delete_bucket(Client& client, const Context& context) {
  ORLOP_TRY(exchange_empty(client, context, {.operation = "DeleteBucket", .method = "DELETE", .key = {}}));
  return {};
}

Result<std::string> get_location(Client& client, const Context& context) {
  ORLOP_ASSIGN(Reply reply, client.exchange(context, get_request("GetBucketLocation", "location")));
  return parse_location(reply.body);
}

Result<Versioning> get_versioning(Client& client, const Context& context) {
  ORLOP_ASSIGN(Reply reply, client.exchange(context, get_request("GetBucketVersioning", "versioning")));
  return parse_versioning(reply.body);
}

Result<void> put_versioning(Client& client, const Context& context, bool enabled) {
  return send_document(client, context, put_request("PutBucketVersioning", "versioning"), versioning_body(enabled));
}

Result<Acl> get_acl(Client& client, const Context& context, Place place) {
  Request request = get_request(of_object(place, "GetObjectAcl", "GetBucketAcl"), "acl", place);
  ORLOP_ASSIGN(Reply reply, client.exchange(context, request));
  return parse_acl(reply.body);
}

Result<void> check_canned_acl(std::string_view name) {
  auto known = canned_acls();
  if (std::ranges::find(known, name) != known.end()) return {};
  std::string names;
  for (std::string_view one : known) names.append(names.empty() ? "" : ", ").append(one);
  return Error(Code::invalid_argument, fmt::format("\"{}\" is no canned ACL; there are {}", name, names));
}

Result<void> put_acl(Client& client, const Context& context, Place place, std::string_view canned) {
  ORLOP_TRY(check_canned_acl(canned));
  Request request = put_request(of_object(place, "PutObjectAcl", "PutBucketAcl"), "acl", place);
  request.headers.emplace_back("x-amz-acl", canned);
  return send_document(client, context, std::move(request), {});
}

Result<void> put_acl(Client& client, const Context& context, Place place, const Acl& acl) {
  ORLOP_TRY(check_acl(acl));
  Request request = put_request(of_object(place, "PutObjectAcl", "PutBucketAcl"), "acl", place);
  return send_document(client, context, std::move(request), acl_body(acl));
}

Result<StringMap> get_tags(Client& client, const Context& context, Place place) {
  Request request = get_request(of_object(place, "GetObjectTagging", "GetBucketTagging"), "tagging", place);
  auto reply = client.exchange(context, request);
  // Buckets without tags say so with an error, objects with an empty set.
  if (!reply && reply.error().service_code() == "NoSuchTagSet") return StringMap{};
  if (!reply) return std::move(reply).error();
  return parse_tags(reply->body);
}

Result<void> put_tags(Client& client, const Context& context, Place place, const StringMap& tags) {
  for (const auto& [name, value] : tags) {
    if (name.empty()) return Error(Code::invalid_argument, "a tag has no name");
    ORLOP_TRY(check_text("a tag", name + value));
  }
  Request request = put_request(of_object(place, "PutObjectTagging", "PutBucketTagging"), "tagging", place);
  return send_document(client, context, std::move(request), tags_body(tags));
}

Result<void> delete_tags(Client& client, const Context& context, Place place) {
  Request request = put_request(of_object(place, "DeleteObjectTagging", "DeleteBucketTagging"), "tagging", place);
  request.method = "DELETE";
  ORLOP_TRY(exchange_empty(client, context, std::move(request)));
  return {};
}

Result<VersionsReply> list_versions(Client& client, const Context& context, const VersionsRequest& request) {
  Request get = get_request("ListObjectVersions", "versions");
  get.query.emplace_back("prefix", request.prefix);
  if (client.dialect().list_encoded) get.query.emplace_back("encoding-type", "url");
  if (!request.delimiter.empty()) get.query.emplace_back("delimiter", request.delimiter);
  if (!request.after_key.empty()) get.query.emplace_back("key-marker", request.after_key);
  if (!request.after_version.empty()) get.query.emplace_back("version-id-marker", request.after_version);
  ORLOP_ASSIGN(Reply reply, client.exchange(context, get, listing_limit));
  return parse_versions(reply.body);
}

Result<Removed> remove_version(Client& client, const Context& context, Place place) {
  Request request{.operation = "DeleteObject", .method = "DELETE", .key = place.key};
  if (!place.version.empty()) request.query = {{"versionId", std::string(place.version)}};
  auto reply = exchange_empty(client, context, std::move(request));
  bool absent = !reply && reply.error().code() == Code::not_found && reply.error().service_code() != "NoSuchBucket" &&
                reply.error().service_code() != "NoSuchVersion";
  if (absent) return Removed{};
  if (!reply) return std::move(reply).error();
  const net::HttpHeaders& headers = reply->response->headers();
  return Removed{std::string(headers.get("x-amz-version-id")), headers.get("x-amz-delete-marker") == "true"};
}

}  // namespace orlop::s3
