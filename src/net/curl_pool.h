// libcurl handles, each with its connection, kept for reuse: one pool per set of options in the whole process.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/fiber.h"
#include "net/http.h"
#include "net/trust.h"

namespace orlop::net {

class CurlProcess;
class CurlPool;
class CurlExchange;

// What a request is to libcurl.
enum class CurlMode : std::uint8_t { none, get, head, upload };

// An easy handle with a multi handle of its own, which holds its one connection. Used by one thread at a time.
class CurlHandle {
 public:
  CurlHandle(CurlPool& pool, std::string_view origin);
  ~CurlHandle();
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  CURL* easy() const noexcept { return easy_; }
  CURLM* multi() const noexcept { return multi_; }
  const std::string& origin() const noexcept { return origin_; }
  CurlPool& pool() const noexcept { return pool_; }

  // These remember what the handle was told last, and tell it only what changes.
  void set_method(CurlMode mode, std::string_view method);
  void set_buffers(long receive, long send);
  // From now on `sockets` says what libcurl waits for, whenever it was driven by curl_multi_socket_action().
  void watch_sockets();

  CurlExchange* exchange = nullptr;  // whom the callbacks serve
  // Kept for their memory; the list points into the request being sent and, for empty headers, into the other.
  std::vector<curl_slist> header_list;
  std::vector<std::string> empty_headers;
  std::vector<engine::SocketWait> sockets;
  Clock::time_point idle_since{};
  char diagnosis[CURL_ERROR_SIZE] = "";  // libcurl's own words for the last failure

 private:
  CurlPool& pool_;
  std::string origin_;
  CURL* easy_;
  CURLM* multi_;
  CurlMode mode_ = CurlMode::none;
  std::string custom_method_;
  long receive_buffer_ = 0;
  long send_buffer_ = 0;
  bool watches_sockets_ = false;
};

// What the handles of one pool share: resolved names and TLS sessions. Never more than one pool's: a resumed session
// skips the check of the certificate, so it may only serve those who trust alike.
class CurlShare {
 public:
  CurlShare();
  ~CurlShare();
  CurlShare(const CurlShare&) = delete;
  CurlShare& operator=(const CurlShare&) = delete;

  CURLSH* get() const noexcept { return share_; }

 private:
  static void lock(CURL*, curl_lock_data data, curl_lock_access, void* self);
  static void unlock(CURL*, curl_lock_data data, void* self);

  CURLSH* share_;
  std::mutex mutexes_[CURL_LOCK_DATA_LAST];
};

// Idle handles by origin ("https://host:port"), last in, first out, so that the busiest connections stay warm and
// the others age. Thread-safe.
class CurlPool {
 public:
  CurlPool(CurlProcess& process, HttpOptions options);

  std::unique_ptr<CurlHandle> acquire(std::string_view origin);
  void release(std::unique_ptr<CurlHandle> handle);

  CurlProcess& process() const noexcept { return process_; }
  CURLSH* share() const noexcept { return share_.get(); }
  const HttpOptions& options() const noexcept { return options_; }

  // Since when its oldest idle handle is idle; Clock::time_point::max() without one.
  Clock::time_point oldest_since();
  // Null when it was taken meanwhile.
  std::unique_ptr<CurlHandle> take_idle_since(Clock::time_point since);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  using Idle = std::vector<std::unique_ptr<CurlHandle>>;

  void keep(std::unique_ptr<CurlHandle> handle, Idle& aged);
  void take_aged(Clock::time_point now, Idle& aged);

  CurlProcess& process_;
  const HttpOptions options_;
  CurlShare share_;  // outlives the handles below
  std::mutex mutex_;
  std::unordered_map<std::string, Idle, Hash, std::equal_to<>> idle_;
  Clock::time_point next_sweep_{};
};

// All that a process keeps for HTTP. A child made by fork gets a new one: the sockets it inherited belong to its
// parent, and so does whatever a lock was protecting at the moment of the fork. Never destroyed.
class CurlProcess {
 public:
  static CurlProcess& current();
  // False in a process that inherited this object.
  bool is_current() const noexcept;

  CurlPool& pool(const HttpOptions& options);
  TrustStores& trust() noexcept { return trust_; }

  // Idle handles of all pools leave most descriptors a process may have to what else it does: with `handles` more than
  // there are, used and idle, the one that was idle longest is closed.
  void make_room(std::size_t handles);
  void count_handle(std::ptrdiff_t one) noexcept {
    handles_.fetch_add(static_cast<std::size_t>(one), std::memory_order_relaxed);
  }
  // A program may change its limit of descriptors.
  void look_at_limit() noexcept;

 private:
  CurlProcess();
  std::unique_ptr<CurlHandle> take_oldest();

  std::atomic<std::size_t> handles_{0};
  std::atomic<std::size_t> handles_allowed_{0};
  std::mutex mutex_;
  std::list<CurlPool> pools_;
  TrustStores trust_;
};

}  // namespace orlop::net
