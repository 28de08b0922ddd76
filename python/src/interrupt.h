// Ctrl-C during a call that waits for the network.
#pragma once

#include <stop_token>

namespace orlop::python {

// While one exists in the main thread, SIGINT also triggers its stop source, so that the call ends as `canceled`
// and the interpreter gets to raise KeyboardInterrupt. In other threads, and where Python does not handle SIGINT,
// it does nothing.
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

}  // namespace orlop::python
