// Renews credentials before they end: one thread for the whole process, started with the first that do end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>

namespace orlop::s3 {

class Refresher {
 public:
  using Time = std::chrono::system_clock::time_point;

  // Never destroyed: its thread may outlive everything.
  static Refresher& instance();
  // Calls `job` at `when` or soon after, once.
  void at(Time when, std::function<void()> job);

 private:
  Refresher();

  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::multimap<Time, std::function<void()>> jobs_;
  bool running_ = false;  // a forked child has no thread
};

}  // namespace orlop::s3
