#include "engine/background.h"

#include <signal.h>

#include <system_error>
#include <thread>
#include <utility>

namespace orlop::engine {

bool run_in_background(std::function<void()> body) {
  // A thread inherits the mask it is created with.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    std::thread(std::move(body)).detach();
  } catch (const std::system_error&) {
    started = false;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

}  // namespace orlop::engine
