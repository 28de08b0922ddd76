// The thread that runs fibers and waits for all of them at once.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "engine/fiber.h"

namespace orlop::engine {

// One a process, never destroyed: it may outlive main().
class Reactor {
 public:
  using Clock = Fiber::Clock;

  static Reactor& instance();

  // False: there is no thread to run it.
  bool post(Fiber::Call& call);
  // From any thread.
  void wake(Fiber& fiber);
  // On the reactor's thread, by a fiber.
  void suspend(Fiber& fiber, std::span<SocketWait> sockets, Clock::time_point until);
  void finished() noexcept { finished_ = true; }

  static void forget(int fd) noexcept;

 private:
  struct Socket {
    std::uint32_t events = 0;  // what the kernel was asked to report, if it still is
    SocketWait* wait = nullptr;
    Fiber* fiber = nullptr;
  };

  explicit Reactor(Reactor* before);
  ~Reactor();

  static void forget_after_fork();
  static void stop_at_exit();

  bool start();
  void run();
  void stand_still();
  void take_posted();
  void start_calls();
  void resume(Fiber& fiber);
  void make_ready(Fiber& fiber);
  Fiber* idle_fiber();
  void poll();
  int patience();
  void fire_timers();
  void dispatch(int fd, std::uint32_t events);
  void watch(Fiber& fiber, SocketWait& wait);
  void unregister(int fd);
  void free_stacks() noexcept;

  static std::atomic<Reactor*> current_;
  static Reactor* forgotten_;  // the parent's, in a child

  [[maybe_unused]] Reactor* const before_;  // keeps it reachable for leak checkers
  int epoll_ = -1;
  int event_ = -1;  // wakes the thread

  std::mutex mutex_;  // of what other threads touch
  std::vector<Fiber::Call> posted_;
  std::vector<Fiber*> woken_;
  bool sleeping_ = false;
  bool started_ = false;
  std::atomic<bool> exiting_{false};
  std::atomic<bool> standing_{false};

  // Of the thread alone.
  std::deque<Fiber> fibers_;  // never destroyed: a late wake() may name one
  std::vector<Fiber*> idle_;
  std::deque<Fiber::Call> waiting_;
  std::vector<Fiber*> ready_;
  std::vector<Fiber*> resuming_;
  std::multimap<Clock::time_point, Fiber*> timers_;
  std::vector<Socket> sockets_;  // by descriptor
  unsigned running_ = 0;
  bool finished_ = false;
};

}  // namespace orlop::engine
