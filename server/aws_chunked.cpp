#include "server/aws_chunked.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "server/errors.h"

namespace orlop::server {
namespace {

constexpr std::size_t buffer_size = 64 * 1024;
constexpr std::size_t longest_line = 4096;  // "size;chunk-signature=64 digits", or one trailer
constexpr std::size_t most_trailers = 16;
constexpr std::uint64_t smallest_chunk = 8192;  // of all but the last
constexpr std::uint64_t largest_chunk = 5ULL << 30;
constexpr std::string_view signature_mark = ";chunk-signature=";

Error malformed() {
  return s3_error("IncompleteBody", "The request body is not in the aws-chunked coding it announces");
}

}  // namespace

AwsChunkedBody::AwsChunkedBody(ByteSource& raw, std::unique_ptr<wire::ChunkSigner> signer, bool has_trailers)
    : raw_(raw), signer_(std::move(signer)), has_trailers_(has_trailers), buffer_(buffer_size) {}
AwsChunkedBody::~AwsChunkedBody() = default;

Result<std::size_t> AwsChunkedBody::read(MutableBytes out) {
  if (finished_ || out.empty()) return 0;
  if (!in_chunk_) ORLOP_TRY(begin_chunk());
  if (finished_) return 0;
  if (begin_ == end_) {
    ORLOP_ASSIGN(bool more, fill());
    if (!more) return s3_error("IncompleteBody");
  }
  std::size_t count = std::min<std::uint64_t>({out.size(), rest_, end_ - begin_});
  std::memcpy(out.data(), buffer_.data() + begin_, count);
  begin_ += count;
  rest_ -= count;
  if (hash_) hash_->update(out.first(count));
  if (rest_ == 0) ORLOP_TRY(end_chunk());
  return count;
}

Result<bool> AwsChunkedBody::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  ORLOP_ASSIGN(std::size_t count, raw_.read(MutableBytes(buffer_).subspan(end_)));
  end_ += count;
  return count > 0;
}

// The next line without its CR LF.
Result<std::string> AwsChunkedBody::line() {
  for (;;) {
    std::string_view seen = as_text(Bytes(buffer_).subspan(begin_, end_ - begin_));
    std::size_t length = seen.find("\r\n");
    if (length <= longest_line) {  // npos is longer
      begin_ += length + 2;
      return std::string(seen.substr(0, length));
    }
    if (seen.size() > longest_line) return malformed();
    ORLOP_ASSIGN(bool more, fill());
    if (!more) return s3_error("IncompleteBody");
  }
}

Result<void> AwsChunkedBody::begin_chunk() {
  ORLOP_ASSIGN(std::string head, line());
  std::size_t digits = std::min(head.find(';'), head.size());
  auto [end, failure] = std::from_chars(head.data(), head.data() + digits, rest_, 16);
  if (failure != std::errc() || end != head.data() + digits || rest_ > largest_chunk) return malformed();
  std::string_view extension = std::string_view(head).substr(digits);
  if (signer_) {
    if (!extension.starts_with(signature_mark)) return malformed();
    signature_ = extension.substr(signature_mark.size());
    hash_.emplace(wire::HashAlgorithm::sha256);
  }
  if (rest_ > 0) {
    if (small_chunk_seen_) return s3_error("InvalidChunkSizeError");
    small_chunk_seen_ = rest_ < smallest_chunk;
    in_chunk_ = true;
    return {};
  }
  ORLOP_TRY(check_chunk_signature());
  if (has_trailers_) {
    ORLOP_TRY(read_trailers());
  } else {
    ORLOP_ASSIGN(std::string blank, line());
    if (!blank.empty()) return malformed();
  }
  ORLOP_TRY(expect_end());
  finished_ = true;
  return {};
}

Result<void> AwsChunkedBody::end_chunk() {
  ORLOP_ASSIGN(std::string blank, line());
  if (!blank.empty()) return malformed();
  in_chunk_ = false;
  return check_chunk_signature();
}

Result<void> AwsChunkedBody::check_chunk_signature() {
  if (!signer_ || wire::same_signature(signer_->chunk(hash_->finish().hex()), signature_)) return {};
  return s3_error("SignatureDoesNotMatch");
}

Result<void> AwsChunkedBody::read_trailers() {
  std::string canonical;
  std::string signature;
  for (std::size_t count = 0;; ++count) {
    ORLOP_ASSIGN(std::string text, line());
    if (text.empty()) break;
    std::size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0 || count == most_trailers) return s3_error("MalformedTrailerError");
    std::string name = lower(trim(std::string_view(text).substr(0, colon)));
    std::string_view value = trim(std::string_view(text).substr(colon + 1));
    if (name == "x-amz-trailer-signature") {
      signature = value;
      continue;
    }
    trailers_.add(name, value);
    canonical.append(name).append(1, ':').append(value).append(1, '\n');
  }
  if (!signer_ || wire::same_signature(signer_->trailer(canonical), signature)) return {};
  return s3_error("SignatureDoesNotMatch");
}

Result<void> AwsChunkedBody::expect_end() {
  if (begin_ != end_) return malformed();
  ORLOP_ASSIGN(bool more, fill());
  if (more) return malformed();
  return {};
}

}  // namespace orlop::server
