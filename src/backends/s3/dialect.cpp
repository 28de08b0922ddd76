#include "backends/s3/dialect.h"

#include <algorithm>
#include <cctype>

#include "backends/s3/partition.h"

namespace orlop::s3 {
namespace {

using enum ChecksumAlgorithm;

// What nobody but Amazon does so far: conditions on the destination of a copy.
constexpr Caps amazon_only = {Cap::copy_create};
// Of servers that keep objects in a file system.
constexpr unsigned path_like = leading_slash | empty_segment | dot_segment;

// For services that are said to ignore or refuse what they do not know: nothing is asked of them that is not
// documented.
constexpr Caps no_conditions = {Cap::copy_create, Cap::put_create, Cap::put_match, Cap::write_create, Cap::write_match};
constexpr Caps operator-(Caps caps, Cap cap) { return caps.remove(cap); }
constexpr Caps operator+(Caps caps, Cap cap) { return caps.add(cap); }
constexpr Caps no_checksums(Caps caps) { return caps + Cap::checksum + Cap::presign_checksum; }

// Facts of docs/backends/s3.md, section "Dialects". Down to orlop each was seen on the server named; those of services
// nobody can install are from their documentation, or from what others measured there (2026).
constexpr Dialect dialect_table[] = {
    {.name = "aws",
     .lowered = {},
     .checksums = {crc64nvme, crc32c, crc32, sha256, sha1},
     .full_object_checksum = true,
     .trailers = true,
     .unsigned_payload = true,
     .virtual_hosts = true,
     .regional_hosts = true},
    {.name = "minio",
     .lowered = amazon_only,
     .checksums = {crc64nvme, crc32c, crc32, sha256, sha1},
     .full_object_checksum = true,
     .trailers = true,
     .unsigned_payload = true,
     .refused_keys = path_like,
     .denies_by_mistake = true,
     .server = "MinIO"},
    // Release 16: no x-amz-checksum-*, no trailers; conditions on CompleteMultipartUpload are ignored; If-Match of a
    // write compares with the bare ETag.
    {.name = "ceph",
     .lowered = {Cap::copy_create, Cap::write_create, Cap::write_match, Cap::checksum},
     .md5_etag = true,
     .if_match_quoted = false},
    // Trailing checksums are decoded but not compared, so they would protect nothing. Lists in UTF-16 order.
    {.name = "s3proxy",
     .lowered = {Cap::copy_create, Cap::put_match, Cap::write_match, Cap::put_atomic, Cap::list_sorted, Cap::versions},
     .checksums = {crc64nvme, crc32c, crc32, sha256, sha1},
     .full_object_checksum = true,
     .unsigned_payload = true,
     .refused_keys = path_like | trailing_slash,
     .knows_uploads = false},
    // Ignores encoding-type; refuses requests that follow a trailer upload on the same connection.
    {.name = "versitygw",
     .lowered = amazon_only,
     .checksums = {crc64nvme, crc32c, crc32, sha256, sha1},
     .full_object_checksum = true,
     .unsigned_payload = true,
     .refused_keys = path_like,
     .list_encoded = false},
    // Every condition on a write is ignored.
    {.name = "garage",
     .lowered = {Cap::copy_create, Cap::put_create, Cap::put_match, Cap::write_create, Cap::write_match, Cap::versions},
     .checksums = {crc64nvme, crc32c, crc32, sha256, sha1},
     .full_object_checksum = true,
     .unsigned_payload = true},
    // The development server of this project.
    {.name = "orlop",
     .lowered = {Cap::copy_create, Cap::versions},
     .checksums = {crc64nvme, crc32c, crc32, sha256, sha1},
     .full_object_checksum = true,
     .trailers = true,
     .unsigned_payload = true,
     .server = "orlop"},
    // https://developers.cloudflare.com/r2/api/s3/api/ (checksums; no versions) and .../extensions/ (If-Match and
    // If-None-Match of PutObject; those of a copy have names of their own). No POST forms:
    // https://developers.cloudflare.com/r2/api/s3/presigned-urls/. Parts of one size:
    // https://developers.cloudflare.com/r2/objects/multipart-objects/
    {.name = "r2",
     .hosts = {"r2.cloudflarestorage.com"},
     .lowered = {Cap::copy_create, Cap::write_create, Cap::write_match, Cap::versions, Cap::presign_post},
     .checksums = {crc64nvme},
     .full_object_checksum = true,
     .unsigned_payload = true,
     .equal_parts = true},
    // https://www.backblaze.com/docs/cloud-storage-s3-compatible-api, "Unsupported features": x-amz-checksum-*; a
    // condition on a write is refused (https://github.com/sathinduga/obsidian-s3-sync-and-backup/pull/84). Nothing is
    // said of POST forms.
    {.name = "b2", .hosts = {"backblazeb2.com"}, .lowered = no_checksums(no_conditions + Cap::presign_post)},
    // If-None-Match of a PUT was held against concurrent writers (https://github.com/gordonmurray/firnflow/pull/30);
    // of the rest nobody tells: it is made of Ceph, whose conditions on a multipart upload are ignored.
    {.name = "digitalocean",
     .hosts = {"digitaloceanspaces.com"},
     .lowered = no_checksums(no_conditions - Cap::put_create)},
    // https://www.scaleway.com/en/docs/object-storage/api-cli/using-conditional-writes/ (PUT, CompleteMultipartUpload
    // and copies) and .../reference-content/supported-checksums/; nothing is said of trailers.
    {.name = "scaleway",
     .hosts = {"scw.cloud"},
     .lowered = {},
     .checksums = {crc64nvme, crc32c, crc32, sha256, sha1},
     .full_object_checksum = true,
     .unsigned_payload = true},
    // https://docs.wasabi.com/apidocs/wasabi-api: neither conditions on writes nor x-amz-checksum-* are documented.
    {.name = "wasabi", .hosts = {"wasabisys.com"}, .lowered = no_checksums(no_conditions)},
    // https://docs.oracle.com/en-us/iaas/Content/Object/Tasks/s3compatibleapi_topic-Amazon_S3_Compatibility_API_Support.htm
    // and https://github.com/activepieces/activepieces/issues/14110: of checksums CRC32C and SHA-256 are known,
    // aws-chunked only since July 2026; conditions are not documented. Virtual hosts have a domain of their own.
    {.name = "oracle",
     .hosts = {"oraclecloud.com", "customer-oci.com"},
     .lowered = no_checksums(no_conditions + Cap::versions)},
    // https://docs.cloud.google.com/storage/docs/interoperability. If-None-Match of a PUT is ignored and the object
    // overwritten (https://github.com/aws/aws-sdk-java-v2/pull/6055); x-amz-checksum-* are refused
    // (https://github.com/milvus-io/milvus-storage/pull/480); UploadPartCopy does not work and CopyObject has no limit
    // (https://issuetracker.google.com/issues/323465186); versions are called generations, forms are signed otherwise.
    {.name = "gcs",
     .hosts = {"storage.googleapis.com", "rep.googleapis.com"},
     .lowered = no_checksums(no_conditions + Cap::versions + Cap::presign_post),
     .copies_parts = false},
    // Whatever else: only what every server was seen to do. Payloads are always signed. Some ignore If-None-Match and
    // overwrite (Garage, rclone), which no look beforehand could undo: so there is one. Some know the first version of
    // ListObjects alone (django-storages went back to it in 1.7.1 for those).
    {.name = "generic",
     .lowered = {Cap::copy_create, Cap::put_match, Cap::write_create, Cap::write_match, Cap::versions, Cap::list_sorted,
                 Cap::checksum},
     .list_v2 = false,
     .create_unproven = true},
};

constexpr ChecksumAlgorithm checksum_algorithms[] = {crc32, crc32c, crc64nvme, sha1, sha256, md5};

bool is_within(std::string_view host, std::string_view domain) noexcept {
  if (domain.empty() || !host.ends_with(domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

}  // namespace

bool Dialect::knows(ChecksumAlgorithm algorithm) const noexcept {
  return algorithm != none && std::ranges::find(checksums, algorithm) != checksums.end();
}

unsigned odd_key(std::string_view key) noexcept {
  unsigned kinds = 0;
  if (key.starts_with('/')) kinds |= leading_slash;
  if (key.ends_with('/')) kinds |= trailing_slash;
  if (key.find("//") != std::string_view::npos) kinds |= empty_segment;
  while (!key.empty()) {
    std::string_view segment = key.substr(0, key.find('/'));
    if (segment == "." || segment == "..") kinds |= dot_segment;
    key.remove_prefix(std::min(key.size(), segment.size() + 1));
  }
  return kinds;
}

std::span<const Dialect> dialects() noexcept { return dialect_table; }

const Dialect* find_dialect(std::string_view name) noexcept {
  auto found = std::ranges::find(dialect_table, name, &Dialect::name);
  return found == std::end(dialect_table) ? nullptr : found;
}

const Dialect& dialect_of_host(std::string_view host) noexcept {
  host = host.substr(0, host.rfind(':'));
  if (partition_of_host(host)) return *find_dialect("aws");
  auto speaks = [&](const Dialect& dialect) {
    return std::ranges::any_of(dialect.hosts, [&](std::string_view domain) { return is_within(host, domain); });
  };
  auto found = std::ranges::find_if(dialect_table, speaks);
  return found == std::end(dialect_table) ? *find_dialect("generic") : *found;
}

const Dialect* dialect_of_server(std::string_view server) noexcept {
  auto is_it = [&](const Dialect& dialect) { return !dialect.server.empty() && server.starts_with(dialect.server); };
  auto found = std::ranges::find_if(dialect_table, is_it);
  return found == std::end(dialect_table) ? nullptr : found;
}

std::string xml_name(ChecksumAlgorithm algorithm) {
  std::string name(to_string(algorithm));
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

ChecksumAlgorithm parse_checksum(std::string_view name) noexcept {
  auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  for (ChecksumAlgorithm candidate : checksum_algorithms) {
    if (std::ranges::equal(name, to_string(candidate), same)) return candidate;
  }
  return none;
}

std::string_view checksum_header(ChecksumAlgorithm algorithm) noexcept {
  const auto* found = std::ranges::find(checksum_headers, algorithm, &ChecksumHeader::algorithm);
  return found == std::end(checksum_headers) ? std::string_view() : found->name;
}

}  // namespace orlop::s3
