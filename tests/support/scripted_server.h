// A raw-socket server for tests of HTTP clients: each connection runs the test's own script, which may break any rule.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace orlop::testing {

// One accepted connection. Reads end early when the server is being stopped.
class Connection {
 public:
  Connection(int fd, SSL* tls, const std::atomic<bool>& stopping) : fd_(fd), tls_(tls), stopping_(stopping) {}
  ~Connection() {
    SSL_free(tls_);
    if (fd_ >= 0) ::close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The next request's head, blank line included; empty when the client is gone.
  std::string head() {
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return {};
    return take(end + 4);
  }

  std::string body(std::size_t size) {
    while (buffer_.size() < size && more()) continue;
    return take(std::min(size, buffer_.size()));
  }

  bool write(std::string_view text) {
    while (!text.empty()) {
      const auto count = tls_ ? SSL_write(tls_, text.data(), static_cast<int>(text.size()))
                              : ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // Ends with RST instead of FIN.
  void reset() {
    const linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(fd_);
    fd_ = -1;
  }

  // Waits until the client closes, or the time is over.
  bool closed_within(std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    char byte;
    while (std::chrono::steady_clock::now() < end && !stopping_) {
      pollfd waiting{fd_, POLLIN, 0};
      if (poll(&waiting, 1, 5) > 0 && ::recv(fd_, &byte, 1, MSG_PEEK) <= 0) return true;
      if (waiting.revents != 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }

  void sleep(std::chrono::milliseconds time) const {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end && !stopping_)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }

  bool stopping() const { return stopping_; }

 private:
  bool more() {
    char data[16384];
    while (!stopping_) {
      pollfd waiting{fd_, POLLIN, 0};
      const bool decrypted = tls_ && SSL_pending(tls_) > 0;
      if (!decrypted && poll(&waiting, 1, 10) <= 0) continue;
      const auto count = tls_ ? SSL_read(tls_, data, sizeof data) : ::recv(fd_, data, sizeof data, 0);
      if (count <= 0) return false;
      buffer_.append(data, static_cast<std::size_t>(count));
      return true;
    }
    return false;
  }

  std::string take(std::size_t size) {
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }

  int fd_;
  SSL* tls_;
  const std::atomic<bool>& stopping_;
  std::string buffer_;
};

class ScriptedServer {
 public:
  // `number` counts connections from 0.
  using Script = std::function<void(Connection& connection, int number)>;

  // With a `tls` context (not owned), every connection begins with a handshake.
  explicit ScriptedServer(Script script, SSL_CTX* tls = nullptr) : script_(std::move(script)), tls_(tls) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 128);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~ScriptedServer() {
    stopping_ = true;
    acceptor_.join();
    ::close(listener_);
    for (auto& worker : workers_) worker.join();
  }

  int port() const { return port_; }
  std::string url(std::string_view path = "/") const {
    return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_) + std::string(path);
  }
  int connections() const { return connections_; }
  int resumed_sessions() const { return resumed_; }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 5) <= 0) continue;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const int number = connections_++;
      workers_.emplace_back([this, fd, number] { serve(fd, number); });
    }
  }

  void serve(int fd, int number) {
    // OpenSSL writes without MSG_NOSIGNAL. Blocked in this thread only: the client under test must not raise it.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    SSL* tls = nullptr;
    if (tls_) {
      tls = SSL_new(tls_);
      SSL_set_fd(tls, fd);
      if (SSL_accept(tls) != 1) {
        SSL_free(tls);
        ::close(fd);
        return;
      }
      if (SSL_session_reused(tls)) ++resumed_;
    }
    Connection connection(fd, tls, stopping_);
    script_(connection, number);
  }

  Script script_;
  SSL_CTX* tls_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::atomic<int> resumed_{0};
  std::thread acceptor_;
  std::vector<std::thread> workers_;
};

}  // namespace orlop::testing
