// A multipart/form-data body (RFC 7578) whose last part is a file: fields in memory, the file as a stream.
#pragma once

#include <memory>

#include "server/upload_body.h"
#include "wire/checksum.h"

namespace orlop::server {

class Form final : public MeasuredSource {
 public:
  // `content_type`: the request's. `raw` must outlive this. Reads up to the file's first byte.
  // Errors: MalformedPOSTRequest, MaxPostPreDataLengthExceeded.
  static Result<std::unique_ptr<Form>> open(ByteSource& raw, std::string_view content_type);

  const Headers& fields() const noexcept { return fields_; }  // names in lower case; "file" is not among them
  const std::string& file_name() const noexcept { return file_name_; }

  // Of the bytes that passed, whose number the form does not tell beforehand.
  bool size_known() const noexcept override { return false; }
  std::uint64_t size() const noexcept override { return passed_; }
  // What has to be true of the file. Before the first read().
  void expect(std::uint64_t least, std::uint64_t most, std::optional<Checksum> checksum);
  // Errors: EntityTooLarge, EntityTooSmall, BadDigest, IncompleteBody.
  Result<std::size_t> read(MutableBytes out) override;
  const std::string& md5() const noexcept override { return md5_hex_; }
  const Checksum& checksum() const noexcept override { return checksum_; }

 private:
  Form(ByteSource& raw, std::string boundary);
  Result<bool> fill();
  Result<std::string> until(std::string_view mark, std::size_t limit);
  Result<bool> read_part();  // true: the file begins here
  Result<void> finish();

  ByteSource& raw_;
  const std::string delimiter_;  // CR LF, two dashes and the boundary
  std::string buffer_;
  std::size_t fields_size_ = 0;
  Headers fields_;
  std::string file_name_;

  std::uint64_t least_ = 0;
  std::uint64_t most_ = 5ULL << 30;
  std::uint64_t passed_ = 0;
  bool finished_ = false;
  wire::Hash md5_;
  std::optional<wire::Checksummer> checksummer_;
  std::optional<Checksum> expected_;
  std::string md5_hex_;
  Checksum checksum_;
};

}  // namespace orlop::server
