// The aws-chunked coding of a request body: chunks with or without signatures, then trailers.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and .../sigv4-streaming-trailers.html
#pragma once

#include <optional>
#include <vector>

#include "server/http/message.h"
#include "wire/hash.h"
#include "wire/sigv4.h"

namespace orlop::server {

class AwsChunkedBody final : public ByteSource {
 public:
  // `signer`: checks the chunks' signatures; null: they have none. `raw` must outlive this.
  AwsChunkedBody(ByteSource& raw, std::unique_ptr<wire::ChunkSigner> signer, bool has_trailers);
  ~AwsChunkedBody() override;

  // Gives 0 only once the last chunk, the trailers and their signatures were read and are right.
  // Errors: IncompleteBody, InvalidChunkSizeError, SignatureDoesNotMatch, MalformedTrailerError.
  Result<std::size_t> read(MutableBytes out) override;

  const Headers& trailers() const noexcept { return trailers_; }  // complete once read() gave 0

 private:
  Result<bool> fill();
  Result<std::string> line();
  Result<void> begin_chunk();
  Result<void> end_chunk();
  Result<void> check_chunk_signature();
  Result<void> read_trailers();
  Result<void> expect_end();

  ByteSource& raw_;
  std::unique_ptr<wire::ChunkSigner> signer_;
  const bool has_trailers_;

  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  std::uint64_t rest_ = 0;  // of the chunk
  bool in_chunk_ = false;
  bool small_chunk_seen_ = false;
  bool finished_ = false;
  std::string signature_;  // of the chunk, as sent
  std::optional<wire::Hash> hash_;
  Headers trailers_;
};

}  // namespace orlop::server
