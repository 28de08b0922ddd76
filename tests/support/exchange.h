// Whole exchanges over the transport with a scripted server, and the scripts they have in common.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "net/http.h"
#include "tests/support/scripted_server.h"

namespace orlop::net {

using testing::Connection;
using testing::ScriptedServer;

class Recorder final : public TraceSink {
 public:
  void on_request(const RequestEvent& event) noexcept override {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
    hosts_.emplace_back(event.host);
  }
  std::vector<RequestEvent> events() const { return events_; }
  std::string host() const { return hosts_.back(); }

 private:
  std::mutex mutex_;
  std::vector<RequestEvent> events_;
  std::vector<std::string> hosts_;
};

inline HttpRequest request_of(std::string_view method, std::string url, BodySource* body = nullptr) {
  HttpRequest request;
  request.method = method;
  request.url = std::move(url);
  request.body = body;
  return request;
}

struct Answer {
  int status;
  std::string body;
};

// Sends, reads the whole body.
inline Result<Answer> exchange(const HttpRequest& request, const Context& context = {},
                               const HttpOptions& options = {}) {
  ORLOP_ASSIGN(const auto response, curl_transport(options)->send(context, request));
  ORLOP_ASSIGN(std::string body, response->read_all(64 << 20));
  return Answer{response->status(), std::move(body)};
}

inline Result<Answer> get(const std::string& url, const Context& context = {}, const HttpOptions& options = {}) {
  return exchange(request_of("GET", url), context, options);
}

// Answers every request of every connection with the same bytes.
inline ScriptedServer::Script always(std::string answer) {
  return [answer](Connection& connection, int) {
    while (!connection.head().empty() && connection.write(answer)) continue;
  };
}

// Answers once with these bytes and closes.
inline ScriptedServer::Script once(std::string answer) {
  return [answer](Connection& connection, int) {
    if (!connection.head().empty()) connection.write(answer);
  };
}

// Answers once with these bytes, reads nothing more and closes when the client does, at the latest after `longest`.
inline ScriptedServer::Script answers_and_waits(std::string answer, std::chrono::milliseconds longest) {
  return [answer, longest](Connection& connection, int) {
    connection.head();
    connection.write(answer);
    connection.closed_within(longest);
  };
}

inline const std::string hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhello";

}  // namespace orlop::net
