#include "server/form.h"

#include <algorithm>

#include "server/errors.h"

namespace orlop::server {
namespace {

constexpr std::size_t block_size = 64 * 1024;
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html: the form without the file is up to 20 KB.
constexpr std::size_t largest_fields = 20 * 1024;
constexpr std::size_t longest_boundary = 200;

// The value of `name` in "form-data; name=\"x\"; filename=\"y\"", as browsers write it (RFC 7578 section 4.2): raw
// UTF-8, with quotes as %22.
std::string parameter(std::string_view header, std::string_view name) {
  for (std::size_t at = 0; (at = header.find(name, at)) != std::string_view::npos; at += name.size()) {
    bool begins = at > 0 && (header[at - 1] == ' ' || header[at - 1] == ';' || header[at - 1] == '\t');
    std::size_t equals = at + name.size();
    if (!begins || equals >= header.size() || header[equals] != '=') continue;
    std::string_view value = header.substr(equals + 1);
    if (!value.starts_with('"')) return std::string(trim(value.substr(0, value.find(';'))));
    std::string result;
    for (std::size_t i = 1; i < value.size() && value[i] != '"'; ++i) {
      if (value[i] == '\\' && i + 1 < value.size() && (value[i + 1] == '"' || value[i + 1] == '\\')) ++i;
      result += value[i];
    }
    return result;
  }
  return {};
}

// The directory some browsers put before a file's name is not part of it.
std::string base_name(std::string_view name) {
  std::size_t slash = name.find_last_of("/\\");
  return std::string(slash == std::string_view::npos ? name : name.substr(slash + 1));
}

}  // namespace

Form::Form(ByteSource& raw, std::string boundary)
    : raw_(raw), delimiter_("\r\n--" + std::move(boundary)), buffer_("\r\n"), md5_(wire::HashAlgorithm::md5) {}

Result<std::unique_ptr<Form>> Form::open(ByteSource& raw, std::string_view content_type) {
  std::string boundary = parameter(content_type, "boundary");
  if (!lower(content_type).starts_with("multipart/form-data") || boundary.empty() ||
      boundary.size() > longest_boundary) {
    return s3_error("MalformedPOSTRequest");
  }
  std::unique_ptr<Form> form(new Form(raw, std::move(boundary)));
  ORLOP_TRY(form->until(form->delimiter_, block_size));
  for (;;) {
    ORLOP_ASSIGN(bool file, form->read_part());
    if (file) return form;
  }
}

Result<bool> Form::fill() {
  std::size_t size = buffer_.size();
  buffer_.resize(size + block_size);
  auto count = raw_.read(std::as_writable_bytes(std::span(buffer_).subspan(size)));
  buffer_.resize(size + count.value_or(0));
  if (!count) return std::move(count).error();
  return *count > 0;
}

// What comes before `mark`, which is taken too.
Result<std::string> Form::until(std::string_view mark, std::size_t limit) {
  for (;;) {
    std::size_t found = buffer_.find(mark);
    if (found != std::string::npos && found <= limit) {
      std::string text = buffer_.substr(0, found);
      buffer_.erase(0, found + mark.size());
      return text;
    }
    if (buffer_.size() > limit + mark.size()) return s3_error("MaxPostPreDataLengthExceeded");
    ORLOP_ASSIGN(bool more, fill());
    if (!more) return s3_error("MalformedPOSTRequest");
  }
}

Result<bool> Form::read_part() {
  ORLOP_ASSIGN(std::string head, until("\r\n\r\n", largest_fields));
  if (head.starts_with("--")) return s3_error("InvalidArgument", "POST requires exactly one file upload per request.");
  std::string disposition;
  std::string type;
  for (std::string_view rest = head; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(line.size() + 2, rest.size()));
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (same_text(line.substr(0, colon), "content-disposition")) disposition = trim(line.substr(colon + 1));
    if (same_text(line.substr(0, colon), "content-type")) type = trim(line.substr(colon + 1));
  }
  std::string name = lower(parameter(disposition, "name"));
  if (name == "file") {
    file_name_ = base_name(parameter(disposition, "filename"));
    return true;
  }
  ORLOP_ASSIGN(std::string value, until(delimiter_, largest_fields));
  fields_size_ += head.size() + value.size();
  if (name.empty()) return s3_error("MalformedPOSTRequest");
  if (fields_size_ > largest_fields) return s3_error("MaxPostPreDataLengthExceeded");
  fields_.add(name, value);
  return false;
}

void Form::expect(std::uint64_t least, std::uint64_t most, std::optional<Checksum> checksum) {
  least_ = least;
  most_ = std::min(most, most_);
  expected_ = std::move(checksum);
  checksummer_.emplace(expected_ ? expected_->algorithm : ChecksumAlgorithm::crc64nvme);
}

Result<std::size_t> Form::read(MutableBytes out) {
  if (finished_ || out.empty()) return 0;
  for (;;) {
    std::size_t end = buffer_.find(delimiter_);
    // Without the delimiter, its first bytes may be the last ones here.
    std::size_t safe =
        end != std::string::npos ? end : buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1);
    if (safe == 0 && end == 0) {
      finished_ = true;
      ORLOP_TRY(finish());
      return 0;
    }
    if (safe > 0) {
      std::size_t count = std::min(safe, out.size());
      passed_ += count;
      if (passed_ > most_) return s3_error("EntityTooLarge");
      buffer_.copy(reinterpret_cast<char*>(out.data()), count);
      buffer_.erase(0, count);
      Bytes bytes = out.first(count);
      md5_.update(bytes);
      if (checksummer_) checksummer_->update(bytes);
      return count;
    }
    ORLOP_ASSIGN(bool more, fill());
    if (!more) return s3_error("IncompleteBody");
  }
}

Result<void> Form::finish() {
  if (passed_ < least_) return s3_error("EntityTooSmall");
  md5_hex_ = md5_.finish().hex();
  if (checksummer_) checksum_ = checksummer_->finish();
  if (expected_ && *expected_ != checksum_) return s3_error("BadDigest");
  // Fields behind the file are ignored, but read, so that the connection can go on.
  buffer_.clear();
  std::uint64_t behind = 0;
  for (;;) {
    ORLOP_ASSIGN(bool more, fill());
    behind += buffer_.size();
    buffer_.clear();
    if (!more || behind > largest_fields) return {};
  }
}

}  // namespace orlop::server
