// The XML bodies of S3's requests and answers. No I/O.
// Specification: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orlop/driver/multipart.h"
#include "orlop/types.h"

namespace orlop::s3 {

std::string delete_body(std::span<const std::string_view> keys);
std::string complete_body(std::span<const Part> parts);
std::string create_bucket_body(std::string_view region);

// Every parser answers data_corrupted (Retry::safe, outcome unknown) for what is not the whole document expected,
// and the service's own error for an <Error> that came with status 200.

struct ListReply {
  std::vector<Entry> entries;  // as sent: objects, then groups
  bool truncated = false;
  std::string token;   // NextContinuationToken
  std::string marker;  // NextMarker, of version 1
};
Result<ListReply> parse_list(std::string_view body);

struct DeleteReply {
  struct Failure {
    std::string key, code, message;
  };
  std::vector<std::string> deleted;
  std::vector<Failure> failures;
};
Result<DeleteReply> parse_delete(std::string_view body);

Result<std::string> parse_upload_id(std::string_view body);  // of CreateMultipartUpload

// Of CompleteMultipartUpload, CopyObject ("CopyObjectResult"), UploadPartCopy ("CopyPartResult").
struct EtagReply {
  std::string etag;  // may be empty: Ceph's answer to CompleteMultipartUpload
  std::string modified;
  std::optional<Checksum> checksum;
};
// `other_root`: what some service calls the same.
Result<EtagReply> parse_etag(std::string_view body, std::string_view root, std::string_view other_root = {});

struct PartsReply {
  std::vector<Part> parts;
  bool truncated = false;
  std::string marker;  // NextPartNumberMarker
};
Result<PartsReply> parse_parts(std::string_view body);

struct UploadsReply {
  struct Upload {
    std::string key, id;
    std::optional<SystemTime> initiated;
  };
  std::vector<Upload> uploads;
};
Result<UploadsReply> parse_uploads(std::string_view body);

// User metadata in a header, where only printable ASCII survives: RFC 2047 encoded words for everything else, which
// is also what Amazon and MinIO answer with.
std::string encode_metadata(std::string_view value);
std::string decode_metadata(std::string_view value);

}  // namespace orlop::s3
