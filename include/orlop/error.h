// What went wrong, whether trying again can help, and where it happened.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace orlop {

// The sixteen kinds of failure. The numbers are frozen: they end up in metrics and in the C++/Python boundary.
enum class Code : std::uint8_t {
  unknown = 0,              // the outcome could not be established
  not_found = 1,            // no such object, bucket or file
  already_exists = 2,       // create was asked for and the name is taken
  precondition_failed = 3,  // an if-match style condition did not hold
  not_modified = 4,         // an if-none-match style condition on a read held
  permission_denied = 5,    // the identity is known and may not
  unauthenticated = 6,      // the identity is missing, wrong or expired
  invalid_argument = 7,     // the request can never work as asked (includes names that leave the location)
  config_invalid = 8,       // an option or setting is wrong; the message says which
  unsupported = 9,          // this backend cannot do it; nothing was changed
  range_not_satisfiable = 10,
  rate_limited = 11,
  unavailable = 12,     // the service or the network failed
  timeout = 13,         // a time limit of ours passed
  canceled = 14,        // the caller's stop token was triggered
  data_corrupted = 15,  // an answer was cut short, of the wrong kind, or failed its checksum
};

// Whether repeating the same request is worthwhile.
enum class Retry : std::uint8_t {
  never,      // repeating gives the same answer
  safe,       // transient; repeat if the request is replayable
  exhausted,  // was transient, and the retries are used up: an outer loop must not multiply them
};

std::string_view to_string(Code code) noexcept;

// A failure. Cheap to move; one pointer when there is context. Never holds a secret: messages are built from
// settings' names and a service's code and message, never from raw bodies, keys, tokens or signed URLs.
class [[nodiscard]] Error {
 public:
  explicit Error(Code code, std::string message = {}, Retry retry = Retry::never);
  Error(const Error& other);
  Error(Error&&) noexcept;
  Error& operator=(const Error& other);
  Error& operator=(Error&&) noexcept;
  ~Error();

  Code code() const noexcept { return code_; }
  Retry retry() const noexcept { return retry_; }
  // True when the request may have taken effect although it failed (the answer was lost, not the request).
  bool outcome_unknown() const noexcept { return outcome_unknown_; }

  std::string_view message() const noexcept;
  std::string_view operation() const noexcept;     // "stat", "put", ...
  std::string_view scheme() const noexcept;        // "s3", "file", ...
  std::string_view key() const noexcept;           // the key, when the failure concerns one
  std::string_view service_code() const noexcept;  // the service's own word: "NoSuchKey"
  std::string_view request_id() const noexcept;
  int http_status() const noexcept;  // 0 when the service was not reached over HTTP
  int attempts() const noexcept;     // 1 unless the retry layer tried again
  // How long the service asked to be left alone; zero when it did not say.
  std::chrono::milliseconds retry_after() const noexcept;

  // Builders; each returns *this so that a site reads as one expression.
  Error& set_retry(Retry retry) noexcept;
  Error& set_outcome_unknown(bool unknown = true) noexcept;
  Error& set_message(std::string message);
  // Fills in what is still empty, so that the innermost layer's knowledge wins.
  Error& add_context(std::string_view operation, std::string_view scheme, std::string_view key);
  Error& set_service(int http_status, std::string_view service_code, std::string_view request_id);
  Error& set_attempts(int attempts);
  Error& set_retry_after(std::chrono::milliseconds delay);

  // One line: `not_found: NoSuchKey: The specified key does not exist (stat s3 "a.txt", HTTP 404, request
  // 4442587FB7D0A2F9)`.
  std::string to_string() const;

 private:
  struct Detail;
  Detail& detail();

  std::unique_ptr<Detail> detail_;
  Code code_;
  Retry retry_;
  bool outcome_unknown_ = false;
};

// What the operating system said: `number` is an errno. `path` (may be empty) stands before the text.
Error system_error(std::string_view path, int number);

// Thrown by Result<T>::value() for callers who prefer exceptions; nothing in the library throws it on its own.
class StorageError : public std::runtime_error {
 public:
  explicit StorageError(Error error) : std::runtime_error(error.to_string()), error_(std::move(error)) {}
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

}  // namespace orlop
