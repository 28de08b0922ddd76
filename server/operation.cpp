#include "server/operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/ops/ops.h"
#include "server/xml.h"

namespace orlop::server {
namespace {

constexpr std::size_t most_finished = 1000;

// Every parameter by which S3 tells one operation from another. A request that has one which no operation here answers
// must not be carried out as if it were not there: DELETE /bucket?cors would delete the bucket.
constexpr auto subresources = std::to_array<std::string_view>({"abac",
                                                               "accelerate",
                                                               "acl",
                                                               "analytics",
                                                               "append",
                                                               "attributes",
                                                               "cors",
                                                               "delete",
                                                               "encryption",
                                                               "intelligent-tiering",
                                                               "inventory",
                                                               "legal-hold",
                                                               "lifecycle",
                                                               "list-type",
                                                               "location",
                                                               "logging",
                                                               "metadataConfiguration",
                                                               "metadataInventoryTable",
                                                               "metadataJournalTable",
                                                               "metadataTable",
                                                               "metrics",
                                                               "notification",
                                                               "object-lock",
                                                               "ownershipControls",
                                                               "policy",
                                                               "policyStatus",
                                                               "publicAccessBlock",
                                                               "renameObject",
                                                               "replication",
                                                               "requestPayment",
                                                               "restore",
                                                               "retention",
                                                               "select",
                                                               "select-type",
                                                               "session",
                                                               "tagging",
                                                               "torrent",
                                                               "uploadId",
                                                               "uploads",
                                                               "versioning",
                                                               "versions",
                                                               "website"});

// Headers whose meaning an ordinary answer would betray.
constexpr auto refused_headers = std::to_array<std::string_view>(
    {"x-amz-server-side-encryption", "x-amz-object-lock-", "x-amz-website-redirect-location",
     "x-amz-write-offset-bytes", "x-amz-rename-source", "x-amz-if-match-", "x-amz-copy-source-server-side-encryption",
     "x-amz-mfa"});

constexpr std::string_view reading = "versionId partNumber response-*";
constexpr std::string_view listing_v1 = "prefix delimiter marker max-keys encoding-type";
constexpr std::string_view listing_v2 =
    "prefix delimiter start-after continuation-token max-keys encoding-type fetch-owner";

constexpr auto operations = std::to_array<Operation>({
    {"ListBuckets", "GET", Scope::service, "", "prefix max-buckets bucket-region", false, false, ops::list_buckets},

    {"CreateBucket", "PUT", Scope::bucket, "", "", false, false, ops::create_bucket},
    {"DeleteBucket", "DELETE", Scope::bucket, "", "", false, false, ops::delete_bucket},
    {"HeadBucket", "HEAD", Scope::bucket, "", "", true, false, ops::head_bucket},
    {"GetBucketAcl", "GET", Scope::bucket, "acl", "", false, false, ops::get_bucket_acl},
    {"PutBucketAcl", "PUT", Scope::bucket, "acl", "", false, false, ops::put_bucket_acl},
    {"GetBucketTagging", "GET", Scope::bucket, "tagging", "", false, false, ops::get_bucket_tagging},
    {"PutBucketTagging", "PUT", Scope::bucket, "tagging", "", false, false, ops::put_bucket_tagging},
    {"DeleteBucketTagging", "DELETE", Scope::bucket, "tagging", "", false, false, ops::delete_bucket_tagging},
    {"GetBucketLocation", "GET", Scope::bucket, "location", "", false, false, ops::get_bucket_location},
    {"GetBucketVersioning", "GET", Scope::bucket, "versioning", "", false, false, ops::get_bucket_versioning},
    {"ListObjectsV2", "GET", Scope::bucket, "list-type", listing_v2, true, false, ops::list_objects_v2},
    {"ListObjects", "GET", Scope::bucket, "", listing_v1, true, false, ops::list_objects},
    {"ListMultipartUploads", "GET", Scope::bucket, "uploads",
     "prefix delimiter key-marker upload-id-marker max-uploads encoding-type", false, false,
     ops::list_multipart_uploads},
    {"DeleteObjects", "POST", Scope::bucket, "delete", "", false, false, ops::delete_objects},

    {"PostObject", "POST", Scope::bucket, "", "", true, false, ops::post_object},

    {"GetObjectAttributes", "GET", Scope::object, "attributes", "", false, false, ops::get_object_attributes},
    {"GetObjectTagging", "GET", Scope::object, "tagging", "", false, false, ops::get_object_tagging},
    {"PutObjectTagging", "PUT", Scope::object, "tagging", "", false, false, ops::put_object_tagging},
    {"DeleteObjectTagging", "DELETE", Scope::object, "tagging", "", false, false, ops::delete_object_tagging},
    {"GetObjectAcl", "GET", Scope::object, "acl", "", false, false, ops::get_object_acl},
    {"PutObjectAcl", "PUT", Scope::object, "acl", "", false, false, ops::put_object_acl},
    {"GetObject", "GET", Scope::object, "", reading, true, false, ops::get_object},
    {"HeadObject", "HEAD", Scope::object, "", reading, true, false, ops::head_object},
    {"PutObject", "PUT", Scope::object, "", "", false, false, ops::put_object},
    {"CopyObject", "PUT", Scope::object, "", "", false, true, ops::copy_object},
    {"DeleteObject", "DELETE", Scope::object, "", "versionId", false, false, ops::delete_object},
    {"CreateMultipartUpload", "POST", Scope::object, "uploads", "", false, false, ops::create_multipart_upload},
    {"UploadPart", "PUT", Scope::object, "uploadId", "partNumber", false, false, ops::upload_part},
    {"UploadPartCopy", "PUT", Scope::object, "uploadId", "partNumber", false, true, ops::upload_part_copy},
    {"CompleteMultipartUpload", "POST", Scope::object, "uploadId", "", false, false, ops::complete_multipart_upload},
    {"AbortMultipartUpload", "DELETE", Scope::object, "uploadId", "", false, false, ops::abort_multipart_upload},
    {"ListParts", "GET", Scope::object, "uploadId", "max-parts part-number-marker encoding-type", false, false,
     ops::list_parts},
});

bool contains_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    std::string_view item = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(item.size() + 1, words.size()));
    bool prefix = item.ends_with('*') && word.starts_with(item.substr(0, item.size() - 1));
    if (item == word || prefix) return true;
  }
  return false;
}

