// HTTP as the drivers see it: one request out, one answer in, whatever carries it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orlop/context.h"
#include "orlop/types.h"

namespace orlop::net {

// What is sent as a request body: of known size, and rewindable so that an attempt can be repeated. A transport
// rewinds it before it reads.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual std::uint64_t size() const noexcept = 0;
  virtual Result<std::size_t> read(MutableBytes out) = 0;  // 0 at the end
  virtual void rewind() noexcept = 0;
};

struct HttpRequest {
  std::string_view method;
  std::string url;                   // absolute and percent-encoded; sent as it is, dot segments included
  std::vector<std::string> headers;  // "name: value"
  BodySource* body = nullptr;        // null: no body
  std::string_view operation;        // the service's name of it, for traces
  std::uint64_t answer_size = 0;     // bytes the body of the answer will have, if known: sizes the receive buffer
};

// Received headers, in order. Names compare without case. One text and one list of places, whatever their number.
class HttpHeaders {
 public:
  using Field = std::pair<std::string_view, std::string_view>;  // name and value

  class Iterator {
   public:
    Iterator(const HttpHeaders* headers, std::size_t index) noexcept : headers_(headers), index_(index) {}
    Field operator*() const noexcept { return headers_->field(index_); }
    Iterator& operator++() noexcept { return ++index_, *this; }
    bool operator==(const Iterator&) const = default;

   private:
    const HttpHeaders* headers_;
    std::size_t index_;
  };

  void add(std::string_view name, std::string_view value);
  void clear() noexcept;
  std::string_view get(std::string_view name) const noexcept;  // of the first so named; empty when absent
  bool has(std::string_view name) const noexcept;
  std::size_t size() const noexcept { return places_.size(); }
  std::size_t text_size() const noexcept { return text_.size(); }
  Iterator begin() const noexcept { return {this, 0}; }
  Iterator end() const noexcept { return {this, places_.size()}; }

 private:
  struct Place {
    std::uint32_t name;
    std::uint32_t value;
    std::uint32_t end;
  };

  Field field(std::size_t index) const noexcept;
  std::optional<std::string_view> find(std::string_view name) const noexcept;

  std::string text_;
  std::vector<Place> places_;
};

// An answer whose header block arrived whole. The body is pulled; a body shorter than announced is data_corrupted
// (Retry::safe), never an end. Destroying it early closes the connection; reading to the end returns it to the pool.
class HttpResponse {
 public:
  virtual ~HttpResponse() = default;
  virtual int status() const noexcept = 0;
  virtual const HttpHeaders& headers() const noexcept = 0;
  virtual Result<std::size_t> read(MutableBytes out) = 0;  // 0 at the end only

  // The whole body. Errors: data_corrupted when it is longer than `limit`.
  Result<std::string> read_all(std::size_t limit);
};

// Thread-safe. Never follows redirects, never decodes content, never retries.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // Errors: unavailable (Retry::safe; outcome_unknown once the request was on its way), timeout, canceled,
  //   config_invalid for a certificate that is not trusted (the message names the setting to change).
  virtual Result<std::unique_ptr<HttpResponse>> send(const Context& context, const HttpRequest& request) = 0;
};

struct HttpOptions {
  bool verify = true;
  std::string ca_file;  // empty: the system's, loaded once per process with the first TLS connection
  std::string proxy;
  Milliseconds connect_timeout{10'000};
  Milliseconds first_byte_timeout{60'000};
  Milliseconds stall_timeout{30'000};
  bool operator==(const HttpOptions&) const = default;
};

// The transport over libcurl. Those with equal options share one pool of connections for the whole process.
std::shared_ptr<HttpTransport> curl_transport(HttpOptions options);

}  // namespace orlop::net
