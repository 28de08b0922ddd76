#include "server/upload_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "server/aws_chunked.h"
#include "server/errors.h"
#include "wire/encoding.h"

namespace orlop::server {
namespace {

constexpr std::uint64_t largest_body = 5ULL << 30;  // of PutObject and UploadPart

struct Algorithm {
  ChecksumAlgorithm algorithm;
  std::string_view name;
  std::string_view header;
  std::size_t size;
};
constexpr auto algorithms = std::to_array<Algorithm>({
    {ChecksumAlgorithm::crc32, "CRC32", "x-amz-checksum-crc32", 4},
    {ChecksumAlgorithm::crc32c, "CRC32C", "x-amz-checksum-crc32c", 4},
    {ChecksumAlgorithm::crc64nvme, "CRC64NVME", "x-amz-checksum-crc64nvme", 8},
    {ChecksumAlgorithm::sha1, "SHA1", "x-amz-checksum-sha1", 20},
    {ChecksumAlgorithm::sha256, "SHA256", "x-amz-checksum-sha256", 32},
});

const Algorithm* find(ChecksumAlgorithm algorithm) {
  auto found = std::find_if(algorithms.begin(), algorithms.end(),
                            [&](const Algorithm& candidate) { return candidate.algorithm == algorithm; });
  return found == algorithms.end() ? nullptr : &*found;
}

Error invalid_value(std::string_view header) {
  return s3_error("InvalidRequest", fmt::format("Value for {} header is invalid.", header));
}

bool is_sha256_hex(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) { return wire::hex_digit(c) >= 0; });
}

bool is_streaming(std::string_view hash) { return hash.starts_with("STREAMING-"); }

Result<std::uint64_t> announced_size(const Request& request, bool streaming) {
  if (!streaming) {
    if (!request.content_length) return s3_error("MissingContentLength");
    return *request.content_length;
  }
  std::string_view text = request.header("x-amz-decoded-content-length");
  std::uint64_t size = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size())
    return s3_error("MissingContentLength");
  return size;
}

// What x-amz-sdk-checksum-algorithm names must be what was sent.
Result<void> check_named_algorithm(std::string_view name, ChecksumAlgorithm sent) {
  if (name.empty()) return {};
  auto named = parse_checksum_name(name);
  if (!named || (sent != ChecksumAlgorithm::none && *named != sent))
    return invalid_value("x-amz-sdk-checksum-algorithm");
  if (sent != ChecksumAlgorithm::none) return {};
  return s3_error("InvalidRequest",
                  "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer "
                  "headers were found.");
}

}  // namespace

std::string_view checksum_header(ChecksumAlgorithm algorithm) noexcept {
  const Algorithm* found = find(algorithm);
  return found ? found->header : std::string_view{};
}

std::string_view checksum_name(ChecksumAlgorithm algorithm) noexcept {
  const Algorithm* found = find(algorithm);
  return found ? found->name : std::string_view{};
}

std::optional<ChecksumAlgorithm> parse_checksum_name(std::string_view name) noexcept {
  for (const Algorithm& candidate : algorithms) {
    if (same_text(candidate.name, name)) return candidate.algorithm;
  }
  return std::nullopt;
}

