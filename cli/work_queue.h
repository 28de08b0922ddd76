// A few threads that work off jobs, and push back on whoever adds them faster.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace orlop::cli {

class WorkQueue {
 public:
  explicit WorkQueue(std::size_t threads) : limit_(threads) {}
  ~WorkQueue() { wait(); }

  // Starts a thread if all are busy and fewer than the limit; blocks while too many jobs wait.
  void add(std::function<void()> job);
  // Until every job is done. Nothing can be added afterwards.
  void wait();

 private:
  void work();

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool closed_ = false;
};

}  // namespace orlop::cli
