#include "backends/s3/body.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "backends/s3/dialect.h"
#include "wire/checksum.h"
#include "wire/encoding.h"
#include "wire/hash.h"

namespace orlop::s3 {
namespace {

class PlainSource final : public UploadSource {
 public:
  PlainSource(const Payload& payload, std::optional<Checksum> checksum)
      : payload_(payload), checksum_(std::move(checksum)) {}
  std::uint64_t size() const noexcept override { return payload_.size(); }
  void rewind() noexcept override { position_ = 0; }
  std::optional<Checksum> checksum() const override { return checksum_; }
  Result<std::size_t> read(MutableBytes out) override {
    ORLOP_ASSIGN(std::size_t n, payload_.read_at(position_, out));
    position_ += n;
    return n;
  }

 private:
  Payload payload_;
  std::uint64_t position_ = 0;
  std::optional<Checksum> checksum_;
};

// The aws-chunked coding without signatures: hex size, data, ..., 0, trailer.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
class TrailerSource final : public UploadSource {
 public:
  TrailerSource(const Payload& payload, ChecksumAlgorithm algorithm)
      : payload_(payload), algorithm_(algorithm), summer_(algorithm) {}

  std::uint64_t size() const noexcept override {
    std::uint64_t whole = payload_.size() / chunk, rest = payload_.size() % chunk;
    std::uint64_t framed = payload_.size() + whole * (chunk_line(chunk).size() + 2);
    if (rest > 0) framed += chunk_line(rest).size() + 2;
    return framed + trailer_size();
  }
  void rewind() noexcept override {
    position_ = rest_ = 0;
    text_.clear();
    summer_ = wire::Checksummer(algorithm_);
    state_ = State::line;
  }
  std::optional<Checksum> checksum() const override { return checksum_; }

  Result<std::size_t> read(MutableBytes out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      if (!text_.empty()) {
        done += take_text(out.subspan(done));
      } else if (state_ == State::data) {
        ORLOP_ASSIGN(std::size_t n, take_data(out.subspan(done)));
        done += n;
      } else if (state_ == State::line) {
        begin_chunk();
      } else {
        break;
      }
    }
    return done;
  }

 private:
  enum class State : std::uint8_t { line, data, end };
  static constexpr std::uint64_t chunk = 1 << 20;

  static std::string chunk_line(std::uint64_t size) { return fmt::format("{:x}\r\n", size); }
  // "0", the trailer's name and base64 value, an empty line.
  std::uint64_t trailer_size() const {
    std::size_t bytes = wire::checksum(algorithm_, {}).bytes.size();
    return 3 + checksum_header(algorithm_).size() + 1 + (bytes + 2) / 3 * 4 + 4;
  }
  void begin_chunk() {
    rest_ = std::min(chunk, payload_.size() - position_);
    if (rest_ > 0) {
      text_ = chunk_line(rest_);
      state_ = State::data;
      return;
    }
    checksum_ = summer_.finish();
    text_ =
        fmt::format("0\r\n{}:{}\r\n\r\n", checksum_header(algorithm_), wire::encode_base64(as_bytes(checksum_->bytes)));
    state_ = State::end;
  }
  std::size_t take_text(MutableBytes out) {
    std::size_t n = std::min(out.size(), text_.size());
    std::memcpy(out.data(), text_.data(), n);
    text_.erase(0, n);
    return n;
  }
  Result<std::size_t> take_data(MutableBytes out) {
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), rest_)));
    ORLOP_ASSIGN(std::size_t n, payload_.read_at(position_, out));
    if (n == 0) return Error(Code::data_corrupted, "the payload became shorter while it was being sent");
    summer_.update(out.first(n));
    position_ += n;
    rest_ -= n;
    if (rest_ == 0) {
      text_ = "\r\n";
      state_ = State::line;
    }
    return n;
  }

  Payload payload_;
  ChecksumAlgorithm algorithm_;
  wire::Checksummer summer_;
  std::optional<Checksum> checksum_;
  std::uint64_t position_ = 0;
  std::uint64_t rest_ = 0;  // of the chunk
  std::string text_;        // framing still to be sent
  State state_ = State::line;
};

struct Digests {
  std::string sha256;  // hex
  std::optional<Checksum> checksum;
};

// Both in one pass.
Result<Digests> digest(const Payload& payload, const Protection& protection) {
  wire::Checksummer summer(protection.checksum);
  wire::Hash hash(wire::HashAlgorithm::sha256);
  auto feed = [&](Bytes bytes) {
    if (protection.checksum != ChecksumAlgorithm::none) summer.update(bytes);
    if (protection.sign_payload) hash.update(bytes);
  };
  if (auto memory = payload.contiguous()) {
    feed(*memory);
  } else {
    std::vector<std::byte> block(256 << 10);
    for (std::uint64_t at = 0; at < payload.size();) {
      ORLOP_ASSIGN(std::size_t n, payload.read_at(at, block));
      feed(Bytes(block).first(n));
      at += n;
    }
  }
  Digests result;
  if (protection.sign_payload) result.sha256 = hash.finish().hex();
  if (protection.checksum != ChecksumAlgorithm::none) result.checksum = summer.finish();
  return result;
}

UploadBody trailed(const Payload& payload, ChecksumAlgorithm algorithm, std::string_view content_encoding) {
  UploadBody body{
      std::make_unique<TrailerSource>(payload, algorithm), std::string(wire::streaming_unsigned_trailer), {}};
  std::string coding = "aws-chunked";
  if (!content_encoding.empty()) coding.append(1, ',').append(content_encoding);
  body.headers = {{"content-encoding", std::move(coding)},
                  {"x-amz-decoded-content-length", std::to_string(payload.size())},
                  {"x-amz-trailer", std::string(checksum_header(algorithm))}};
  return body;
}

}  // namespace

Result<UploadBody> prepare_upload(const Payload& payload, const Protection& protection,
                                  std::string_view content_encoding) {
  bool summed = protection.checksum != ChecksumAlgorithm::none;
  bool in_memory = payload.contiguous().has_value();
  if (summed && protection.trailer && !protection.sign_payload && !in_memory) {
    return trailed(payload, protection.checksum, content_encoding);
  }
  Digests digests;
  if (summed || protection.sign_payload) {
    ORLOP_ASSIGN(digests, digest(payload, protection));
  }
  UploadBody body;
  body.payload_hash = protection.sign_payload ? digests.sha256 : wire::unsigned_payload;
  if (digests.checksum) {
    body.headers.emplace_back(checksum_header(protection.checksum),
                              wire::encode_base64(as_bytes(digests.checksum->bytes)));
  }
  body.source = std::make_unique<PlainSource>(payload, std::move(digests.checksum));
  return body;
}

}  // namespace orlop::s3
