// Fibers: many calls that wait at the same time, on one thread. Each has a stack of its own; where it would block, it
// is suspended and the others run.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>

#include "engine/stack_switch.h"

namespace orlop::engine {

class Reactor;

// What a fiber waits for of a socket, and what came.
struct SocketWait {
  int fd = -1;
  bool to_read = false;
  bool to_write = false;
  bool readable = false;
  bool writable = false;
};

// Belongs to the one reactor of the process, whose thread is started with the first fiber and receives no signals.
// After fork(2) the child has a reactor of its own; fibers of the parent do not go on there.
class Fiber {
 public:
  using Clock = std::chrono::steady_clock;
  using Call = std::function<void()>;  // must not throw

  // So many calls run at a time; the others wait for their turn. More would cost connections, not gain time.
  static constexpr unsigned running_limit = 128;

  // Has `call` run soon, on a fiber; at once and here when the system has no thread for it. Without memory for another
  // stack a call waits until one is free; if none is in use, it runs alone on the thread that drives the fibers.
  static void run(Call call);
  // The one this code runs on; null on a plain thread.
  static Fiber* current() noexcept;
  // To be called by any thread before it closes a socket that a fiber may have waited for.
  static void forget_socket(int fd) noexcept;

  // From the fiber itself: lets others run until wake(), an event of the sockets or `until`. May return early.
  void suspend(std::span<SocketWait> sockets, Clock::time_point until);
  void suspend(Clock::time_point until) { suspend({}, until); }
  // From any thread, as long as the call goes on. One that is not suspended will return from its next suspend().
  void wake();

  explicit Fiber(Reactor& reactor);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

 private:
  friend class Reactor;

  [[noreturn]] void work();

  Reactor& reactor_;
  Call call_;
  bool suspended_ = false;
  std::unique_ptr<StackSwitch> stack_;  // null while there is nothing to run
};

}  // namespace orlop::engine
