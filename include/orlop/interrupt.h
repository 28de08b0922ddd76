// Ctrl-C during a call that waits for the network, in a program that handles SIGINT itself: an interpreter.
#pragma once

#include <stop_token>

namespace orlop {

// While one exists in the main thread, SIGINT also triggers its stop source, so that the call ends as `canceled`
// and the program's own handler, which ran first, gets its turn. In other threads, and where SIGINT has no handler, it
// does nothing.
class Interruptible {
 public:
  explicit Interruptible(std::stop_source source);
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
  ~Interruptible();

 private:
  bool armed_ = false;
};

bool in_main_thread() noexcept;

}  // namespace orlop
