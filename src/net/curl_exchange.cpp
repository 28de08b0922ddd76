#include "net/curl_exchange.h"

#include <fmt/core.h>
#include <linux/sockios.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>

#include "engine/aside.h"
#include "net/curl_errors.h"

namespace orlop::net {
namespace {

// Buffers of libcurl: for small bodies what it would take anyway, for large ones so much that the calls to the kernel
// no longer count.
constexpr long small_buffer = 16 * 1024;
constexpr long middle_buffer = 64 * 1024;
constexpr long large_buffer = 512 * 1024;
constexpr std::uint64_t large_body = 256 * 1024;

// A larger body is announced first (RFC 9110 section 10.1.1), so that it is not sent in vain.
constexpr std::uint64_t most_unasked = 1024 * 1024;

// Beyond this, bytes that nobody has asked for yet stay in the kernel.
constexpr std::size_t most_pending = 512 * 1024;

long receive_buffer_for(CurlMode mode, std::uint64_t answer_size) noexcept {
  if (mode != CurlMode::get) return small_buffer;
  if (answer_size == 0) return middle_buffer;
  return answer_size < large_body ? small_buffer : large_buffer;
}

long send_buffer_for(std::uint64_t body_size) noexcept { return body_size < large_body ? middle_buffer : large_buffer; }

// What may be sent twice without asking anybody (RFC 9110 section 9.2.2; not PUT: one with a condition meets itself).
bool is_repeatable(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS";
}

bool changes_nothing(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

CurlMode mode_of(const HttpRequest& request) noexcept {
  if (request.method == "HEAD") return CurlMode::head;
  // RFC 9110 section 8.6: these announce an empty body, too.
  if (request.body || request.method == "PUT" || request.method == "POST") return CurlMode::upload;
  return CurlMode::get;
}

// "https://user@host:port/path" -> "host:port", fit for messages.
std::string_view host_of(std::string_view origin) noexcept {
  const auto scheme = origin.find("://");
  if (scheme != std::string_view::npos) origin.remove_prefix(scheme + 3);
  const auto user = origin.rfind('@');
  if (user != std::string_view::npos) origin.remove_prefix(user + 1);
  return origin;
}

CurlExchange& exchange_of(void* handle) noexcept { return *static_cast<CurlHandle*>(handle)->exchange; }

}  // namespace

void CurlExchange::install_callbacks(CurlHandle& handle) {
  const auto set = [&handle](CURLoption option, auto value) { curl_easy_setopt(handle.easy(), option, value); };
  void* const self = &handle;
  set(CURLOPT_HEADERFUNCTION, &CurlExchange::on_header);
  set(CURLOPT_HEADERDATA, self);
  set(CURLOPT_WRITEFUNCTION, &CurlExchange::on_body);
  set(CURLOPT_WRITEDATA, self);
  set(CURLOPT_READFUNCTION, &CurlExchange::on_upload);
  set(CURLOPT_READDATA, self);
  set(CURLOPT_SEEKFUNCTION, &CurlExchange::on_rewind);
  set(CURLOPT_SEEKDATA, self);
  set(CURLOPT_PREREQFUNCTION, &CurlExchange::on_request_begins);
  set(CURLOPT_PREREQDATA, self);
  if (!handle.pool().options().verify) return;
  set(CURLOPT_SSL_CTX_FUNCTION, &CurlExchange::on_tls);
  set(CURLOPT_SSL_CTX_DATA, self);
}

CurlExchange::CurlExchange(const Context& context, std::unique_ptr<CurlHandle> handle, std::string_view method,
                           std::string_view operation)
    : handle_(std::move(handle)),
      watch_(handle_->pool().options()),
      stop_(context.stop),
      deadline_(context.deadline),
      trace_(context.trace),
      method_(method),
      operation_(operation),
      origin_(handle_->origin()),
      started_(Clock::now()) {
  handle_->exchange = this;
}

CurlExchange::~CurlExchange() {
  if (handle_) report();
  let_go();
}

Result<void> CurlExchange::start(const HttpRequest& request) {
  set_request(request);
  on_fiber_ = engine::Fiber::current() != nullptr;
  if (on_fiber_) handle_->watch_sockets();
  curl_multi_add_handle(handle_->multi(), handle_->easy());
  // What happens to the body after a whole header block is for read() to tell.
  if (auto driven = drive(); !driven && !head_.complete()) return driven;
  return check_answer();
}

// A success must be one of the whole request, and its body must have a knowable end: one that the connection's end
// delimits may be cut anywhere without a sign. Of an error the status alone is worth having.
Result<void> CurlExchange::check_answer() {
  if (head_.status() >= 300) return {};
  if (refusal_) return fail(*std::move(refusal_));
  if (sent_ < body_size_)
    return fail(Error(Code::data_corrupted,
                      fmt::format("{} answered before it had the whole request", host_of(origin_)), Retry::safe)
                    .set_outcome_unknown());
  if (!head_.is_delimited(method_ == "HEAD"))
    return fail(
        Error(Code::data_corrupted, fmt::format("the answer of {} has no length", host_of(origin_)), Retry::safe));
  return {};
}

// libcurl takes a list of its own kind, which is built over the request's strings without a copy.
void CurlExchange::set_headers(const std::vector<std::string>& headers) {
  static char no_expect[] = "Expect:";
  auto& list = handle_->header_list;
  auto& empty = handle_->empty_headers;
  list.clear();
  empty.clear();
  empty.reserve(headers.size());
  for (const std::string& header : headers) {
    const char* text = header.c_str();
    const auto last = header.find_last_not_of(" \t");
    if (last != std::string::npos && header[last] == ':' && header.find(':') == last) {
      // "name:" would tell libcurl to leave the header out; "name;" sends it empty (CURLOPT_HTTPHEADER(3)).
      text = empty.emplace_back(header.substr(0, last) + ';').c_str();
    }
    list.push_back({const_cast<char*>(text), nullptr});  // only read, though its type does not say so
  }
  // Waiting for permission costs a round trip; libcurl would do it for every PUT.
  if (body_size_ <= most_unasked) list.push_back({no_expect, nullptr});
  for (std::size_t i = 1; i < list.size(); ++i) list[i - 1].next = &list[i];
  curl_easy_setopt(handle_->easy(), CURLOPT_HTTPHEADER, list.empty() ? nullptr : list.data());
}

void CurlExchange::set_request(const HttpRequest& request) {
  const auto set = [easy = handle_->easy()](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
  const CurlMode mode = mode_of(request);
  handle_->set_method(mode, request.method);
  set(CURLOPT_URL, request.url.c_str());
  if (mode == CurlMode::upload) {
    body_ = request.body;
    if (body_) body_->rewind();
    body_size_ = body_ ? body_->size() : 0;
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body_size_));
  }
  set_headers(request.headers);
  handle_->diagnosis[0] = '\0';
  handle_->set_buffers(receive_buffer_for(mode, request.answer_size), send_buffer_for(body_size_));
}

Result<std::size_t> CurlExchange::read(MutableBytes out) {
  if (out.empty()) return std::size_t{0};
  if (const std::size_t count = deliver_pending(out)) return count;
  if (failure_) return *failure_;
  if (!handle_) return std::size_t{0};
  out_ = out;
  delivered_ = 0;
  const Result<void> driven = drive();
  out_ = {};
  if (delivered_ > 0) return delivered_;  // an error, if there was one, is for the next call
  if (!driven) return driven.error();
  return std::size_t{0};
}

std::size_t CurlExchange::deliver_pending(MutableBytes out) {
  const std::size_t count = std::min(out.size(), pending_.size() - pending_at_);
  if (count == 0) return 0;
  std::memcpy(out.data(), pending_.data() + pending_at_, count);
  pending_at_ += count;
  if (pending_at_ == pending_.size()) {
    pending_.clear();
    pending_at_ = 0;
  }
  return count;
}

Result<void> CurlExchange::drive() {
  if (!handle_->pool().process().is_current())
    return fail(
        Error(Code::unavailable, "the connection belongs to the process this one was forked from", Retry::safe));
  engine::Fiber* const fiber = engine::Fiber::current();
  // What a thread has begun (say, a file it opened) goes on in threads: libcurl does not tell what it waits for then.
  on_fiber_ = on_fiber_ && fiber;
  const auto done = on_fiber_ ? run_on(*fiber) : engine::aside([this] { return run(); });
  if (!done) return fail(done.error());
  return *done ? conclude() : Result<void>();
}

Result<bool> CurlExchange::run() {
  const auto wake = [multi = handle_->multi()] { curl_multi_wakeup(multi); };
  std::optional<std::stop_callback<decltype(wake)>> waker;
  if (stop_.stop_possible()) waker.emplace(stop_, wake);
  ORLOP_TRY(check_limits());
  unpause();
  for (;;) {
    int running = 0;
    curl_multi_perform(handle_->multi(), &running);
    if (running == 0) return true;
    if (is_enough()) return false;
    ORLOP_TRY(check_limits());
    wait();
  }
}

bool CurlExchange::is_enough() const noexcept { return out_.empty() ? head_.complete() : delivered_ > 0; }

Result<void> CurlExchange::check_limits() {
  if (stop_.stop_requested()) return Error(Code::canceled, "canceled by the caller");
  if (deadline_ != Clock::time_point::max() && Clock::now() >= deadline_)
    return Error(Code::timeout, fmt::format("the deadline passed during the exchange with {}", host_of(origin_)));
  if (watch_.left() > Clock::duration::zero() || watch_.renew() || is_draining()) return {};
  return Error(Code::timeout, fmt::format("{} made no progress within {}", host_of(origin_), watch_.limit_name()),
               Retry::safe);
}

// What libcurl has sent may wait in the kernel for minutes on a slow line. As long as that queue gets shorter, neither
// the sending has stalled nor can the answer be late.
bool CurlExchange::is_draining() noexcept {
  if (watch_.phase() != ProgressWatch::Phase::sending && watch_.phase() != ProgressWatch::Phase::awaiting) return false;
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(handle_->easy(), CURLINFO_ACTIVESOCKET, &socket);
  int unsent = 0;
  if (socket == CURL_SOCKET_BAD || ioctl(socket, SIOCOUTQ, &unsent) != 0) return false;
  const int before = std::exchange(unsent_, unsent);
  if (unsent == 0 || unsent == before) return false;
  watch_.enter(watch_.phase());
  return true;
}

void CurlExchange::unpause() {
  if (std::exchange(paused_, false)) curl_easy_pause(handle_->easy(), CURLPAUSE_CONT);
}

Clock::duration CurlExchange::longest_wait(Clock::time_point now) const noexcept {
  const auto limit = watch_.left();
  return deadline_ == Clock::time_point::max() ? limit : std::min<Clock::duration>(limit, deadline_ - now);
}

void CurlExchange::wait() {
  const auto begin = Clock::now();
  const auto rounded = std::chrono::ceil<Milliseconds>(longest_wait(begin)).count();
  curl_multi_poll(handle_->multi(), nullptr, 0, static_cast<int>(std::clamp<std::int64_t>(rounded, 0, 3'600'000)),
                  nullptr);
  watch_.waited(Clock::now() - begin);
}

// libcurl is done: well, or not.
Result<void> CurlExchange::conclude() {
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(handle_->multi(), &left);
  const CURLcode code = message ? message->data.result : CURLE_OUT_OF_MEMORY;
  if (refusal_) return fail(std::move(*refusal_));
  if (code != CURLE_OK)
    return fail(error_of({.code = code,
                          .easy = handle_->easy(),
                          .host = host_of(origin_),
                          .diagnosis = handle_->diagnosis,
                          .request_begun = begun_ > 0,
                          .by_proxy = !handle_->pool().options().proxy.empty()}));
  // libcurl takes the end of the connection for the end of the header block.
  if (!head_.complete()) return fail(error_of({CURLE_GOT_NOTHING, handle_->easy(), host_of(origin_), "", true}));
  report();
  let_go();
  return {};
}

Result<void> CurlExchange::fail(Error error) {
  if (begun_ > 0 && !head_.complete() && !changes_nothing(method_)) error.set_outcome_unknown();
  if (handle_) report();
  failure_ = error;
  let_go();
  return error;
}

void CurlExchange::let_go() noexcept {
  if (!handle_) return;
  CurlPool& pool = handle_->pool();
  if (!pool.process().is_current()) {
    (void)handle_.release();  // the parent's; to destroy it would say good-bye to the server in its name
    return;
  }
  curl_multi_remove_handle(handle_->multi(), handle_->easy());  // closes the connection unless the answer was whole
  handle_->exchange = nullptr;
  // One without a connection is worth nothing, and has descriptors of its own.
  if (failure_) return handle_.reset();
  pool.release(std::move(handle_));
}

void CurlExchange::report() noexcept {
  if (!trace_) return;
  long connects = 0;
  curl_easy_getinfo(handle_->easy(), CURLINFO_NUM_CONNECTS, &connects);
  trace_->on_request({method_, operation_, host_of(origin_), head_.complete() ? head_.status() : 0, sent_, received_,
                      Clock::now() - started_, connects == 0 && begun_ > 0});
}

std::size_t CurlExchange::on_header(char* data, std::size_t size, std::size_t count, void* handle) {
  return exchange_of(handle).take_header({data, size * count}) ? size * count : 0;
}

bool CurlExchange::take_header(std::string_view line) {
  if (watch_.phase() != ProgressWatch::Phase::receiving) watch_.enter(ProgressWatch::Phase::receiving);
  watch_.moved(line.size());
  if (head_.take(line)) {
    const bool interim = !head_.complete() && head_.status() < 200;
    if (interim && sent_ < body_size_) watch_.enter(ProgressWatch::Phase::sending);
    return true;
  }
  return refuse(Error(Code::data_corrupted, fmt::format("the answer of {} has a malformed header", host_of(origin_)),
                      Retry::safe));
}

std::size_t CurlExchange::on_body(char* data, std::size_t size, std::size_t count, void* handle) {
  return exchange_of(handle).take_body(as_bytes({data, size * count})) ? size * count : CURL_WRITEFUNC_PAUSE;
}

bool CurlExchange::take_body(Bytes bytes) {
  const std::size_t now = std::min(bytes.size(), out_.size() - delivered_);
  const Bytes later = bytes.subspan(now);
  if (!pending_.empty() && pending_.size() + later.size() > most_pending) {
    paused_ = true;  // libcurl keeps the bytes and gives them again
    return false;
  }
  watch_.moved(bytes.size());
  received_ += bytes.size();
  if (now > 0) std::memcpy(out_.data() + delivered_, bytes.data(), now);
  delivered_ += now;
  pending_.insert(pending_.end(), later.begin(), later.end());
  return true;
}

std::size_t CurlExchange::on_upload(char* data, std::size_t size, std::size_t count, void* handle) {
  const auto out = std::as_writable_bytes(std::span(data, size * count));
  return exchange_of(handle).give_upload(out).value_or(CURL_READFUNC_ABORT);
}

std::optional<std::size_t> CurlExchange::give_upload(MutableBytes out) {
  const std::uint64_t left = body_size_ - sent_;
  if (left == 0) return 0;
  auto got = body_->read(out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left))));
  if (got && *got == 0) got = Error(Code::data_corrupted, "the data to be sent ended before its announced size");
  if (!got) return refuse(std::move(got).error()), std::nullopt;
  sent_ += *got;
  watch_.moved(*got);
  if (sent_ == body_size_) watch_.enter(ProgressWatch::Phase::awaiting);
  return *got;
}

