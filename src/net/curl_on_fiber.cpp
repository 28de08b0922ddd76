// How an exchange on a fiber waits: libcurl tells its sockets and times, and the reactor waits for those of all fibers.
#include <algorithm>

#include "net/curl_exchange.h"

namespace orlop::net {

Result<bool> CurlExchange::run_on(engine::Fiber& fiber) {
  const auto wake = [&fiber] { fiber.wake(); };
  std::optional<std::stop_callback<decltype(wake)>> waker;
  if (stop_.stop_possible()) waker.emplace(stop_, wake);
  ORLOP_TRY(check_limits());
  unpause();
  for (int running = act(CURL_SOCKET_TIMEOUT, 0);;) {
    if (running == 0) return true;
    if (is_enough()) return false;
    ORLOP_TRY(check_limits());
    wait_on(fiber);
    running = act_on_events();
  }
}

int CurlExchange::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(handle_->multi(), socket, events, &running);
  return running;
}

int CurlExchange::act_on_events() {
  // Copied: libcurl changes the list meanwhile. There are two while it tries both families of addresses.
  std::vector<engine::SocketWait> events;
  for (const engine::SocketWait& socket : handle_->sockets)
    if (socket.readable || socket.writable) events.push_back(socket);
  if (events.empty()) return act(CURL_SOCKET_TIMEOUT, 0);
  int running = 0;
  for (const engine::SocketWait& event : events)
    running = act(event.fd, (event.readable ? CURL_CSELECT_IN : 0) | (event.writable ? CURL_CSELECT_OUT : 0));
  return running;
}

void CurlExchange::wait_on(engine::Fiber& fiber) {
  const auto begin = Clock::now();
  Clock::duration limit = longest_wait(begin);
  long libcurls = -1;
  curl_multi_timeout(handle_->multi(), &libcurls);
  if (libcurls >= 0) limit = std::min<Clock::duration>(limit, Milliseconds(libcurls));
  fiber.suspend(handle_->sockets, begin + std::max(limit, Clock::duration::zero()));
  watch_.waited(Clock::now() - begin);
}

}  // namespace orlop::net