Result<std::optional<Checksum>> checksum_in(const Headers& headers) {
  std::optional<Checksum> result;
  for (const Algorithm& candidate : algorithms) {
    if (!headers.has(candidate.header)) continue;
    if (result) {
      return s3_error("InvalidRequest",
                      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    }
    auto bytes = wire::decode_base64(headers.get(candidate.header));
    if (!bytes || bytes->size() != candidate.size) return invalid_value(candidate.header);
    result = Checksum{candidate.algorithm, *std::move(bytes)};
  }
  return result;
}

UploadBody::UploadBody() : md5_(wire::HashAlgorithm::md5) {}
UploadBody::~UploadBody() = default;

Result<std::unique_ptr<UploadBody>> UploadBody::open(ByteSource& raw, const Request& request, const Identity& identity,
                                                     ChecksumAlgorithm required, bool of_object) {
  std::unique_ptr<UploadBody> body(new UploadBody());
  ORLOP_TRY(body->choose_coding(raw, request, identity));
  ORLOP_TRY(body->choose_md5(request));
  if (!of_object) ORLOP_TRY(body->choose_checks(request, required));
  return body;
}

Result<void> UploadBody::choose_coding(ByteSource& raw, const Request& request, const Identity& identity) {
  const std::string& hash = identity.payload_hash;
  ORLOP_ASSIGN(size_, announced_size(request, is_streaming(hash)));
  if (size_ > largest_body) return s3_error("EntityTooLarge");
  source_ = &raw;
  if (is_sha256_hex(hash)) {
    expected_sha256_ = lower(hash);
    sha256_.emplace(wire::HashAlgorithm::sha256);
    return {};
  }
  if (hash == wire::unsigned_payload || (hash.empty() && identity.anonymous)) return {};
  bool is_signed = hash == wire::streaming_signed || hash == wire::streaming_signed_trailer;
  bool trailers = hash == wire::streaming_signed_trailer || hash == wire::streaming_unsigned_trailer;
  if ((!is_signed && !trailers) || (is_signed && identity.anonymous)) {
    return s3_error(
        "InvalidArgument",
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.");
  }
  std::unique_ptr<wire::ChunkSigner> signer;
  if (is_signed) signer = std::make_unique<wire::ChunkSigner>(identity.key, identity.date, identity.signature);
  chunked_ = std::make_unique<AwsChunkedBody>(raw, std::move(signer), trailers);
  source_ = chunked_.get();
  if (trailers) trailer_ = lower(trim(request.header("x-amz-trailer")));
  return {};
}

Result<void> UploadBody::choose_md5(const Request& request) {
  if (!request.headers.has("content-md5")) return {};
  auto md5 = wire::decode_base64(request.header("content-md5"));
  if (!md5 || md5->size() != 16) return s3_error("InvalidDigest");
  expected_md5_ = *std::move(md5);
  return {};
}

Result<void> UploadBody::choose_checks(const Request& request, ChecksumAlgorithm required) {
  ORLOP_ASSIGN(expected_checksum_, checksum_in(request.headers));
  if (expected_checksum_) client_algorithm_ = expected_checksum_->algorithm;
  if (!trailer_.empty()) {
    auto announced = std::find_if(algorithms.begin(), algorithms.end(),
                                  [&](const Algorithm& candidate) { return candidate.header == trailer_; });
    if (announced == algorithms.end() || expected_checksum_) return invalid_value("x-amz-trailer");
    client_algorithm_ = announced->algorithm;
  }
  ORLOP_TRY(check_named_algorithm(request.header("x-amz-sdk-checksum-algorithm"), client_algorithm_));
  if (required == ChecksumAlgorithm::none && client_algorithm_ == required) required = ChecksumAlgorithm::crc64nvme;
  if (client_algorithm_ != ChecksumAlgorithm::none) client_checksummer_.emplace(client_algorithm_);
  if (required != ChecksumAlgorithm::none && required != client_algorithm_) required_checksummer_.emplace(required);
  return {};
}

Result<std::size_t> UploadBody::read(MutableBytes out) {
  if (finished_ || out.empty()) return 0;
  ORLOP_ASSIGN(std::size_t count, source_->read(out));
  Bytes bytes = out.first(count);
  passed_ += count;
  if (passed_ > size_ || (count == 0 && passed_ < size_)) return s3_error("IncompleteBody");
  if (count == 0) {
    finished_ = true;
    ORLOP_TRY(verify());
    return 0;
  }
  md5_.update(bytes);
  if (sha256_) sha256_->update(bytes);
  if (client_checksummer_) client_checksummer_->update(bytes);
  if (required_checksummer_) required_checksummer_->update(bytes);
  return count;
}

Result<std::string> MeasuredSource::read_all(std::uint64_t limit) {
  if (size() > limit) return s3_error("MaxMessageLengthExceeded");
  std::string text(size(), '\0');
  MutableBytes rest = std::as_writable_bytes(std::span(text));
  while (!rest.empty()) {
    ORLOP_ASSIGN(std::size_t count, read(rest));
    rest = rest.subspan(count);
    if (count == 0) return s3_error("IncompleteBody");
  }
  std::byte end;
  ORLOP_TRY(read({&end, 1}));
  return text;
}

Result<std::optional<Checksum>> UploadBody::announced_checksum() const {
  if (trailer_.empty()) return expected_checksum_;
  if (!chunked_->trailers().has(trailer_)) return s3_error("MalformedTrailerError");
  return checksum_in(chunked_->trailers());
}

Result<void> UploadBody::verify() {
  wire::Digest md5 = md5_.finish();
  md5_hex_ = md5.hex();
  if (!expected_md5_.empty() && md5.text() != expected_md5_) {
    return s3_error("BadDigest", "The Content-MD5 you specified did not match what we received.");
  }
  if (sha256_ && sha256_->finish().hex() != expected_sha256_) return s3_error("XAmzContentSHA256Mismatch");
  ORLOP_ASSIGN(std::optional<Checksum> announced, announced_checksum());
  if (client_checksummer_) checksum_ = client_checksummer_->finish();
  if (announced && *announced != checksum_) {
    return s3_error("BadDigest", fmt::format("The {} you specified did not match the calculated checksum.",
                                             checksum_name(checksum_.algorithm)));
  }
  if (required_checksummer_) checksum_ = required_checksummer_->finish();
  return {};
}

}  // namespace orlop::server
