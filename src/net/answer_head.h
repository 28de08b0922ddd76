// The header block of an HTTP/1.1 answer, taken line by line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "net/http.h"

namespace orlop::net {

class AnswerHead {
 public:
  // One line with its end. False when the block is malformed or beyond bounds; the answer must be given up then.
  bool take(std::string_view line);

  // True when the blank line after a final (not 1xx) status was taken.
  bool complete() const noexcept { return complete_; }
  int status() const noexcept { return status_; }
  const HttpHeaders& headers() const noexcept { return headers_; }
  std::optional<std::uint64_t> content_length() const noexcept { return content_length_; }
  // RFC 9112 section 6.3: whether the end of the body is known from something else than the connection's end.
  bool is_delimited(bool answers_head) const noexcept;

 private:
  bool take_status(std::string_view line);
  bool take_field(std::string_view line);
  void take_blank();

  HttpHeaders headers_;
  std::optional<std::uint64_t> content_length_;
  std::size_t total_ = 0;
  int status_ = 0;
  bool chunked_ = false;
  bool complete_ = false;
};

}  // namespace orlop::net
