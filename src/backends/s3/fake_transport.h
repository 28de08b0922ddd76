// A transport whose answers a test writes beforehand. Header-only: nothing of it is in the library.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "net/http.h"

namespace orlop::s3 {

struct FakeAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  // The body ends here with an error although more was announced.
  std::size_t cut = std::string::npos;
  // Instead of an answer.
  std::optional<Error> failure{};
};

struct SentRequest {
  std::string method, url, operation, body;
  std::vector<std::string> headers;

  std::string header(std::string_view name) const {
    for (const std::string& line : headers) {
      if (line.starts_with(name) && line.substr(name.size(), 2) == ": ") return line.substr(name.size() + 2);
    }
    return {};
  }
};

class FakeResponse final : public net::HttpResponse {
 public:
  FakeResponse(FakeAnswer answer, bool head) : answer_(std::move(answer)), head_(head) {
    bool length = false;
    for (const auto& [name, value] : answer_.headers) {
      headers_.add(name, value);
      length |= name == "content-length";
    }
    if (!length) headers_.add("content-length", std::to_string(answer_.body.size()));
  }
  int status() const noexcept override { return answer_.status; }
  const net::HttpHeaders& headers() const noexcept override { return headers_; }
  Result<std::size_t> read(MutableBytes out) override {
    if (head_) return std::size_t{0};
    std::size_t end = std::min(answer_.cut, answer_.body.size());
    std::size_t n = std::min(out.size(), end - at_);
    std::memcpy(out.data(), answer_.body.data() + at_, n);
    at_ += n;
    if (n == 0 && answer_.cut != std::string::npos) {
      return Error(Code::data_corrupted, "the connection was closed early", Retry::safe);
    }
    return n;
  }

 private:
  FakeAnswer answer_;
  bool head_;
  net::HttpHeaders headers_;
  std::size_t at_ = 0;
};

class FakeTransport final : public net::HttpTransport {
 public:
  using Handler = std::function<FakeAnswer(const SentRequest&)>;

  FakeTransport& then(FakeAnswer answer) {
    answers_.push_back([answer = std::move(answer)](const SentRequest&) { return answer; });
    return *this;
  }
  FakeTransport& then(Handler handler) {
    answers_.push_back(std::move(handler));
    return *this;
  }
  const std::vector<SentRequest>& sent() const noexcept { return sent_; }
  bool all_used() const noexcept { return answers_.empty(); }

  Result<std::unique_ptr<net::HttpResponse>> send(const Context&, const net::HttpRequest& request) override {
    SentRequest seen{std::string(request.method), request.url, std::string(request.operation), {}, request.headers};
    if (request.body) {
      request.body->rewind();
      seen.body.resize(static_cast<std::size_t>(request.body->size()));
      std::size_t done = 0;
      while (done < seen.body.size()) {
        auto n = request.body->read(std::as_writable_bytes(std::span(seen.body)).subspan(done));
        if (!n) return std::move(n).error();
        if (*n == 0) break;
        done += *n;
      }
      seen.body.resize(done);
    }
    Handler next = [](const SentRequest&) {
      return FakeAnswer{.failure = Error(Code::unavailable, "the script has no more answers")};
    };
    {
      std::lock_guard lock(mutex_);
      sent_.push_back(seen);
      if (!answers_.empty()) {
        next = std::move(answers_.front());
        answers_.pop_front();
      }
    }
    FakeAnswer answer = next(seen);
    if (answer.failure) return *std::move(answer.failure);
    return std::make_unique<FakeResponse>(std::move(answer), request.method == "HEAD");
  }

 private:
  std::mutex mutex_;
  std::deque<Handler> answers_;
  std::vector<SentRequest> sent_;
};

}  // namespace orlop::s3
