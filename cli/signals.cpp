#include "cli/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "cli/exit_code.h"

namespace orlop::cli {
namespace {

void interrupt_nothing(int) {}

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void watch(const std::stop_source& stop, sigset_t signals, pthread_t main_thread) {
  int received = 0;
  sigwait(&signals, &received);
  stop.request_stop();
  // The main thread may be on its way into a read or write that blocks: it is told until it listens.
  const timespec pause{0, 50'000'000};
  for (;;) {
    pthread_kill(main_thread, SIGUSR1);
    const int again = sigtimedwait(&signals, nullptr, &pause);
    // A terminal that goes away may say so twice: through the kernel and through the shell.
    if (again > 0 && again != SIGHUP) _exit(static_cast<int>(Exit::interrupted));
  }
}

}  // namespace

void watch_signals(std::stop_source stop) {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  action.sa_handler = interrupt_nothing;  // without SA_RESTART
  sigaction(SIGUSR1, &action, nullptr);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (!is_ignored(SIGHUP)) sigaddset(&signals, SIGHUP);  // else nohup(1): the terminal may go away
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread(watch, std::move(stop), signals, pthread_self()).detach();
}

void end_by_broken_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  _exit(128 + SIGPIPE);
}

}  // namespace orlop::cli
