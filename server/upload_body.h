// The body of an upload: decoded, measured, digested and verified as it passes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "server/auth.h"
#include "wire/checksum.h"

namespace orlop::server {

class AwsChunkedBody;

// The header of an algorithm's value ("x-amz-checksum-crc32c"), and S3's word for it ("CRC32C"). Empty for others.
std::string_view checksum_header(ChecksumAlgorithm algorithm) noexcept;
std::string_view checksum_name(ChecksumAlgorithm algorithm) noexcept;
std::optional<ChecksumAlgorithm> parse_checksum_name(std::string_view name) noexcept;

// The checksum `headers` carry. Errors: InvalidRequest for more than one, or one that is not of its algorithm.
Result<std::optional<Checksum>> checksum_in(const Headers& headers);

class UploadBody final : public ByteSource {
 public:
  // Reads `raw` as the request's headers say it is coded. `algorithm` is what is computed when the client chose none.
  // Errors: MissingContentLength, InvalidArgument, InvalidDigest, InvalidRequest, EntityTooLarge.
  static Result<std::unique_ptr<UploadBody>> open(ByteSource& raw, const Request& request, const Identity& identity,
                                                ChecksumAlgorithm algorithm = ChecksumAlgorithm::crc64nvme);
  ~UploadBody() override;

  // What will come, in bytes.
  std::uint64_t size() const noexcept { return size_; }
  // Gives 0 only when everything the client said of the body has turned out true.
  // Errors: BadDigest, XAmzContentSHA256Mismatch, IncompleteBody, and those of AwsChunkedBody.
  Result<std::size_t> read(MutableBytes out) override;
  // The rest, when `limit` allows it. Errors: MaxMessageLengthExceeded.
  Result<std::string> read_all(std::uint64_t limit);

  // Once read() gave 0:
  const std::string& md5() const noexcept { return md5_hex_; }
  const Checksum& checksum() const noexcept { return checksum_; }
  bool has_client_checksum() const noexcept { return client_checksum_; }

 private:
  UploadBody();
  Result<void> choose_coding(ByteSource& raw, const Request& request, const Identity& identity);
  Result<void> choose_checks(const Request& request, ChecksumAlgorithm algorithm);
  Result<void> verify();
  Result<std::optional<Checksum>> announced_checksum() const;

  ByteSource* source_ = nullptr;
  std::unique_ptr<AwsChunkedBody> chunked_;
  std::uint64_t size_ = 0;
  std::uint64_t passed_ = 0;
  bool finished_ = false;

  wire::Hash md5_;
  std::optional<wire::Hash> sha256_;
  std::optional<wire::Checksummer> checksummer_;
  std::string expected_md5_;     // bytes; empty: none
  std::string expected_sha256_;  // hex; empty: none
  std::optional<Checksum> expected_checksum_;
  std::string trailer_;  // the header that will come as a trailer
  bool client_checksum_ = false;

  std::string md5_hex_;
  Checksum checksum_;
};

}  // namespace orlop::server
