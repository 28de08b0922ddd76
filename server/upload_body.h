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

// Bytes whose digests are known when they have passed.
class MeasuredSource : public ByteSource {
 public:
  // Whether size() tells beforehand; else it tells once read() gave 0.
  virtual bool size_known() const noexcept { return true; }
  virtual std::uint64_t size() const noexcept = 0;
  // Once read() gave 0:
  virtual const std::string& md5() const noexcept = 0;  // hex
  virtual const Checksum& checksum() const noexcept = 0;

  // The rest, when `limit` allows it. Errors: MaxMessageLengthExceeded.
  Result<std::string> read_all(std::uint64_t limit);
};

class UploadBody final : public MeasuredSource {
 public:
  // Reads `raw` as the request's headers say it is coded. `required`: the algorithm of checksum(), whichever the client
  // chose; `none`: the client's, or CRC64NVME as AWS has it. `of_object`: checksum headers are about an object, not
  // about this body.
  // Errors: MissingContentLength, InvalidArgument, InvalidDigest, InvalidRequest, EntityTooLarge.
  static Result<std::unique_ptr<UploadBody>> open(ByteSource& raw, const Request& request, const Identity& identity,
                                                  ChecksumAlgorithm required = ChecksumAlgorithm::none,
                                                  bool of_object = false);
  ~UploadBody() override;

  std::uint64_t size() const noexcept override { return size_; }
  // Gives 0 only when everything the client said of the body has turned out true.
  // Errors: BadDigest, XAmzContentSHA256Mismatch, IncompleteBody, and those of AwsChunkedBody.
  Result<std::size_t> read(MutableBytes out) override;
  const std::string& md5() const noexcept override { return md5_hex_; }
  const Checksum& checksum() const noexcept override { return checksum_; }
  // What the client announced; `none`: nothing.
  ChecksumAlgorithm client_algorithm() const noexcept { return client_algorithm_; }
  bool has_content_md5() const noexcept { return !expected_md5_.empty(); }

 private:
  UploadBody();
  Result<void> choose_coding(ByteSource& raw, const Request& request, const Identity& identity);
  Result<void> choose_md5(const Request& request);
  Result<void> choose_checks(const Request& request, ChecksumAlgorithm required);
  Result<void> verify();
  Result<std::optional<Checksum>> announced_checksum() const;

  ByteSource* source_ = nullptr;
  std::unique_ptr<AwsChunkedBody> chunked_;
  std::uint64_t size_ = 0;
  std::uint64_t passed_ = 0;
  bool finished_ = false;

  wire::Hash md5_;
  std::optional<wire::Hash> sha256_;
  std::optional<wire::Checksummer> client_checksummer_;
  std::optional<wire::Checksummer> required_checksummer_;  // when it is another
  std::string expected_md5_;                               // bytes; empty: none
  std::string expected_sha256_;                            // hex; empty: none
  std::optional<Checksum> expected_checksum_;
  std::string trailer_;  // the header that will come as a trailer
  ChecksumAlgorithm client_algorithm_ = ChecksumAlgorithm::none;

  std::string md5_hex_;
  Checksum checksum_;
};

}  // namespace orlop::server
