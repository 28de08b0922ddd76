#include "net/curl_pool.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "net/curl_exchange.h"

namespace orlop::net {
namespace {

constexpr std::size_t idle_per_origin = 128;  // as many as fibers run at a time
static_assert(idle_per_origin >= engine::Fiber::running_limit);
constexpr std::size_t most_in_total = 512;
// Longer than services keep idle connections (S3: about 5 s; a closed one is noticed before it is used), shorter than
// firewalls that forget connections without a word.
constexpr std::chrono::seconds idle_limit{60};

// How many handles, used and idle, a process has before idle ones are given up. Each has up to three descriptors: its
// connection's, and what libcurl wakes itself with. Of the usual limit of 1024, which is meant for all that the program
// does, two fifths let as many be kept as fibers run.
std::size_t handles_allowed() noexcept {
  constexpr rlim_t descriptors = 3;
  constexpr rlim_t fewest = 16;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return fewest;
  return static_cast<std::size_t>(std::clamp<rlim_t>(limit.rlim_cur / 5 * 2 / descriptors, fewest, most_in_total));
}

// The sockets libcurl has open, one bit a descriptor: what a forked child must close. Atomic, because the fork may
// happen at any moment; static, because a handler at fork must not allocate.
std::array<std::atomic<std::uint64_t>, 1024> open_sockets;

void remember_socket(int fd, bool open) noexcept {
  const auto index = static_cast<std::size_t>(fd) / 64;
  if (index >= open_sockets.size()) return;
  const std::uint64_t bit = std::uint64_t{1} << (fd % 64);
  if (open)
    open_sockets[index].fetch_or(bit, std::memory_order_relaxed);
  else
    open_sockets[index].fetch_and(~bit, std::memory_order_relaxed);
}

curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  // Close-on-exec: a program started meanwhile must not keep our connections open.
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd >= 0) remember_socket(fd, true);
  return fd;
}

int close_socket(void*, curl_socket_t fd) {
  remember_socket(fd, false);
  engine::Fiber::forget_socket(fd);
  return ::close(fd);
}

// CURLMOPT_SOCKETFUNCTION(3)
int on_socket_change(CURL*, curl_socket_t fd, int what, void* handle, void*) {
  auto& sockets = static_cast<CurlHandle*>(handle)->sockets;
  std::erase_if(sockets, [fd](const engine::SocketWait& one) { return one.fd == fd; });
  if (what != CURL_POLL_REMOVE)
    sockets.push_back({.fd = fd, .to_read = (what & CURL_POLL_IN) != 0, .to_write = (what & CURL_POLL_OUT) != 0});
  return 0;
}

std::atomic<CurlProcess*> current_process{nullptr};
std::atomic<CurlProcess*> inherited_process{nullptr};  // only so that leak checkers see it is not lost

// Runs in the child. Closing the descriptors sends nothing, as the parent has them open too; the TLS states are left
// alone, for a close_notify would end the parent's sessions.
void after_fork_in_child() {
  for (std::size_t index = 0; index < open_sockets.size(); ++index)
    for (std::uint64_t bits = open_sockets[index].exchange(0); bits != 0; bits &= bits - 1)
      ::close(static_cast<int>(index * 64) + __builtin_ctzll(bits));
  inherited_process.store(current_process.exchange(nullptr));
}

}  // namespace

CurlHandle::CurlHandle(CurlPool& pool, std::string_view origin)
    : pool_(pool), origin_(origin), easy_(curl_easy_init()), multi_(curl_multi_init()) {
  if (!easy_ || !multi_) std::abort();  // out of memory
  pool_.process().count_handle(1);
  const HttpOptions& options = pool.options();
  const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(easy_, option, value); };
  set(CURLOPT_SHARE, pool.share());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, diagnosis);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PATH_AS_IS, 1L);  // a key may contain "/../", and the signature covers it
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PROXY, options.proxy.c_str());  // empty: none, whatever the environment says
  set(CURLOPT_NOPROXY, "");
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(CURLOPT_QUICK_EXIT, 1L);  // do not wait for a name server when giving up
  set(CURLOPT_MAXAGE_CONN, static_cast<long>(idle_limit.count()));
  set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(CURLOPT_CLOSESOCKETFUNCTION, &close_socket);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, options.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, options.verify ? 2L : 0L);
  // Nothing from libcurl's own paths: the store all connections share is put in by the callback.
  set(CURLOPT_CAINFO, static_cast<char*>(nullptr));
  set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
  CurlExchange::install_callbacks(*this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
}

CurlHandle::~CurlHandle() {
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
  pool_.process().count_handle(-1);
}

void CurlHandle::set_method(CurlMode mode, std::string_view method) {
  if (mode != mode_) {
    if (mode == CurlMode::get) curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
    if (mode == CurlMode::head) curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    if (mode == CurlMode::upload) curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    mode_ = mode;
  }
  const bool usual = (mode == CurlMode::get && method == "GET") || (mode == CurlMode::head && method == "HEAD") ||
                     (mode == CurlMode::upload && method == "PUT");
  if (usual ? custom_method_.empty() : custom_method_ == method) return;
  custom_method_ = usual ? "" : method;
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, usual ? nullptr : custom_method_.c_str());
}

void CurlHandle::set_buffers(long receive, long send) {
  if (receive != receive_buffer_) curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, receive_buffer_ = receive);
  if (send != send_buffer_) curl_easy_setopt(easy_, CURLOPT_UPLOAD_BUFFERSIZE, send_buffer_ = send);
}

