// One request and its answer over a pooled libcurl handle.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "net/answer_head.h"
#include "net/curl_pool.h"
#include "net/progress_watch.h"

namespace orlop::net {

class CurlExchange final : public HttpResponse {
 public:
  CurlExchange(const Context& context, std::unique_ptr<CurlHandle> handle, std::string_view method,
               std::string_view operation);
  ~CurlExchange() override;

  // Tells libcurl's callbacks to serve the handle's current exchange. Once per handle.
  static void install_callbacks(CurlHandle& handle);

  // Sends the request and receives the whole header block.
  Result<void> start(const HttpRequest& request);

  int status() const noexcept override { return head_.status(); }
  const HttpHeaders& headers() const noexcept override { return head_.headers(); }
  Result<std::size_t> read(MutableBytes out) override;

 private:
  // libcurl's callbacks; each finds its exchange through the handle.
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* handle);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* handle);
  static std::size_t on_upload(char* data, std::size_t size, std::size_t count, void* handle);
  static int on_rewind(void* handle, curl_off_t offset, int origin);
  static int on_request_begins(void* handle, char*, char*, int, int);
  static CURLcode on_tls(CURL*, void* tls_context, void* handle);

  bool take_header(std::string_view line);
  bool take_body(Bytes bytes);
  std::optional<std::size_t> give_upload(MutableBytes out);
  bool begin_request();
  bool refuse(Error error);

  void set_headers(const std::vector<std::string>& headers);
  void set_request(const HttpRequest& request);
  Result<void> check_answer();
  std::size_t deliver_pending(MutableBytes out);

  // Runs the transfer until the header block or (with out_ set) some of the body is there, it ended, or a limit passed.
  Result<void> drive();
  Result<bool> run();  // whether libcurl is done with it
  Result<bool> run_on(engine::Fiber& fiber);
  int act(curl_socket_t socket, int events);
  int act_on_events();
  void wait_on(engine::Fiber& fiber);
  Clock::duration longest_wait(Clock::time_point now) const noexcept;
  void unpause();
  bool is_enough() const noexcept;
  Result<void> check_limits();
  bool is_draining() noexcept;
  void wait();
  Result<void> conclude();
  Result<void> fail(Error error);
  void let_go() noexcept;
  void report() noexcept;

  std::unique_ptr<CurlHandle> handle_;  // null once the exchange has ended
  ProgressWatch watch_;
  AnswerHead head_;

  std::stop_token stop_;
  Clock::time_point deadline_;
  TraceSink* trace_;
  std::string method_;
  std::string operation_;
  std::string origin_;
  Clock::time_point started_{};

  BodySource* body_ = nullptr;
  std::uint64_t body_size_ = 0;
  std::uint64_t sent_ = 0;
  int unsent_ = 0;  // bytes in the socket's queue when last looked at
  int begun_ = 0;   // how often libcurl began the request; more than once: again on a fresh connection

  MutableBytes out_;                // the reader's buffer, while it waits
  std::size_t delivered_ = 0;       // bytes put there
  std::vector<std::byte> pending_;  // bytes that came before anybody asked
  std::size_t pending_at_ = 0;
  std::uint64_t received_ = 0;
  bool paused_ = false;
  bool on_fiber_ = false;  // libcurl tells which sockets it waits for

  std::optional<Error> refusal_;  // why a callback gave up
  std::optional<Error> failure_;  // how the exchange ended, if not well
};

}  // namespace orlop::net
