// A mutex that is whole in a forked child, whoever held it in the parent: forks wait until nobody does.
#pragma once

#include <mutex>

namespace orlop::engine {

// For short sections of what lives as long as the process or longer than a call. None may be made, or another one
// locked, while one is held: a fork locks all of them, in any order.
class ForkMutex {
 public:
  ForkMutex();
  ~ForkMutex();
  ForkMutex(const ForkMutex&) = delete;
  ForkMutex& operator=(const ForkMutex&) = delete;

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

}  // namespace orlop::engine
