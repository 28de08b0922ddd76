#include "net/progress_watch.h"

namespace orlop::net {
namespace {

// Below this rate over a whole window a transfer counts as stalled, so that a byte now and then does not keep a dead
// one alive for ever. The slowest modems were ten times faster.
constexpr std::int64_t least_bytes_per_second = 128;

}  // namespace

void ProgressWatch::enter(Phase phase) noexcept {
  phase_ = phase;
  waited_ = {};
  moved_ = 0;
}

bool ProgressWatch::renew() noexcept {
  if (phase_ != Phase::sending && phase_ != Phase::receiving) return false;
  const auto least = options_.stall_timeout.count() * least_bytes_per_second / 1000;
  if (static_cast<std::int64_t>(moved_) <= least) return false;
  enter(phase_);
  return true;
}

std::string_view ProgressWatch::limit_name() const noexcept {
  switch (phase_) {
    case Phase::connecting:
      return "connect_timeout";
    case Phase::awaiting:
      return "first_byte_timeout";
    case Phase::sending:
    case Phase::receiving:
      break;
  }
  return "stall_timeout";
}

Clock::duration ProgressWatch::limit() const noexcept {
  switch (phase_) {
    case Phase::connecting:
      return options_.connect_timeout;
    case Phase::awaiting:
      return options_.first_byte_timeout;
    case Phase::sending:
    case Phase::receiving:
      break;
  }
  return options_.stall_timeout;
}

}  // namespace orlop::net
