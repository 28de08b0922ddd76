#include "backends/s3/client.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "backends/s3/partition.h"
#include "engine/fork_mutex.h"
#include "wire/date.h"
#include "wire/percent.h"
#include "wire/sigv2.h"

namespace orlop::s3 {
namespace {

constexpr std::size_t error_body_limit = 64 << 10;
constexpr std::chrono::minutes skew_tolerance{5};  // what services accept, at the least

// How wrong this machine's clock is, per service and not per storage.
std::shared_ptr<std::atomic<std::int64_t>> skew_of(const std::string& endpoint) {
  static engine::ForkMutex mutex;
  static std::map<std::string, std::shared_ptr<std::atomic<std::int64_t>>> skews;
  std::lock_guard lock(mutex);
  auto& slot = skews[endpoint];
  if (!slot) slot = std::make_shared<std::atomic<std::int64_t>>(0);
  return slot;
}

std::string path_of(const Route& route, std::string_view key) {
  std::string path = route.path;
  if (!key.empty() || path.empty()) path += '/';
  wire::append_path(path, key);
  return path;
}

// The endpoint a redirect names, if it is the same bucket's on the same service.
std::optional<Route> redirected(const Route& route, const Endpoint& endpoint, std::string_view path,
                                std::string_view location) {
  std::size_t authority = location.find("://");
  if (authority == std::string_view::npos || !route.origin.starts_with(location.substr(0, authority + 3))) return {};
  std::size_t slash = location.find('/', authority + 3);
  std::string_view host = location.substr(authority + 3, slash - authority - 3);
  std::string_view target = slash == std::string_view::npos ? "/" : location.substr(slash);
  if (target.substr(0, target.find('?')) != path) return {};
  if (host.find_first_of("@\\# ") != std::string_view::npos) return {};
  // "bucket.s3.eu-west-1.amazonaws.com" for "bucket.s3.amazonaws.com", "node7.example.com" for "example.com".
  bool labelled = route.host != endpoint.host;  // the bucket is part of the host
  if (labelled && !host.starts_with(route.host.substr(0, route.host.size() - endpoint.host.size()))) return {};
  std::string_view domain = endpoint.host;
  if (const Partition* partition = partition_of_host(domain)) domain = partition->suffix;
  bool inside =
      host.ends_with(domain) && (host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.');
  if (!inside) return {};
  Route result = route;
  result.host = host;
  result.origin = location.substr(0, authority + 3 + host.size());
  return result;
}

// "...; the region 'x' is wrong; expecting 'y'": some services say it in words only.
std::string region_in_words(std::string_view message) {
  constexpr std::string_view words = "expecting '";
  std::size_t at = message.find(words);
  if (at == std::string_view::npos) return {};
  message.remove_prefix(at + words.size());
  return std::string(message.substr(0, message.find('\'')));
}

bool names_credentials(std::string_view code) {
  constexpr std::array<std::string_view, 4> codes = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired",
                                                     "InvalidAccessKeyId"};
  return std::ranges::find(codes, code) != codes.end();
}

// "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256." (Amazon), "SigV2
// authorization is not supported. Please use SigV4 instead." (R2); an answer to HEAD has no words.
bool refuses_v2(const Fault& fault, bool head) {
  bool wants_v4 =
      fault.message.find("AWS4-HMAC-SHA256") != std::string::npos || fault.message.find("SigV4") != std::string::npos;
  return wants_v4 || (head && fault.status == 400);
}

Error of_version(const Error& error) {
  Error result(Code::config_invalid, "the service refuses signatures of version 2; set request_signature to v4");
  result.set_service(error.http_status(), error.service_code(), error.request_id());
  return result;
}

}  // namespace

struct Client::Corrections {
  bool region = false, clock = false, credentials = false;
  int redirects = 0;
  std::optional<Route> route;  // of this request only
};

Client::Client(Config config, std::shared_ptr<net::HttpTransport> transport)
    : config_(std::move(config)), transport_(std::move(transport)), skew_(skew_of(config_.endpoint_in("").host)) {}

SystemTime Client::now() const noexcept {
  auto time = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  return time + std::chrono::seconds(skew_->load(std::memory_order_relaxed));
}

std::shared_ptr<const wire::SigningKey> Client::signing_key(const Credentials& credentials, std::string_view day,
                                                            std::string_view region) {
  std::lock_guard lock(keys_mutex_);
  return keys_.get(credentials.secret_access_key, day, region);
}

Result<std::shared_ptr<const Route>> Client::route() {
  {
    std::lock_guard lock(mutex_);
    if (route_) return route_;
  }
  std::string region = config_.region;
  if (region.empty()) {
    ORLOP_ASSIGN(region, profile_region(config_.profile));
  }
  // Buckets are mostly where those who use them are.
  auto known = config_.credentials->known();
  if (region.empty() && known) region = known->region;
  if (region.empty()) region = "us-east-1";
  ORLOP_TRY(check_amazon_hosts(region, config_.amazon));
  auto made = std::make_shared<const Route>(route_in(region));
  std::lock_guard lock(mutex_);
  if (!route_) route_ = std::move(made);
  return route_;
}

Route Client::route_in(const std::string& region) const {
  return make_route(config_.endpoint_in(region), config_.bucket, region, config_.addressing);
}

void Client::set_region(const std::string& region) {
  auto made = std::make_shared<const Route>(route_in(region));
  std::lock_guard lock(mutex_);
  route_ = std::move(made);
}

Result<Route> Client::public_route() {
  ORLOP_ASSIGN(auto own, route());
  auto elsewhere = config_.public_endpoint;
  if (config_.addressing == Addressing::bucket_host)
    return bucket_host_route(elsewhere.value_or(config_.endpoint_in(own->region)), config_.bucket, own->region);
  // The global endpoint finds the region by the bucket's label in its name.
  if (!elsewhere && config_.global_urls && own->path.empty()) elsewhere = global_endpoint(own->region, config_.amazon);
  if (!elsewhere) return *own;
  return make_route(*elsewhere, config_.bucket, own->region, config_.addressing);
}

Protection Client::protection(const std::vector<wire::Field>& headers) const {
  Protection result;
  result.checksum = config_.checksum;
  for (const auto& [name, value] : headers) {
    if (name == "x-amz-sdk-checksum-algorithm") result.checksum = parse_checksum(value);
  }
  for (const auto& [name, value] : headers) {
    // Sums that came from outside stand for themselves.
    bool given = name.starts_with("x-amz-checksum-") && name != "x-amz-checksum-type";
    if (given) result.checksum = ChecksumAlgorithm::none;
  }
  if (config_.requests_v2) return {.checksum = result.checksum, .sign_payload = false, .trailer = false};
  bool hidden = config_.is_secure() && dialect().unsigned_payload;
  result.sign_payload = !hidden && !config_.credentials->is_anonymous();
  result.trailer = hidden && dialect().trailers;
  return result;
}

Result<std::unique_ptr<net::HttpResponse>> Client::send(const Context& context, const Request& request) {
  Corrections done;
  for (;;) {
    if (auto expired = context.expired()) return std::move(*expired);
    std::shared_ptr<const Credentials> signer;
    if (!config_.credentials->is_anonymous()) {
      ORLOP_ASSIGN(signer, config_.credentials->get(context));
    }
    ORLOP_ASSIGN(auto known, route());
    const Route& where = done.route ? *done.route : *known;
    net::HttpRequest http = build(request, where, signer.get());
    auto response = transport_->send(context, http);
    if (!response) return std::move(response).error();
    learn((*response)->headers());
    int status = (*response)->status();
    if (request.accepts(status)) return response;
    if (status >= 200 && status < 300)
      return wrong_answer(status, fmt::format("{} was answered with status {}", request.operation, status));

    bool head = request.method == "HEAD";
    std::string body;
    if (!head) {
      auto read = (*response)->read_all(error_body_limit);
      if (read) body = *std::move(read);
    }
    Fault fault = parse_fault(status, body, (*response)->headers(), head);
    ORLOP_ASSIGN(bool again, correct(context, request, fault, (*response)->headers(), done));
    if (again) continue;
    Error error = to_error(fault, signer ? std::string_view(signer->access_key_id) : std::string_view{});
    bool doubtful = dialect().denies_by_mistake && request.method == "PUT" && fault.code == "AccessDenied";
    if (doubtful) error.set_retry(Retry::safe);
    if (config_.requests_v2 && refuses_v2(fault, head)) return of_version(error);
    return error;
  }
}

void Client::learn(const net::HttpHeaders& headers) noexcept {
  if (create_proven()) return;
  const Dialect* told = dialect_of_server(headers.get("server"));
  if (told && !told->lowered.has(Cap::put_create)) prove_create();
}

Result<Reply> Client::exchange(const Context& context, const Request& request, std::size_t limit) {
  ORLOP_ASSIGN(auto response, send(context, request));
  auto body = response->read_all(limit);
  // The answer was lost, not the request.
  if (!body) return std::move(body.error().set_outcome_unknown());
  return Reply{std::move(response), *std::move(body)};
}

net::HttpRequest Client::build(const Request& request, const Route& where, const Credentials* credentials) {
  std::string path = path_of(where, request.key);
  std::string query = wire::canonical_query(std::span<const wire::Field>(request.query));
  net::HttpRequest http;
  http.method = request.method;
  http.operation = request.operation;
  http.answer_size = request.answer_size;
  http.body = request.body ? request.body->source.get() : nullptr;
  http.url.reserve(where.origin.size() + path.size() + query.size() + 1);
  http.url.append(where.origin).append(path);
  if (!query.empty()) http.url.append(1, '?').append(query);

  std::vector<wire::Field> headers;
  headers.reserve(request.headers.size() + 8);
  headers = request.headers;
  if (request.body) {
    for (const auto& field : request.body->headers) {
      std::erase_if(headers, [&](const wire::Field& other) { return other.first == field.first; });
      headers.push_back(field);
    }
  }
  if (credentials) {
    sign(http, std::move(headers), request, where, path, query, *credentials);
  } else {
    for (const auto& [name, value] : headers) http.headers.push_back(fmt::format("{}: {}", name, value));
  }
  // Not signed: proxies change it. Without it some of them compress what was stored plain.
  http.headers.emplace_back("accept-encoding: identity");
  return http;
}

void Client::sign(net::HttpRequest& http, std::vector<wire::Field> headers, const Request& request, const Route& where,
                  std::string_view path, std::string_view query, const Credentials& credentials) {
  if (!credentials.session_token.empty()) headers.emplace_back("x-amz-security-token", credentials.session_token);
  std::string authorization = config_.requests_v2 ? authorize_v2(headers, request, where, path, credentials)
                                                  : authorize(headers, request, where, path, query, credentials);
  http.headers.reserve(headers.size() + 2);
  for (const auto& [name, value] : headers) {
    if (name == "host") continue;  // the transport takes it from the URL
    http.headers.emplace_back().append(name).append(": ").append(value);
  }
  http.headers.emplace_back().append("authorization: ").append(authorization);
}

std::string Client::authorize(std::vector<wire::Field>& headers, const Request& request, const Route& where,
                              std::string_view path, std::string_view query, const Credentials& credentials) {
  std::string date = wire::amz_date(now());
  std::string_view hash = request.body ? std::string_view(request.body->payload_hash) : wire::empty_sha256;
  headers.emplace_back("host", where.host);
  headers.emplace_back("x-amz-content-sha256", hash);
  headers.emplace_back("x-amz-date", date);
  std::ranges::sort(headers, {}, &wire::Field::first);
  auto key = signing_key(credentials, std::string_view(date).substr(0, 8), where.region);
  wire::CanonicalRequest canonical{request.method, path, query, headers, hash};
  return wire::authorization(*key, credentials.access_key_id, date, canonical);
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
std::string Client::authorize_v2(std::vector<wire::Field>& headers, const Request& request, const Route& where,
                                 std::string_view path, const Credentials& credentials) const {
  std::string date = wire::format_http_date(now());
  // The same wherever the bucket's name stands in the address.
  std::string resource = fmt::format("/{}{}", config_.bucket, path.substr(where.path.size()));
  std::string text = wire::string_to_sign_v2(
      {.method = request.method, .resource = resource, .parameters = request.query, .headers = headers, .date = date});
  headers.emplace_back("date", date);
  return fmt::format("AWS {}:{}", credentials.access_key_id, wire::signature_v2(credentials.secret_access_key, text));
}

Result<bool> Client::correct(const Context& context, const Request& request, const Fault& fault,
                             const net::HttpHeaders& headers, Corrections& done) {
  bool head = request.method == "HEAD";
  ORLOP_ASSIGN(auto known, route());
  if (fault.status == 307 && done.redirects < 3) {
    ++done.redirects;
    const Route& where = done.route ? *done.route : *known;
    done.route =
        redirected(where, config_.endpoint_in(where.region), path_of(where, request.key), headers.get("location"));
    if (done.route) return true;
  }
  if (!done.region && (fault.status == 301 || fault.status == 400 || fault.status == 403)) {
    std::string region = fault.region.empty() ? region_in_words(fault.message) : fault.region;
    if (region.empty() && head && fault.status != 403) {
      done.region = true;
      ORLOP_ASSIGN(region, ask_region(context));
    }
    if (valid_region(region) && region != known->region) {
      done.region = true;
      set_region(region);
      return true;
    }
  }
  bool skewed = fault.code == "RequestTimeTooSkewed" || (head && fault.status == 403);
  if (!done.clock && skewed) {
    done.clock = true;
    if (adopt_clock(headers.get("date"), skew_tolerance)) return true;
  }
  if (!done.credentials && names_credentials(fault.code)) {
    done.credentials = true;
    return config_.credentials->reload(context);
  }
  return false;
}

// HEAD has no body that could name the region; any other request of the same bucket has.
Result<std::string> Client::ask_region(const Context& context) {
  Request request{.operation = "GetBucketLocation", .method = "GET", .key = {}, .query = {{"location", ""}}};
  ORLOP_ASSIGN(auto known, route());
  auto signer = config_.credentials->known();
  net::HttpRequest http = build(request, *known, signer.get());
  ORLOP_ASSIGN(auto response, transport_->send(context, http));
  auto body = response->read_all(error_body_limit);
  Fault fault = parse_fault(response->status(), body.value_or(""), response->headers(), false);
  return fault.region.empty() ? region_in_words(fault.message) : fault.region;
}

bool Client::adopt_clock(std::string_view date, std::chrono::seconds tolerance) {
  auto theirs = wire::parse_http_date(date);
  if (!theirs) return false;
  if (std::chrono::abs(*theirs - now()) < tolerance) return false;
  auto difference = std::chrono::floor<std::chrono::seconds>(*theirs - std::chrono::system_clock::now());
  skew_->store(difference.count(), std::memory_order_relaxed);
  return true;
}

void drain(net::HttpResponse& response) {
  std::array<std::byte, 4096> block;
  for (std::size_t total = 0; total < error_body_limit;) {
    auto n = response.read(block);
    if (!n || *n == 0) return;
    total += *n;
  }
}

}  // namespace orlop::s3
