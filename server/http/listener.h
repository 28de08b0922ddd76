// Accepts connections and gives each a thread for as long as it is busy. A connection that is idle is only watched, so
// that keep-alive clients, however many, do not starve others.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "server/http/connection.h"

namespace orlop::server {

class Listener {
 public:
  // Serves the request that is waiting; false: close the connection. Called from many threads, once a connection.
  using Handler = std::function<bool(Connection&)>;

  // Listens from here on. Errors: config_invalid for a host or port that cannot be had.
  static Result<std::unique_ptr<Listener>> open(const std::string& host, std::uint16_t port, Handler handler);
  ~Listener();  // stops

  std::uint16_t port() const noexcept { return port_; }
  void stop();  // whoever calls, and however many at once: returns when all threads have ended

 private:
  using ConnectionPtr = std::unique_ptr<Connection>;
  struct Parked {
    ConnectionPtr connection;
    Clock::time_point since;
  };

  Listener(int socket, std::uint16_t port, Handler handler);
  void end_all();
  void watch();  // the watching thread
  void accept_all();
  void close_stale();
  void enqueue(ConnectionPtr connection);
  void park(ConnectionPtr connection);
  void work();  // a working thread
  void attend(ConnectionPtr connection);
  bool crowded();

  const int socket_;
  const int epoll_;
  const int wake_;
  const std::uint16_t port_;
  const Handler handler_;

  std::once_flag stopped_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::deque<ConnectionPtr> waiting_;
  std::size_t idle_workers_ = 0;
  std::vector<std::thread> workers_;
  std::set<Connection*> busy_;
  std::unordered_map<int, Parked> parked_;
  std::thread watcher_;
};

}  // namespace orlop::server
