#include "server/http/listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace orlop::server {
namespace {

constexpr std::size_t most_workers = 512;
constexpr Milliseconds linger{100};             // how long a thread waits for the next request before it parks
constexpr std::chrono::seconds park_limit{75};  // how long an idle connection is kept
constexpr Milliseconds sweep_interval{5'000};

Error cannot_listen(const std::string& host, std::uint16_t port, const char* reason) {
  return Error(Code::config_invalid,
               fmt::format("cannot listen on {} port {}: {} (set host or port)", host, port, reason));
}

std::uint16_t bound_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

bool watch_for(int epoll, int descriptor, int operation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  return ::epoll_ctl(epoll, operation, descriptor, &event) == 0;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(const std::string& host, std::uint16_t port, Handler handler) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found)) {
    return cannot_listen(host, port, ::gai_strerror(failure));
  }
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return cannot_listen(host, port, std::strerror(errno));
  int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket, found->ai_addr, found->ai_addrlen) != 0 || ::listen(socket, 1024) != 0) {
    Error error = cannot_listen(host, port, std::strerror(errno));
    ::close(socket);
    return error;
  }
  return std::unique_ptr<Listener>(new Listener(socket, bound_port(socket), std::move(handler)));
}

Listener::Listener(int socket, std::uint16_t port, Handler handler)
    : socket_(socket),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      port_(port),
      handler_(std::move(handler)) {
  watch_for(epoll_, socket_, EPOLL_CTL_ADD, EPOLLIN);
  watch_for(epoll_, wake_, EPOLL_CTL_ADD, EPOLLIN);
  watcher_ = std::thread([this] { watch(); });
}

Listener::~Listener() {
  stop();
  ::close(epoll_);
  ::close(wake_);
  ::close(socket_);
}

void Listener::stop() { std::call_once(stopped_, &Listener::end_all, this); }

void Listener::end_all() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Connection* connection : busy_) connection->shut_down();
    waiting_.clear();
  }
  changed_.notify_all();
  ::eventfd_write(wake_, 1);
  watcher_.join();
  // No thread is added any more: `stopping_` is set, and only the watcher and workers enqueue.
  for (std::thread& worker : workers_) worker.join();
  parked_.clear();
}

void Listener::watch() {
  std::array<epoll_event, 64> events;
  auto swept = Clock::now();
  for (;;) {
    int count =
        ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(sweep_interval.count()));
    for (int i = 0; i < count; ++i) {
      int descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == socket_) {
        accept_all();
      } else if (descriptor != wake_) {
        std::unique_lock lock(mutex_);
        auto found = parked_.extract(descriptor);
        lock.unlock();
        if (found) enqueue(std::move(found.mapped().connection));
      }
    }
    if (Clock::now() - swept >= sweep_interval) {
      close_stale();
      swept = Clock::now();
    }
    std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

void Listener::accept_all() {
  for (;;) {
    int client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) {
      // Out of descriptors: the client stays in the queue; looking again at once would be a busy loop.
      if (errno == EMFILE || errno == ENFILE) ::usleep(20'000);
      return;
    }
    int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    enqueue(std::make_unique<Connection>(client));
  }
}

void Listener::close_stale() {
  auto limit = Clock::now() - park_limit;
  std::lock_guard lock(mutex_);
  std::erase_if(parked_, [&](const auto& item) { return item.second.since < limit; });
}

void Listener::enqueue(ConnectionPtr connection) {
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  waiting_.push_back(std::move(connection));
  if (idle_workers_ >= waiting_.size()) {
    changed_.notify_one();
  } else if (workers_.size() < most_workers) {
    workers_.emplace_back([this] { work(); });
  }
}

void Listener::park(ConnectionPtr connection) {
  int descriptor = connection->socket();
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  parked_.insert_or_assign(descriptor, Parked{std::move(connection), Clock::now()});
  // Known already when it was parked before: the kernel forgets a descriptor only when it is closed.
  if (!watch_for(epoll_, descriptor, EPOLL_CTL_MOD, EPOLLIN | EPOLLONESHOT)) {
    watch_for(epoll_, descriptor, EPOLL_CTL_ADD, EPOLLIN | EPOLLONESHOT);
  }
}

void Listener::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_workers_;
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    --idle_workers_;
    if (stopping_) return;
    ConnectionPtr connection = std::move(waiting_.front());
    waiting_.pop_front();
    Connection* busy = connection.get();
    busy_.insert(busy);
    lock.unlock();
    attend(std::move(connection));
    lock.lock();
  }
}

void Listener::attend(ConnectionPtr connection) {
  Connection* busy = connection.get();
  bool open = true;
  while (open && connection->wait(crowded() ? Milliseconds(0) : linger)) open = handler_(*connection);
  {
    std::lock_guard lock(mutex_);
    busy_.erase(busy);
  }
  if (open) park(std::move(connection));
}

bool Listener::crowded() {
  std::lock_guard lock(mutex_);
  return !waiting_.empty();
}

}  // namespace orlop::server
