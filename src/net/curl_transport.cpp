// Checks a request and sends it over a pooled handle.
#include <algorithm>
#include <atomic>

#include "net/curl_exchange.h"

namespace orlop::net {
namespace {

// "https://host:port" of an absolute URL; empty when it is none.
std::string_view origin_of(std::string_view url) noexcept {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return url.substr(0, url.find_first_of("/?#", scheme + 3));
}

// What would let a value become a second header, or a second request.
bool has_line_break(std::string_view text) noexcept {
  const auto has = [text](char c) { return text.find(c) != std::string_view::npos; };
  return has('\r') || has('\n') || has('\0');
}

Result<std::string_view> check(const HttpRequest& request) {
  if (std::any_of(request.headers.begin(), request.headers.end(), has_line_break))
    return Error(Code::invalid_argument, "a header must not contain line breaks");
  const std::string_view origin = origin_of(request.url);
  if (!origin.starts_with("http://") && !origin.starts_with("https://"))
    return Error(Code::invalid_argument, "the URL must begin with http:// or https://");
  return origin;
}

class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(HttpOptions options) : options_(std::move(options)) {}

  Result<std::unique_ptr<HttpResponse>> send(const Context& context, const HttpRequest& request) override {
    if (const auto expired = context.expired()) return *expired;
    ORLOP_ASSIGN(const std::string_view origin, check(request));
    auto exchange = std::make_unique<CurlExchange>(context, pool().acquire(origin), request.method, request.operation);
    ORLOP_TRY(exchange->start(request));
    return std::unique_ptr<HttpResponse>(std::move(exchange));
  }

 private:
  // Remembered, as the search takes a lock; looked up again in a forked process.
  CurlPool& pool() {
    CurlProcess& process = CurlProcess::current();
    CurlPool* pool = pool_.load(std::memory_order_acquire);
    if (pool && &pool->process() == &process) return *pool;
    pool = &process.pool(options_);
    pool_.store(pool, std::memory_order_release);
    return *pool;
  }

  const HttpOptions options_;
  std::atomic<CurlPool*> pool_{nullptr};
};

}  // namespace

std::shared_ptr<HttpTransport> curl_transport(HttpOptions options) {
  return std::make_shared<CurlTransport>(std::move(options));
}

}  // namespace orlop::net
