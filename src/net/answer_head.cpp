#include "net/answer_head.h"

#include "wire/number.h"

namespace orlop::net {
namespace {

constexpr std::size_t most_bytes = 64 * 1024;
constexpr std::size_t most_fields = 200;

std::string_view trim(std::string_view text) noexcept {  // OWS, RFC 9110 section 5.6.3
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_named(std::string_view name, std::string_view lower_case) noexcept {
  if (name.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if ((name[i] | 0x20) != (lower_case[i] | 0x20)) return false;
  return true;
}

}  // namespace

bool AnswerHead::take(std::string_view line) {
  total_ += line.size();
  if (total_ > most_bytes) return false;
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (complete_) return true;  // a trailer after the last chunk; nothing here reads any
  if (line.empty()) return take_blank(), true;
  if (line.starts_with("HTTP/")) return take_status(line);
  return headers_.size() < most_fields && take_field(line);
}

// "HTTP/1.1 200 OK", RFC 9112 section 4. A new one supersedes an interim answer (RFC 9110 section 15.2).
bool AnswerHead::take_status(std::string_view line) {
  headers_.clear();
  content_length_.reset();
  chunked_ = false;
  const auto space = line.find(' ');
  const auto code = space == std::string_view::npos ? std::nullopt : wire::parse_number(line.substr(space + 1, 3));
  if (!code || *code < 100 || *code > 599) return false;
  status_ = static_cast<int>(*code);
  return true;
}

bool AnswerHead::take_field(std::string_view line) {
  const auto colon = line.find(':');
  // No name, or a folded line (RFC 9112 section 5.2 lets a recipient refuse it).
  if (colon == std::string_view::npos || colon == 0 || line.front() == ' ' || line.front() == '\t') return false;
  const auto name = line.substr(0, colon);
  const auto value = trim(line.substr(colon + 1));
  if (is_named(name, "content-length")) {
    const auto length = wire::parse_number(value);
    // RFC 9112 section 6.3: differing lengths are an attack or a defect; neither may be chosen.
    if (!length || (content_length_ && *content_length_ != *length)) return false;
    content_length_ = length;
  } else if (is_named(name, "transfer-encoding")) {
    chunked_ = value.size() >= 7 && is_named(value.substr(value.size() - 7), "chunked");
  }
  headers_.add(name, value);
  return true;
}

void AnswerHead::take_blank() { complete_ = status_ >= 200; }

bool AnswerHead::is_delimited(bool answers_head) const noexcept {
  return answers_head || status_ == 204 || status_ == 304 || chunked_ || content_length_;
}

}  // namespace orlop::net
