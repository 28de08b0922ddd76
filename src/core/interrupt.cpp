#include "orlop/interrupt.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>

#include "engine/background.h"

namespace orlop {

namespace {

// A signal handler may not trigger a stop source (its callbacks take locks), so it wakes a thread that does.
struct Watcher {
  sem_t signaled;
  std::mutex mutex;
  std::stop_source active{std::nostopstate};

  Watcher() {
    sem_init(&signaled, 0, 0);
    engine::run_in_background([this] { watch(); });
  }

  [[noreturn]] void watch() {
    while (true) {
      while (sem_wait(&signaled) != 0 && errno == EINTR) {
      }
      std::lock_guard lock(mutex);
      active.request_stop();
    }
  }
};

// Never destroyed: its thread runs to the end of the process. A forked child has no such thread and makes its own.
std::atomic<Watcher*> current_watcher{nullptr};

Watcher& watcher() {
  Watcher* present = current_watcher.load(std::memory_order_acquire);
  if (present) return *present;
  static bool forks_watched = pthread_atfork(nullptr, nullptr, [] { current_watcher.store(nullptr); }) == 0;
  static_cast<void>(forks_watched);
  auto* made = new Watcher();
  current_watcher.store(made, std::memory_order_release);
  return *made;
}

struct sigaction previous;

void on_interrupt(int signal) {
  int saved = errno;
  previous.sa_handler(signal);
  if (Watcher* present = current_watcher.load(std::memory_order_acquire)) sem_post(&present->signaled);
  errno = saved;
}

// Only the plain kind of handler can be called on with nothing but the signal.
bool handled(const struct sigaction& action) {
  return !(action.sa_flags & SA_SIGINFO) && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

}  // namespace

bool in_main_thread() noexcept {
  thread_local const bool result = ::syscall(SYS_gettid) == ::getpid();
  return result;
}

Interruptible::Interruptible(std::stop_source source) {
  if (!source.stop_possible() || !in_main_thread()) return;
  struct sigaction present;
  if (sigaction(SIGINT, nullptr, &present) != 0 || !handled(present)) return;
  // A Python handler may make a call of its own while ours is armed for the one it interrupts.
  if (present.sa_handler == on_interrupt) return;
  previous = present;
  {
    Watcher& thread = watcher();
    std::lock_guard lock(thread.mutex);
    thread.active = std::move(source);
  }
  struct sigaction ours = previous;
  ours.sa_handler = on_interrupt;
  armed_ = sigaction(SIGINT, &ours, nullptr) == 0;
}

Interruptible::~Interruptible() {
  if (!armed_) return;
  sigaction(SIGINT, &previous, nullptr);
  Watcher& thread = watcher();
  std::lock_guard lock(thread.mutex);
  thread.active = std::stop_source(std::nostopstate);
}

}  // namespace orlop
