#include "engine/tasks.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "engine/background.h"
#include "engine/condition.h"

namespace orlop::engine {
namespace {

constexpr std::chrono::seconds idle_limit{10};

// The process's threads. Never destroyed: they may outlive main(), and in a forked child they do not exist.
class Workers {
 public:
  static Workers& instance();

  // Result: whether a thread is free for it. Else it is run when one becomes free.
  bool post(TaskGroup::Task task) {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(task));
    if (free_ < queue_.size() && threads_ < TaskGroup::worker_limit) start();
    wake_.notify_one();
    return free_ >= queue_.size();
  }

  bool none() {
    std::lock_guard lock(mutex_);
    return threads_ == 0;
  }

 private:
  explicit Workers(Workers* before) : before_(before) {}

  void start() {
    // Without another thread those there are, or whoever waits for the task, will run it.
    if (!run_in_background([this] { run(); })) return;
    ++threads_;
    ++free_;
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (wake_.wait_for(lock, idle_limit, [this] { return !queue_.empty(); })) {
      --free_;
      TaskGroup::Task task = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
      ++free_;
    }
    --free_;
    --threads_;
  }

  static void forget_after_fork() { forgotten_ = current_.exchange(nullptr, std::memory_order_relaxed); }

  static std::atomic<Workers*> current_;
  static Workers* forgotten_;  // the parent's, in a child

  [[maybe_unused]] Workers* const before_;  // keeps it reachable for leak checkers
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<TaskGroup::Task> queue_;
  std::size_t free_ = 0;  // threads without a task, new ones included
  unsigned threads_ = 0;
};

std::atomic<Workers*> Workers::current_{nullptr};
Workers* Workers::forgotten_ = nullptr;

Workers& Workers::instance() {
  static const int registered = pthread_atfork(nullptr, nullptr, forget_after_fork);
  static_cast<void>(registered);
  Workers* workers = current_.load(std::memory_order_acquire);
  if (workers) return *workers;
  std::unique_ptr<Workers> fresh(new Workers(forgotten_));
  if (current_.compare_exchange_strong(workers, fresh.get(), std::memory_order_acq_rel)) workers = fresh.release();
  return *workers;
}

}  // namespace

struct TaskGroup::State {
  // Runs the oldest task nobody has begun.
  void run_one() {
    std::unique_lock lock(mutex);
    if (queued.empty()) return;
    Task task = std::move(queued.front());
    queued.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it held is free before the group says that it is done
    lock.lock();
    --unfinished;
    changed.notify_all();
  }

  const pid_t owner = getpid();
  std::mutex mutex;
  Condition changed;
  std::deque<Task> queued;
  unsigned unfinished = 0;
  unsigned unserved = 0;  // submitted when no worker was free
};

TaskGroup::TaskGroup(unsigned concurrency)
    : concurrency_(std::max(concurrency, 1U)), state_(std::make_shared<State>()) {}

TaskGroup::~TaskGroup() {
  wait();
  // What the parent's tasks hold is the parent's: in a child it is neither used nor taken apart.
  if (getpid() != state_->owner) static_cast<void>(new std::shared_ptr<State>(state_));
}

void TaskGroup::submit(Task task) {
  wait(concurrency_ - 1);
  if (getpid() != state_->owner) return;
  {
    std::lock_guard lock(state_->mutex);
    state_->queued.push_back(std::move(task));
    ++state_->unfinished;
  }
  Workers& workers = Workers::instance();
  if (workers.post([state = state_] { state->run_one(); })) return;
  if (Fiber::current() && !workers.none()) return;  // it waits for a worker: what tasks do may block
  std::lock_guard lock(state_->mutex);
  ++state_->unserved;
}

void TaskGroup::wait(unsigned allowed) {
  if (getpid() != state_->owner) return;  // its lock may be held for ever
  std::unique_lock lock(state_->mutex);
  while (state_->unfinished > allowed) {
    if (state_->queued.empty() || state_->unserved == 0) {
      state_->changed.wait(lock);
      continue;
    }
    --state_->unserved;
    lock.unlock();
    state_->run_one();
    lock.lock();
  }
}

unsigned TaskGroup::unfinished() const {
  if (getpid() != state_->owner) return 0;
  std::lock_guard lock(state_->mutex);
  return state_->unfinished;
}

}  // namespace orlop::engine
