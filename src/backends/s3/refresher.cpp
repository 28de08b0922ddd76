#include "backends/s3/refresher.h"

#include <pthread.h>

#include <new>

#include "engine/background.h"

namespace orlop::s3 {

Refresher& Refresher::instance() {
  static auto* refresher = new Refresher;
  return *refresher;
}

// Forks happen while nobody changes the jobs; a child has all of them, and starts its thread with the next one.
Refresher::Refresher() {
  pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                 [] {
                   Refresher& child = instance();
                   child.running_ = false;
                   new (&child.wake_) std::condition_variable;  // the parent's counts a waiter that is not here
                   child.mutex_.unlock();
                 });
}

void Refresher::at(Time when, std::function<void()> job) {
  std::lock_guard lock(mutex_);
  jobs_.emplace(when, std::move(job));
  // Without a thread nothing is lost: whoever needs credentials that end renews them himself.
  if (!running_) running_ = engine::run_in_background([this] { run(); });
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
