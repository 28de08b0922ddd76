// Decides when waiting for the network has lasted too long: connecting, sending, for the first byte, receiving.
#pragma once

#include <string_view>

#include "net/http.h"

namespace orlop::net {

class ProgressWatch {
 public:
  enum class Phase : std::uint8_t { connecting, sending, awaiting, receiving };

  explicit ProgressWatch(const HttpOptions& options) noexcept : options_(options) {}

  void enter(Phase phase) noexcept;
  Phase phase() const noexcept { return phase_; }
  void moved(std::size_t bytes) noexcept { moved_ += bytes; }
  // Time spent blocked. What the caller does between two calls is not the network's fault and not counted.
  void waited(Clock::duration time) noexcept { waited_ += time; }

  // How long the next wait may last; zero or less: the present limit is reached.
  Clock::duration left() const noexcept { return limit() - waited_; }
  // Called when it is reached: whether enough has happened to go on (then a new window has begun).
  bool renew() noexcept;
  // "connect_timeout": the option that set the present limit.
  std::string_view limit_name() const noexcept;

 private:
  Clock::duration limit() const noexcept;

  const HttpOptions& options_;
  Phase phase_ = Phase::connecting;
  Clock::duration waited_{};
  std::size_t moved_ = 0;
};

}  // namespace orlop::net
