#include "backends/s3/refresher.h"

#include <unistd.h>

#include <thread>

namespace orlop::s3 {

Refresher& Refresher::instance() {
  static auto* refresher = new Refresher;
  return *refresher;
}

void Refresher::at(Time when, std::function<void()> job) {
  std::lock_guard lock(mutex_);
  jobs_.emplace(when, std::move(job));
  if (process_ != ::getpid()) {
    process_ = ::getpid();
    std::thread([this] { run(); }).detach();
  }
  wake_.notify_one();
}

void Refresher::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (jobs_.empty()) {
      wake_.wait(lock);
    } else if (Time first = jobs_.begin()->first; std::chrono::system_clock::now() < first) {
      wake_.wait_until(lock, first);
    } else {
      auto job = jobs_.extract(jobs_.begin());
      lock.unlock();
      job.mapped()();
      job = {};
      lock.lock();
    }
  }
}

}  // namespace orlop::s3
