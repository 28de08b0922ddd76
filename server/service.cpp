#include "server/service.h"

#include <fmt/format.h>

#include <cstdio>

#include "server/cors.h"
#include "wire/date.h"
#include "wire/percent.h"

namespace orlop::server {
namespace {

constexpr std::size_t longest_log = 65'536;
constexpr Milliseconds settling{250};            // how long the log waits for requests being answered
constexpr std::uint64_t drain_limit = 64 << 20;  // of a body nobody wanted
constexpr std::chrono::seconds drain_time{2};
constexpr std::chrono::hours longest_stall{1};
constexpr std::string_view fault_header = "x-orlop-fault";

SystemTime now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

bool changes_answer(FaultKind kind) {
  switch (kind) {
    case FaultKind::drop_after:
    case FaultKind::stall_after:
    case FaultKind::corrupt_body:
    case FaultKind::trickle:
    case FaultKind::truncate_headers:
      return true;
    default:
      return false;
  }
}

std::string_view code_of_status(int status) {
  switch (status) {
    case 400:
      return "RequestTimeout";
    case 403:
      return "AccessDenied";
    case 404:
      return "NoSuchKey";
    case 405:
      return "MethodNotAllowed";
    case 409:
      return "ConditionalRequestConflict";
    case 412:
      return "PreconditionFailed";
    case 416:
      return "InvalidRange";
    case 429:
      return "SlowDown";
    case 501:
      return "NotImplemented";
    case 503:
      return "ServiceUnavailable";
    default:
      return "InternalError";
  }
}

// A client that is told no while it is still sending shall be able to read it: what it sends is read and dropped,
// within limits, because closing with unread bytes would reset the connection.
void drain(Connection& connection) {
  std::vector<std::byte> block(64 * 1024);
  auto deadline = Clock::now() + drain_time;
  std::uint64_t drained = 0;
  while (!connection.body_finished() && drained < drain_limit && Clock::now() < deadline) {
    auto count = connection.read(block);
    if (!count || *count == 0) return;
    drained += *count;
  }
}

}  // namespace

struct Service::Exchange {
  Connection& connection;
  RequestHead head;
  std::string request_id;
  Request request{};
  bool parsed = false;
  Details details{};
  std::optional<Fault> fault{};
  bool fault_on_upload = false;
  testing::ServedRequest served{};
};

Service::Service(std::shared_ptr<testing::BucketStore> buckets, const testing::ServerOptions& options)
    : services_{.buckets = std::move(buckets),
                .options = options,
                .authenticator = Authenticator({.access_key_id = options.access_key_id,
                                                .secret_access_key = options.secret_access_key,
                                                .session_token = options.session_token,
                                                .region = options.region}),
                .locks = {},
                .finished = {}} {}

bool Service::serve(Connection& connection) {
  auto head = connection.next();
  if (!head && head.error().code() != Code::invalid_argument) return false;
  if (head && !*head) return false;
  {
    std::lock_guard lock(log_mutex_);
    ++answering_;
  }
  auto begun = Clock::now();
  std::uint64_t in = connection.bytes_in();
  std::uint64_t out = connection.bytes_out();
  Exchange exchange{.connection = connection,
                    .head = head ? *std::move(*head) : RequestHead{},
                    .request_id = fmt::format("{:016X}", 0x4F524C4F50000000ULL + requests_.fetch_add(1))};
  exchange.served.method = exchange.head.method;
  Reply reply;
  if (head) {
    reply = answer(exchange);
  } else {
    exchange.head.keep_alive = false;
    reply = error_reply(exchange, s3_error("BadRequest", std::string(head.error().message())));
  }
  bool usable = finish(exchange, reply);
  exchange.served.bytes_in = connection.bytes_in() - in;
  exchange.served.bytes_out = connection.bytes_out() - out;
  record(exchange, Clock::now() - begun);
  return usable;
}

Reply Service::answer(Exchange& exchange) {
  bool keep_alive = exchange.head.keep_alive;
  RequestHead head = std::move(exchange.head);
  exchange.head = {};
  exchange.head.keep_alive = keep_alive;
  auto request = parse_request(std::move(head));
  if (!request) return error_reply(exchange, request.error());
  exchange.request = *std::move(request);
  exchange.parsed = true;
  exchange.served.bucket = exchange.request.bucket;
  exchange.served.key = exchange.request.key;
  if (is_preflight(exchange.request)) return preflight_reply(exchange.request);
  auto reply = carry_out(exchange);
  if (!reply) return error_reply(exchange, reply.error());
  return *std::move(reply);
}

Result<Reply> Service::carry_out(Exchange& exchange) {
  Request& request = exchange.request;
  ORLOP_ASSIGN(const Operation* operation, find_operation(request));
  exchange.served.operation = operation->name;
  auto fault = faults_.choose(operation->name, request.method, fmt::format("/{}/{}", request.bucket, request.key),
                              request.header(fault_header));
  if (!fault) return s3_error("InvalidArgument", std::string(fault.error().message()));
  exchange.fault = *fault;
  if (auto reply = instead(exchange)) return *std::move(reply);

  std::unique_ptr<ByteSource> faulty;
  exchange.fault_on_upload = exchange.fault && (request.method == "PUT" || request.method == "POST");
  if (exchange.fault_on_upload) {
    faulty = faulty_body(exchange.connection, exchange.connection, *exchange.fault, request.content_length.value_or(0));
  }
  Call call{.services = services_,
            .request = request,
            .raw_body = faulty ? *faulty : exchange.connection,
            .operation = operation};
  auto done = [&]() -> Result<Reply> {
    ORLOP_ASSIGN(call.identity, services_.authenticator.authenticate(request, call.details));
    if (call.identity.anonymous && !operation->anonymous) return s3_error("AccessDenied");
    if (exchange.fault && exchange.fault->kind == FaultKind::ignore_range) request.headers.remove("range");
    return operation->run(call);
  }();
  exchange.details = std::move(call.details);
  return done;
}

std::optional<Reply> Service::instead(Exchange& exchange) {
  if (!exchange.fault) return std::nullopt;
  const Fault& fault = *exchange.fault;
  switch (fault.kind) {
    case FaultKind::status:
      return refusal(exchange, code_of_status(fault.status), fault.status);
    case FaultKind::slow_down: {
      Reply reply = refusal(exchange, "SlowDown", 503);
      reply.headers.add("retry-after", "1");
      return reply;
    }
    case FaultKind::expire_token:
      return refusal(exchange, "ExpiredToken", 400);
    case FaultKind::error_body:
      return refusal(exchange, "InternalError", 200);
    case FaultKind::empty_body:
      return Reply{};
    case FaultKind::login_page: {
      Reply reply;
      reply.headers.add("content-type", "text/html");
      reply.body =
          "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to use this "
          "network.</body></html>";
      return reply;
    }
    case FaultKind::redirect_region: {
      std::string region = Authenticator::region_of(exchange.request);
      if (region.empty() || region == services_.options.region) return std::nullopt;
      exchange.details.emplace_back("Bucket", exchange.request.bucket);
      exchange.details.emplace_back("Endpoint", exchange.request.headers.get("host"));
      return refusal(exchange, "PermanentRedirect", 301);
    }
    case FaultKind::stall:
      exchange.connection.pause(fault.duration == Milliseconds(0) ? longest_stall : fault.duration);
      return fault.duration == Milliseconds(0) ? std::optional(Reply{}) : std::nullopt;
    default:
      return std::nullopt;
  }
}

Reply Service::refusal(Exchange& exchange, std::string_view code, int status) {
  Error known = s3_error(code);
  Error error(known.code(), std::string(known.service_code() == code ? known.message() : "Injected by a fault."));
  error.set_service(status, code, {});
  return error_reply(exchange, error);
}

Reply Service::error_reply(Exchange& exchange, const Error& error) {
  Error known = error.http_status() > 0 && error.scheme().empty() ? error : s3_error(error);
  Reply reply;
  reply.status = known.http_status();
  for (const auto& [name, value] : exchange.details) {
    if (name == "ETag" && reply.status == 304) reply.headers.add("etag", value);
    if (name == "ActualObjectSize") reply.headers.add("content-range", fmt::format("bytes */{}", value));
  }
  if (reply.status == 301 || known.service_code() == "AuthorizationHeaderMalformed") {
    reply.headers.add("x-amz-bucket-region", services_.options.region);
  }
  if (reply.status == 304) return reply;
  reply.headers.add("content-type", "application/xml");
  reply.body =
      error_document(known, exchange.details, exchange.parsed ? &exchange.request : nullptr, exchange.request_id);
  return reply;
}

bool Service::finish(Exchange& exchange, Reply& reply) {
  Connection& connection = exchange.connection;
  auto is = [&](FaultKind kind) { return exchange.fault && exchange.fault->kind == kind; };
  bool silent =
      is(FaultKind::lost_answer) || (is(FaultKind::stall) && exchange.fault->duration == Milliseconds(0)) ||
      (exchange.fault_on_upload && (is(FaultKind::drop_after) || is(FaultKind::stall_after)) && reply.status >= 400);
  if (silent) return false;
  Headers& headers = reply.headers;
  if (!is(FaultKind::login_page)) {  // whose sender knows nothing of S3
    headers.add("x-amz-request-id", exchange.request_id);
    headers.add("x-amz-id-2", exchange.request_id);
  }
  headers.add("date", wire::format_http_date(now()));
  headers.add("server", "orlop");
  if (exchange.parsed) add_cors(headers, exchange.request);
  Sending sending{.is_head = exchange.served.method == "HEAD",
                  .keep_alive = exchange.head.keep_alive && connection.body_finished(),
                  .fault = {}};
  if (exchange.fault && changes_answer(exchange.fault->kind) &&
      (!exchange.fault_on_upload || is(FaultKind::truncate_headers) || is(FaultKind::trickle))) {
    sending.fault = exchange.fault;
  }
  if (!send_reply(connection, reply, sending)) return false;
  exchange.served.status = reply.status;
  if (!connection.body_finished() && !connection.awaits_continue()) drain(connection);
  return sending.keep_alive;
}

void Service::record(const Exchange& exchange, Clock::duration elapsed) {
  const testing::ServedRequest& served = exchange.served;
  if (services_.options.verbose) {
    auto milliseconds = std::chrono::duration<double, std::milli>(elapsed).count();
    std::string path = wire::encode_path(exchange.parsed ? exchange.request.path : std::string());
    fmt::print(stderr, "{} {} {} {} in={} out={} {:.1f}ms\n", served.method, path, served.status,
               served.operation.empty() ? "-" : served.operation, served.bytes_in, served.bytes_out, milliseconds);
  }
  std::lock_guard lock(log_mutex_);
  log_.push_back(served);
  if (log_.size() > longest_log) log_.pop_front();
  if (--answering_ == 0) recorded_.notify_all();
}

std::vector<testing::ServedRequest> Service::take_log() {
  std::unique_lock lock(log_mutex_);
  // Who has an answer in hand expects its request here, although the last of it is recorded after it was sent.
  recorded_.wait_for(lock, settling, [this] { return answering_ == 0; });
  std::vector<testing::ServedRequest> log(std::make_move_iterator(log_.begin()), std::make_move_iterator(log_.end()));
  log_.clear();
  return log;
}

}  // namespace orlop::server
