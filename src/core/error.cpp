// Error: what is kept behind its one pointer, and its one-line form.
#include "orlop/error.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "wire/utf8.h"

namespace orlop {

namespace {

constexpr std::array<std::string_view, 16> code_names = {
    "unknown",
    "not_found",
    "already_exists",
    "precondition_failed",
    "not_modified",
    "permission_denied",
    "unauthenticated",
    "invalid_argument",
    "config_invalid",
    "unsupported",
    "range_not_satisfiable",
    "rate_limited",
    "unavailable",
    "timeout",
    "canceled",
    "data_corrupted",
};

// Long enough for any honest text; a service cannot flood a log.
constexpr std::size_t text_limit = 2000;

// C0 and C1 controls: line breaks, and what terminals obey (U+009B begins an escape sequence as ESC does).
bool is_control(std::string_view code_point) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(code_point[i]); };
  if (code_point.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  return code_point.size() == 1 && (byte(0) < 0x20 || byte(0) == 0x7F);
}

// Services and file names may hold anything; a line of a log is printable UTF-8.
void append_printable(std::string& out, std::string_view text) {
  for (std::size_t taken = 0; !text.empty() && taken < text_limit;) {
    std::size_t length = code_point_length(text);
    std::string_view piece = text.substr(0, std::max<std::size_t>(length, 1));
    if (length != 0 && !is_control(piece)) {
      out += piece;
    } else {
      for (char c : piece) fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    }
    text.remove_prefix(piece.size());
    taken += piece.size();
  }
}

}  // namespace

std::string_view to_string(Code code) noexcept {
  auto index = static_cast<std::size_t>(code);
  return index < code_names.size() ? code_names[index] : code_names[0];
}

// Its copying and destroying stand in one place, not inlined into every function here.
struct Error::Detail {
  Detail();
  Detail(const Detail&);
  ~Detail();
  std::string message;
  std::string operation;
  std::string scheme;
  std::string key;
  std::string service_code;
  std::string request_id;
  int http_status = 0;
  int attempts = 1;
  std::chrono::milliseconds retry_after{0};
};

Error::Detail::Detail() = default;
Error::Detail::Detail(const Detail&) = default;
Error::Detail::~Detail() = default;

Error::Error(Code code, std::string message, Retry retry) : code_(code), retry_(retry) {
  if (!message.empty()) detail().message = std::move(message);
}

Error::Error(const Error& other)
    : detail_(other.detail_ ? std::make_unique<Detail>(*other.detail_) : nullptr),
      code_(other.code_),
      retry_(other.retry_),
      outcome_unknown_(other.outcome_unknown_) {}

Error::Error(Error&&) noexcept = default;

Error& Error::operator=(const Error& other) {
  if (this != &other) *this = Error(other);
  return *this;
}

Error& Error::operator=(Error&&) noexcept = default;
Error::~Error() = default;

std::string_view Error::message() const noexcept { return detail_ ? detail_->message : std::string_view{}; }
std::string_view Error::operation() const noexcept { return detail_ ? detail_->operation : std::string_view{}; }
std::string_view Error::scheme() const noexcept { return detail_ ? detail_->scheme : std::string_view{}; }
std::string_view Error::key() const noexcept { return detail_ ? detail_->key : std::string_view{}; }
std::string_view Error::service_code() const noexcept { return detail_ ? detail_->service_code : std::string_view{}; }
std::string_view Error::request_id() const noexcept { return detail_ ? detail_->request_id : std::string_view{}; }
int Error::http_status() const noexcept { return detail_ ? detail_->http_status : 0; }
int Error::attempts() const noexcept { return detail_ ? detail_->attempts : 1; }
std::chrono::milliseconds Error::retry_after() const noexcept {
  return detail_ ? detail_->retry_after : std::chrono::milliseconds{0};
}

Error& Error::set_retry(Retry retry) noexcept {
  retry_ = retry;
  return *this;
}

Error& Error::set_outcome_unknown(bool unknown) noexcept {
  outcome_unknown_ = unknown;
  return *this;
}

Error& Error::set_message(std::string message) {
  detail().message = std::move(message);
  return *this;
}

Error& Error::add_context(std::string_view operation, std::string_view scheme, std::string_view key) {
  Detail& known = detail();
  if (known.operation.empty()) known.operation = operation;
  if (known.scheme.empty()) known.scheme = scheme;
  if (known.key.empty()) known.key = key;
  return *this;
}

Error& Error::set_service(int http_status, std::string_view service_code, std::string_view request_id) {
  Detail& known = detail();
  known.http_status = http_status;
  known.service_code = service_code;
  known.request_id = request_id;
  return *this;
}

Error& Error::set_attempts(int attempts) {
  detail().attempts = attempts;
  return *this;
}

Error& Error::set_retry_after(std::chrono::milliseconds delay) {
  detail().retry_after = delay;
  return *this;
}

std::string Error::to_string() const {
  std::string line(orlop::to_string(code_));
  if (!detail_) return line;

  if (!detail_->service_code.empty()) append_printable(line += ": ", detail_->service_code);
  if (!detail_->message.empty()) append_printable(line += ": ", detail_->message);

  std::string where = detail_->operation;
  if (!detail_->scheme.empty()) where += (where.empty() ? "" : " ") + detail_->scheme;
  if (!detail_->key.empty()) {
    where += where.empty() ? "\"" : " \"";
    append_printable(where, detail_->key);
    where += '"';
  }
  auto add = [&where](std::string_view text) { (where += where.empty() ? "" : ", ") += text; };
  if (detail_->http_status != 0) add(fmt::format("HTTP {}", detail_->http_status));
  if (!detail_->request_id.empty()) {
    add("request ");
    append_printable(where, detail_->request_id);
  }
  if (detail_->attempts > 1) add(fmt::format("{} attempts", detail_->attempts));
  if (!where.empty()) fmt::format_to(std::back_inserter(line), " ({})", where);
  return line;
}

Error::Detail& Error::detail() {
  if (!detail_) detail_ = std::make_unique<Detail>();
  return *detail_;
}

}  // namespace orlop
