// The public face of the server.
#include "orlop/testing/server.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>

#include "server/http/listener.h"
#include "server/service.h"

namespace orlop::testing {
namespace {

// Of the process, while a wait() is running.
std::atomic<int> signal_event{-1};

void on_signal(int) {
  int event = signal_event.load();
  if (event >= 0) ::eventfd_write(event, 1);
}

// SIGINT and SIGTERM end wait() instead of the process.
class SignalsEndWait {
 public:
  explicit SignalsEndWait(int event) {
    signal_event = event;
    struct sigaction action {};
    action.sa_handler = on_signal;
    ::sigaction(SIGINT, &action, &interrupt_);
    ::sigaction(SIGTERM, &action, &terminate_);
  }
  ~SignalsEndWait() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
    signal_event = -1;
  }
  SignalsEndWait(const SignalsEndWait&) = delete;
  SignalsEndWait& operator=(const SignalsEndWait&) = delete;

 private:
  struct sigaction interrupt_ {};
  struct sigaction terminate_ {};
};

void complete(ServerOptions& options) {
  if (options.access_key_id.empty()) options.access_key_id = "ORLOP" + server::random_name().substr(0, 15);
  if (options.secret_access_key.empty())
    options.secret_access_key = server::random_name() + server::random_name().substr(0, 8);
}

}  // namespace

struct Server::State {
  State(std::shared_ptr<BucketStore> buckets, const ServerOptions& settings)
      : options(settings), service(std::move(buckets), settings), ended(::eventfd(0, EFD_CLOEXEC)) {}
  ~State() { ::close(ended); }

  ServerOptions options;
  server::Service service;
  int ended;  // readable once stop() was called
  std::unique_ptr<server::Listener> listener;
};

Result<std::unique_ptr<Server>> Server::start(std::shared_ptr<BucketStore> buckets, ServerOptions options) {
  complete(options);
  auto state = std::make_unique<State>(std::move(buckets), options);
  ORLOP_TRY(state->service.faults().set(options.faults));
  server::Service& service = state->service;
  ORLOP_ASSIGN(state->listener,
               server::Listener::open(options.host, options.port, [&service](server::Connection& connection) {
                 return service.serve(connection);
               }));
  state->options.port = state->listener->port();
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() { stop(); }

const ServerOptions& Server::options() const noexcept { return state_->options; }

std::string Server::endpoint() const {
  const std::string& host = state_->options.host;
  bool any = host.empty() || host == "0.0.0.0" || host == "::";
  std::string_view name = any ? std::string_view("127.0.0.1") : std::string_view(host);
  bool bracket = name.find(':') != std::string_view::npos;
  return fmt::format("http://{}{}{}:{}", bracket ? "[" : "", name, bracket ? "]" : "", state_->options.port);
}

Result<void> Server::set_faults(std::string_view script) { return state_->service.faults().set(script); }
std::vector<ServedRequest> Server::take_log() { return state_->service.take_log(); }

void Server::wait() {
  SignalsEndWait signals(state_->ended);
  pollfd waiting{state_->ended, POLLIN, 0};
  while (::poll(&waiting, 1, -1) < 0) {
  }
}

void Server::stop() {
  ::eventfd_write(state_->ended, 1);
  state_->listener->stop();
}

}  // namespace orlop::testing
