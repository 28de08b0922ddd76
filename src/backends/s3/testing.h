// A driver over a scripted transport, for the tests of this folder.
#pragma once

#include <memory>
#include <string>

#include "backends/s3/driver.h"
#include "backends/s3/fake_transport.h"
#include "orlop/backends/s3.h"

namespace orlop::s3 {

inline Options example_options(std::string dialect = "aws") {
  Options options;
  options.bucket = "bucket";
  options.region = "us-east-1";
  options.endpoint = "https://s3.example.com";
  options.access_key_id = "AKIDEXAMPLE";
  options.secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  options.addressing = Addressing::path;
  options.dialect = std::move(dialect);
  return options;
}

struct Rig {
  std::shared_ptr<FakeTransport> transport = std::make_shared<FakeTransport>();
  std::shared_ptr<Driver> driver;
  Context context;

  explicit Rig(Options options = example_options(), std::optional<std::uint64_t> copy_limit = {}) {
    Config config = make_config(std::move(options)).value();
    config.copy_limit = copy_limit;
    driver = make_driver(std::move(config), transport);
  }

  FakeTransport& then(FakeAnswer answer) { return transport->then(std::move(answer)); }
  const SentRequest& sent(std::size_t index = 0) const { return transport->sent().at(index); }
  std::size_t requests() const { return transport->sent().size(); }
};

inline FakeAnswer error_answer(int status, std::string code, std::string extra = {}) {
  return {.status = status,
          .headers = {{"content-type", "application/xml"}, {"x-amz-request-id", "REQ1"}},
          .body = "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>Because.</Message>" + extra +
                  "</Error>"};
}

inline FakeAnswer object_answer(std::string body, std::string etag = "\"e\"") {
  return {.status = 200, .headers = {{"etag", std::move(etag)}}, .body = std::move(body)};
}

inline FakeAnswer login_page() {
  return {.status = 200, .headers = {{"content-type", "text/html"}}, .body = "<html><body>Please log in</body></html>"};
}

inline FakeAnswer lost() {
  return {.failure =
              std::move(Error(Code::unavailable, "the connection was closed", Retry::safe).set_outcome_unknown())};
}

inline std::string read_all(Reader& reader) {
  std::string text;
  char block[1000];
  for (;;) {
    auto n = reader.read(std::as_writable_bytes(std::span(block)));
    if (!n) return "error: " + n.error().to_string();
    if (*n == 0) return text;
    text.append(block, *n);
  }
}

}  // namespace orlop::s3