int CurlExchange::on_rewind(void* handle, curl_off_t offset, int origin) {
  CurlExchange& self = exchange_of(handle);
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  if (self.body_) self.body_->rewind();
  self.sent_ = 0;
  return CURL_SEEKFUNC_OK;
}

int CurlExchange::on_request_begins(void* handle, char*, char*, int, int) {
  return exchange_of(handle).begin_request() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

// libcurl repeats a request by itself when a reused connection broke before the first byte of an answer. The service
// may have carried out the first one, so for what must not happen twice only the layers above can decide.
bool CurlExchange::begin_request() {
  if (++begun_ > 1 && !is_repeatable(method_))
    return refuse(error_of({CURLE_GOT_NOTHING, handle_->easy(), host_of(origin_), "", true}));
  watch_.enter(body_size_ > 0 ? ProgressWatch::Phase::sending : ProgressWatch::Phase::awaiting);
  return true;
}

CURLcode CurlExchange::on_tls(CURL*, void* tls_context, void* handle) {
  const CurlPool& pool = static_cast<CurlHandle*>(handle)->pool();
  const auto store = pool.process().trust().get(pool.options().ca_file);
  if (!store) {
    exchange_of(handle).refuse(store.error());
    return CURLE_SSL_CACERT_BADFILE;
  }
  return SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(tls_context), *store), CURLE_OK;
}

bool CurlExchange::refuse(Error error) {
  refusal_ = std::move(error);
  return false;
}

}  // namespace orlop::net
