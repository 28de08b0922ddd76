// One signed request to a bucket and its answer, with what a client has to find out on the way: the bucket's region,
// the difference of the clocks, new credentials.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "backends/s3/body.h"
#include "backends/s3/config.h"
#include "backends/s3/errors.h"
#include "engine/fork_mutex.h"
#include "net/http.h"
#include "orlop/context.h"
#include "wire/sigv4.h"

namespace orlop::s3 {

struct Request {
  std::string_view operation;  // "HeadObject"
  std::string_view method;
  std::string_view key;                // empty: the bucket itself
  std::vector<wire::Field> query{};    // not encoded
  std::vector<wire::Field> headers{};  // names in lower case
  UploadBody* body = nullptr;
  int status = 200;               // the operation's own
  int other_status = 0;           // and a second, if there is one
  std::uint64_t answer_size = 0;  // if known

  bool accepts(int answer) const noexcept { return answer == status || (other_status != 0 && answer == other_status); }
};

struct Reply {
  std::unique_ptr<net::HttpResponse> response;
  std::string body;
};

class Client {
 public:
  Client(Config config, std::shared_ptr<net::HttpTransport> transport);

  const Config& config() const noexcept { return config_; }
  const Dialect& dialect() const noexcept { return *config_.dialect; }
  const std::shared_ptr<net::HttpTransport>& transport() const noexcept { return transport_; }

  // The answer, if its status is one the request accepts. Errors: the service's, in our terms, and the transport's.
  Result<std::unique_ptr<net::HttpResponse>> send(const Context& context, const Request& request);
  // The same with the whole body read.
  Result<Reply> exchange(const Context& context, const Request& request, std::size_t limit = 1 << 20);

  // Where the bucket is, as far as it is known. Reads files at most.
  Result<std::shared_ptr<const Route>> route();
  // The same for addresses given to others.
  Result<Route> public_route();
  Result<std::shared_ptr<const Credentials>> credentials(const Context& context) {
    return config_.credentials->get(context);
  }
  std::shared_ptr<const wire::SigningKey> signing_key(const Credentials& credentials, std::string_view day,
                                                      std::string_view region);
  SystemTime now() const noexcept;

  // Whether the service has been seen to obey If-None-Match of a write, or is known to.
  bool create_proven() const noexcept { return !dialect().create_unproven || create_proven_.load(); }
  void prove_create() noexcept { create_proven_ = true; }

  // How an upload of these headers is protected.
  Protection protection(const std::vector<wire::Field>& headers) const;

 private:
  struct Corrections;

  net::HttpRequest build(const Request& request, const Route& route, const Credentials* credentials);
  Route route_in(const std::string& region) const;
  void sign(net::HttpRequest& http, std::vector<wire::Field> headers, const Request& request, const Route& route,
            std::string_view path, std::string_view query, const Credentials& credentials);
  // The Authorization header, and in `headers` those that it is about.
  std::string authorize(std::vector<wire::Field>& headers, const Request& request, const Route& route,
                        std::string_view path, std::string_view query, const Credentials& credentials);
  std::string authorize_v2(std::vector<wire::Field>& headers, const Request& request, const Route& route,
                           std::string_view path, const Credentials& credentials) const;
  // What an answer tells of a service whose dialect nobody named.
  void learn(const net::HttpHeaders& headers) noexcept;
  Result<bool> correct(const Context& context, const Request& request, const Fault& fault,
                       const net::HttpHeaders& headers, Corrections& done);
  Result<std::string> ask_region(const Context& context);
  void set_region(const std::string& region);
  bool adopt_clock(std::string_view date, std::chrono::seconds tolerance);

  const Config config_;
  const std::shared_ptr<net::HttpTransport> transport_;
  const std::shared_ptr<std::atomic<std::int64_t>> skew_;  // seconds, of the endpoint
  std::atomic<bool> create_proven_ = false;
  wire::SigningKeys keys_;
  engine::ForkMutex keys_mutex_;
  engine::ForkMutex mutex_;  // of the route
  std::shared_ptr<const Route> route_;
};

// Reads an answer whose body does not matter to its end, so that the connection can be used again.
void drain(net::HttpResponse& response);

}  // namespace orlop::s3
