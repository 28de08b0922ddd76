// What the services that speak S3 do differently, as data. Nothing else in this folder knows a vendor by name.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "orlop/capability.h"
#include "orlop/types.h"

namespace orlop::s3 {

// Kinds of keys that some services store under another name, or without their content.
enum OddKey : unsigned {
  leading_slash = 1,
  empty_segment = 2,  // "a//b"
  dot_segment = 4,    // "a/./b", "../b"
  trailing_slash = 8,
};
unsigned odd_key(std::string_view key) noexcept;  // all that `key` is

struct Dialect {
  std::string_view name;
  // Endpoints whose host is or ends so speak it; none: only by name. (Those of Amazon: partition.h.)
  std::array<std::string_view, 2> hosts{};

  Caps lowered;  // what it cannot do of what S3 can

  // Checksums it verifies and gives back; the first is the one sent when nobody chose. None: SHA-256 of the payload
  // in the signature protects uploads instead.
  std::array<ChecksumAlgorithm, 5> checksums{};
  bool full_object_checksum = false;  // of multipart uploads too (x-amz-checksum-type: FULL_OBJECT)
  bool trailers = false;              // aws-chunked bodies with a trailing checksum
  bool unsigned_payload = false;      // UNSIGNED-PAYLOAD over TLS
  bool md5_etag = false;              // the ETag of a plain upload is the MD5 of its content

  unsigned refused_keys = 0;  // kinds of keys it would not keep as they are

  bool if_match_quoted = true;  // how If-Match of a write wants the ETag
  bool list_v2 = true;
  bool list_encoded = true;     // encoding-type=url is understood
  bool virtual_hosts = false;   // by default; else the bucket is the first segment of the path
  bool regional_hosts = false;  // every region has a host of its own, and a bucket answers at its region's only
  bool knows_uploads = true;    // says NoSuchUpload; else an unknown upload looks like one without parts
  // AccessDenied may mean that a write met the removal of the last object beside it; trying again tells.
  bool denies_by_mistake = false;
  bool copies_parts = true;   // knows UploadPartCopy; else one CopyObject takes an object of any size
  bool equal_parts = false;   // parts of an upload must all have one size, but for the last
  std::string_view server{};  // how the header Server of its answers begins, when it says who it is
  // Nobody knows whether it obeys If-None-Match: who creates looks first, so that what is there is safe even if not.
  bool create_unproven = false;
  std::uint64_t remove_batch = 1000;

  bool knows(ChecksumAlgorithm algorithm) const noexcept;
};

std::span<const Dialect> dialects() noexcept;
const Dialect* find_dialect(std::string_view name) noexcept;
// By the host of an endpoint; `generic` when nothing is known of it.
const Dialect& dialect_of_host(std::string_view host) noexcept;

// By the header Server of an answer; null when it does not tell.
const Dialect* dialect_of_server(std::string_view server) noexcept;

std::string xml_name(ChecksumAlgorithm algorithm);  // as header values and XML have it: "CRC64NVME"; not of `none`
ChecksumAlgorithm parse_checksum(std::string_view name) noexcept;  // either case; none when unknown

struct ChecksumHeader {
  ChecksumAlgorithm algorithm;
  std::string_view name;
};
// What a service may tell of an object, the strongest first. Content-MD5 is another header's business.
constexpr ChecksumHeader checksum_headers[] = {
    {ChecksumAlgorithm::crc64nvme, "x-amz-checksum-crc64nvme"}, {ChecksumAlgorithm::crc32c, "x-amz-checksum-crc32c"},
    {ChecksumAlgorithm::crc32, "x-amz-checksum-crc32"},         {ChecksumAlgorithm::sha256, "x-amz-checksum-sha256"},
    {ChecksumAlgorithm::sha1, "x-amz-checksum-sha1"},
};
// Empty for what S3 has no such header for.
std::string_view checksum_header(ChecksumAlgorithm algorithm) noexcept;

}  // namespace orlop::s3