void CurlHandle::watch_sockets() {
  if (std::exchange(watches_sockets_, true)) return;
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket_change);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
}

CurlPool::CurlPool(CurlProcess& process, HttpOptions options) : process_(process), options_(std::move(options)) {}

std::unique_ptr<CurlHandle> CurlPool::acquire(std::string_view origin) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = idle_.find(origin); found != idle_.end() && !found->second.empty()) {
      std::unique_ptr<CurlHandle> handle = std::move(found->second.back());
      found->second.pop_back();
      return handle;
    }
  }
  process_.make_room(1);
  return std::make_unique<CurlHandle>(*this, origin);
}

void CurlPool::release(std::unique_ptr<CurlHandle> handle) {
  Idle aged;  // closed after the lock is gone
  keep(std::move(handle), aged);
  process_.make_room(0);
}

void CurlPool::keep(std::unique_ptr<CurlHandle> handle, Idle& aged) {
  const auto now = Clock::now();
  handle->idle_since = now;
  const std::lock_guard lock(mutex_);
  if (now >= next_sweep_) {
    take_aged(now, aged);
    process_.look_at_limit();
    next_sweep_ = now + idle_limit / 4;
  }
  auto found = idle_.find(handle->origin());
  if (found == idle_.end()) found = idle_.emplace(handle->origin(), Idle()).first;
  if (found->second.size() >= idle_per_origin) return aged.push_back(std::move(handle));
  found->second.push_back(std::move(handle));
}

Clock::time_point CurlPool::oldest_since() {
  const std::lock_guard lock(mutex_);
  auto oldest = Clock::time_point::max();
  for (const auto& [origin, handles] : idle_)
    if (!handles.empty()) oldest = std::min(oldest, handles.front()->idle_since);
  return oldest;
}

std::unique_ptr<CurlHandle> CurlPool::take_idle_since(Clock::time_point since) {
  const std::lock_guard lock(mutex_);
  for (auto& [origin, handles] : idle_) {
    if (handles.empty() || handles.front()->idle_since != since) continue;
    std::unique_ptr<CurlHandle> handle = std::move(handles.front());
    handles.erase(handles.begin());
    return handle;
  }
  return nullptr;
}

void CurlPool::take_aged(Clock::time_point now, Idle& aged) {
  for (auto origin = idle_.begin(); origin != idle_.end();) {
    Idle& handles = origin->second;
    auto fresh = handles.begin();  // the oldest stand in front
    while (fresh != handles.end() && now - (*fresh)->idle_since > idle_limit) ++fresh;
    std::move(handles.begin(), fresh, std::back_inserter(aged));
    handles.erase(handles.begin(), fresh);
    origin = handles.empty() ? idle_.erase(origin) : std::next(origin);
  }
}

CurlShare::CurlShare() : share_(curl_share_init()) {
  if (!share_) std::abort();  // out of memory
  curl_share_setopt(share_, CURLSHOPT_LOCKFUNC, &CurlShare::lock);
  curl_share_setopt(share_, CURLSHOPT_UNLOCKFUNC, &CurlShare::unlock);
  curl_share_setopt(share_, CURLSHOPT_USERDATA, this);
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

CurlShare::~CurlShare() { curl_share_cleanup(share_); }

void CurlShare::lock(CURL*, curl_lock_data data, curl_lock_access, void* self) {
  static_cast<CurlShare*>(self)->mutexes_[data].lock();
}

void CurlShare::unlock(CURL*, curl_lock_data data, void* self) {
  static_cast<CurlShare*>(self)->mutexes_[data].unlock();
}

CurlProcess::CurlProcess() {
  curl_global_init(CURL_GLOBAL_DEFAULT);  // counted and thread-safe since 7.84; never undone
  look_at_limit();
}

// No lock: one could be held by another thread at the moment of a fork, and stay so in the child for ever.
CurlProcess& CurlProcess::current() {
  CurlProcess* process = current_process.load(std::memory_order_acquire);
  if (process) return *process;
  static std::atomic_flag watched;
  if (!watched.test_and_set()) pthread_atfork(nullptr, nullptr, &after_fork_in_child);
  auto* made = new CurlProcess();
  if (current_process.compare_exchange_strong(process, made)) return *made;
  delete made;
  return *process;
}

bool CurlProcess::is_current() const noexcept { return current_process.load(std::memory_order_acquire) == this; }

CurlPool& CurlProcess::pool(const HttpOptions& options) {
  const std::lock_guard lock(mutex_);
  for (CurlPool& pool : pools_)
    if (pool.options() == options) return pool;
  return pools_.emplace_back(*this, options);
}

void CurlProcess::look_at_limit() noexcept { handles_allowed_.store(handles_allowed(), std::memory_order_relaxed); }

void CurlProcess::make_room(std::size_t handles) {
  const std::size_t allowed = handles_allowed_.load(std::memory_order_relaxed);
  if (handles_.load(std::memory_order_relaxed) + handles <= allowed) return;
  const std::unique_ptr<CurlHandle> oldest = take_oldest();  // closed without a lock
}

std::unique_ptr<CurlHandle> CurlProcess::take_oldest() {
  const std::lock_guard lock(mutex_);
  CurlPool* its_pool = nullptr;
  auto oldest = Clock::time_point::max();
  for (CurlPool& pool : pools_) {
    const auto since = pool.oldest_since();
    if (since >= oldest) continue;
    oldest = since;
    its_pool = &pool;
  }
  return its_pool ? its_pool->take_idle_since(oldest) : nullptr;
}

}  // namespace orlop::net