bool is_subresource(std::string_view name) {
  return std::find(subresources.begin(), subresources.end(), name) != subresources.end();
}

// Belongs to signatures and SDKs, not to an operation.
bool is_common(std::string_view name) {
  constexpr std::string_view version_2 = "AWSAccessKeyId Signature Expires content-type content-md5";
  return name == "x-id" || contains_word(version_2, name) || name.starts_with("X-Amz-") || name.starts_with("x-amz-");
}

std::string_view subresource_of(const Request& request) {
  for (const auto& [name, value] : request.parameters) {
    if (is_subresource(name)) return name;
  }
  return {};
}

Scope scope_of(const Request& request) {
  if (request.bucket.empty()) return Scope::service;
  return request.key.empty() ? Scope::bucket : Scope::object;
}

// Browsers' "?v=4.7.0" on what is only read changes nothing; everything else unknown is refused.
bool harmless(const Operation& operation, std::string_view parameter) {
  return operation.scope == Scope::object && (operation.method == "GET" || operation.method == "HEAD") &&
         !is_subresource(parameter);
}

Result<void> check_parameters(const Request& request, const Operation& operation) {
  for (const auto& [name, value] : request.parameters) {
    bool known = name == operation.subresource || is_common(name) || contains_word(operation.parameters, name);
    if (!known && !harmless(operation, name)) return s3_error("NotImplemented");
    if (name == "versionId" && value != "null") return s3_error("NoSuchVersion");
    // What a listing is asked with comes back in its XML.
    if (operation.scope != Scope::object && !valid_utf8(value)) return s3_error("InvalidArgument");
  }
  return {};
}

Result<void> check_headers(const Request& request) {
  for (const auto& [name, value] : request.headers) {
    for (std::string_view refused : refused_headers) {
      if (name.starts_with(refused)) return s3_error("NotImplemented");
    }
  }
  return {};
}

}  // namespace

bool is_operation(std::string_view name) {
  return std::ranges::any_of(operations, [&](const Operation& operation) { return operation.name == name; });
}

Result<const Operation*> find_operation(const Request& request) {
  Scope scope = scope_of(request);
  std::string_view subresource = subresource_of(request);
  bool copying = request.method == "PUT" && request.headers.has("x-amz-copy-source");
  auto found = std::find_if(operations.begin(), operations.end(), [&](const Operation& operation) {
    return operation.method == request.method && operation.scope == scope && operation.subresource == subresource &&
           operation.copies == copying;
  });
  if (found == operations.end()) return s3_error(subresource.empty() ? "MethodNotAllowed" : "NotImplemented");
  ORLOP_TRY(check_parameters(request, *found));
  ORLOP_TRY(check_headers(request));
  return &*found;
}

Result<Objects> Call::bucket(const std::string& name, std::string_view key) {
  if (!valid_bucket_name(name)) return s3_error("InvalidBucketName");
  auto driver = services.buckets->open(name);
  if (!driver) return s3_error("NoSuchBucket");
  Objects objects(name, std::move(driver), services.locks);
  if (objects.owns(key)) return s3_error("AccessDenied");
  return objects;
}

Result<std::string> Call::document(bool of_object) {
  ORLOP_ASSIGN(auto body, UploadBody::open(raw_body, request, identity, ChecksumAlgorithm::none, of_object));
  return body->read_all(largest_document);
}

bool Call::is_public_bucket() const {
  const auto& names = services.options.public_buckets;
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return name == "*" || name == request.bucket; });
}

void FinishedUploads::remember(const std::string& upload_id, std::string answer) {
  std::lock_guard lock(mutex_);
  if (!answers_.insert_or_assign(upload_id, std::move(answer)).second) return;
  order_.push_back(upload_id);
  if (order_.size() <= most_finished) return;
  answers_.erase(order_.front());
  order_.pop_front();
}

std::optional<std::string> FinishedUploads::find(const std::string& upload_id) {
  std::lock_guard lock(mutex_);
  auto found = answers_.find(upload_id);
  return found == answers_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace orlop::server
